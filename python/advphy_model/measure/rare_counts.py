# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of sums of weights of rare errors, instead of counts of errors."""

import dataclasses
from typing import ClassVar

from advphy_model.measure.link_chain import LinkRow, columns_with
from advphy_model.measure.table import names
from advphy_model.version import __version__

FEWEST = 100  # effective errors below which an estimate is not trusted
LOWEST_SHARE = 0.02  # of the errors drawn; a smaller effective number is not, either


@dataclasses.dataclass(frozen=True)
class RareCounts(LinkRow):
    """Sums of weights of one range of blocks under one setting.

    The BLER is weight_sum / blocks_drawn. For intervals, sums of weights S and of
    squares T stand for S^2 / T errors in S / T blocks_drawn blocks of plain counting,
    whose mean is the same and whose variance is no smaller.

    The other columns are those of Counts.
    """

    link: str
    engine: str  # "rare"
    ebn0_db: float
    seed: int
    first_block: int
    blocks_drawn: int  # from first_block on without gaps
    errors_drawn: int  # of these, wrong or erased; no measure of the BLER
    weight_sum: float  # of the weights of these errors
    weight_squares: float  # sum of the squares of these weights
    largest_weight: float  # of these weights
    model_sha256: str
    psr_db: float | None = None
    attack: str = "none"
    canceller: str = "none"  # always
    channel: str = "awgn"
    version: str = __version__

    SUMS: ClassVar = names(
        "blocks_drawn errors_drawn weight_sum weight_squares largest_weight"
    )
    COLUMNS: ClassVar = columns_with(SUMS)
    COMMAND: ClassVar = "advphy measure --rare"

    def plus(self, totals: dict):
        """Return the row plus totals, of which the largest weight is not added."""
        largest = max(self.largest_weight, totals["largest_weight"])
        return dataclasses.replace(super().plus(totals), largest_weight=largest)

    @property
    def failures(self) -> float:
        """Return the effective number of errors."""
        return self.weight_sum**2 / self.weight_squares if self.weight_squares else 0.0

    @property
    def blocks(self) -> float:
        """Return the blocks of plain counting with as many errors; 0 without errors."""
        if not self.weight_squares:
            return 0.0
        plain = self.weight_sum / self.weight_squares * self.blocks_drawn
        return max(plain, self.failures)  # few blocks may weigh more than all

    @property
    def doubt(self) -> str | None:
        """Return why the estimate is not to be trusted, or None."""
        wanted = max(FEWEST, LOWEST_SHARE * self.errors_drawn)
        if self.failures >= wanted:
            return None
        return (
            f"the weights degenerate: {self.errors_drawn} errors are worth "
            f"{self.failures:.0f}, must be at least {wanted:.0f}; not all nearest "
            "errors were found, or they need rare perturbations; raise --max-blocks, "
            "or omit --rare"
        )

    def require_possible(self) -> None:
        """Raise ValueError if the sums are contradictory or out of range."""
        least, drawn = min(getattr(self, name) for name in self.SUMS), self.errors_drawn
        tight = 1 + 1e-9  # for rounding
        if not (
            least >= 0 <= self.first_block
            and drawn <= self.blocks_drawn
            and self.largest_weight <= self.weight_sum * tight
            and self.weight_sum**2 <= drawn * self.weight_squares * tight
        ):
            raise ValueError(
                f"{drawn} errors with weights {self.weight_sum:g} and squares "
                f"{self.weight_squares:g} in {self.blocks_drawn} blocks cannot be"
            )
        self.require_psr()
