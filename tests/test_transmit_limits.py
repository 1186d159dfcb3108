# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be transmitted."""

import numpy as np
import pytest
from advphy_model.modem import transmit_limits
from advphy_model.modem.transmit_limits import Band, TransmitLimits


@pytest.fixture
def allow_list(tmp_path, monkeypatch):
    """Have the user's allow-list in a folder of the test; return its path."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "gr-advphy" / "transmit.ini"
    path.parent.mkdir()
    return path


def test_the_allow_list_is_below_the_users_configuration(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    wanted = tmp_path / ".config" / "gr-advphy" / "transmit.ini"
    assert transmit_limits.allow_list_path() == wanted


def test_the_example_of_the_messages_is_a_valid_allow_list(allow_list):
    allow_list.write_text(transmit_limits.EXAMPLE)
    (band,) = transmit_limits.read_allow_list()
    assert (band.first_hz, band.last_hz, band.max_gain_db) == (433.05e6, 434.79e6, 20)
    assert transmit_limits.require_allowed(433.92e6, 1e6, 20) == band


def test_without_the_file_no_frequency_is_allowed(allow_list):
    assert transmit_limits.read_allow_list() == []
    with pytest.raises(ValueError, match="there is no allow-list") as found:
        transmit_limits.require_allowed(433.92e6, 1e6, 0)
    assert str(allow_list) in str(found.value)
    assert transmit_limits.EXAMPLE in str(found.value)


@pytest.mark.parametrize(
    ("frequency", "sample_rate", "allowed"),
    [
        (100e6, 2e6, True),
        (99.999e6, 2e6, False),
        (100.001e6, 2e6, False),
        (99.5e6, 1e6, True),
        (400e6, 1e6, False),
    ],
)
def test_all_of_the_sample_rate_lies_inside_a_band(
    frequency, sample_rate, allowed, allow_list
):
    assert Band("b", 99e6, 101e6).holds(frequency, sample_rate) == allowed
    allow_list.write_text("[b]\nfirst_hz = 99e6\nlast_hz = 101e6\n")
    if allowed:
        transmit_limits.require_allowed(frequency, sample_rate, None)
    else:
        with pytest.raises(ValueError, match=r"lies in no band of .*99...101 MHz"):
            transmit_limits.require_allowed(frequency, sample_rate, None)


@pytest.mark.parametrize(
    ("gain", "allowed"), [(10, True), (10.5, False), (None, False)]
)
def test_a_band_may_limit_the_gain(gain, allowed, allow_list):
    allow_list.write_text("[b]\nfirst_hz=1e6\nlast_hz=2e6\nmax_gain_db=10\n")
    if allowed:
        transmit_limits.require_allowed(1.5e6, 1e5, gain)
    else:
        with pytest.raises(ValueError, match="must be at most 10 dB"):
            transmit_limits.require_allowed(1.5e6, 1e5, gain)


def test_the_wider_of_two_bands_does(allow_list):
    allow_list.write_text(
        "[a]\nfirst_hz=1e6\nlast_hz=2e6\nmax_gain_db=10\n"
        "[b]\nfirst_hz=1e6\nlast_hz=2e6\nmax_gain_db=30\n"
    )
    assert transmit_limits.require_allowed(1.5e6, 1e5, 20).name == "b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[b]\nfirst_hz=1e6\n", "lacks"),
        ("[b]\nfirst_hz=1e6\nlast_hz=x\n", "must have numbers: .*'x'"),
        ("[b]\nfirst_hz=2e6\nlast_hz=1e6\n", "first_hz < last_hz"),
        ("[b]\nfirst_hz=nan\nlast_hz=1e6\n", "first_hz < last_hz"),
        ("[b]\nfirst_hz=1e6\nlast_hz=inf\n", "first_hz < last_hz"),
        ("[b]\nfirst_hz=1e6\nlast_hz=2e6\nmax_gain=3\n", "max_gain"),
        ("first_hz=1e6\n", "no section headers"),
    ],
)
def test_a_bad_allow_list_is_refused_and_allows_nothing(text, said, allow_list):
    allow_list.write_text(text)
    with pytest.raises(ValueError, match=said):
        transmit_limits.require_allowed(1.5e6, 1e5, 0)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"amplitude": 0}, "amplitude_limit must be.*got 0"),
        ({"amplitude": 1.1}, "full scale"),
        ({"amplitude": float("nan")}, "amplitude_limit"),
        ({"seconds": 0}, "time_limit must be.*got 0"),
        ({"seconds": float("inf")}, "finite"),
        ({"adversary": True}, "'no' or 'yes'"),
        ({"permitted": "yes"}, "'cabled' or 'licensed'"),
    ],
)
def test_bad_limits_are_refused(limits, said):
    with pytest.raises(ValueError, match=said):
        TransmitLimits(**limits)


def test_an_adversary_needs_a_second_word_for_a_radio():
    with pytest.raises(ValueError, match="only into a file, ZMQ or the stand-in"):
        TransmitLimits(adversary="yes").require_permission("hackrf")
    TransmitLimits(adversary="yes", permitted="cabled").require_permission("hackrf")
    TransmitLimits(adversary="no").require_permission("hackrf")


def test_the_next_number_above_the_limit_is_clipped():
    limit = np.float32(0.5)
    samples = np.array([limit, np.nextafter(limit, np.float32(1))], np.complex64)
    out = np.empty_like(samples)
    clipped, _, peak = TransmitLimits(amplitude=0.5).apply(samples, out)
    assert (clipped, peak, np.abs(out).max()) == (1, 0.5, limit)


def test_amplitudes_above_the_limit_are_clipped_and_counted_with_their_phase():
    samples = np.array([0.3, 0.6 + 0.8j, -2e30, 0.5j, np.nan, np.inf], np.complex64)
    out = np.empty_like(samples)
    clipped, non_finite, peak = TransmitLimits(amplitude=0.5).apply(samples, out)
    assert (clipped, non_finite, peak) == (2, 2, 0.5)
    assert np.allclose(out, [0.3, 0.3 + 0.4j, -0.5, 0.5j, 0, 0], atol=1e-7)
    assert np.isnan(samples[4])  # the input is not touched


def test_samples_within_the_limit_are_the_same_bits(rng):
    samples = (rng.uniform(-0.5, 0.5, 1000) + 0j).astype(np.complex64)
    for largest in (0.3, 0.5):  # well below the limit, and at it
        samples[:2] = largest, largest * 1j
        samples[2:] *= largest / 0.5
        out = np.empty_like(samples)
        clipped, non_finite, peak = TransmitLimits(amplitude=0.5).apply(samples, out)
        assert np.array_equal(out, samples)
        assert (clipped, non_finite) == (0, 0)
        assert peak == pytest.approx(largest)


def test_a_plan_is_one_line():
    settings = {
        "driver": "hackrf",
        "frequency": 433.92e6,
        "sample_rate": 1e6,
        "gain": 20,
    }
    assert transmit_limits.describe(12_000, 0.8, settings) == (
        "would send 12000 samples, 0.012 s at 1 Msample/s, 433.92 MHz, gain 20 dB, "
        "peak amplitude 0.8 (driver=hackrf) - not armed"
    )
