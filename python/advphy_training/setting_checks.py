# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a scheme's settings; each raises a ValueError that names the setting."""

import math

from advphy_model.checked_values import checked_whole
from advphy_model.found_by_name import require_known


def within(settings, low, high, *names):
    """Require the named settings to be in low..high."""
    _require(settings, names, lambda value: low <= value <= high, f"in {low}..{high}")


def finite(settings, *names):
    """Require the named settings to be finite, also as float32."""
    rule = "a finite number below 2^127"
    _require(settings, names, lambda value: abs(value) < 2**127, rule)


def positive(settings, *names):
    """Require the named settings to be positive and finite."""
    _require(settings, names, lambda value: 0 < value < math.inf, "> 0")


def not_negative(settings, *names):
    """Require the named settings to be finite and not negative."""
    _require(settings, names, lambda value: 0 <= value < math.inf, ">= 0")


def word(settings, name, words):
    """Require a setting to be one of the words."""
    require_known(name, getattr(settings, name), words)


def psr(psr_db):
    """Require a PSR in dB to be in -60..60 dB."""
    if not abs(psr_db) <= 60:
        raise ValueError(f"psr_db must be in -60..60 dB, got {psr_db}")


def torch_seed(seed) -> int:
    """Return a seed as an int; ValueError beyond the 32 bits that torch draws from."""
    return checked_whole("seed", seed, 0, 2**32 - 1, "below 2^32, as torch draws")


def size(settings):
    """Require k and n that can be trained."""
    within(settings, 1, 8, "k")
    within(settings, 1, 64, "n")


def descent(settings):
    """Require a valid batch, steps, learning rates and warm_up."""
    positive(settings, "batch", "steps", "learning_rate", "last_learning_rate")
    _require(settings, ["batch"], lambda n: n <= 2**20, "at most 2^20 messages")
    if hasattr(settings, "warm_up"):
        within(settings, 0, 0.9, "warm_up")


def layer_sizes(text) -> list:
    """Return the sizes of hidden layers from a text such as "64-32-32"."""
    parts = text.split("-")
    if not all(part.isdecimal() and 1 <= int(part) <= 4096 for part in parts):
        rule = "layer sizes in 1..4096 such as 64-32-32"
        raise ValueError(f"hidden must be {rule}, got '{text}'")
    return [int(part) for part in parts]


def _require(settings, names, is_valid, rule):
    for name in names:
        value = getattr(settings, name)
        if not is_valid(value):
            raise ValueError(f"{name} must be {rule}, got {value}")
