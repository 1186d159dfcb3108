# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be transmitted: amplitude, time, frequencies, and whose signal.

The frequencies are the user's own: an allow-list in a file, because only the user
knows the license and the cable. Without the file no radio transmits on any frequency.
"""

import configparser
import dataclasses
import math
import os
from pathlib import Path

import numpy as np

EXAMPLE = """\
[433 MHz ISM, my shielded box]
first_hz = 433.05e6
last_hz = 434.79e6
max_gain_db = 20
"""
PERMISSIONS = ("cabled", "licensed")


@dataclasses.dataclass(frozen=True)
class Band:
    """A range of frequencies that the user allows.

    Args:
        name: in the user's words.
        first_hz: lower edge in Hz.
        last_hz: upper edge in Hz.
        max_gain_db: highest gain of the transmitter in dB, or None: any.
    """

    name: str
    first_hz: float
    last_hz: float
    max_gain_db: float | None = None

    def holds(self, frequency: float, sample_rate: float) -> bool:
        """Tell whether all that a sample rate can carry lies inside."""
        half = sample_rate / 2
        return self.first_hz <= frequency - half and frequency + half <= self.last_hz


@dataclasses.dataclass(frozen=True)
class TransmitLimits:
    """Limits of one transmitter.

    Args:
        amplitude: largest magnitude of a sample, 0 < amplitude <= 1; larger ones are
            clipped to it with their phase kept, and counted.
        seconds: longest transmission, in seconds of samples.
        adversary: "yes" if the signal is an adversary's, else "no".
        permitted: "cabled" or "licensed", which an adversary's signal needs on a
            radio; else None.
    """

    amplitude: float = 0.8
    seconds: float = 10.0
    adversary: str = "no"
    permitted: str | None = None

    def __post_init__(self):
        """Refuse limits that limit nothing."""
        if not 0 < self.amplitude <= 1:
            raise ValueError(
                "amplitude_limit must be 0 < amplitude_limit <= 1, got "
                f"{self.amplitude}: a converter's full scale is 1"
            )
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise ValueError(
                f"time_limit must be a finite time > 0 in seconds, got {self.seconds}"
            )
        if self.adversary not in ("no", "yes"):
            raise ValueError(f"adversary must be 'no' or 'yes', got {self.adversary!r}")
        if self.permitted is not None and self.permitted not in PERMISSIONS:
            raise ValueError(
                "permitted must be None, 'cabled' or 'licensed', got "
                f"{self.permitted!r}"
            )

    def require_permission(self, driver: str) -> None:
        """Refuse an adversary's signal on a radio unless it is said to be permitted.

        Raises:
            ValueError: adversary is "yes" and permitted is None.
        """
        if self.adversary == "yes" and self.permitted is None:
            raise ValueError(
                f"adversary = 'yes' transmits into a file, ZMQ or the stand-in only, "
                f"not into driver = '{driver}'; permitted = 'cabled' or 'licensed' "
                "says that the signal stays in a cable or that you hold a license"
            )

    def apply(self, samples: np.ndarray, out: np.ndarray) -> tuple[int, int, float]:
        """Write samples within the amplitude limit; what is not finite becomes zero.

        Args:
            samples: complex64 [N].
            out: complex64 [N].

        Returns:
            How many samples were clipped, how many were not finite, and the largest
            magnitude that was written.
        """
        out[:] = samples
        with np.errstate(over="ignore", invalid="ignore"):
            power = float((samples.real**2 + samples.imag**2).max(initial=0.0))
        # The rule: a tenth of the time of np.abs. Not met by NaN and infinity.
        if power < self.amplitude**2 * (1 - 1e-6):
            return 0, 0, math.sqrt(power)
        magnitude = np.abs(samples)
        non_finite = int(len(samples) - np.count_nonzero(np.isfinite(magnitude)))
        if non_finite:
            bad = ~np.isfinite(magnitude)
            out[bad], magnitude[bad] = 0, 0
        largest = float(magnitude.max(initial=0.0))
        clipped = 0
        if largest > np.float32(self.amplitude):
            over = magnitude > np.float32(self.amplitude)
            out[over] *= self.amplitude / magnitude[over]
            clipped, largest = int(np.count_nonzero(over)), self.amplitude
        return clipped, non_finite, largest


def allow_list_path() -> Path:
    """Return where the user's allow-list is, below XDG_CONFIG_HOME or ~/.config."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "gr-advphy" / "transmit.ini"


def read_allow_list(path=None) -> list[Band]:
    """Return the bands of an allow-list; without the file, none.

    Args:
        path: of the file; None: that of allow_list_path().

    Raises:
        ValueError: the file cannot be understood.
    """
    path = Path(path) if path is not None else allow_list_path()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text())
        return [
            _band(section) for section in map(parser.__getitem__, parser.sections())
        ]
    except FileNotFoundError:
        return []
    except (configparser.Error, ValueError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"allow-list {path}: {said}; an example:\n{EXAMPLE}") from None


def _band(section) -> Band:
    unknown = set(section) - {"first_hz", "last_hz", "max_gain_db"}
    if unknown:
        raise ValueError(
            f"[{section.name}] has {', '.join(sorted(unknown))}, which is "
            "not first_hz, last_hz or max_gain_db"
        )
    numbers = {}
    for key, text in section.items():
        try:
            numbers[key] = float(text)
        except ValueError:
            raise ValueError(
                f"[{section.name}] {key} must be a number, got {text!r}"
            ) from None
    try:
        band = Band(section.name, **numbers)
    except TypeError:
        raise ValueError(f"[{section.name}] lacks first_hz or last_hz") from None
    if not 0 < band.first_hz < band.last_hz < math.inf:
        raise ValueError(f"[{section.name}] expected 0 < first_hz < last_hz")
    return band


def require_allowed(
    frequency: float, sample_rate: float, gain_db: float | None, path=None
) -> Band:
    """Return the band of the allow-list that a transmission lies in.

    The whole of frequency +- sample_rate / 2 must lie inside.

    Args:
        frequency: in Hz.
        sample_rate: in samples/s.
        gain_db: of the transmitter in dB, or None: the device's own.
        path: of the allow-list; None: the user's.

    Raises:
        ValueError: no band holds it, or the gain is higher than the band's.
    """
    path = Path(path) if path is not None else allow_list_path()
    bands = read_allow_list(path)
    inside = [band for band in bands if band.holds(frequency, sample_rate)]
    if not inside:
        raise ValueError(
            f"frequency = {frequency:g} Hz is not allowed: "
            + _why_not(frequency, sample_rate, bands, path)
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


def _why_not(frequency, sample_rate, bands, path) -> str:
    if not bands:
        return f"there is no allow-list; write the bands that you may use into {path}"
    low, high = frequency - sample_rate / 2, frequency + sample_rate / 2
    there = ", ".join(
        f"[{band.name}] {band.first_hz / 1e6:g}...{band.last_hz / 1e6:g} MHz"
        for band in bands
    )
    return (
        f"{low / 1e6:g}...{high / 1e6:g} MHz lies in no band of {path}, which has "
        f"{there}; add a band if you may use it"
    )


def describe(samples: int, peak: float, settings: dict) -> str:
    """Say in one line what would be sent.

    Args:
        samples: how many, so far.
        peak: their largest magnitude.
        settings: driver, frequency in Hz, sample_rate in samples/s, gain in dB or None.
    """
    rate, gain = settings["sample_rate"], settings["gain"]
    gain = "the device's own gain" if gain is None else f"gain {gain:g} dB"
    return (
        f"would send {samples} samples, {samples / rate:.3g} s at "
        f"{rate / 1e6:g} Msample/s, {settings['frequency'] / 1e6:g} MHz, {gain}, "
        f"peak amplitude {peak:.3g} (driver={settings['driver']}) - not armed"
    )
