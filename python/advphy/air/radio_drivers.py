# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio drivers: their names, rates, arguments, and names of the same settings."""

import math
import re
from typing import NamedTuple

from advphy_model.checked_values import checked_kind

from . import standin

# The package that opens the device, and the arguments that precede the user's.
RADIOS = {
    "uhd": ("uhd", ""),
    "soapy": ("soapy", ""),
    "osmosdr": ("osmosdr", ""),
    "hackrf": ("osmosdr", "hackrf=0"),
    "standin": ("soapy", f"driver={standin.DRIVER}"),
}
NO_RADIOS = ("file", "zmq", "zmq_pub")
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


class Rates(NamedTuple):
    """Sample rates of a driver in samples/s; symbol: its default samples per symbol."""

    default: float = 1e6
    symbol: int = 4
    lowest: float = 0.0
    highest: float = math.inf


# Below 2 Msample/s its filter of 1.75 MHz passes images (HackRF documentation).
HACKRF = Rates(2e6, 8, 2e6, 20e6)


def plain(**texts):
    """Return texts as plain str, which cannot read differently twice; ValueError."""
    for name, text in texts.items():
        yield str.__str__(checked_kind(name, text, str, "text"))


def resolve(driver, args):
    """Return the package that opens a device, and the complete device arguments."""
    if driver not in RADIOS:
        known = ", ".join([*RADIOS, *NO_RADIOS])
        raise ValueError(f"driver = {driver!r} is not known; choose from {known}")
    package, first = RADIOS[driver]
    if first and args.startswith(first.partition("=")[0] + "="):
        first = ""  # the user selects another device of this kind
    return package, ",".join(filter(None, (first, args)))


def hackrf_of(package, args):
    """Return what selects the HackRF of complete device arguments, or "" if none."""
    given = dict(part.partition("=")[::2] for part in re.split(r"[ ,]+", args))
    if package == "osmosdr" and "hackrf" in given:
        return given["hackrf"] or "0"
    named = "hackrf" in (given.get("driver"), given.get("remote:driver"))
    return given.get("serial", "0") if named and package != "uhd" else ""


def rates(driver, args):
    """Return the Rates of a driver with its device arguments."""
    radio = driver in RADIOS and hackrf_of(*resolve(driver, args))
    return HACKRF if radio else Rates()


def checked_rate(driver, args, sample_rate):
    """Return the sample rate, or the driver's default; ValueError if it has none."""
    known = rates(driver, args)
    rate = known.default if sample_rate is None else sample_rate
    if known == HACKRF and not known.lowest <= rate <= known.highest:
        raise ValueError(
            f"sample_rate = {rate:g}, but a HackRF has {known.lowest:g}..."
            f"{known.highest:g} samples/s; for slower symbols raise samples_per_symbol "
            f"({known.symbol} by default) instead"
        )
    return rate


def with_serial(driver, args, serial):
    """Return device arguments that select a serial number; "": those as they are."""
    if not serial:
        return args
    near = driver in (*NO_RADIOS, "standin")
    kind, _, more = ("" if near else resolve(driver, args)[1]).partition(",")
    kind, named = kind.partition("=")[0], driver in ("uhd", "soapy")
    fits = (kind or named) and "serial=" not in args
    if not (fits and re.fullmatch(r"[\w.:-]+", serial)):
        raise ValueError(
            f"serial = {serial!r} does not fit driver = '{driver}', args = {args!r}; "
            "give letters and digits, to a radio whose args name its kind, such as "
            "driver = 'osmosdr', args = 'hackrf=0'"
        )
    if named or kind in ("uhd", "soapy"):
        return ",".join(filter(None, (args, f"serial={serial}")))
    return ",".join(filter(None, (f"{kind}={serial}", more)))


def _methods(frequency, rate, ranges, gains="get_gain_names", antennas="get_antennas"):
    """Return the names of a package's methods that get and set a radio's settings.

    frequency and rate are names after get_ and set_, their ranges after get_ alone.
    """
    words = {"frequency": frequency, "sample_rate": rate}
    words |= {name: name for name in ("gain", "antenna")}
    names = (f"{name} range" for name in ("frequency", "sample_rate", "gain"))
    read = words | dict(zip(names, (*ranges.split(), "gain_range"), strict=True))
    getters = {name: f"get_{word}" for name, word in read.items()}
    setters = {name: f"set_{word}" for name, word in words.items()}
    lists = {"antennas": antennas, "gain names": gains}
    return {"get": getters | lists, "set": setters}


METHODS = {
    "uhd": _methods("center_freq", "samp_rate", "freq_range samp_rates"),
    "osmosdr": _methods("center_freq", "sample_rate", "freq_range sample_rates"),
}
_ranges = "frequency_range sample_rate_range"
_lists = "list_gains", "list_antennas"
METHODS["soapy"] = _methods("frequency", "sample_rate", _ranges, *_lists)
WITHOUT_CHANNEL = ("sample_rate", "sample_rate range")  # except in gr-soapy
