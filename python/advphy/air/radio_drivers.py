# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the radio drivers, and the names that each gives to the same settings."""

from . import standin

# The package that opens the device, and the arguments that precede the user's.
RADIOS = {
    "uhd": ("uhd", ""),
    "soapy": ("soapy", ""),
    "osmosdr": ("osmosdr", ""),
    "hackrf": ("osmosdr", "hackrf=0"),
    "standin": ("soapy", f"driver={standin.DRIVER}"),
}
NO_RADIOS = ("file", "zmq")
REMEDIES = {
    "uhd": "gr-uhd is not installed; apt install gnuradio, or build it with UHD",
    "soapy": "gr-soapy is not installed; apt install gnuradio (3.10 or newer)",
    "osmosdr": "gr-osmosdr is not installed; apt install gr-osmosdr",
}
LISTS = {  # commands that list the connected devices
    "uhd": "uhd_find_devices",
    "soapy": "SoapySDRUtil --find",
    "osmosdr": "SoapySDRUtil --find, or hackrf_info",
}


def _methods(frequency, frequencies, rate, rates, antennas, plain=()):
    """Return the names of a package's methods that get and set a radio's settings.

    Args:
        frequency: name of the frequency after get_ and set_.
        frequencies: name of the method that returns its range.
        rate: name of the sample rate after get_ and set_.
        rates: name of the method that returns its range.
        antennas: name of the method that lists the antennas.
        plain: settings whose methods take no channel.
    """
    words = {"frequency": frequency, "sample_rate": rate}
    words |= {name: name for name in ("gain", "antenna")}
    ranges = {"frequency range": frequencies, "sample_rate range": rates}
    ranges |= {"gain range": "get_gain_range", "antennas": antennas}
    return {
        "get": {name: f"get_{word}" for name, word in words.items()} | ranges,
        "set": {name: f"set_{word}" for name, word in words.items()},
        "plain": plain,
    }


_PLAIN = ("sample_rate", "sample_rate range")
METHODS = {
    "uhd": _methods(
        "center_freq",
        "get_freq_range",
        "samp_rate",
        "get_samp_rates",
        "get_antennas",
        _PLAIN,
    ),
    "osmosdr": _methods(
        "center_freq",
        "get_freq_range",
        "sample_rate",
        "get_sample_rates",
        "get_antennas",
        _PLAIN,
    ),
    "soapy": _methods(
        "frequency",
        "get_frequency_range",
        "sample_rate",
        "get_sample_rate_range",
        "list_antennas",
    ),
}
