# SPDX-License-Identifier: GPL-3.0-or-later
"""The band that a signal occupies: its guard, and the energy outside of it."""

import numpy as np
import pytest
from advphy_model.link import links
from advphy_model.measure.radio_check import frames_of
from advphy_model.modem.frame import Frame
from advphy_model.modem.occupied_band import (
    EVERY,
    MOST_OUTSIDE,
    SIZE,
    BandMeter,
    band_edges,
)
from advphy_model.modem.transmit_limits import Band


def tones(size, *pairs):
    """Return complex64 tones of (cycles per sample, amplitude)."""
    n = np.arange(size)
    return sum(a * np.exp(2j * np.pi * f * n) for f, a in pairs).astype(np.complex64)


@pytest.mark.parametrize(
    ("bandwidth", "half"),
    [
        (None, 1e6),  # half of the sample rate
        (675e3, 337.5e3 + 67.5e3),  # 10 %
        (10e3, 5e3 + 20e-6 * 433.92e6),  # 20 ppm, which is more
    ],
)
def test_the_edges_have_a_guard(bandwidth, half):
    low, high = band_edges(433.92e6, 2e6, bandwidth)
    assert (high - 433.92e6, 433.92e6 - low) == pytest.approx((half, half))


def test_bursts_of_two_million_samples_fit_into_the_documented_band():
    band = Band("433 MHz ISM", 433.05e6, 434.79e6)
    width = Frame(7).occupied_width
    assert width == pytest.approx(1.35 / 4)
    assert not band.holds(433.92e6, 2e6)
    assert band.holds(433.92e6, 2e6, width * 2e6)
    assert band.holds(433.92e6 + 0.46e6, 2e6, width * 2e6)  # 0.87 - 0.405 MHz
    assert not band.holds(433.92e6 + 0.47e6, 2e6, width * 2e6)


@pytest.mark.parametrize("amplitude", [0, 0.05, 0.1, 0.11, 1])
def test_the_share_outside_is_that_of_two_tones(amplitude):
    meter = BandMeter(0.2e6, 1e6)
    meter.take(tones(SIZE, (0.05, 1), (-0.3, amplitude)))
    share = amplitude**2 / (1 + amplitude**2)
    assert meter.share == pytest.approx(share, rel=1e-3, abs=1e-6)
    if share < MOST_OUTSIDE:
        meter.require()
    else:
        with pytest.raises(ValueError, match=r"bandwidth = 200000 Hz, but .* outside"):
            meter.require()


def test_a_tone_at_the_edge_is_inside():
    meter = BandMeter(0.2e6, 1e6)
    meter.take(tones(SIZE, (0.1, 1)))
    assert meter.share < 1e-3


@pytest.mark.parametrize("name", ["autoencoder_mlp", "two_simplices", "bpsk"])
@pytest.mark.parametrize("settings", [{}, {"samples_per_symbol": 8}, {"rolloff": 0.1}])
def test_bursts_keep_to_their_occupied_width(name, settings):
    model = links.load(name)
    frame = Frame.of_model(model, **settings)
    samples, _ = frames_of(model, frame, 20, 1)
    honest = BandMeter(frame.occupied_width, 1.0)
    honest.take(samples)
    assert 0 < honest.largest < 1e-3
    # The root-raised cosine has half of its energy in the inner half of a symbol rate.
    false = BandMeter(0.5 / frame.samples_per_symbol, 1.0)
    false.take(samples)
    assert false.share == pytest.approx(0.5, abs=0.1)


def test_zeros_are_not_measured_and_the_first_signal_is():
    meter = BandMeter(0.2e6, 1e6)
    meter.take(np.zeros(3 * SIZE, np.complex64))
    assert meter.share == 0
    meter.take(tones(SIZE, (0.3, 1e-3)))
    assert meter.share == pytest.approx(1, abs=1e-3)


def test_one_block_in_many_is_measured_however_the_stream_is_cut(rng):
    wide = tones(SIZE, (0.3, 1))
    period = np.concatenate([tones(SIZE, (0.05, 1)), *[wide] * (EVERY - 1)])
    meter = BandMeter(0.2e6, 1e6)
    for piece in np.split(np.tile(period, 2), np.sort(rng.integers(0, 2**17, 50))):
        meter.take(piece)
    assert meter.share < 1e-3  # only the first of each 16 blocks
    meter.take(wide)
    assert meter.share > 0.5


def test_a_stream_that_is_shorter_than_a_block_is_measured_at_its_end():
    for inside, low, high in ((0.05, 0, 1e-3), (0.3, 0.99, 1)):
        meter = BandMeter(0.2e6, 1e6)
        meter.take(tones(500, (inside, 1)))
        assert meter.share == 0
        meter.finish()
        assert low <= meter.share <= high


@pytest.mark.parametrize("bandwidth", [0, -1, 1.1e6, float("nan"), float("inf")])
def test_a_bandwidth_beyond_the_sample_rate_is_refused(bandwidth):
    with pytest.raises(ValueError, match=r"bandwidth must be .*frame.occupied_width"):
        BandMeter(bandwidth, 1e6)
