# SPDX-License-Identifier: GPL-3.0-or-later
"""Impairments of codewords against closed forms."""

import math

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.air import channels
from advphy_model.air.channels import impairments, iq_imbalance, phase_noise
from advphy_model.air.raised_cosine import pulse
from advphy_model.link import links
from advphy_model.power import noise_variance

from .counting import counted

FAR = 2**40 + 12345  # an index that 32 bits do not hold


def with_all_others(*kinds):
    """Return kinds of channels, and by its name each channel that is not among them."""
    listed = {kind.partition("(")[0] for kind in kinds}
    return [*kinds, *sorted(set(channels.names()) - listed)]


EVERY_KIND = with_all_others(
    "cfo(frequency=0.013, phase=0.3)",
    "clipping(level_db=0)",
    "clock_offset(ppm=900)",
    "clock_offset(ppm=900, recovered=1000, carrier=3)",
    "iq_imbalance(dc_i=0.1)",
    "phase_noise",
    "phase_noise(loop_bandwidth=0)",
    "quantisation(bits=3)",
    "rayleigh_block",
    "rayleigh_block(coherence=5, coherent=True)",
    "rician_block(coherence=21)",
    "timing_offset(offset=-0.3)",
    "two_rays(delay=2, phase_deg=45)",
    "two_rays + rayleigh_block + rician_block + cfo + phase_noise + quantisation",
)


def normals(rng, *shape):
    both = rng.standard_normal((*shape, 2)).astype(np.float32)
    return both.view(np.complex64)[..., 0] * np.float32(0.5**0.5)


def impaired(kind, x, seed=1, first_block=0):
    for part in impairments(kind):
        x = part.impair(x, seed=seed, first_sample=first_block * x.shape[1])
    return x


@pytest.mark.parametrize("first", [0, FAR])
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_blocks_come_out_the_same_however_calls_cut_them(kind, first, rng):
    x, p = normals(rng, 300, 7), normals(rng, 300, 7)
    apply = channels.channel(kind)
    whole, other = np.empty_like(x), np.empty_like(x)
    apply(x, whole, seed=5, first_block=first, noise_variance=0.1, p=p)
    for size in (1, 7, 64):
        parts = x.copy()
        for at in range(0, 300, size):
            part, how = parts[at : at + size], {"seed": 5, "noise_variance": 0.1}
            apply(part, part, first_block=first + at, p=p[at : at + size], **how)
        assert np.array_equal(parts, whole)
    apply(x, other, seed=6, first_block=first, noise_variance=0.1, p=p)
    assert not np.array_equal(other, whole)


def test_awgn_with_nothing_before_it_is_what_it_was(rng):
    x = normals(rng, 10, 7)
    y = np.empty_like(x)
    channels.channel("awgn")(x, y, seed=3, first_block=4, noise_variance=0.25)
    noise = np.empty_like(x)
    kernels.gaussian(3, 4 * 14, noise)
    assert np.array_equal(y, x + np.float32(0.5) * noise)


def test_cfo_advances_the_phase_by_the_frequency_across_blocks():
    x = np.ones((1000, 7), np.complex64)
    y = impaired("cfo(frequency=0.0123, phase=0.25)", x, first_block=FAR).ravel()
    advance = np.angle(y[1:] / y[:-1]) / (2 * np.pi)
    assert np.allclose(advance, 0.0123, atol=1e-7)  # single precision
    # The phase at 7 FAR is that of arithmetic in whole numbers.
    exact = (7 * FAR * int(0.0123 * 2**64) % 2**64) / 2**64 + 0.25
    assert abs(y[0] - np.exp(2j * np.pi * exact)) < 1e-6


def test_free_phase_noise_has_independent_increments_of_the_variance_of_its_line():
    settings = phase_noise.Settings(linewidth=1e-3, loop_bandwidth=0.0)
    count = 200_000
    phase = phase_noise.phase(settings, 3, 16, FAR, count)
    for lag in (1, 10, 64, 1000):  # 2 pi linewidth lag
        steps = phase[lag::lag] - phase[:-lag:lag][: len(phase[lag::lag])]
        wanted = 2 * np.pi * 1e-3 * lag
        assert abs(steps.var() / wanted - 1) < 4.5 * (2 / len(steps)) ** 0.5
        correlation = np.corrcoef(steps[1:], steps[:-1])[0, 1]
        assert abs(correlation) < 4.5 / len(steps) ** 0.5


def test_free_phase_noise_begins_at_zero_and_spreads_with_the_square_root():
    settings = phase_noise.Settings(linewidth=1e-3, loop_bandwidth=0.0)
    at = 5000
    phases = [phase_noise.phase(settings, s, 16, at, 1)[0] for s in range(2000)]
    wanted = 2 * np.pi * 1e-3 * at
    assert abs(np.var(phases) / wanted - 1) < 4.5 * (2 / 2000) ** 0.5
    assert phase_noise.phase(settings, 1, 16, 0, 1)[0] == 0


def test_tracked_phase_noise_is_stationary_with_the_correlation_of_the_loop():
    line, loop = 1e-3, 0.01  # variance line / (2 loop) = 0.05
    settings = phase_noise.Settings(line, loop)
    count = 400_000
    phase = phase_noise.phase(settings, 4, 16, FAR, count)
    independent = count * np.pi * loop  # samples over twice the time of correlation
    assert abs(phase.var() / 0.05 - 1) < 4.5 * (2 / independent) ** 0.5
    for lag in (1, 5, 16, 33):
        wanted = 0.05 * math.exp(-2 * np.pi * loop * lag)
        found = np.mean(phase[lag:] * phase[:-lag])
        assert abs(found - wanted) < 4.5 * 0.05 * (2 / independent) ** 0.5


@pytest.mark.parametrize("loop", [0.0, 0.01])
def test_phase_noise_turns_by_its_phase(loop):
    settings = phase_noise.Settings(1e-3, loop)
    kind = f"phase_noise(linewidth=1e-3, loop_bandwidth={loop})"
    y = impaired(kind, np.ones((50, 7), np.complex64), 9, 1000)
    phase = phase_noise.phase(settings, 9, 16, 7000, 350)
    assert np.allclose(y.ravel(), np.exp(1j * phase), atol=1e-6)


def q(x):
    return 0.5 * math.erfc(x / math.sqrt(2))


def rayleigh_ber(ebn0):
    return (1 - math.sqrt(ebn0 / (1 + ebn0))) / 2


def rician_ber(ebn0, k):
    """Return the integral of Simon and Alouini over the moment-generating function."""
    angle = (np.arange(10_000) + 0.5) / 10_000 * np.pi / 2
    below = (1 + k) * np.sin(angle) ** 2 + ebn0
    return float(
        np.mean((1 + k) * np.sin(angle) ** 2 / below * np.exp(-k * ebn0 / below)) / 2
    )


@pytest.mark.parametrize("ebn0_db", [0, 6, 12])
@pytest.mark.parametrize(
    ("kind", "ber"),
    [
        ("rayleigh_block(coherent=True)", rayleigh_ber),
        ("rayleigh_block(coherent=True, coherence=1)", rayleigh_ber),
        (
            "rician_block(coherent=True, line_of_sight_db=3)",
            lambda g: rician_ber(g, 10**0.3),
        ),
        # Without a line of sight it is Rayleigh.
        ("rician_block(coherent=True, line_of_sight_db=-100)", rayleigh_ber),
    ],
)
def test_bit_error_rate_of_bpsk_over_fading(kind, ber, ebn0_db):
    count = 400_000
    x = np.ones((count, 1), np.complex64)
    y = np.empty_like(x)
    channels.channel(kind)(
        x, y, seed=2, first_block=0, noise_variance=noise_variance(ebn0_db, 1)
    )
    errors, p = int(np.sum(y.real < 0)), ber(10 ** (ebn0_db / 10))
    assert abs(errors - count * p) < 4 * (count * p * (1 - p)) ** 0.5


def test_block_error_rate_of_a_bpsk_block_that_fades_as_one():
    model, count, ebn0 = links.load("bpsk"), 400_000, 10.0
    # E over |h|^2 (exponential) of 1 - (1 - Q(sqrt(2 |h|^2 Eb/N0)))^k.
    u = (np.arange(20_000) + 0.5) / 20_000
    p = np.mean([1 - (1 - q(math.sqrt(-2 * math.log(v) * ebn0))) ** model.k for v in u])
    kind, ebn0_db = "rayleigh_block(coherent=True)", 10 * math.log10(ebn0)
    row = counted(model, ebn0_db, count, channel=kind)
    assert abs(row.block_errors - count * p) < 4 * (count * p * (1 - p)) ** 0.5


def test_fading_is_complex_normal_of_mean_power_one_and_lasts_as_long_as_said():
    x = np.ones((60_000, 3), np.complex64)
    h = impaired("rayleigh_block", x)
    assert np.array_equal(h[:, 0], h[:, 2])
    assert abs(np.mean(np.abs(h) ** 2) - 1) < 4.5 / 60_000**0.5
    assert abs(np.mean(h[:, 0])) < 4.5 / 60_000**0.5
    h = impaired("rayleigh_block(coherence=9)", x).reshape(-1, 9)
    assert np.all(h == h[:, :1])
    assert len(np.unique(h[:, 0])) == len(h)
    direct = impaired("rician_block(line_of_sight_db=6)", x)[:, 0]
    k = 10**0.6
    assert abs(np.mean(direct) - math.sqrt(k / (k + 1))) < 4.5 / 60_000**0.5


@pytest.mark.parametrize("delay", [1, 3])
def test_frequency_response_of_two_rays(delay):
    n, g = 64, 10 ** (-6 / 20) * np.exp(1j * np.pi / 6)
    kind = f"two_rays(delay={delay}, gain_db=-6, phase_deg=30)"
    for cycles in (0, 5, 20, 33):
        f = cycles / n
        x = np.exp(2j * np.pi * f * np.arange(n))[None].astype(np.complex64)
        response = (impaired(kind, x) / x)[0, delay:]
        assert np.allclose(response, 1 + g * np.exp(-2j * np.pi * f * delay), atol=1e-5)


def test_the_echo_stays_within_its_block():
    x = np.array([[0, 0, 1], [0, 0, 0]], np.complex64)
    assert np.array_equal(impaired("two_rays(delay=1)", x), x)
    assert np.array_equal(impaired("two_rays(delay=3)", x), x)


def test_image_rejection_of_an_iq_imbalance(rng):
    gain_db, phase_deg = 1.0, 5.0
    g, t = 10 ** (gain_db / 20), math.radians(phase_deg)
    ratio = (1 + 2 * g * math.cos(t) + g * g) / (1 - 2 * g * math.cos(t) + g * g)
    n = 256
    x = np.exp(2j * np.pi * 17 / n * np.arange(n))[None].astype(np.complex64)
    y = impaired(f"iq_imbalance(gain_db={gain_db}, phase_deg={phase_deg}, dc_q=0.2)", x)
    spectrum = np.abs(np.fft.fft(y[0]) / n) ** 2
    assert spectrum[17] / spectrum[-17] == pytest.approx(ratio, rel=1e-3)
    assert spectrum[0] == pytest.approx(0.04, rel=1e-3)
    # I goes through, Q is g (cos t q - sin t i).
    x = normals(rng, 5, 7)
    y = impaired(f"iq_imbalance(gain_db={gain_db}, phase_deg={phase_deg})", x)
    assert np.allclose(y.real, x.real, atol=1e-6)
    branch = g * (math.cos(t) * x.imag - math.sin(t) * x.real)
    assert np.allclose(y.imag, branch, atol=1e-6)
    assert iq_imbalance.coefficients(iq_imbalance.Settings(0.0, 0.0)) == (1, 0)


@pytest.mark.parametrize("level_db", [-3.0, 0.0, 3.0])
def test_a_clipped_normal_signal_is_attenuated_as_by_bussgang(level_db, rng):
    x = normals(rng, 1, 400_000)
    y = impaired(f"clipping(level_db={level_db})", x)
    g = 10 ** (level_db / 20)  # [ochiai]: attenuation and output power
    attenuation = 1 - math.exp(-g * g) + math.sqrt(math.pi) / 2 * g * math.erfc(g)
    assert abs(np.vdot(x, y) / 400_000 - attenuation) < 4.5 / 400_000**0.5
    power = 1 - math.exp(-g * g)
    assert abs(np.mean(np.abs(y) ** 2) - power) < 4.5 / 400_000**0.5
    assert np.abs(y).max() < g * (1 + 1e-6)
    small = np.abs(x) < g * (1 - 1e-6)
    assert np.allclose(y[small], x[small], rtol=1e-6)


def error_of_a_sine(bits):
    """Return the mean squared error of A = 1: over steps of sin, in closed form.

    The step with middle m adds the integral of (sin - m)^2 over its angles; a quarter
    of the sine stands for all.
    """
    half = 2 ** (bits - 1)
    edges = np.arcsin(np.arange(half + 1) / half)
    m = (np.arange(half) + 0.5) / half

    def integral(angle):
        return (0.5 + m * m) * angle - np.sin(2 * angle) / 4 + 2 * m * np.cos(angle)

    return np.sum(integral(edges[1:]) - integral(edges[:-1])) / (np.pi / 2)


@pytest.mark.parametrize("bits", [4, 6, 8, 10, 12, 14])
def test_quantization_of_a_full_scale_sine(bits):
    turns = np.arange(200_003) * 0.1234567
    x = (2.0 * np.exp(2j * np.pi * turns))[None].astype(np.complex64)
    error = impaired(f"quantisation(bits={bits}, full_scale=2)", x) - x
    snr_db = 10 * np.log10(4 / np.mean(np.abs(error) ** 2))
    exact_db = 10 * np.log10(0.5 / error_of_a_sine(bits))
    assert snr_db == pytest.approx(exact_db, abs=0.02)
    # The rule takes the error for uniform. It is not in the last step, where the sine
    # turns: that costs a share of the time as the root of a step.
    assert snr_db == pytest.approx(6.0206 * bits + 1.7609, abs=2.5 * 2 ** (-bits / 2))


def test_quantization_saturates_and_has_as_many_levels_as_said():
    x = np.linspace(-3, 3, 5001).astype(np.complex64)[None]
    levels = np.unique(impaired("quantisation(bits=2, full_scale=2)", x).real)
    assert np.allclose(levels, [-1.5, -0.5, 0.5, 1.5])


def test_raised_cosine_is_that_of_nyquist():
    assert np.allclose(pulse(np.arange(-5, 6), 0.35), np.arange(-5, 6) == 0)
    # Its spectrum is flat to (1 - b) / 2, half at 1/2, and 0 from (1 + b) / 2 on.
    t = np.arange(-400, 400, 0.25)
    for f, wanted in [(0.0, 1), (0.3, 1), (0.5, 0.5), (0.7, 0)]:
        found = 0.25 * np.sum(pulse(t, 0.35) * np.cos(2 * np.pi * f * t))
        assert found == pytest.approx(wanted, abs=1e-3)
    assert pulse(1 / 0.7, 0.35) == pytest.approx(np.pi / 4 * np.sinc(1 / 0.7))


@pytest.mark.parametrize("offset", [0.1, -0.3])
def test_a_timing_offset_delays_the_middle_of_a_long_block(offset):
    n = 400
    i = np.arange(n)
    x = np.exp(2j * np.pi * 0.1 * i)[None].astype(np.complex64)
    y = impaired(f"timing_offset(offset={offset})", x)
    wanted = np.exp(2j * np.pi * 0.1 * (i - offset))
    assert np.allclose(y[0, 150:250], wanted[150:250], atol=2e-4)


def test_a_timing_offset_is_the_sum_over_the_pulse_also_at_the_edges(rng):
    x = normals(rng, 3, 5)
    y = impaired("timing_offset(offset=0.2, roll_off=0.5)", x)
    i = np.arange(5)
    h = pulse(i[:, None] - 0.2 - i[None], 0.5)  # [i, k]
    assert np.allclose(y, x @ h.T, atol=1e-6)


def test_a_clock_offset_is_later_with_each_symbol_and_turns_the_carrier(rng):
    x = normals(rng, 6, 5)
    y = impaired("clock_offset(ppm=1000, recovered=15, carrier=40)", x, first_block=8)
    for block in range(6):
        index = 5 * (8 + block) + np.arange(5)
        i = np.arange(5)
        h = pulse((i + 1e-3 * (index % 15))[:, None] - i[None], 0.35)
        turned = (h @ x[block]) * np.exp(2j * np.pi * 0.04 * index)
        assert np.allclose(y[block], turned, atol=1e-5)
