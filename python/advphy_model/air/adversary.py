# SPDX-License-Identifier: GPL-3.0-or-later
"""A perturbation as it arrives at the receiver, block after block."""

import dataclasses
import math
import numbers
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from advphy_model import kernels
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.randomness import checked_index, checked_seed

FADINGS = ("none", "rayleigh")
JAMMER_PEAK = 4  # rms; complex Gaussian samples exceed it once in 9 million


def changed(settings, fields) -> list:
    """Return "name value" of the fields of settings that are not the default."""
    given = [(f.name, getattr(settings, f.name), f.default) for f in fields]
    return [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value, default in given
        if value != default
    ]


class Arriving:
    """What adversaries share: a perturbation at the PSR asked for, and a label.

    Class attributes:
        NAMELESS: how many of the first fields are not in the label by their names.
    """

    @cached_property
    def scaled(self) -> Perturbation:
        """Return the perturbation at the PSR asked for."""
        if self.psr_db is None:
            return self.perturbation
        return self.perturbation.scaled(self.psr_db)

    @property
    def label(self) -> str:
        """Return its name, hash and settings other than the default, without PSR."""
        name = f"{self.perturbation.name} {self.perturbation.sha256[:8]}"
        own = dataclasses.fields(self)[self.NAMELESS :]
        return ", ".join([name, *changed(self, own)])


@dataclass(frozen=True)
class Adversary(Arriving):
    """What arrives of a perturbation in each block: y = x + noise + p.

    All draws are pure functions of (seed, index of the block); lib/air/perturbation.h
    says which words give them.

    Args:
        perturbation: Perturbation.
        psr_db: PSR at the receiver in dB, -100..60; None: the perturbation's own.
        shift: by how many channel uses p arrives late, 0..n-1, or "random" per block.
            Cyclic, because the adversary repeats p block after block.
        phase: of p at the receiver in radians, or "random": uniform per block.
        sign: 1, -1, or "random" per block.
        frequency_offset: in cycles per channel use; the phase runs on from block to
            block. Or "random": per block uniform within +-1/(2n), from phase 0 at the
            beginning of the block.
        fading: "none", or "rayleigh": one gain CN(0, 1) per block.
        off_blocks: of each period, the first this many blocks are without p ...
        on_blocks: ... and this many with it; 0 and 0: always on.
        full_scale: largest amplitude that the adversary's transmitter can send, or
            None: any. A jammer needs 4 times its rms.
        seed: of what is drawn.

    Raises:
        ValueError: naming the parameter, what was got and what was wanted.
    """

    perturbation: Perturbation
    psr_db: float | None = None
    shift: int | str = 0
    phase: float | str = 0.0
    sign: int | str = 1
    frequency_offset: float | str = 0.0
    fading: str = "none"
    off_blocks: int = 0
    on_blocks: int = 0
    full_scale: float | None = None
    seed: int = 1

    NAMELESS = 2

    def __post_init__(self):
        checked_psr_db(self.perturbation.psr_db if self.psr_db is None else self.psr_db)
        shifts = range(self.perturbation.n)
        if self.shift != "random" and self.shift not in shifts:
            raise ValueError(
                f"shift must be 0..{shifts[-1]} channel uses or 'random', got "
                f"{self.shift}"
            )
        if self.sign != "random" and self.sign not in (1, -1):
            raise ValueError(f"sign must be 1, -1 or 'random', got {self.sign}")
        for name, unit in (("phase", "radians"), ("frequency_offset", "cycles")):
            _check_number(name, getattr(self, name), unit)
        if self.fading not in FADINGS:
            raise ValueError(
                f"fading '{self.fading}' is not known; choose from {', '.join(FADINGS)}"
            )
        for name in ("off_blocks", "on_blocks"):
            checked_index(name, getattr(self, name))
        if self.off_blocks and not self.on_blocks:
            raise ValueError(
                f"off_blocks = {self.off_blocks} with on_blocks = 0: the perturbation "
                "would never arrive; give on_blocks >= 1"
            )
        checked_seed(self.seed)
        self._check_full_scale()

    def _check_full_scale(self):
        if self.full_scale is None:
            return
        if not isinstance(self.full_scale, numbers.Real) or not self.full_scale > 0:
            raise ValueError(
                f"full_scale must be more than 0 or None, got {self.full_scale}"
            )
        jams = self.perturbation.kind == "jammer"
        largest = float(np.abs(self.scaled.rows).max()) * (JAMMER_PEAK if jams else 1)
        if largest > self.full_scale * (1 + 1e-6):  # of rounding
            fits = self.scaled.psr_db + 20 * math.log10(self.full_scale / largest)
            what = (
                f"{JAMMER_PEAK} rms of the jammer" if jams else "the largest amplitude"
            )
            raise ValueError(
                f"psr_db = {self.scaled.psr_db:.2f} would clip: {what} is "
                f"{largest:.4g}, full_scale is {self.full_scale:.4g}; at most "
                f"{fits:.2f} dB PSR fit"
            )

    @property
    def needs_messages(self) -> bool:
        """Return whether what arrives depends on the messages sent."""
        return self.perturbation.kind == "table"

    @property
    def constant(self) -> bool:
        """Return whether every block that is hit is hit with the same energy."""
        return self.perturbation.kind == "universal" and self.fading == "none"

    @property
    def fixed(self) -> bool:
        """Return whether the very same vector arrives in every block."""
        drawn = "random" in (self.shift, self.phase, self.sign)
        still = self.frequency_offset == 0 and not self.off_blocks
        return self.constant and still and not drawn

    def on(self, block: int) -> bool:
        """Return whether the schedule has the perturbation on in this block."""
        period = self.off_blocks + self.on_blocks
        return not period or block % period >= self.off_blocks

    def require_fit(self, model) -> None:
        """Raise ValueError unless a link model has this n and, for a table, this k."""
        self.perturbation.require_fit(model)

    def write(self, messages, first_block, out) -> None:
        """Write what arrives in the blocks from first_block on.

        Args:
            messages: that were sent, uint8 [blocks]; None if not needs_messages.
            first_block: index of the first block.
            out: complex64 [blocks, n].
        """
        self._kernel.write(messages, first_block, out)

    def add(self, messages, first_block, y) -> None:
        """Add what write() writes to y, complex64 [blocks, n]; the same bits."""
        self._kernel.add(messages, first_block, y)

    @cached_property
    def _kernel(self):
        rows = self.scaled.rows.astype(complex)
        if self.perturbation.kind == "jammer":
            rows = np.abs(rows) / math.sqrt(2) + 0j  # per real dimension
        if self.shift != "random":
            rows = np.roll(rows, self.shift, axis=1)
        if self.phase not in ("random", 0):
            rows = rows * np.exp(1j * self.phase)
        if self.sign == -1:
            rows = -rows
        drifts = self.frequency_offset != "random"
        turns = Fraction(self.frequency_offset) if drifts else 0
        return kernels.perturbation(
            np.ascontiguousarray(rows, np.complex64),
            by_message=self.needs_messages,
            jammer=self.perturbation.kind == "jammer",
            random_shift=self.shift == "random",
            random_phase=self.phase == "random",
            random_sign=self.sign == "random",
            random_frequency=not drifts,
            rayleigh=self.fading == "rayleigh",
            frequency=round(turns * 2**64) % 2**64,
            off_blocks=self.off_blocks,
            on_blocks=self.on_blocks,
            seed=self.seed,
        )

    def settings(self) -> dict:
        """Return the fields by their names, with which Adversary(**...) is the same."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    __getstate__ = settings  # without what is cached


def _check_number(name, value, unit):
    if value == "random":
        return
    if not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number of {unit} or 'random', got {value}")
