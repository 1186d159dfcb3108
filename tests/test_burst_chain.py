# SPDX-License-Identifier: GPL-3.0-or-later
"""The link through the modem: what it counts, and that nothing but settings count."""

import math
import re

import numpy as np
import pytest
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.burst_chain import SEGMENT, BurstSetting
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.modem.burst_adversary import BurstAdversary
from advphy_model.modem.frame import Frame
from advphy_model.receive.canceller import CancellerSettings

from .counting import counted

LINK = links.load("hamming74_ml")
FRAME = Frame.of_model(LINK)
P = Perturbation(
    "difference", "universal", 4, 7, (LINK.codebook[0] - LINK.codebook[3])[None]
)


def setting(ebn0_db=6.0, frame=FRAME, **settings):
    return BurstSetting(LINK, frame, ebn0_db, **settings)


def run(frames=64, ebn0_db=6.0, first=0, threads=None, kind=BurstSetting, **settings):
    """Return the row of so many bursts."""
    given = kind(LINK, FRAME, ebn0_db, frames=frames, **settings)
    with ranges.threads(threads) as workers:
        return ranges.total(given, StopRule(None), first, workers)[0]


def counts(row):
    return tuple(getattr(row, name) for name in row.SUMS)


def bler(row):
    return row.failures / row.blocks


def aligned_bler(ebn0_db, attack=None):
    return bler(counted(LINK, ebn0_db, 400_000, attack=attack))


def air(**settings):
    return BurstAdversary(P, FRAME, -6.0, **settings)


def test_without_noise_every_block_arrives():
    found = run(frames=3, ebn0_db=60.0)
    assert counts(found) == (3, 0, 3 * FRAME.codewords, 0, 0)


def test_the_synchronous_attack_is_that_of_the_aligned_link():
    # At most the modem's loss worse, which at 8 dB is below 0.2 dB.
    found = run(400, 8.0, attack=air())
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


@pytest.mark.parametrize("where", ["payload", "stream"])
@pytest.mark.parametrize("cfo", [1e-3 / 4, 1 / 128, "random"])
def test_a_p_with_an_offset_of_its_own_is_cancelled_per_burst(where, cfo):
    every = CancellerSettings(adversary="any", window=128, sample=128)
    late = {} if where == "payload" else {"delay": "random", "phase": "random"}
    attack = air(where=where, cfo=cfo, **late)
    attacked = run(64, 6.0, attack=attack)
    found = run(64, 6.0, attack=attack, canceller=every)
    clean = run(64, 6.0)
    assert attacked.failures > 2 * clean.failures
    # Noise in the estimate of 9 values from 128 codewords costs about 0.3 dB.
    assert found.failures < attacked.failures / 2 + 3


def test_a_quarter_turn_away_from_real_codewords_p_does_nothing():
    turned = run(200, 5.0, attack=air(phase=math.pi / 2))
    low, high = interval(turned.failures, turned.blocks, confidence=0.999)
    clean = bler(run(200, 5.0))
    assert low <= clean <= high < bler(run(200, 5.0, attack=air())) / 3


def test_threads_and_ranges_count_the_same():
    frames = SEGMENT + 70
    settings = {
        "attack": air(delay="random", fading="rayleigh"),
        "canceller": CancellerSettings(window=256, sample=64),
    }
    whole = run(frames, threads=2, **settings)
    assert whole == run(frames, threads=1, **settings)
    first, rest = run(SEGMENT, **settings), run(70, first=SEGMENT, **settings)
    assert whole == first.joined(rest)
    assert counts(whole) != counts(run(frames, seed=2, **settings))


def test_it_stops_after_the_segment_with_enough_errors():
    (row,) = ranges.total(setting(0.0), StopRule(10, 10 * SEGMENT * FRAME.codewords))
    assert row.frames == SEGMENT
    assert row.failures >= 10


def test_enough_counted_before_is_enough():
    given = setting(0.0)
    (row,) = given.rows("burst", 0)
    before = row.plus({"frames": 44, "blocks": 5000, "block_errors": 10})
    assert not list(ranges.counted(given, (before,), StopRule(10)))


def test_the_canceller_removes_what_is_aligned():
    cancelled = run(64, 8.0, attack=air(), canceller=CancellerSettings())
    assert cancelled.blocks == 64 * FRAME.codewords
    attacked = run(64, 8.0, attack=air())
    assert attacked.failures > 50
    assert cancelled.failures < attacked.failures / 10


@pytest.mark.parametrize("frames", [1, 5, 33])
def test_the_last_window_is_filled_with_what_does_not_count(frames):
    # 128 blocks a frame, windows of 4096: never a whole number of them.
    found = run(frames, canceller=CancellerSettings())
    assert found.blocks == frames * FRAME.codewords


class Dropping(BurstSetting):
    """A channel that swallows the first burst."""

    def impair(self, first_sample):
        return Silence(first_sample, FRAME.samples())


class Silenced(BurstSetting):
    """A channel that swallows everything."""

    def impair(self, first_sample):
        return Silence(first_sample, math.inf)


class Silence:
    """Samples become 0 up to an index."""

    def __init__(self, first_sample, end):
        self._at, self._end = first_sample, end

    def process(self, samples):
        out = np.where(self._at + np.arange(len(samples)) < self._end, 0, samples)
        self._at += len(samples)
        return out


@pytest.mark.parametrize("channel", ["clock_offset(ppm=-20)", "clock_offset(ppm=20)"])
def test_the_last_burst_arrives_though_the_channel_holds_samples_back(channel):
    short = {"gap": 4, "span": 4, "ramp": 4, "samples_per_symbol": 2, "rolloff": 0.9}
    frame = Frame.of_model(LINK, **short)  # 4 samples of silence, 16 are held back
    given = BurstSetting(LINK, frame, 12.0, channel=channel, frames=3)
    (row,) = ranges.total(given, StopRule(None), 0)
    assert (row.frames, row.missed_frames, row.blocks) == (3, 0, 384)


def test_missed_frames_are_counted_apart():
    found = run(4, 60.0, kind=Dropping)
    assert counts(found) == (4, 1, 3 * FRAME.codewords, 0, 0)


def test_a_strong_jammer_over_everything_misses_frames():
    jams = BurstAdversary(perturbation.jammer(4, 7, 0.0), FRAME, 12.0, "frame")
    found = run(16, attack=jams)
    assert found.missed_frames > 0
    assert found.blocks == (16 - found.missed_frames) * FRAME.codewords


def test_where_nothing_arrives_there_are_no_blocks():
    assert counts(run(4, kind=Silenced)) == (4, 4, 0, 0, 0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"frames": 0}, "frames must be.*got 0"),
        ({"frames": -1}, "frames must be.*got -1"),
        ({"ebn0_db": math.nan}, "ebn0_db must be.*got nan"),
        ({"seed": 1.5}, "seed must be.*got 1.5"),
        ({"frame": Frame(n=5)}, "make it with Frame.of_model"),
        ({"frame": Frame(n=7, codewords=64), "attack": air()}, "both the same frame"),
        ({"canceller": CancellerSettings(forgetting=0.5)}, "forgetting = 0.5"),
        ({"channel": "cfo(frequency=3)"}, "frequency must be.*got 3"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(settings, said):
    with pytest.raises(ValueError, match=r"must be|make it|give") as caught:
        setting(**settings)
    assert re.search(said, str(caught.value))
