# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a scheme's settings: each raises a ValueError that names the setting."""

import math


def within(settings, low, high, *names):
    """Refuse settings of these names that are not in low..high."""
    _require(settings, names, lambda value: low <= value <= high, f"{low}..{high}")


def finite(settings, *names):
    """Refuse settings of these names that are not finite."""
    _require(settings, names, math.isfinite, "a finite number")


def positive(settings, *names):
    """Refuse settings of these names that are not positive and finite."""
    _require(settings, names, lambda value: 0 < value < math.inf, "> 0")


def not_negative(settings, *names):
    """Refuse settings of these names that are negative or not finite."""
    _require(settings, names, lambda value: 0 <= value < math.inf, ">= 0")


def word(settings, name, words):
    """Refuse a setting that is none of the words."""
    value = getattr(settings, name)
    if value not in words:
        raise ValueError(
            f"{name} '{value}' is not known; choose from {', '.join(words)}"
        )


def psr(psr_db):
    """Refuse a PSR in dB that no adversary may have."""
    if not abs(psr_db) <= 60:
        raise ValueError(f"psr_db must be in -60..60 dB, got {psr_db}")


def size(settings):
    """Refuse a number of bits or of channel uses that cannot be trained."""
    within(settings, 1, 8, "k")
    within(settings, 1, 64, "n")


def descent(settings):
    """Refuse a batch, steps and learning rates that make no sense."""
    positive(settings, "batch", "steps", "learning_rate", "last_learning_rate")
    _require(settings, ["batch"], lambda n: n <= 2**20, "at most 2^20 messages")
    if hasattr(settings, "warm_up"):
        within(settings, 0, 0.9, "warm_up")


def layer_sizes(text) -> list:
    """Return the neurons of hidden layers written as "64-32-32"; ValueError if not."""
    parts = text.split("-")
    if not all(part.isdecimal() and 1 <= int(part) <= 4096 for part in parts):
        raise ValueError(
            f"hidden must be sizes of 1..4096 such as 64-32-32, got '{text}'"
        )
    return [int(part) for part in parts]


def _require(settings, names, is_fine, wanted):
    for name in names:
        value = getattr(settings, name)
        if not is_fine(value):
            raise ValueError(f"{name} must be {wanted}, got {value}")
