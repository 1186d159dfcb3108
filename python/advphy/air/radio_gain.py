# SPDX-License-Identifier: GPL-3.0-or-later
"""Gain of a radio: a number for all of it, or numbers for its stages by name."""

import math

AMPLIFIERS = {"AMP", "RF"}  # of a HackRF, by gr-soapy and by gr-osmosdr
HACKRF_STAGES = ("LNA", "IF", "VGA", "BB")  # its others, the first one first
LNA_MOST, LNA_STEP = 40.0, 8.0  # dB; of a HackRF's receiver (LNA, IF)


def plain(gain):
    """Return a gain as plain text, a float, a tuple of these, or None."""
    if isinstance(gain, list | tuple):
        return tuple(map(plain, gain))
    if isinstance(gain, str):
        return str.__str__(gain)
    try:
        return gain if gain is None else float(gain)
    except (TypeError, ValueError):
        return str(gain)  # stages() refuses it


def of_channels(gain, channels):
    """Return the gains of some channels; ValueError unless there is one for each."""
    given = gain if isinstance(gain, list | tuple) else [gain]
    if gain is None or channels == 1:
        return [gain] * channels
    if len(given) != channels:
        raise ValueError(
            f"gain must be None or have {channels} values for channels = {channels}, "
            f"such as (10, 5), got {gain}"
        )
    return list(given)


def stages(gain):
    """Return {stage: dB} of "LNA=16,VGA=20", {"": dB} of a number, {} of None."""
    parts = [] if gain is None else str(gain).split(",")
    pairs = [part.rpartition("=")[::2] for part in parts]
    try:
        found = {name.strip(): float(value) for name, value in pairs}
    except ValueError:
        found = {}
    names_fit = len(found) == len(parts) and ("" not in found or "=" not in str(gain))
    if not (names_fit and all(map(math.isfinite, found.values()))):
        raise ValueError(
            "gain must be a finite number of dB, stages such as 'LNA=16,VGA=20', or "
            f"None, got {gain}"
        )
    return found


def total(gain):
    """Return the sum of the stated stages in dB, None for None."""
    return sum(stages(gain).values()) if gain is not None else None


def by_stage(gain, names, hackrf):
    """Return {stage: dB} to set, "" for the whole gain; `names` are the device's.

    A HackRF's amplifier is off unless it is named, and a number is for its other
    stages: the transmitter has one; the receiver's first gets half, in its steps.
    """
    wanted = stages(gain)
    if unknown := wanted.keys() - {"", *names}:
        there = ", ".join(names) or "no stages; give a number"
        raise ValueError(
            f"gain has the stage '{min(unknown)}', but the device has: {there}"
        )
    if not hackrf:
        return wanted
    if "" in wanted:
        value = wanted.pop("")
        first, *others = [name for name in HACKRF_STAGES if name in names]
        half = value / 2 // LNA_STEP * LNA_STEP
        wanted[first] = min(LNA_MOST, half) if others else value
        wanted |= dict.fromkeys(others, value - wanted[first])
    return dict.fromkeys(AMPLIFIERS & set(names), 0.0) | wanted
