# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels in words: what is read, and what is refused with which sentence."""

import pytest
from advphy_model.air import channels
from advphy_model.air.channels import canonical, impairments


def test_channels_are_found_by_file_name():
    assert {"awgn", "cfo", "rayleigh_block", "two_rays"} <= set(channels.names())
    with pytest.raises(
        ValueError, match=r"'rician' is not known.*awgn, .*rician_block"
    ):
        channels.channel("rician")


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("awgn", "awgn"),
        ("cfo", "cfo"),
        ("cfo()", "cfo"),
        (" cfo( frequency = 2e-2 )+awgn", "cfo(frequency=0.02)"),
        ("cfo(frequency=1e-3)", "cfo"),  # the default
        ("two_rays(gain_db=-6, delay=2)", "two_rays(delay=2, gain_db=-6.0)"),
        ("rayleigh_block(coherent=True)", "rayleigh_block(coherent=True)"),
        ("cfo + phase_noise + awgn", "cfo + phase_noise"),
    ],
)
def test_a_channel_has_one_way_to_be_written(kind, wanted):
    assert canonical(kind) == wanted
    assert canonical(wanted) == wanted


def test_impairments_come_in_order_each_with_its_own_random_numbers():
    first, second = impairments("rayleigh_block + rayleigh_block(coherence=3)")
    assert (first.settings.coherence, second.settings.coherence) == (0, 3)
    assert first.stream != second.stream


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("", "cannot be read; give NAME or NAME"),
        (7, "cannot be read"),
        ("cfo(", "cannot be read"),
        ("cfo(0.1)", "cannot be read"),
        ("cfo(**{})", "cannot be read"),
        ("cfo(frequency=__import__('os'))", "cannot be read"),
        ("cfo - awgn", "cannot be read"),
        ("a.b", "cannot be read"),
        ("(" * 900 + ")" * 900, "cannot be read"),
        ("+".join(["cfo"] * 400), "400 impairments, expected at most 16"),
        ("x" * 2001, "cannot be read"),
        ("awgn + cfo", "always last"),
        ("awgn(snr_db=3)", "has no settings"),
        (
            "cfo(offset=1)",
            "setting 'offset' is not known; choose from frequency, phase",
        ),
        (
            "cfo(frequency=0.6)",
            "cfo: frequency must be a number in -0.5..0.5 cyc.*got 0.6",
        ),
        ("cfo(frequency='a')", "frequency must be a number.*got 'a'"),
        ("cfo(frequency=True)", "frequency must be a number.*got True"),
        ("cfo(frequency=1e999)", "frequency must be.*got inf"),
        (
            "two_rays(delay=0)",
            "two_rays: delay must be a whole number in 1..65536.*got 0",
        ),
        ("two_rays(delay=1.5)", "delay must be a whole number.*got 1.5"),
        ("quantisation(bits=0)", "bits must be a whole number in 1..16.*got 0"),
        ("rayleigh_block(coherent=1)", "coherent must be True or False.*got 1"),
        ("rician_block(line_of_sight_db=200)", "line_of_sight_db must be.*got 200"),
        ("phase_noise(linewidth=-1)", "linewidth must be.*got -1"),
        (
            "timing_offset(offset=2)",
            "offset must be a number in -1..1 samples.*got 2.0",
        ),
        (
            "clock_offset(ppm=5000)",
            "ppm must be a number in -1000..1000 ppm.*got 5000.0",
        ),
        ("iq_imbalance(gain_db=99)", "gain_db must be.*got 99"),
        ("clipping(level_db=99)", "level_db must be.*got 99"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_wanted(kind, text):
    with pytest.raises(ValueError, match=text) as caught:
        channels.channel(kind)
    assert "\n" not in str(caught.value)


LIMITS = {
    "cfo": {"frequency": (-0.5, 0.5), "phase": (-1, 1)},
    "clipping": {"level_db": (-40, 60)},
    "clock_offset": {
        "ppm": (-1000, 1000),
        "carrier": (0, 1e5),
        "recovered": (0, 65536),
        "roll_off": (0, 1),
    },
    "iq_imbalance": {
        "gain_db": (-20, 20),
        "phase_deg": (-90, 90),
        "dc_i": (-10, 10),
        "dc_q": (-10, 10),
    },
    "phase_noise": {"linewidth": (0, 0.5), "loop_bandwidth": (0, 0.5)},
    "quantisation": {"bits": (1, 16), "full_scale": (0.001, 1000)},
    "rician_block": {"line_of_sight_db": (-100, 100)},
    "timing_offset": {"offset": (-1, 1), "roll_off": (0, 1)},
    "two_rays": {"delay": (1, 65536), "gain_db": (-100, 20), "phase_deg": (-360, 360)},
}


@pytest.mark.parametrize(
    ("name", "key", "low", "high"),
    [(name, key, *both) for name, keys in LIMITS.items() for key, both in keys.items()],
)
def test_a_setting_has_two_limits(name, key, low, high):
    step = 1 if key in ("recovered", "bits", "delay") else (high - low) / 1000
    for taken, refused in ((low, low - step), (high, high + step)):
        channels.channel(f"{name}({key}={taken})")
        with pytest.raises(ValueError, match=f"{key} must be a .*number in "):
            channels.channel(f"{name}({key}={refused})")
