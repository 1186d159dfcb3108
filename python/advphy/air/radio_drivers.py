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

METERED = {  # gr-uhd's names, which gr-osmosdr follows
    "get": {
        "frequency range": "get_freq_range",
        "gain range": "get_gain_range",
        "frequency": "get_center_freq",
        "gain": "get_gain",
        "antenna": "get_antenna",
        "antennas": "get_antennas",
    },
    "set": {
        "frequency": "set_center_freq",
        "gain": "set_gain",
        "antenna": "set_antenna",
    },
    "plain": ("sample_rate", "sample_rate range"),
}
METHODS = {
    "uhd": METERED
    | {
        "get": METERED["get"]
        | {"sample_rate range": "get_samp_rates", "sample_rate": "get_samp_rate"},
        "set": METERED["set"] | {"sample_rate": "set_samp_rate"},
    },
    "osmosdr": METERED
    | {
        "get": METERED["get"]
        | {"sample_rate range": "get_sample_rates", "sample_rate": "get_sample_rate"},
        "set": METERED["set"] | {"sample_rate": "set_sample_rate"},
    },
    "soapy": {
        "get": {
            "frequency range": "get_frequency_range",
            "gain range": "get_gain_range",
            "sample_rate range": "get_sample_rate_range",
            "frequency": "get_frequency",
            "sample_rate": "get_sample_rate",
            "gain": "get_gain",
            "antenna": "get_antenna",
            "antennas": "list_antennas",
        },
        "set": {
            "frequency": "set_frequency",
            "sample_rate": "set_sample_rate",
            "gain": "set_gain",
            "antenna": "set_antenna",
        },
        "plain": (),
    },
}
