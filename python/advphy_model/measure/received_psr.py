# SPDX-License-Identifier: GPL-3.0-or-later
"""PSR at a receiver, from recordings of the signal, the perturbation, and both."""

import math
from typing import NamedTuple

import numpy as np

from advphy_model.measure.error_rate import Estimate

SIZE = 16  # samples of which one power is known: at most 4 symbols
QUIET = 0.25  # of the power where a signal is: it is off where three powers are below
CLEAR = 4  # powers of the noise: a limit above is not reached by noise
BATCHES = 32  # parts of a recording; how their powers differ gives the interval
Z = 1.96  # standard errors of a two-sided interval of 95 %


class Level(NamedTuple):
    """Mean power of a recording with its standard error, full scale being 1.

    mean: over the recording. on: where the signal is on, if the noise is known, else
    over the recording. quiet: of its gaps, None if there are no clear ones. faint: it
    is so weak that it was taken to be always on.
    """

    mean: tuple
    on: tuple
    quiet: tuple | None
    faint: bool = False


def level(name, pieces, noise=None) -> Level:
    """Return the Level of a recording's pieces, complex64.

    noise is the mean power of the noise, None: not known. Raises ValueError, which
    names the recording, if it or its signal is too short or a sample is not finite.
    """
    powers = [
        (np.abs(one[: len(one) // SIZE * SIZE].reshape(-1, SIZE)) ** 2).mean(axis=1)
        for one in pieces
    ]
    powers = np.concatenate(powers).astype(float) if powers else np.empty(0)
    if len(powers) < BATCHES**2 or not 0 < powers.sum() < math.inf:
        rule = f"at least {BATCHES**2 * SIZE} samples, all finite and some not 0"
        raise ValueError(f"{name} must have {rule}; record it again")
    # Of two levels, this is nearly the higher one, however short it is.
    top = float((powers**2).sum() / powers.sum())
    if noise is not None:
        faint = top < CLEAR * noise
        off = np.convolve(powers, np.ones(3) / 3, "same") <= math.sqrt(noise * top)
        on = powers if faint else powers[~off]
        if len(on) < 2 * BATCHES:
            rule = f"a signal in at least {2 * BATCHES * SIZE} samples"
            raise ValueError(f"{name} must have {rule}; record it again")
        return Level(_mean(powers), _mean(on), None, faint)
    low = powers < QUIET * top
    off = low & np.roll(low, 1) & np.roll(low, -1)
    quiet = _mean(powers[off]) if np.count_nonzero(off) >= 2 * BATCHES else None
    clear = quiet and CLEAR * quiet[0] <= QUIET * top
    return Level(_mean(powers), _mean(powers), quiet if clear else None)


def _mean(powers):
    parts = [part.mean() for part in np.array_split(powers, BATCHES)]
    return float(powers.mean()), float(np.std(parts, ddof=1) / math.sqrt(BATCHES))


def psr_db(alice: Level, adversary: Level, noise: tuple) -> Estimate:
    """Return (P_adversary - N) / (P_alice - N) in dB, with its 95 % interval.

    Powers are those where the senders are on; noise is (N, its standard error). Raises
    ValueError if one of the signals is not above the noise.
    """
    (a, a_error), (p, p_error), (n, error) = alice.on, adversary.on, noise
    for name, power, own in (("Alice", a, a_error), ("adversary", p, p_error)):
        if power - n <= Z * math.hypot(own, error):
            raise ValueError(
                f"the recording of {name} alone has a power of {power:.3g} and the "
                f"noise {n:.3g}: no signal is heard; raise the gain"
            )
    a, p = a - n, p - n
    return _in_db(p / a, a_error / a, p_error / p, error * (1 / a - 1 / p))


def excess_db(alice: Level, adversary: Level, both: Level, noise: tuple) -> Estimate:
    """Return P_both / (P_alice + P_adversary - N) in dB: 0 if powers add."""
    known = alice.mean[0] + adversary.mean[0] - noise[0]
    errors = [one[1] / known for one in (alice.mean, adversary.mean, noise)]
    return _in_db(both.mean[0] / known, both.mean[1] / both.mean[0], *errors)


def _in_db(ratio, *errors):
    """Return the Estimate of a ratio with independent relative errors in dB."""
    value, half = 10 * math.log10(ratio), Z * math.hypot(*errors) * 10 / math.log(10)
    return Estimate(value - half, value, value + half)
