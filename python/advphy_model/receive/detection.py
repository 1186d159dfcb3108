# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection of perturbations: thresholds of a statistic and the ROC."""

import math
from statistics import NormalDist

import numpy as np

from advphy_model import randomness
from advphy_model.power import noise_sigma

SIMULATED_WINDOWS = 64
SIMULATED_EBN0_DB = (2.0, 8.0)
_SEED = 0x5EED


def chi_squared_quantile(degrees: float, probability: float) -> float:
    """Return the quantile of a chi-squared variable by Wilson and Hilferty (1931).

    The cube root of chi-squared over its degrees d is nearly normal with mean
    1 - 2/(9 d) and variance 2/(9 d). For d >= 8 the error is below 3 % up to 1 - 1e-6.
    """
    z = NormalDist().inv_cdf(probability)
    variance = 2 / (9 * degrees)
    return degrees * (1 - variance + z * math.sqrt(variance)) ** 3


def simulated_threshold(model, statistic, blocks, false_alarm) -> float:
    """Return the threshold of a statistic whose distribution has no formula.

    Windows without a perturbation are simulated at SIMULATED_EBN0_DB. The quantile is
    that of a scaled chi-squared variable with the same mean and variance; the largest
    over Eb/N0 is the threshold. The statistic is a function of y, complex64 [blocks,
    n], and false_alarm the probability that it exceeds the threshold.
    """
    thresholds, starts = [], range(0, SIMULATED_WINDOWS * blocks, blocks)
    for ebn0_db in SIMULATED_EBN0_DB:
        windows = (received(model, ebn0_db, _SEED, at, blocks) for at in starts)
        found = [statistic(y) for y in windows]
        mean, variance = np.mean(found), np.var(found, ddof=1)
        degrees = 2 * mean**2 / variance
        quantile = chi_squared_quantile(degrees, 1 - false_alarm)
        thresholds.append(mean / degrees * quantile)
    return float(max(thresholds))


def received(model, ebn0_db, seed, first_block, blocks, attack=None):
    """Return received vectors with AWGN and the attack, complex64 [blocks, n]."""
    sent = randomness.messages(seed, first_block, blocks, model.k)
    noise = randomness.noise(seed, first_block, blocks, model.n)
    y = model.codebook[sent] + np.float32(noise_sigma(ebn0_db, model.rate)) * noise
    if attack is not None:
        attack.add(sent, first_block, y)
    return y


def roc(canceller, model, attack, *, ebn0_db, windows, thresholds, seed=1):
    """Return (false alarms, detections) in `windows` windows each, per threshold.

    Args:
        canceller: Canceller whose statistic is compared with the thresholds.
        model: link model.
        attack: Adversary to detect.
        ebn0_db: Eb/N0 in dB.
        windows: number of windows with the attack, and of windows without it.
        thresholds: thresholds of the statistic.
        seed: seed of messages and noise.
    """
    window = canceller.settings.window
    counts = []
    for arriving in (None, attack):
        found = np.empty(windows)
        for i in range(windows):
            y = received(model, ebn0_db, seed, i * window, window, arriving)
            canceller.forget()
            (estimate,) = canceller.cancel(y)
            found[i] = estimate.statistic
        counts.append((found[:, None] > np.asarray(thresholds)).sum(axis=0))
    return tuple(counts)
