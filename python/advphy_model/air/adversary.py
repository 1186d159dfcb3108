# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversaries that add a perturbation to each block at the receiver."""

import dataclasses
import math
from fractions import Fraction
from functools import cached_property

import numpy as np

from advphy_model import kernels
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.checked_values import is_number, is_whole
from advphy_model.found_by_name import require_known
from advphy_model.randomness import checked_index, checked_seed

FADINGS = ("none", "rayleigh")
SIGNS = ("random", "alternate")
JAMMER_PEAK = 4  # rms; complex Gaussian samples exceed it once in 9 million


def changed(settings, fields) -> list:
    """Return "name value" for each field of settings that is not the default."""
    given = [(f.name, getattr(settings, f.name), f.default) for f in fields]
    return [
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value, default in given
        if value != default
    ]


class Arriving:
    """Base of adversaries: a perturbation scaled to a PSR, and a label."""

    NAMELESS = 2  # number of first fields that the label does not list by name

    @cached_property
    def scaled(self) -> Perturbation:
        """Return the perturbation scaled to psr_db."""
        if self.psr_db is None:
            return self.perturbation
        return self.perturbation.scaled(self.psr_db)

    @property
    def label(self) -> str:
        """Return name, hash and settings other than the default, without the PSR."""
        name = f"{self.perturbation.name} {self.perturbation.sha256[:8]}"
        own = dataclasses.fields(self)[self.NAMELESS :]
        return ", ".join([name, *changed(self, own)])


@dataclasses.dataclass(frozen=True)
class Adversary(Arriving):
    """An adversary who adds p to the received vector of each block: y = x + noise + p.

    All random values are pure functions of the seed and the block index;
    lib/air/perturbation.h defines them.

    Args:
        perturbation: Perturbation.
        psr_db: PSR at the receiver in dB, -100..60; None: the perturbation's own.
        shift: delay of the repeated p in channel uses, 0..n-1, or "random" per block.
        phase: phase of p at the receiver in radians, or "random": uniform per block.
        sign: 1, -1, "random", or "alternate": p and -p in turn.
        frequency_offset: in cycles per channel use, with a phase that continues from
            block to block. "random": uniform within +-1/(2n), from phase 0 per block.
        fading: "none", or "rayleigh": one gain CN(0, 1) per block.
        off_blocks: number of blocks without p at the beginning of each period.
        on_blocks: number of blocks with p that follow; 0 and 0: p is always on.
        full_scale: largest amplitude that can be sent, of a jammer 4 rms; None: any.
        seed: seed of the random values.
        hold: number of blocks for which a random or alternate sign, and the vector from
            a book, stay the same, 1..2^32.

    Raises ValueError if a parameter is not known or out of range.
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
    hold: int = 1

    def __post_init__(self):
        def keep(name, value):
            object.__setattr__(self, name, value)

        psr_db = self.perturbation.psr_db if self.psr_db is None else self.psr_db
        checked = checked_psr_db(psr_db)
        keep("psr_db", None if self.psr_db is None else checked)
        shifts, random = range(self.perturbation.n), ("random",)
        rule = f"0..{shifts[-1]} channel uses or 'random'"
        self._keep_number("shift", int, shifts.__contains__, rule, random)
        rule = "1, -1, 'random' or 'alternate'"
        self._keep_number("sign", int, (1, -1).__contains__, rule, SIGNS)
        self._keep_number(
            "hold", int, lambda h: is_whole(h, 1, 2**32), "1..2^32 blocks"
        )
        for name, unit in (("phase", "radians"), ("frequency_offset", "cycles")):
            rule = f"a finite number ({unit}) or 'random'"
            self._keep_number(name, float, lambda x: abs(x) <= 1e300, rule, random)
        require_known("fading", self.fading, FADINGS)
        for name in ("off_blocks", "on_blocks"):
            keep(name, checked_index(name, getattr(self, name)))
        if self.off_blocks and not self.on_blocks:
            raise ValueError(
                f"on_blocks must be at least 1 with off_blocks = {self.off_blocks}, "
                "got 0: the perturbation would never arrive"
            )
        keep("seed", checked_seed(self.seed))
        self._check_full_scale()

    def _keep_number(self, name, kind, right, rule, words=()):
        """Keep a word or a number as one of Python; ValueError if it is neither."""
        value = getattr(self, name)
        if isinstance(value, str) and value in words:
            return
        if not (is_number(value) and right(value)):
            raise ValueError(f"{name} must be {rule}, got {value}")
        object.__setattr__(self, name, kind(value))

    def _check_full_scale(self):
        limit = self.full_scale
        if limit is None:
            return
        if not (is_number(limit) and limit > 0):
            raise ValueError(f"full_scale must be above 0 or None, got {limit}")
        object.__setattr__(self, "full_scale", float(limit))
        largest, what = float(np.abs(self.scaled.rows).max()), "the largest amplitude"
        if self.perturbation.kind == "jammer":
            largest, what = JAMMER_PEAK * largest, f"{JAMMER_PEAK} rms of the jammer"
        if largest > limit * (1 + 1e-6):  # tolerance for rounding
            fits = self.scaled.psr_db + 20 * math.log10(limit / largest)
            raise ValueError(
                f"psr_db = {self.scaled.psr_db:.2f} would clip: {what} is "
                f"{largest:.4g}, full_scale is {limit:.4g}; give a PSR of at most "
                f"{fits:.2f} dB"
            )

    @property
    def needs_messages(self) -> bool:
        """Return whether the added vectors depend on the transmitted messages."""
        return self.perturbation.kind == "table"

    @property
    def constant(self) -> bool:
        """Return whether p has the same energy in every block in which it is on."""
        return self.perturbation.kind == "universal" and self.fading == "none"

    @property
    def fixed(self) -> bool:
        """Return whether the same vector is added to every block."""
        drawn = "random" in (self.shift, self.phase) or self.sign in SIGNS
        still = self.frequency_offset == 0 and not self.off_blocks
        return self.constant and still and not drawn

    def on(self, block: int) -> bool:
        """Return whether the perturbation is on in this block by the schedule."""
        period = self.off_blocks + self.on_blocks
        return not period or block % period >= self.off_blocks

    def require_fit(self, model) -> None:
        """Raise ValueError unless the perturbation fits: see Perturbation."""
        self.perturbation.require_fit(model)

    def write(self, messages, first_block, out) -> None:
        """Write the vectors that are added from first_block on to out.

        out is complex64 [blocks, n]; messages are uint8 [blocks], or None if unused.
        """
        self._kernel.write(messages, first_block, out)

    def add(self, messages, first_block, y) -> None:
        """Add the vectors of `write` to y, complex64 [blocks, n], with equal bits."""
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
            alternate_sign=self.sign == "alternate",
            book=self.perturbation.kind == "book",
            hold=self.hold,
            random_frequency=not drifts,
            rayleigh=self.fading == "rayleigh",
            frequency=round(turns * 2**64) % 2**64,
            off_blocks=self.off_blocks,
            on_blocks=self.on_blocks,
            seed=self.seed,
        )

    def settings(self) -> dict:
        """Return the fields by name, from which Adversary(**...) makes an equal one."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}

    __getstate__ = settings  # without cached properties
