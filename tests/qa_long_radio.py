# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow tests of the modem: 10^9 samples of noise, half an hour on the air."""

import time

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.modem.synchronizer import Synchronizer
from gnuradio import advphy

from . import jammers
from .left_open import resident_mib
from .standin_link import RATE, needs_standin, own_air
from .test_modem_air import AT_1E2, FRAME, MODEL, live_through, over_the_air

MINUTES = 30
OVERFLOW_EVERY, OVERFLOW_SAMPLES = 20_000_000, 3000


@pytest.mark.slow
def test_a_thousand_million_samples_of_noise_are_no_frame():
    synchronizer = Synchronizer(FRAME, MODEL)
    x = np.empty(1 << 20, np.complex64)
    for piece in range(954):
        kernels.gaussian(12, 2 * (piece << 20), x)
        synchronizer.push(x)
    assert synchronizer.counts["samples"] >= 10**9
    assert synchronizer.counts["received"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", jammers.KINDS)
def test_a_hundred_million_samples_of_other_systems_are_no_frame(kind):
    assert bursts_in(kind, pieces=381) == 0  # of 2^18 samples


def bursts_in(kind, pieces, seed=13):
    """Return the bursts in noise and a signal 0..40 dB above it, new in each piece."""
    synchronizer, rng = Synchronizer(FRAME, MODEL), np.random.default_rng(seed)
    x = np.empty(1 << 18, np.complex64)
    for piece in range(pieces):
        kernels.gaussian(seed, 2 * (piece << 18), x)
        level = np.sqrt(2 * 10 ** rng.uniform(0, 4))
        synchronizer.push(x + (level * jammers.KINDS[kind](len(x), rng)).astype("c8"))
    return synchronizer.counts["received"]


@pytest.mark.parametrize("kind", jammers.KINDS)
def test_other_systems_are_no_frame(kind):
    assert bursts_in(kind, pieces=4) == 0


@pytest.mark.slow
def test_fewer_than_one_frame_in_a_thousand_is_missed():
    for kind in ("awgn", "cfo(frequency=0.005) + clock_offset(ppm=40)"):
        _, _, counts = over_the_air(20_000, AT_1E2, kind)
        assert counts["received"] + counts["missed"] == 20_000
        assert counts["missed"] < 20


@pytest.mark.slow
def test_ten_thousand_misfortunes_cost_two_frames_each_at_most():
    lost, counts = live_through(10_000, seed=10)
    assert lost.max() <= 2
    assert lost.sum() == 40_000 - counts["received"]


@pytest.mark.slow
@needs_standin
def test_half_an_hour_through_the_stand_in_loses_what_was_injected():
    args = own_air(
        cfo=800,
        ppm=10,
        noise_variance=1e-4,
        overflow_every=OVERFLOW_EVERY,
        overflow_samples=OVERFLOW_SAMPLES,
    )
    flowgraph = advphy.top_block()
    sink = advphy.sdr_sink("standin", args, 433e6, RATE, armed=True, time_limit=1e6)
    receiver = advphy.sdr_source("standin", args, 433e6, RATE)
    synchronizer = advphy.burst_synchronizer(MODEL, FRAME, first_frame=0)
    counter = advphy.error_counter(MODEL)
    flowgraph.connect(
        advphy.message_source(MODEL),
        advphy.encoder(MODEL),
        advphy.burst_modulator(MODEL, FRAME),
        sink,
    )
    flowgraph.connect(receiver, synchronizer, advphy.decoder(MODEL), counter)
    flowgraph.start()
    sizes = []
    try:
        time.sleep(60)
        for _ in range(MINUTES):
            sizes.append(resident_mib())
            time.sleep(60)
    finally:
        flowgraph.stop()
        flowgraph.wait()
    counts = synchronizer.counts()
    overruns = receiver.events()["samples"] // OVERFLOW_EVERY + 1
    print(counts, overruns, sizes)
    assert max(sizes) - sizes[0] < 4
    assert counts["restarts"] == 0
    assert 0 < counts["missed"] <= 2 * overruns
    assert (
        sum(segment.missed_frames for segment in counter.segments()) <= counts["missed"]
    )
    assert sum(s.block_errors for s in counter.segments()) <= 2 * 128 * overruns
