# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of transmissions: amplitude, time, frequencies and adversary signals.

The allowed frequencies are in a file of the user (the allow-list), since only the user
knows the license and the cabling. Without the file, no radio transmits at all.
"""

import configparser
import dataclasses
import math
import os
import stat
from pathlib import Path

import numpy as np

from advphy_model.checked_values import checked_positive
from advphy_model.file_gate import open_file, require_within, sentence
from advphy_model.found_by_name import require_known
from advphy_model.modem.occupied_band import band_edges
from advphy_model.user_folders import user_folder

EXAMPLE = """\
[433 MHz ISM, my shielded box]
first_hz = 433.05e6
last_hz = 434.79e6
max_gain_db = 20
"""
PERMISSIONS = ("cabled", "licensed")
_KEYS = ("first_hz", "last_hz", "max_gain_db")


@dataclasses.dataclass(frozen=True)
class Band:
    """A range of frequencies that the user allows."""

    name: str  # name chosen by the user
    first_hz: float  # lower edge in Hz
    last_hz: float  # upper edge in Hz
    # Highest gain of the transmitter in dB; None: no limit.
    max_gain_db: float | None = None

    def holds(self, frequency: float, sample_rate: float, bandwidth=None) -> bool:
        """Return whether the band_edges of a transmission lie in the band."""
        low, high = band_edges(frequency, sample_rate, bandwidth)
        return self.first_hz <= low and high <= self.last_hz


@dataclasses.dataclass(frozen=True)
class TransmitLimits:
    """Limits of one transmitter.

    Raises ValueError if a value is not known or out of range.
    """

    # largest magnitude, above 0 and at most 1; larger samples are clipped.
    amplitude: float = 0.8
    seconds: float = 10.0  # longest transmission, in seconds of samples
    adversary: str = "no"  # "yes" if the signal is an adversary's, else "no"
    # "cabled" or "licensed" for an adversary's signal on a radio, or None.
    permitted: str | None = None

    def __post_init__(self):
        checked_positive("amplitude_limit", self.amplitude, 1, "(full scale)")
        checked_positive("time_limit", self.seconds, of="s, and finite")
        if self.adversary not in ("no", "yes"):
            raise ValueError(f"adversary must be 'no' or 'yes', got {self.adversary!r}")
        given = self.permitted
        if given not in (None, *PERMISSIONS):
            wanted = "None, 'cabled' or 'licensed'"
            raise ValueError(f"permitted must be {wanted}, got {given!r}")

    def require_permission(self, driver: str) -> None:
        """Raise ValueError if adversary is "yes" and permitted is None."""
        if self.adversary == "yes" and self.permitted is None:
            raise ValueError(
                f"adversary = 'yes' transmits only into a file, ZMQ or the stand-in, "
                f"not into driver = '{driver}'; set permitted = 'cabled' or 'licensed' "
                "if the signal stays in a cable or you hold a license"
            )

    def apply(self, samples: np.ndarray, out: np.ndarray) -> tuple[int, int, float]:
        """Clip samples to the amplitude limit and replace non-finite ones by zero.

        Both arrays are complex64 [N]. Returns the numbers of clipped and of non-finite
        samples, and the largest magnitude in out.
        """
        out[:] = samples
        with np.errstate(over="ignore", invalid="ignore"):
            power = float((samples.real**2 + samples.imag**2).max(initial=0.0))
        # The usual case, in a tenth of the time of np.abs; false for NaN and infinity.
        if power < self.amplitude**2 * (1 - 1e-6):
            return 0, 0, math.sqrt(power)
        magnitude = np.abs(samples)
        bad = ~np.isfinite(magnitude)
        out[bad], magnitude[bad] = 0, 0
        over = magnitude > np.float32(self.amplitude)
        out[over] *= self.amplitude / magnitude[over]
        largest = self.amplitude if over.any() else float(magnitude.max(initial=0.0))
        return int(np.count_nonzero(over)), int(np.count_nonzero(bad)), largest


def allow_list_path() -> Path:
    """Return the path of the user's allow-list in XDG_CONFIG_HOME or ~/.config."""
    return user_folder("XDG_CONFIG_HOME", ".config") / "transmit.ini"


def read_allow_list() -> list[Band]:
    """Return the bands of the allow-list, [] without it; ValueError if not valid."""
    path, parser = allow_list_path(), configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_own_text(path))
        return [_band(parser[name]) for name in parser.sections()]
    except FileNotFoundError:
        return []
    except (configparser.Error, ValueError, OSError) as error:
        text = sentence(str(error), f"allow-list {path}:")
        raise ValueError(f"{text}; an example:\n{EXAMPLE}") from None


def _own_text(path: Path) -> str:
    """Return the text of a file that only the user, or root, can have written."""
    with open_file(path) as file:
        ways = path.parent, path, path.resolve().parent, file.fileno()
        for way in ways:
            found = os.stat(way, follow_symlinks=way is not path)
            writable = found.st_mode & 0o022 and not stat.S_ISLNK(found.st_mode)
            if writable or found.st_uid not in (0, os.geteuid()):
                where = path if way == file.fileno() else way
                raise ValueError(
                    f"others may write {where}; make it yours: chown $USER '{where}'; "
                    f"chmod go-w '{where}'"
                )
        require_within("settings", found.st_size)
        return file.read().decode()


def _band(section) -> Band:
    for key in section:
        require_known(f"[{section.name}] key", key, _KEYS)
    try:
        band = Band(section.name, **{key: float(section[key]) for key in section})
    except ValueError as error:
        raise ValueError(f"[{section.name}] must have numbers: {error}") from None
    except TypeError:
        raise ValueError(f"[{section.name}] lacks first_hz or last_hz") from None
    if not 0 < band.first_hz < band.last_hz < math.inf:
        raise ValueError(
            f"[{section.name}] must have 0 < first_hz < last_hz, got "
            f"{band.first_hz:g} and {band.last_hz:g}"
        )
    return band


def require_allowed(
    frequency: float,
    sample_rate: float,
    gain_db: float | None,
    bandwidth: float | None = None,
) -> Band:
    """Return the band of the allow-list that contains a transmission.

    The whole range of occupied_band.band_edges must lie in the band.

    Args:
        frequency: center frequency in Hz.
        sample_rate: sample rate in samples/s.
        gain_db: gain of the transmitter in dB; None: the device's own.
        bandwidth: width of the signal in Hz; None: the sample rate.

    Raises ValueError if no band contains it, or the gain is above the band's limit.
    """
    path, bands = allow_list_path(), read_allow_list()
    signal = frequency, sample_rate, bandwidth
    inside = [band for band in bands if band.holds(*signal)]
    if not inside:
        raise ValueError(
            f"frequency = {frequency:g} Hz is not allowed: "
            + _why_not(*signal, bands, path)
            + f", for example\n{EXAMPLE}"
        )
    for band in inside:
        if band.max_gain_db is None or (
            gain_db is not None and gain_db <= band.max_gain_db
        ):
            return band
    given = "the device's own" if gain_db is None else f"{gain_db:g} dB"
    raise ValueError(
        f"gain must be at most {inside[0].max_gain_db:g} dB in [{inside[0].name}] of "
        f"{path}, got {given}"
    )


def _why_not(frequency, sample_rate, bandwidth, bands, path) -> str:
    if not bands:
        return f"there is no allow-list; write the bands that you may use into {path}"
    low, high = band_edges(frequency, sample_rate, bandwidth)
    narrower = ", or state the signal's bandwidth" if bandwidth is None else ""
    there = ", ".join(
        f"[{band.name}] {band.first_hz / 1e6:g}...{band.last_hz / 1e6:g} MHz"
        for band in bands
    )
    return (
        f"{low / 1e6:g}...{high / 1e6:g} MHz lies in no band of {path}, which has "
        f"{there}; add a band if you may use it{narrower}"
    )


def describe(samples: int, peak: float, settings: dict) -> str:
    """Return one line on a transmission that is not armed, with its peak magnitude.

    The settings are driver, frequency (Hz), sample_rate (samples/s), gain (dB, stages
    as text, one of these for each channel, or None).
    """
    rate, gain = settings["sample_rate"], settings["gain"]
    gains = gain if isinstance(gain, list | tuple) else [gain]
    gains = [f"{g:g} dB" if isinstance(g, int | float) else str(g) for g in gains]
    gain = None if gain is None else " and ".join(gains)
    gain = "the device's own gain" if gain is None else f"gain {gain}"
    return (
        f"would send {samples} samples, {samples / rate:.3g} s at "
        f"{rate / 1e6:g} Msample/s, {settings['frequency'] / 1e6:g} MHz, {gain}, "
        f"peak amplitude {peak:.3g} (driver={settings['driver']}) - not armed"
    )
