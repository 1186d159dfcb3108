# SPDX-License-Identifier: GPL-3.0-or-later
"""Gain of a radio: a number for all of it, or numbers for its stages by name."""

import math

AMPLIFIERS = ("AMP", "RF")  # of a HackRF, by gr-soapy and by gr-osmosdr
HACKRF_STAGES = ("LNA", "IF", "VGA", "BB")  # its others, the first one first
LNA_MOST, LNA_STEP = 40.0, 8.0  # dB; of a HackRF's receiver (LNA, IF)


def stages(gain):
    """Return {stage: dB} of "LNA=16,VGA=20", {"": dB} of a number, {} of None."""
    if gain is None:
        return {}
    found = {}
    try:
        for part in str(gain).split(","):
            name, _, value = part.rpartition("=")
            if (name := name.strip()) in found or ("=" in part and not name):
                raise ValueError
            found[name] = float(value)
    except ValueError:
        found = {"": math.nan}
    if not all(map(math.isfinite, found.values())) or ("" in found and len(found) > 1):
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
    unknown = [name for name in wanted if name and name not in names]
    if unknown:
        raise ValueError(
            f"gain has the stage {unknown[0]!r}, but the device has: "
            f"{', '.join(names) or 'no stages; give a number'}"
        )
    amplifier = next((name for name in AMPLIFIERS if name in names), None)
    if amplifier is None or not (hackrf or {"AMP", "VGA"} <= set(names)):
        return wanted
    if "" in wanted:
        value = wanted.pop("")
        first, *others = [name for name in HACKRF_STAGES if name in names]
        wanted[first] = value
        if others:
            half = value / 2 // LNA_STEP * LNA_STEP
            wanted[first] = min(LNA_MOST, half)
            wanted[others[0]] = value - wanted[first]
    return {amplifier: 0.0} | wanted
