# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts that depart from those before them: reported, put out, and not followed."""

import numpy as np
import pytest
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.power import noise_variance

from .test_modem_air import FRAME, MODEL, sent_samples

SIZE = FRAME.samples()


def bursts(first, count=1):
    return sent_samples(first, count)[0]


def received(*parts, first_frame=0):
    """Return (codewords, bursts, counts) of samples one after another, at 20 dB."""
    samples = np.concatenate(parts).astype(np.complex64)
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 0.05, (len(samples), 2)) @ [1, 1j]
    synchronizer = Synchronizer(FRAME, MODEL, first_frame=first_frame)
    got = [synchronizer.push((samples + noise).astype(np.complex64))]
    got.append(synchronizer.flush())
    return (
        np.concatenate([codewords for codewords, _ in got]),
        [burst for _, found in got for burst in found],
        synchronizer.counts,
    )


def marked(found):
    """Return {number of a suspicious burst: what is suspicious}."""
    return {b.header.number: b.suspicious for b in found if b.suspicious}


def test_a_replayed_burst_is_put_out_but_not_followed():
    codewords, found, counts = received(bursts(0, 8), bursts(3), bursts(8, 4))
    assert [b.header.number for b in found] == [*range(8), 3, *range(8, 12)]
    assert [b.suspicious for b in found] == [*8 * [""], "number", *4 * [""]]
    assert len(codewords) == 13 * FRAME.codewords
    assert (counts["suspicious"], counts["restarts"], counts["missed"]) == (1, 0, 0)
    assert found[8].as_dict()["suspicious"] == "number"
    assert "suspicious" not in found[0].as_dict()


def test_a_replay_in_its_turn_but_late_departs_in_time():
    late = np.zeros(SIZE // 3, np.complex64)
    _, found, counts = received(bursts(0, 8), late, bursts(8), bursts(9, 2))
    assert marked(found) == {8: "time", 9: "time"}  # the third in a row is a new state
    assert (counts["suspicious"], counts["missed"]) == (2, 0)


def test_a_false_preamble_with_a_header_of_another_stream_is_not_followed():
    _, found, counts = received(bursts(0, 6), bursts(4_000_000), bursts(6, 6))
    assert marked(found) == {4_000_000: "number"}
    assert (counts["missed"], counts["restarts"]) == (0, 0)


def test_a_burst_inside_another_one_leaves_number_and_clock_alone():
    x = bursts(0, 20)
    at = 9 * SIZE + SIZE // 2  # where burst 9 has its payload
    x[at : at + SIZE // 3] = 0
    x[at : at + SIZE // 3] += 3 * bursts(2_000_000)[: SIZE // 3]
    _, found, _ = received(x)
    numbers = [b.header.number for b in found if b.header.number < 20]
    assert set(numbers) >= {*range(9), *range(11, 20)}
    assert not any(b.suspicious for b in found if b.header.number < 20)
    assert abs(found[-1].clock_ppm) < 3


@pytest.mark.parametrize(("step_db", "what"), [(30, "gain"), (-12, "gain"), (4, None)])
def test_a_step_of_gain_is_followed_from_its_third_burst_on(step_db, what):
    louder = np.float32(10 ** (step_db / 20))
    _, found, counts = received(bursts(0, 6), louder * bursts(6, 6))
    assert marked(found) == ({6: what, 7: what} if what else {})
    assert counts["received"] == 12
    assert counts["missed"] == 0


def test_one_loud_burst_changes_nothing_for_the_next():
    _, found, _ = received(bursts(0, 6), 10 * bursts(6), bursts(7, 5))
    assert marked(found) == {6: "gain"}


def test_a_step_of_frequency_is_followed_from_its_third_burst_on():
    later = bursts(6, 6)
    later = later * np.exp(2j * np.pi * 0.003 * np.arange(len(later)))
    _, found, counts = received(bursts(0, 6), later)
    assert marked(found) == {6: "frequency", 7: "frequency"}
    assert counts["missed"] == 0


def test_a_sender_that_begins_anew_is_believed_after_two_bursts():
    _, found, counts = received(bursts(50, 6), bursts(0, 6), first_frame=50)
    assert [b.suspicious for b in found] == [*6 * [""], *2 * ["number"], *4 * [""]]
    assert (counts["restarts"], counts["missed"], counts["received"]) == (1, 0, 12)


def test_lost_bursts_and_suspicious_ones_add_up():
    kept = bursts(0, 5), 10 * bursts(5, 2), bursts(9, 3)
    _, found, counts = received(*kept)
    assert marked(found) == {5: "gain", 6: "gain"}
    assert [b.missed for b in found if b.header.number == 9] == [2]
    assert counts["received"] + counts["missed"] == 12


def test_bursts_with_pauses_between_them_are_not_suspicious():
    rng = np.random.default_rng(3)
    parts = []
    for number in range(30):
        parts += [
            bursts(number),
            np.zeros(int(rng.integers(1, 4 * SIZE)), np.complex64),
        ]
    _, found, counts = received(*parts)
    assert counts["received"] == 30
    assert marked(found) == {}


@pytest.mark.parametrize(
    ("kind", "ebn0_db"),
    [
        ("awgn", 2.0),
        ("cfo(frequency=0.005) + clock_offset(ppm=40)", 4.0),
        ("clock_offset(ppm=-40) + phase_noise(linewidth=1e-6, loop_bandwidth=0)", 4.0),
        ("two_rays(delay=6, gain_db=-10, phase_deg=90)", 5.0),
    ],
)
def test_nothing_is_suspicious_in_2000_bursts_of_an_ordinary_channel(kind, ebn0_db):
    air = SampleChannel(
        kind, seed=4, noise_variance=noise_variance(ebn0_db, MODEL.rate)
    )
    synchronizer = Synchronizer(FRAME, MODEL, first_frame=0)
    for first in range(0, 2000, 50):
        synchronizer.push(air.process(bursts(first, 50)))
    counts = synchronizer.counts
    assert counts["suspicious"] == 0
    assert counts["received"] > 1950
