# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels over streams of samples: chunks, delays, rates, noise."""

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.air.channels import impairments
from advphy_model.air.sample_channel import SampleChannel

from .test_impairments import with_all_others

EVERY_KIND = with_all_others(
    "cfo(frequency=0.013)",
    "clipping(level_db=0)",
    "clock_offset(ppm=900, carrier=3)",
    "clock_offset(ppm=-1000)",
    "iq_imbalance",
    "phase_noise(loop_bandwidth=0)",
    "quantisation(bits=3)",
    "rayleigh_block(coherence=50)",
    "rician_block(coherence=7)",
    "timing_offset(offset=-0.3)",
    "two_rays(delay=9)",
    "clock_offset + two_rays(delay=3) + timing_offset + cfo + phase_noise",
)


def sine(frequency, count, first=0):
    index = first + np.arange(count)
    return np.exp(2j * np.pi * frequency * index).astype(np.complex64)


def pieces(x, size):
    return [x[at : at + size] for at in range(0, len(x), size)]


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_samples_come_out_the_same_however_calls_cut_them(kind, size, rng):
    x = rng.standard_normal((5000, 2)).astype(np.float32).view(np.complex64)[:, 0]
    settings = {"snr_db": 10, "first_sample": 2**40 + 77, "seed": 4}
    whole = SampleChannel(kind, **settings).process(x)
    channel = SampleChannel(kind, **settings)
    parts = np.concatenate([channel.process(part) for part in pieces(x, size)])
    assert np.array_equal(parts, whole)
    assert len(whole) > 4900


@pytest.mark.parametrize("kind", ["cfo", "phase_noise", "iq_imbalance", "clipping"])
def test_what_has_no_memory_is_that_of_codewords(kind, rng):
    x = rng.standard_normal((140, 2)).astype(np.float32).view(np.complex64)[:, 0]
    found = SampleChannel(kind, seed=3, first_sample=70).process(x)
    (part,) = impairments(kind)
    assert np.array_equal(
        found, part.impair(x.reshape(20, 7), seed=3, first_sample=70).ravel()
    )


def test_noise_is_that_of_the_kernels_by_index_and_comes_last():
    x = np.zeros(500, np.complex64)
    noise = np.empty(500, np.complex64)
    kernels.gaussian(9, 2 * 1000, noise)
    for settings in ({"noise_variance": 0.25}, {"snr_db": 10 * np.log10(2)}):
        channel = SampleChannel(
            "quantisation(bits=1, full_scale=2)", seed=9, first_sample=1000, **settings
        )
        assert np.allclose(channel.process(x), 1 + 1j + 0.5 * noise, atol=1e-6)
    channel.set_noise_variance(0)
    assert np.all(channel.process(x) == 1 + 1j)


def test_an_echo_in_a_stream_is_not_cut():
    g, f, delay = 10 ** (-6 / 20), 0.03, 5
    channel = SampleChannel(f"two_rays(delay={delay}, gain_db=-6)")
    x = sine(f, 1000)
    y = np.concatenate([channel.process(part) for part in pieces(x, 17)])
    assert np.array_equal(y[:delay], x[:delay])
    wanted = 1 + g * np.exp(-2j * np.pi * f * delay)
    assert np.allclose(y[delay:] / x[delay:], wanted, atol=1e-5)


@pytest.mark.parametrize("frequency", [0.01, -0.2, 0.35])
@pytest.mark.parametrize("offset", [0.25, -0.7, 1.0])
def test_a_timing_offset_delays_a_sine(frequency, offset):
    y = SampleChannel(f"timing_offset(offset={offset})").process(sine(frequency, 2000))
    index = np.arange(len(y))
    wanted = np.exp(2j * np.pi * frequency * (index - offset))
    assert 1983 <= len(y) <= 1985
    assert np.abs(y - wanted)[20:].max() < 3e-4


@pytest.mark.parametrize("ppm", [20, 1000, -1000])
@pytest.mark.parametrize("frequency", [0.01, 0.35])
def test_a_clock_offset_stretches_a_sine_and_changes_the_number_of_samples(
    frequency, ppm
):
    count = 200_000
    channel = SampleChannel(f"clock_offset(ppm={ppm})")
    y = channel.process(np.concatenate([sine(frequency, count), np.zeros(16)]))
    # Steps are whole multiples of 2^-32, which adds up over the samples.
    step = round((1 + 1e-6 * ppm) * 2**32) / 2**32
    assert len(y) == pytest.approx(count / step, abs=1)
    index = np.arange(20, len(y) - 20)
    wanted = np.exp(2j * np.pi * frequency * step * index)
    assert np.abs(y[20:-20] - wanted).max() < 3e-4


def test_a_clock_offset_turns_the_carrier_by_the_same_ppm():
    x = np.ones(10_000, np.complex64)
    y = SampleChannel("clock_offset(ppm=20, carrier=2400)").process(x)
    index = np.arange(len(y))  # 2.4 GHz at 1 Msample/s: 48 kHz
    assert np.allclose(y[20:], np.exp(2j * np.pi * 0.048 * index)[20:], atol=1e-3)


def test_interpolation_is_as_exact_as_its_page_says():
    for frequency, error_db in [(0.35, -75), (0.4, -60)]:
        worst = 0
        for offset in np.linspace(0, 1, 33):
            x = sine(frequency, 200)
            y = SampleChannel(f"timing_offset(offset={offset})").process(x)
            wanted = np.exp(2j * np.pi * frequency * (np.arange(len(y)) - offset))
            worst = max(worst, np.abs(y - wanted)[20:].max())
        assert 20 * np.log10(worst) < error_db


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"kind": "nonsense"}, "'nonsense' is not known"),
        ({"kind": "rayleigh_block"}, "coherence = 0 means a codeword"),
        ({"kind": "rician_block"}, "coherence = 0 means a codeword"),
        ({"seed": -1}, "seed must be.*got -1"),
        ({"first_sample": -1}, "first_sample must be.*got -1"),
        ({"snr_db": 1000}, "snr_db must be.*got 1000"),
        ({"noise_variance": -1}, "noise_variance must be.*got -1"),
        ({"noise_variance": np.nan}, "noise_variance must be.*got nan"),
        ({"noise_variance": 1, "snr_db": 1}, "give one"),
    ],
)
def test_bad_settings_are_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        SampleChannel(**{"kind": "awgn", **settings})


def test_samples_of_more_dimensions_are_refused():
    with pytest.raises(ValueError, match="expected one dimension"):
        SampleChannel("awgn").process(np.zeros((2, 3), np.complex64))


@pytest.mark.parametrize(
    ("samples", "start", "step"), [(31, 0, 2**32), (40, 2**35, 2**32), (40, 0, 2**34)]
)
def test_the_interpolator_reads_nothing_that_is_not_there(samples, start, step):
    table = np.zeros(
        (kernels.INTERPOLATOR_PHASES + 1, kernels.INTERPOLATOR_TAPS), np.float32
    )
    x, out = np.zeros(samples, np.complex64), np.zeros(3, np.complex64)
    with pytest.raises(ValueError, match="expected"):
        kernels.interpolate(table, x, start, step, out)
