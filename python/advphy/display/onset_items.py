# SPDX-License-Identifier: GPL-3.0-or-later
"""What the onset strip draws over time, as arrays and lines of text."""

import math

import numpy as np

from .onset_record import found_after, last_change, lasting, recovered_after, spells

GAP = 1.0  # seconds without counts over which no line is drawn
MARKED = 14  # of the points of a curve have markers


def delay_texts(intervals, attacks, found):
    """Return lines about the newest change of the attack: when it told.

    Args:
        intervals: {name: [Interval]}.
        attacks: {name: [State]} of adversaries.
        found: {name: [State]} of cancellers.
    """
    changes = [change for states in attacks.values() if (change := last_change(states))]
    if not changes:
        return []
    onset, on = max(changes)
    if not on:
        return []
    lines = []
    for name, states in found.items():
        after = found_after(states, onset)
        if after is not None:
            lines.append(f"{name}: found after {after:.2f} s")
    for name, counted in intervals.items():
        hurt, after = recovered_after(counted, onset)
        if after is not None:
            lines.append(f"{name}: recovered after {after:.2f} s")
        elif hurt:
            lines.append(f"{name}: not recovered")
    return lines


def error_line(intervals, now, seconds, row):
    """Return (x, y, which have markers) of a counter; NaN where a line ends.

    Args:
        intervals: [Interval] in order of time.
        now: unix seconds at the right.
        seconds: how far back.
        row: y of intervals without errors.
    """
    kept = [i for i in intervals if i.time - now >= -seconds - GAP]
    times = np.array([i.time for i in kept])
    rates = np.array([i.failures / i.blocks for i in kept])
    y = np.where(rates > 0, np.log10(np.maximum(rates, 1e-30)), row)
    every = max(1, len(y) // MARKED)
    # Counted from the right times: the same points stay marked while they move.
    marked = np.floor(times * 20).astype(int) % every == 0
    breaks = np.flatnonzero(np.diff(times) > GAP) + 1
    return (
        np.insert(times - now, breaks, np.nan),
        np.insert(y, breaks, np.nan),
        np.insert(marked, breaks, False),
    )


def pairs(parts, now, y=None):
    """Return x and y of lines, two points each, of (begin, end, y) or of one y."""
    found = list(parts)
    x = np.array([part[:2] for part in found]).ravel() - now
    heights = [part[2] if y is None else y for part in found]
    return x, np.repeat(np.array(heights, float), 2)


def found_parts(states, end):
    """Return [(begin, end, psr_db)] while a canceller says detected, of any PSR."""
    return spells([type(s)(s.time, s.on, 0.0) for s in states], end)


def estimated_line(found, now):
    """Return x and y of what cancellers estimate, NaN between stretches."""
    x, y = [], []
    for states in found.values():
        for run in lasting(states):
            x += [s.time - now for s in run] + [math.nan]
            y += [s.psr_db if math.isfinite(s.psr_db) else math.nan for s in run]
            y.append(math.nan)
    return np.array(x), np.array(y)
