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


def _methods(frequency, rate, ranges, antennas="get_antennas"):
    """Return the names of a package's methods that get and set a radio's settings.

    frequency and rate are names after get_ and set_, their ranges after get_ alone.
    """
    words = {"frequency": frequency, "sample_rate": rate}
    words |= {name: name for name in ("gain", "antenna")}
    names = (f"{name} range" for name in ("frequency", "sample_rate", "gain"))
    read = words | dict(zip(names, (*ranges.split(), "gain_range"), strict=True))
    getters = {name: f"get_{word}" for name, word in read.items()}
    setters = {name: f"set_{word}" for name, word in words.items()}
    return {"get": getters | {"antennas": antennas}, "set": setters}


METHODS = {
    "uhd": _methods("center_freq", "samp_rate", "freq_range samp_rates"),
    "osmosdr": _methods("center_freq", "sample_rate", "freq_range sample_rates"),
}
_ranges = "frequency_range sample_rate_range"
METHODS["soapy"] = _methods("frequency", "sample_rate", _ranges, "list_antennas")
WITHOUT_CHANNEL = ("sample_rate", "sample_rate range")  # except in gr-soapy
