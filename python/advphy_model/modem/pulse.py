# SPDX-License-Identifier: GPL-3.0-or-later
"""The root-raised-cosine pulse."""

import numpy as np


def root_raised_cosine(t, rolloff: float) -> np.ndarray:
    """Return the pulse at times t, of unit energy over all time.

    p(t) = (sin(pi t (1 - b)) + 4 b t cos(pi t (1 + b))) / (pi t (1 - (4 b t)^2))

    with its limits at t = 0 and |t| = 1 / (4 b).            [proakis, Sec. 9.2]

    Args:
        t: times in symbols, any shape.
        rolloff: b, 0 < b <= 1.
    """
    t, b = np.asarray(t, float), rolloff
    with np.errstate(divide="ignore", invalid="ignore"):
        p = (np.sin(np.pi * t * (1 - b)) + 4 * b * t * np.cos(np.pi * t * (1 + b))) / (
            np.pi * t * (1 - (4 * b * t) ** 2)
        )
    p = np.where(np.abs(t) < 1e-9, 1 - b + 4 * b / np.pi, p)
    at_pole = (
        b
        / np.sqrt(2)
        * (
            (1 + 2 / np.pi) * np.sin(np.pi / (4 * b))
            + (1 - 2 / np.pi) * np.cos(np.pi / (4 * b))
        )
    )
    return np.where(np.abs(np.abs(t) - 1 / (4 * b)) < 1e-9, at_pole, p)


def pulse_bank(samples_per_symbol: int, rolloff: float, span: int, phases: int):
    """Return the pulse at fractional delays, float32 [phases, taps].

    Row f is centred at tap span * samples_per_symbol / 2 plus f / phases of a sample.
    The energy of row 0 is 1.
    """
    taps = np.arange(span * samples_per_symbol + 2)
    delay = np.arange(phases)[:, None] / phases
    t = (taps - span * samples_per_symbol / 2 - delay) / samples_per_symbol
    bank = root_raised_cosine(t, rolloff) * (np.abs(t) <= span / 2)
    return (bank / np.sqrt(np.sum(bank[0] ** 2))).astype(np.float32)
