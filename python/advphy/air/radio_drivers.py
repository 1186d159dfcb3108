# SPDX-License-Identifier: GPL-3.0-or-later
"""The drivers of radios by their names, and how each calls the same things."""

from . import standin

# What opens the device, and its arguments in front of the user's.
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
LISTS = {  # what lists the devices that there are
    "uhd": "uhd_find_devices",
    "soapy": "SoapySDRUtil --find",
    "osmosdr": "SoapySDRUtil --find, or hackrf_info",
}


def _methods(frequency, frequencies, rate, rates, antennas, plain=()):
    """Return the names of a package's methods, to get and to set what a radio has.

    Args:
        frequency: what follows get_ and set_ of the frequency.
        frequencies: name of the method that gives its range.
        rate: what follows get_ and set_ of the sample rate.
        rates: name of the method that gives its range.
        antennas: name of the method that lists them.
        plain: what is asked for without a channel.
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


_FREQUENCY = "center_freq", "get_freq_range"  # of gr-uhd, which gr-osmosdr follows
_PLAIN = "get_antennas", ("sample_rate", "sample_rate range")
METHODS = {
    "uhd": _methods(*_FREQUENCY, "samp_rate", "get_samp_rates", *_PLAIN),
    "osmosdr": _methods(*_FREQUENCY, "sample_rate", "get_sample_rates", *_PLAIN),
    "soapy": _methods(
        "frequency",
        "get_frequency_range",
        "sample_rate",
        "get_sample_rate_range",
        "list_antennas",
    ),
}
