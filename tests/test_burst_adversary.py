# SPDX-License-Identifier: GPL-3.0-or-later
"""The second transmitter: what of it arrives, and how strongly."""

import dataclasses
import math
import re

import numpy as np
import pytest
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.modem.burst_adversary import SYNCHRONIZATION, BurstAdversary
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.pulse import payload_symbols

N = 7
RNG = np.random.default_rng(11)
P = Perturbation(
    "some", "universal", 4, N, RNG.normal(size=(1, N)) + 1j * RNG.normal(size=(1, N))
)
LINK = links.load("hamming74_ml")
FRAME = Frame.of_model(LINK, codewords=32)
# A truncated root-raised-cosine's neighbors at whole symbols: below -45 dB.
INTERFERENCE = 6e-3


def air(p=P, frame=FRAME, psr_db=-6.0, **settings):
    return BurstAdversary(p, frame, psr_db, **settings)


def arrived(adversary, first=0, frames=4):
    """Return what is behind the matched filter, complex [frames * codewords, n]."""
    seen = payload_symbols(adversary.samples(first, frames), adversary.frame)
    return seen.reshape(-1, adversary.frame.n)


def measured_psr_db(adversary, frames=4):
    return 10 * math.log10(np.mean(np.abs(arrived(adversary, 0, frames)) ** 2))


@pytest.mark.parametrize("where", ["payload", "frame", "stream"])
def test_aligned_it_is_p_in_the_first_group(where):
    y = arrived(air(where=where))
    p = P.scaled(-6.0).rows[0]
    assert np.abs(y[: FRAME.group] - p).max() < INTERFERENCE * 4


def test_where_the_payload_is_p_arrives_in_every_codeword():
    for where in ("payload", "frame"):
        y = arrived(air(where=where))
        assert np.abs(y - P.scaled(-6.0).rows[0]).max() < INTERFERENCE * 4


@pytest.mark.parametrize("where", SYNCHRONIZATION)
@pytest.mark.parametrize("psr_db", [-20.0, 3.0])
def test_what_attacks_synchronization_has_the_energy_of_the_payload(where, psr_db):
    there = {
        "preamble": np.arange(128) + FRAME.preamble_at,
        "header": FRAME.header_at,
        "pilots": FRAME.pilot_at,
    }[where]
    samples = air(where=where, psr_db=psr_db).samples(3, 1)
    # Pulses of unit energy, orthogonal to each other but for their cut tails.
    wanted = 10 ** (psr_db / 10) * FRAME.codewords * FRAME.n
    assert np.sum(np.abs(samples) ** 2) == pytest.approx(wanted, rel=0.03)
    sps, half = FRAME.samples_per_symbol, FRAME.span // 2
    heard = np.zeros(len(samples), bool)
    for at in there:
        heard[max(0, (at - half) * sps) : (at + half + 1) * sps + 1] = True
    assert not samples[~heard].any()


def test_pilots_turned_by_a_phase_are_the_victims():
    frame = air(where="pilots", phase=1.0).samples(0, 1)
    link = Modulator(FRAME, LINK, amplitude=1.0)
    silent = link.modulate(np.zeros((FRAME.codewords, N), np.complex64)) / link.scale
    only_pilots = silent.copy()
    first = int(FRAME.header_at[-1] + 1 + FRAME.span // 2) * FRAME.samples_per_symbol
    last = (FRAME.symbols(FRAME.codewords) - FRAME.gap // 2 - FRAME.ramp) - FRAME.span
    a, b = frame[first : last * 4], only_pilots[first : last * 4]
    turn = np.vdot(b, a) / np.vdot(b, b)
    assert np.angle(turn) == pytest.approx(1.0, abs=1e-3)
    assert np.abs(a - turn * b).max() < 1e-3 * np.abs(a).max()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"delay": 9.0},
        {"delay": -2.6},
        {"delay": 30.5, "where": "frame"},
        {"cfo": 0.03},
        {"phase": 2.0},
        {"where": "stream", "delay": 1.7},
    ],
)
def test_the_psr_behind_the_matched_filter_is_as_asked(settings):
    # A fixed arrival: the same in each frame, or, in a stream, in each seventh.
    adversary = air(psr_db=-3.0, **settings)
    assert abs(measured_psr_db(adversary, 70) + 3.0) < 0.02


@pytest.mark.parametrize("settings", [{"delay": "random"}, {"cfo": "random"}])
def test_the_psr_of_random_arrivals_is_as_asked_on_average(settings):
    # 400 frames, whose powers differ by less than 3 dB: 0.1 dB is beyond 3 sigma.
    assert abs(measured_psr_db(air(**settings), 400) + 6.0) < 0.2


def test_the_jammers_psr_is_as_asked():
    # 64 frames of 224 symbols set the level: 1 / sqrt(14336) is 0.04 dB; 4 sigma.
    jams = air(perturbation.jammer(4, N, 0.0), where="frame")
    assert abs(measured_psr_db(jams, 400) + 6.0) < 0.16


def test_half_a_symbol_late_a_jammer_is_sent_stronger():
    # Half way between white symbols a raised cosine's spectrum folds to cos(..) over
    # the fraction `rolloff` of the band, whose mean square is 1/2: 1 - rolloff / 2.
    jams = perturbation.jammer(4, N, 0.0)
    late = air(jams, delay=FRAME.samples_per_symbol / 2, where="frame")
    aligned = air(jams, where="frame")
    more_db = 20 * math.log10(late.level / aligned.level)
    assert abs(more_db + 10 * math.log10(1 - FRAME.rolloff / 2)) < 0.1


@pytest.mark.parametrize("symbols", [1, 3, 6])
def test_a_delay_of_whole_symbols_is_a_cyclic_shift(symbols):
    # Pilots as long as a codeword keep a stream in step with the codewords.
    frame = Frame.of_model(LINK, codewords=16, pilots=N)
    late = symbols * frame.samples_per_symbol
    y = arrived(air(frame=frame, where="stream", delay=late), 0, 1)
    shifted = np.roll(P.scaled(-6.0).rows[0], symbols)
    assert np.abs(y - shifted).max() < INTERFERENCE * 4


def test_an_offset_turns_p_from_symbol_to_symbol():
    cfo = 1e-3
    y = arrived(air(cfo=cfo, phase=0.4), 3, 2).reshape(2, -1)
    p = np.tile(P.scaled(-6.0).rows[0], FRAME.codewords)
    sample = FRAME.payload_at * FRAME.samples_per_symbol
    for i in range(2):
        t = sample + (3 + i) * FRAME.samples()
        wanted = p * np.exp(1j * (2 * np.pi * cfo * t + 0.4))
        assert np.abs(y[i] - wanted).max() < 0.03


def test_fading_has_mean_power_one_and_is_constant_in_a_frame():
    gains = arrived(air(fading="rayleigh"), 0, 2000).reshape(2000, -1)
    gains = gains / arrived(air(), 0, 1).reshape(1, -1)
    assert np.abs(gains - gains[:, :1]).max() < 1e-3
    # The mean of 2000 exponential variables: sigma 0.022.
    assert abs(np.mean(np.abs(gains[:, 0]) ** 2) - 1) < 0.09


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"delay": 5.3, "cfo": 0.01},
        {"delay": "random", "phase": "random", "fading": "rayleigh"},
        {"where": "stream", "cfo": "random"},
    ],
)
@pytest.mark.parametrize("kind", ["universal", "jammer"])
def test_a_frame_does_not_depend_on_which_are_made_with_it(kind, settings):
    p = P if kind == "universal" else perturbation.jammer(4, N, 0.0)
    whole = air(p, **settings).samples(5, 6)
    size = FRAME.samples()
    alone = air(p, **settings)
    for i in (0, 3, 5):
        part = alone.samples(5 + i, 1)
        np.testing.assert_array_equal(part, whole[i * size : (i + 1) * size])


def test_frames_of_a_fixed_delay_continue_each_other():
    # Late by more than a frame, the second is what the first would have been.
    size = FRAME.samples()
    late, aligned = air(delay=float(size)), air()
    np.testing.assert_allclose(late.samples(1, 1), aligned.samples(0, 1), atol=1e-6)


def test_seeds_differ_and_draw_the_same_again():
    def draw(seed):
        return air(delay="random", phase="random", seed=seed).samples(0, 2)

    np.testing.assert_array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_its_frame_is_silent_where_it_says():
    template = BurstAdversary(P, FRAME)._pattern
    outside = np.setdiff1d(np.arange(len(template)), FRAME.payload_at)
    assert not template[outside].any()
    whole = BurstAdversary(P, FRAME, where="frame")._pattern
    assert np.all(whole[FRAME.preamble_at : -FRAME.ramp - FRAME.gap // 2] != 0)
    assert not whole[: FRAME.preamble_at].any()


def test_it_disturbs_the_victims_symbols_by_p():
    # Through the victim's own modulator, whose samples are scaled.
    codewords = LINK.codebook[RNG.integers(0, 16, FRAME.codewords)]
    victim = Modulator(FRAME, LINK)
    sent = victim.modulate(codewords) / victim.scale
    y = payload_symbols((sent + air().samples(0, 1)).astype(np.complex64), FRAME)
    wanted = codewords + P.scaled(-6.0).rows[0]
    assert np.abs(y.reshape(-1, N) - wanted).max() < 0.05


def test_the_label_tells_settings_other_than_the_default():
    assert air().label == f"some {P.sha256[:8]}"
    late = air(delay=2.5, where="stream", seed=3)
    assert late.label == f"some {P.sha256[:8]}, where stream, delay 2.5, seed 3"


TABLE = Perturbation("rows", "table", 4, N, np.tile(P.rows, (16, 1)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"psr_db": math.nan}, "psr_db must be.*got nan"),
        ({"psr_db": 61}, "must be a number in -100..60"),
        ({"delay": math.inf}, "delay must be.*got inf"),
        ({"delay": "late"}, "delay must be.*got 'late'"),
        ({"delay": 2**21}, "samples, or 'random'"),
        ({"cfo": math.nan}, "cfo must be.*got nan"),
        ({"cfo": 0.6}, "-0.5..0.5 cycles per sample"),
        ({"phase": math.nan}, "phase must be.*got nan"),
        (
            {"fading": "rician"},
            "fading 'rician' is not known; choose from none, rayleigh",
        ),
        ({"where": "gap"}, "choose from payload, frame, stream"),
        ({"seed": -1}, "seed must be.*got -1"),
        ({"p": TABLE}, "depends on the message"),
        ({"frame": Frame(n=5)}, "n = 7 channel uses, the frame's"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(settings, said):
    with pytest.raises(ValueError, match=r"must be|known|craft|give") as caught:
        air(**settings)
    assert re.search(said, str(caught.value))


def test_what_does_not_arrive_has_no_level():
    with pytest.raises(ValueError, match="nothing of the perturbation is left"):
        air(cfo=0.5).samples(0, 1)


def test_the_psr_of_the_file_is_kept_unless_another_is_asked():
    assert BurstAdversary(P, FRAME).scaled is P
    negative = dataclasses.replace(air(), psr_db=-30.0)
    assert abs(measured_psr_db(negative) + 30.0) < 0.02
    assert Adversary(P, -30.0).scaled.psr_db == negative.scaled.psr_db
