# SPDX-License-Identifier: GPL-3.0-or-later
"""The link through the modem: what it counts, and that nothing but settings count."""

import math

import numpy as np
import pytest
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import burst_engine, loop_engine
from advphy_model.measure.burst_engine import SEGMENT, Totals
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.modem.burst_adversary import AirAdversary
from advphy_model.modem.frame import Frame
from advphy_model.receive.canceller import CancellerSettings

LINK = links.load("hamming74_ml")
FRAME = Frame.of_model(LINK)
P = Perturbation(
    "difference", "universal", 4, 7, (LINK.codebook[0] - LINK.codebook[3])[None]
)


def run(frames=64, ebn0_db=6.0, frame=FRAME, **settings):
    return burst_engine.run(LINK, frame, ebn0_db=ebn0_db, frames=frames, **settings)


def aligned_bler(ebn0_db, attack=None, canceller=None):
    counted = loop_engine.run(
        LINK,
        rule=StopRule(None, 400_000),
        ebn0_db=ebn0_db,
        attack=attack,
        canceller=canceller,
    )
    blocks, errors, erasures = map(sum, zip(*counted, strict=True))
    return (errors + erasures) / blocks


def air(**settings):
    return AirAdversary(P, FRAME, -6.0, **settings)


def test_without_noise_every_block_arrives():
    found = run(frames=3, ebn0_db=60.0)
    assert found == Totals(3, 0, 3 * FRAME.codewords, 0, 0)


def test_the_synchronous_attack_is_that_of_the_aligned_link():
    # At most the modem's loss worse, which at 8 dB is below 0.2 dB.
    found = run(400, 8.0, adversary=air())
    low, high = interval(found.failures, found.blocks, confidence=0.999)
    assert found.failures >= 200
    assert found.missed_frames == 0
    assert low <= aligned_bler(7.8, Adversary(P, -6.0))
    assert high >= aligned_bler(8.0, Adversary(P, -6.0))


def test_without_an_attack_the_modem_loses_little():
    found = run(600, 5.0)
    low, high = interval(found.failures, found.blocks, confidence=0.999)
    assert found.failures >= 200
    assert low <= aligned_bler(4.8)
    assert high >= aligned_bler(5.0)


def test_a_quarter_turn_away_from_real_codewords_p_does_nothing():
    turned = run(200, 5.0, adversary=air(phase=math.pi / 2))
    low, high = interval(turned.failures, turned.blocks, confidence=0.999)
    clean = run(200, 5.0).bler
    assert low <= clean <= high < run(200, 5.0, adversary=air()).bler / 3


def test_threads_and_ranges_count_the_same():
    frames = SEGMENT + 70
    settings = {
        "adversary": air(delay="random", fading="rayleigh"),
        "canceller": CancellerSettings(window=256, sample=64),
    }
    whole = run(frames, threads=2, **settings)
    assert whole == run(frames, threads=1, **settings)
    assert whole == run(SEGMENT, **settings) + run(70, first_frame=SEGMENT, **settings)
    assert whole != run(frames, seed=2, **settings)


def test_it_stops_behind_the_segment_with_enough_errors():
    parts = list(
        burst_engine.ranges(
            LINK, FRAME, ebn0_db=0.0, frames=10 * SEGMENT, min_errors=10
        )
    )
    assert [part.frames for part in parts] == [SEGMENT]
    assert parts[0].failures >= 10


def test_enough_counted_before_is_enough():
    settings = {"ebn0_db": 0.0, "frames": 300, "min_errors": 10, "counted": 10}
    assert not list(burst_engine.ranges(LINK, FRAME, **settings))


def test_the_canceller_removes_what_is_aligned():
    cancelled = run(64, 8.0, adversary=air(), canceller=CancellerSettings())
    assert cancelled.blocks == 64 * FRAME.codewords
    attacked = run(64, 8.0, adversary=air())
    assert attacked.failures > 50
    assert cancelled.failures < attacked.failures / 10


@pytest.mark.parametrize("frames", [1, 5, 33])
def test_the_last_window_is_filled_with_what_does_not_count(frames):
    # 128 blocks a frame, windows of 4096: never a whole number of them.
    found = run(frames, canceller=CancellerSettings())
    assert found.blocks == frames * FRAME.codewords


class Dropping:
    """A channel that swallows the first frame."""

    def __init__(self, first_sample):
        self._at = first_sample

    def process(self, samples):
        out = np.where(self._at + np.arange(len(samples)) < FRAME.samples(), 0, samples)
        self._at += len(samples)
        return out


def test_missed_frames_are_counted_apart():
    found = run(4, 60.0, impair=Dropping)
    assert found == Totals(4, 1, 3 * FRAME.codewords, 0, 0)


def test_a_strong_jammer_over_everything_misses_frames():
    jams = AirAdversary(perturbation.jammer(4, 7, 0.0), FRAME, 12.0, "frame")
    found = run(16, adversary=jams)
    assert found.missed_frames > 0
    assert found.blocks == (16 - found.missed_frames) * FRAME.codewords


def test_where_nothing_arrives_there_is_no_rate():
    class Silence:
        def process(self, samples):
            return 0 * samples

    found = run(4, impair=lambda first_sample: Silence())
    assert (found.missed_frames, found.blocks) == (4, 0)
    assert math.isnan(found.bler)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"frames": 0}, "frames = 0, wanted at least 1"),
        ({"frames": -1}, "frames = -1"),
        ({"ebn0_db": math.nan}, "ebn0_db = nan"),
        ({"seed": 1.5}, "seed = 1.5"),
        ({"first_frame": -1}, "first_frame = -1"),
        ({"frame": Frame(n=5)}, "wanted Frame.of_model"),
        ({"frame": Frame(n=7, codewords=64), "adversary": air()}, "wanted the same"),
        ({"canceller": CancellerSettings(forgetting=0.5)}, "forgetting = 0.5"),
        ({"threshold": 2.0}, "threshold = 2.0"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(settings, said):
    with pytest.raises(ValueError, match="wanted") as caught:
        run(**settings)
    assert said in str(caught.value)
