# SPDX-License-Identifier: GPL-3.0-or-later
"""Block error rates from counts: intervals, upper bounds and the stop rule."""

import itertools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from advphy_model.checked_values import checked_positive, checked_whole
from advphy_model.found_by_name import require_known

METHODS = "wilson", "clopper_pearson"
CHECK_EVERY = 65536  # blocks; see StopRule


def interval(
    errors: int, blocks: int, method: str = "wilson", confidence: float = 0.95
):
    """Return the two-sided confidence interval (low, high) of an error rate.

    Args:
        errors: blocks in error; for "wilson", an effective number may be a fraction.
        blocks: number of blocks, at least 1.
        method: "wilson" (Wilson score) or "clopper_pearson" (exact, conservative).
        confidence: confidence level, above 0 and below 1.
    """
    require_known("method", method, METHODS)
    if not 0 <= errors <= blocks or blocks < 1:
        raise ValueError(f"errors must be 0..blocks, got {errors} in {blocks} blocks")
    if method == "wilson":
        return _wilson(float(errors), float(blocks), confidence)
    from scipy.stats import binomtest  # half a second to import

    with np.errstate(all="ignore"):  # the p-value, which is not used, divides by zero
        found = binomtest(int(errors), int(blocks)).proportion_ci(
            confidence, method="exact"
        )
    return float(found.low), float(found.high)


def _wilson(errors, blocks, confidence):
    """Return the rates p with |errors / blocks - p| <= z sqrt(p (1 - p) / blocks)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, share = errors / blocks, z * z / blocks
    middle = (rate + share / 2) / (1 + share)
    half = z / (1 + share) * math.sqrt((rate * (1 - rate) + share / 4) / blocks)
    low = 0.0 if errors == 0 else middle - half
    return low, 1.0 if errors == blocks else middle + half


class Estimate(NamedTuple):
    """A number of a measurement, with its 95 % interval of counting."""

    low: float
    value: float
    high: float

    def text(self, form=".2e") -> str:
        """Return the number with its interval as text."""
        return f"{self.value:{form}} ({self.low:{form}}..{self.high:{form}})"


def share(part, whole) -> Estimate:
    """Return part / whole, such as a block error rate, with its Wilson interval."""
    low, high = interval(part, whole)
    return Estimate(low, part / whole, high)


def upper_bound(blocks: int, confidence: float = 0.95) -> float:
    """Return the upper bound of an error rate after `blocks` blocks without error.

    It is the exact one-sided bound (Clopper-Pearson) 1 - (1 - c)^(1/blocks) at the
    confidence c, about 3 / blocks at 95 %.
    """
    if blocks < 1:
        raise ValueError(f"blocks must be at least 1, got {blocks}")
    return 1 - (1 - confidence) ** (1 / blocks)


def ebn0_db_at(points: dict, bler: float) -> float | None:
    """Return the Eb/N0 in dB at which a curve reaches a BLER, or None.

    log BLER is interpolated linearly in dB between {ebn0_db: (failures, blocks)}.
    """
    rates = [(db, lost / blocks) for db, (lost, blocks) in sorted(points.items())]
    for (left, high), (right, low) in itertools.pairwise(rates):
        if high >= bler >= low > 0:
            share = math.log(high / bler) / math.log(high / low) if high > low else 0
            return left + share * (right - left)
    return None


@dataclass(frozen=True)
class StopRule:
    """Rule that ends a measurement.

    It is checked after every CHECK_EVERY blocks from the first block on, and at
    max_blocks. So every engine stops at the same block, regardless of chunk sizes.

    Args:
        min_errors: number of failed blocks (wrong or erased); None: no limit.
        max_blocks: number of blocks; None: no limit.
        relative_width: width of the 95 % Wilson interval over the rate; None: no limit.

    Raises ValueError if a value is out of range.
    """

    min_errors: int | None = 200
    max_blocks: int | None = 100_000_000
    relative_width: float | None = None

    def __post_init__(self):
        for name in ("min_errors", "max_blocks"):
            value = getattr(self, name)
            if value is not None:
                value = checked_whole(name, value, rule="of at least 1 or None")
                object.__setattr__(self, name, value)
        if self.relative_width is not None:
            of = "and finite, or None"
            checked_positive("relative_width", self.relative_width, of=of)

    def next_check(self, blocks: int) -> int:
        """Return the number of blocks at which the rule is checked next."""
        check = (blocks // CHECK_EVERY + 1) * CHECK_EVERY
        return check if self.max_blocks is None else min(check, self.max_blocks)

    def met(self, blocks: int, failures: int) -> bool:
        """Return whether the measurement ends after these blocks and failures."""
        if self.max_blocks is not None and blocks >= self.max_blocks:
            return True
        return self.enough(blocks, failures)

    def enough(self, blocks: int, failures: int) -> bool:
        """Return whether the failures are enough, regardless of max_blocks."""
        if self.min_errors is not None and failures >= self.min_errors:
            return True
        if self.relative_width is None or failures == 0:
            return False
        low, high = interval(failures, blocks)
        return (high - low) * blocks < self.relative_width * failures
