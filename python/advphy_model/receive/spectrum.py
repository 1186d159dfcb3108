# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations that do not depend on the messages, as lines of a spectrum over blocks.

Over the blocks of a window, a perturbation that turns, alternates its sign or comes and
goes by a schedule is a sum of few lines c e^{j phi b}, b being the block. A constant
one is the line at 0. Each line is the strongest of the periodogram of the received
vectors, refined; it is subtracted before the next one is sought (Hogbom 1974).
"""

import numpy as np

MOST_LINES = 16
_LARGEST = 1e7  # of a usable sample; blocks with a larger one are glitches
_REFINEMENTS = 3  # a frequency is off by half a bin at the start


def average(y, mean):
    """Return (mean of y without that of the codewords, [n]; its variance, [n]; spread).

    The spread is that of the means of 16 parts of the window, over their variance:
    chi-squared with 30 n degrees of freedom for a constant perturbation; 0 for windows
    of less than 256 blocks. y are received vectors, complex64 [blocks, n], of which
    those not finite are ignored; mean is that of the codewords, complex [n].
    """
    reals = y.view(np.float32).reshape(len(y), -1)
    power = _sum(reals * reals)[0].reshape(-1, 2).sum(axis=1) / len(y)
    if not np.isfinite(power).all():
        return average(np.where(_usable(y), y, np.complex64(0)), mean)
    parts = _sum(reals, 16 if len(y) >= 256 else 1).view(np.complex64)
    found = parts.sum(axis=0) / len(y)
    variance, spread = (power - np.abs(found) ** 2) / len(y), 0.0
    if len(parts) > 1:
        apart = parts * (len(parts) / len(y)) - found
        spread = float(2 * (np.abs(apart) ** 2 / (16 * variance)).sum())
    return found - mean, variance, spread


def lines(y, mean, threshold):
    """Return (frequencies [L], amplitudes [L, n], sum of the lines [blocks, n]).

    There are 0..MOST_LINES lines. Frequencies are in radians per block. y and mean are
    as in average(); the threshold is twice the energy of a line over that of noise and
    codewords, which without a line is chi-squared with 2n degrees of freedom.
    """
    rest = np.where(_usable(y), y - mean, 0).astype(complex).T.copy()
    block = np.arange(len(y)) - (len(y) - 1) / 2
    frequencies, amplitudes = [], []
    while len(amplitudes) < MOST_LINES:
        power = _energy(rest).sum(axis=1, keepdims=True) + 1e-30
        strength = 2 * (_energy(np.fft.fft(rest)) / power).sum(axis=0)
        at = int(strength.argmax())
        if strength[at] <= threshold:
            break
        phi, line = _refined(rest, block, 2 * np.pi * at / len(y))
        rest -= line[:, None] * np.exp(1j * phi * block)
        frequencies.append(phi)
        amplitudes.append(line)
    found = np.array(amplitudes, np.complex64).reshape(-1, y.shape[1])
    turns = np.exp(1j * np.outer(block, frequencies))
    return np.array(frequencies), found, (turns @ found).astype(np.complex64)


def turning(y, mean, at, threshold):
    """Return a p that turns over a burst, at each of its codewords, [blocks, n].

    It is p_i e^{j phi t} at symbol t, with p and phi estimated jointly: phi is where
    the energy of the estimate of p is largest. Either p begins with each codeword, or
    it repeats without gaps, at t and t + n; the one with more energy is returned.
    None: there is neither. y has the codewords of a burst, which begin at the symbols
    `at`, int [blocks], rising from 0; for mean and threshold see lines().
    """
    n, best = y.shape[1], (threshold,)
    rest = np.where(_usable(y), y - mean, 0).astype(complex)
    size = 1 << int(2 * (at[-1] + n)).bit_length()
    for first in np.zeros_like(at), at:
        order = (np.arange(n) - first[:, None]) % n  # of the symbols of each codeword
        when = (at[:, None] + order).T
        grid = np.zeros((n, size), complex)
        grid[np.arange(n)[:, None], when] = np.take_along_axis(rest, order, 1).T
        power = _energy(grid).sum(axis=1, keepdims=True) + 1e-30
        strength = 2 * (_energy(np.fft.fft(grid)) / power).sum(axis=0)
        if strength.max() > best[0]:
            best = strength.max(), 2 * np.pi * strength.argmax() / size, order, when
    if len(best) == 1:
        return None
    _, phi, order, when = best
    block = when - when.mean(axis=1, keepdims=True)
    phi, line = _refined(np.take_along_axis(rest, order, 1).T, block, phi)
    found = np.empty(y.shape, np.complex64)
    turns = np.exp(1j * phi * block) * line[:, None]
    np.put_along_axis(found, order, turns.T.astype(np.complex64), 1)
    return found


def _usable(y):
    return (np.abs(y) < _LARGEST).all(axis=1, keepdims=True)  # not if not a number


def _sum(reals, parts=1):
    """Return the sums over the blocks of equal parts, [parts, 2n].

    Rows of 16 blocks are added first, which is four times as fast as sum().
    """
    columns = reals.shape[1]
    rows = reals.reshape(parts, -1, 16 * columns).sum(axis=1)
    return rows.reshape(parts, 16, columns).sum(axis=1)


def _energy(z):
    return z.real**2 + z.imag**2  # abs() takes ten times as long


def _refined(rest, block, phi):
    """Return a frequency near phi, by regression of the phase, and its amplitudes."""
    spread = (block**2).sum(axis=-1)
    for _ in range(_REFINEMENTS):
        still = np.exp(-1j * phi * block) * rest
        line = still.mean(axis=1)
        slope = ((line.conj()[:, None] * still).imag * block).sum()
        phi += slope / (_energy(line) * spread).sum()
    return phi, (np.exp(-1j * phi * block) * rest).mean(axis=1)
