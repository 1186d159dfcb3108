# SPDX-License-Identifier: GPL-3.0-or-later
"""The band that a signal occupies: its guard, and the energy outside of it."""

import re
import secrets

import numpy as np
import pytest
from advphy_model.link import links
from advphy_model.measure.radio_check import frames_of
from advphy_model.modem.frame import Frame
from advphy_model.modem.occupied_band import EVERY, SIZE, BandMeter, band_edges
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


def taken(meter, samples, size=SIZE):
    """Take samples in pieces; return the share outside in percent, 0 if it may be."""
    try:
        for first in range(0, len(samples), size):
            meter.take(samples[first : first + size])
        meter.finish()
    except ValueError as error:
        found = re.search(r"= \S+ Hz, but (\S+) % .* lies outside", str(error))
        return float(found[1])
    return 0


@pytest.mark.parametrize("amplitude", [0, 0.05, 0.1, 0.102, 0.5, 1])
def test_the_share_outside_is_that_of_two_tones(amplitude):
    share = 100 * amplitude**2 / (1 + amplitude**2)
    found = taken(BandMeter(0.2e6, 1e6), tones(SIZE, (0.05, 1), (-0.3, amplitude)))
    if share < 1:
        assert found == 0
    else:
        assert found == pytest.approx(share, rel=0.06)  # two digits are printed


def test_a_tone_at_the_edge_is_inside():
    assert taken(BandMeter(0.2e6, 1e6), tones(SIZE, (0.1, 1))) == 0


@pytest.mark.parametrize("name", ["autoencoder_mlp", "two_simplices", "bpsk"])
@pytest.mark.parametrize("settings", [{}, {"samples_per_symbol": 8}, {"rolloff": 0.1}])
def test_bursts_keep_to_their_occupied_width(name, settings):
    model = links.load(name)
    frame = Frame.of_model(model, **settings)
    samples, _ = frames_of(model, frame, 20, 1)
    for begin in (0, 17, 1000):  # wherever the measured blocks are
        assert taken(BandMeter(frame.occupied_width, 1.0), samples[begin:]) == 0
    # A root-raised-cosine pulse has about half of its energy in the inner half of the
    # symbol rate.
    false = BandMeter(0.5 / frame.samples_per_symbol, 1.0)
    assert taken(false, samples) == pytest.approx(50, abs=10)


def test_zeros_are_not_measured_and_the_first_signal_is():
    meter = BandMeter(0.2e6, 1e6)
    assert taken(meter, np.zeros(3 * SIZE, np.complex64)) == 0
    assert taken(meter, tones(SIZE, (0.3, 1e-3))) == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize("zeros", [0, 3000, 4000, 4080, 4095])
def test_the_first_edge_of_a_burst_is_no_wide_signal(zeros):
    model = links.load("autoencoder_mlp")
    frame = Frame.of_model(model)
    samples, _ = frames_of(model, frame, 2, 1)
    first = int(np.flatnonzero(np.abs(samples) > 1e-7)[0])
    late = np.concatenate([np.zeros(zeros, np.complex64), samples[first:]])
    assert taken(BandMeter(frame.occupied_width, 1.0), late) == 0


@pytest.mark.parametrize("size", [1, 100, 1000, SIZE, 2 * SIZE])
def test_one_block_in_many_is_measured_however_the_stream_is_cut(size, monkeypatch):
    monkeypatch.setattr(secrets, "randbelow", lambda bound: bound // 2)  # the mean
    narrow, wide = tones(SIZE, (0.05, 1)), tones(2 * SIZE, (0.3, 1))
    meter = BandMeter(0.2e6, 1e6)
    hidden = [narrow, narrow, *[wide] * (EVERY // 2 - 2), narrow, narrow]
    assert taken(meter, np.concatenate(hidden), size) == 0
    seen = [narrow, narrow, *[wide] * EVERY]
    assert taken(BandMeter(0.2e6, 1e6), np.concatenate(seen), size) > 50


@pytest.mark.parametrize("size", [64, 500, 4000])
def test_a_stream_that_is_shorter_than_a_block_is_measured_at_its_end(size):
    assert taken(BandMeter(0.2e6, 1e6), tones(size, (0.05, 1))) == 0
    assert taken(BandMeter(0.2e6, 1e6), tones(size, (0.3, 1))) > 99


@pytest.mark.parametrize("size", range(6))
def test_a_stream_of_next_to_nothing_has_no_width(size):
    assert taken(BandMeter(0.2e6, 1e6), tones(size, (0.3, 1))) == 0


@pytest.mark.parametrize("bandwidth", [0, -1, 1.1e6, float("nan"), float("inf")])
def test_a_bandwidth_beyond_the_sample_rate_is_refused(bandwidth):
    with pytest.raises(ValueError, match=r"bandwidth must be .*frame.occupied_width"):
        BandMeter(bandwidth, 1e6)
