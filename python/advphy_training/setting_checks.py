# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a scheme's settings: each raises a ValueError that names the setting."""

import math


def within(settings, low, high, *names):
    """Refuse settings of these names that are not in low..high."""
    for name in names:
        if not low <= getattr(settings, name) <= high:
            _refuse(settings, name, f"{low}..{high}")


def finite(settings, *names):
    """Refuse settings of these names that are not finite."""
    for name in names:
        if not math.isfinite(getattr(settings, name)):
            _refuse(settings, name, "a finite number")


def positive(settings, *names):
    """Refuse settings of these names that are not positive and finite."""
    for name in names:
        if not 0 < getattr(settings, name) < math.inf:
            _refuse(settings, name, "> 0")


def not_negative(settings, *names):
    """Refuse settings of these names that are negative or not finite."""
    for name in names:
        if not 0 <= getattr(settings, name) < math.inf:
            _refuse(settings, name, ">= 0")


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
    if settings.batch > 2**20:
        _refuse(settings, "batch", "at most 2^20 messages")
    if not 0 <= getattr(settings, "warm_up", 0.0) <= 0.9:
        _refuse(settings, "warm_up", "0..0.9")


def layer_sizes(text) -> list:
    """Return the neurons of hidden layers written as "64-32-32"; ValueError if not."""
    parts = text.split("-")
    if not all(part.isdecimal() and 1 <= int(part) <= 4096 for part in parts):
        raise ValueError(
            f"hidden must be sizes of 1..4096 such as 64-32-32, got '{text}'"
        )
    return [int(part) for part in parts]


def _refuse(settings, name, wanted):
    raise ValueError(f"{name} must be {wanted}, got {getattr(settings, name)}")
