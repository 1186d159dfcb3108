# SPDX-License-Identifier: GPL-3.0-or-later
"""Power and complex baseband: values from formulas."""

import numpy as np
import pytest
from advphy_model import complex_baseband, power


def test_uncoded_bpsk_at_zero_db_has_variance_one_half():
    assert power.noise_variance(ebn0_db=0, rate=1) == pytest.approx(0.5)


def test_rate_four_sevenths_at_three_db():
    assert power.noise_variance(10 * np.log10(2), 4 / 7) == pytest.approx(7 / 16)


def test_snr_per_channel_use_is_rate_times_ebn0():
    # Signal power 1 per channel use, noise power 2 sigma^2.
    for ebn0_db in (-3.0, 0.0, 8.0):
        sigma2 = power.noise_variance(ebn0_db, 4 / 7)
        assert power.snr_db(ebn0_db, 4 / 7) == pytest.approx(-10 * np.log10(2 * sigma2))


def test_perturbation_of_a_psr_has_that_psr(rng):
    p = rng.normal(size=7) + 1j * rng.normal(size=7)
    p *= power.perturbation_norm(-6, 7) / np.linalg.norm(p)
    assert power.psr_db(p, 7) == pytest.approx(-6)


def test_epsilon_in_both_conventions():
    assert power.psr_db_of_epsilon(0.2, "power") == pytest.approx(-6.9897, abs=1e-4)
    assert power.psr_db_of_epsilon(0.2, "amplitude") == pytest.approx(-13.979, abs=1e-3)
    with pytest.raises(ValueError, match="convention 'volts'"):
        power.psr_db_of_epsilon(0.2, "volts")


def test_reals_are_real_parts_then_imaginary_parts():
    x = np.array([[1 + 2j, 3 + 4j]])
    assert complex_baseband.to_reals(x).tolist() == [[1, 3, 2, 4]]
    assert complex_baseband.to_complex([[1, 3, 2, 4]]).tolist() == x.tolist()


def test_odd_number_of_reals_is_padded_by_one_zero(rng):
    reals = rng.normal(size=(5, 23)).astype(np.float32)
    x = complex_baseband.to_complex(reals)
    assert x.shape == (5, complex_baseband.channel_uses(23)) == (5, 12)
    assert np.all(x[:, -1].imag == 0)
    assert np.array_equal(complex_baseband.to_reals(x, 23), reals)


def test_slot_says_where_interleaved_floats_go(rng):
    x = (rng.normal(size=4) + 1j * rng.normal(size=4)).astype(np.complex64)
    reals = np.empty(8, np.float32)
    reals[complex_baseband.slot(4)] = x.view(np.float32)
    assert np.array_equal(reals, complex_baseband.to_reals(x))


def test_snr_of_a_semantic_code_is_one_over_the_noise_variance():
    # mean x_i^2 = 1 in each real dimension [arn, eq. 6].
    assert power.snr_noise_variance(0) == 1
    assert power.snr_noise_variance(10) == pytest.approx(0.1)
    assert power.snr_noise_variance(-3.0103) == pytest.approx(2, rel=1e-4)
    for nonsense in (float("nan"), float("inf"), 101, -101):
        with pytest.raises(ValueError, match="snr_db must be"):
            power.snr_noise_variance(nonsense)


def test_the_limit_of_the_letter_in_both_readings():
    # Against mean x_i^2 = 1 per dimension; literally against E||x||^2 = 1, N times it.
    assert power.psr_db_of_limit(0.1, "per_dimension", 23) == pytest.approx(-10)
    assert power.psr_db_of_limit(0.1, "literal", 23) == pytest.approx(3.617, abs=1e-3)
    with pytest.raises(ValueError, match="'mine' is not known"):
        power.psr_db_of_limit(0.1, "mine", 23)


def test_energy_is_added_up_in_double_precision():
    x = np.full(3_000_000, 0.1, np.complex64)
    exact = 3e6 * float(np.float32(0.1)) ** 2
    # Terms times epsilon bounds the error in any order; float32 has far more.
    assert power.energy(x) == pytest.approx(exact, rel=6e6 * 2.3e-16)
