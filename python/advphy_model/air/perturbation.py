# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations that an adversary adds to received vectors."""

import dataclasses
import itertools
import math

import numpy as np

from advphy_model import power
from advphy_model.checked_values import checked_number
from advphy_model.complex_baseband import LAYOUT
from advphy_model.link.model_file import Kind, StoredModel

NOISE_JAMMER = "noise_jammer"  # its name; "jammer" is its kind in files
KINDS = ("universal", "table", "book", "jammer", "per_image")
LONGEST_BOOK = 4096  # rows
CONVENTION = "PSR = mean ||p||^2 / n at the receiver"
LOWEST_PSR_DB, HIGHEST_PSR_DB = -100.0, 60.0
DEFAULT_PSR_DB = -6.0  # of an adversary who needs a level and was given none


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Perturbation(StoredModel):
    """A perturbation at the receiver, over the n channel uses of one codeword.

    Args:
        name: name of the attack that crafted it.
        kind: what is added: "universal": rows [1, n] to every codeword; "table": row s
            of [M, n] to message s; "book": a row drawn from [K, n], K in 2..4096;
            "jammer": Gaussian noise of mean power |rows[0, i]|^2 to channel use i;
            "per_image": row i of [K, n] to image i of a set (semantic links only).
        k: bits per message of the links under attack; 0: semantic links.
        n: channel uses per codeword.
        rows: complex64 [1, n], [M, n] or [K, n].
        ebn0_db: Eb/N0 in dB at which it was crafted; None if that does not matter.
        victims: link models (or substitutes) of the attack, name -> SHA-256.
        knowledge: what the adversary knew; JSON values.
        recipe: settings of the attack; JSON values.

    Raises ValueError if the kind or the shape is wrong, or rows are not finite or 0.
    """

    name: str
    kind: str
    k: int
    n: int
    rows: np.ndarray
    ebn0_db: float | None = None
    victims: dict = dataclasses.field(default_factory=dict)
    knowledge: dict = dataclasses.field(default_factory=dict)
    recipe: dict = dataclasses.field(default_factory=dict)

    KIND = Kind(
        format="gr-advphy perturbation 1",
        key="perturbation",
        remedy="`advphy attack` makes one",
        conventions={"power": CONVENTION, "layout": LAYOUT},
        complex_arrays=("rows",),
    )

    def __post_init__(self):
        self.require_known("kind", self.kind, KINDS)
        self.require_hashes("victims")
        if self.k not in range(9) or self.n not in range(1, 4097):
            what = f"k = {self.k}, n = {self.n}"
            self.refuse(f"k must be in 0..8 and n in 1..4096, got {what}")
        rows = np.ascontiguousarray(self.rows, np.complex64)
        if rows is self.rows and rows.flags.writeable:
            rows = rows.copy()  # the caller's stays as it is
        if self.kind == "book" and not 2 <= len(rows) <= LONGEST_BOOK:
            self.refuse(f"a book must have 2..{LONGEST_BOOK} rows, got {len(rows)}")
        sizes = {"table": 2**self.k, "book": len(rows), "per_image": len(rows)}
        wanted = sizes.get(self.kind, 1), self.n
        if rows.shape != wanted:
            self.refuse(
                f"rows have shape {rows.shape}, expected {wanted} for kind "
                f"'{self.kind}'"
            )
        if not np.all(np.isfinite(rows.view(np.float32))):
            self.refuse("a value is not finite; craft it again")
        if not rows.any():
            self.refuse(
                "it is zero, so it has no PSR; check whether the decoder's gradients "
                "are zero, since the attack found no direction"
            )
        rows.setflags(write=False)
        object.__setattr__(self, "rows", rows)

    def __repr__(self):
        return f"{self.name} ({self.kind}, {self.psr_db:.2f} dB PSR)"

    @property
    def psr_db(self) -> float:
        """Return 10 log10(||p||^2 / n) with the mean of ||p||^2 over the rows."""
        return 10 * math.log10(power.mean_energy(self.rows) / self.n)

    def derived(self) -> dict:
        """Return the PSR, which follows from the rows, for readers of the file."""
        return {"psr_db": round(self.psr_db, 6)}

    def scaled(self, psr_db: float):
        """Return the same perturbation at another PSR in dB."""
        gain = 10 ** ((checked_psr_db(psr_db) - self.psr_db) / 20)
        return dataclasses.replace(self, rows=self.rows * np.float32(gain))

    def require_fit(self, model) -> None:
        """Raise ValueError unless a link has this n and takes this kind of rows."""

        def refuse(own, other):
            self.refuse(
                f"{own}, link '{model.name}' {other}; craft one for this link with "
                "`advphy attack`"
            )

        if self.n != model.n:
            refuse(f"it has n = {self.n} channel uses", f"has n = {model.n}")
        messages = getattr(model, "M", None)  # of a semantic link: images instead
        if self.kind == "table" and 2**self.k != messages:
            refuse(f"it has rows for {2**self.k} messages", f"has {messages}")
        if self.kind == "per_image" and messages is not None:
            refuse("it has a row for each image", "sends messages")

    def warning_for(self, model) -> str | None:
        """Return a warning if it was not crafted against this link, else None."""
        if not self.victims or model.sha256 in self.victims.values():
            return None
        made_for = ", ".join(f"{n} ({h[:12]})" for n, h in self.victims.items())
        return (
            f"black box: perturbation '{self.name}' was crafted against {made_for}, "
            f"not against {model.name} ({model.sha256[:12]})"
        )


def jammer(k: int, n: int, psr_db: float) -> Perturbation:
    """Return a noise jammer with a PSR in dB and equal power in every channel use."""
    level = math.sqrt(power.from_db(checked_psr_db(psr_db)))
    return Perturbation(NOISE_JAMMER, "jammer", k, n, np.full((1, n), level))


def given(perturbation, model, psr_db: float = 0.0) -> Perturbation:
    """Return a Perturbation, or one by name or file, or NOISE_JAMMER for a link."""
    if perturbation in (NOISE_JAMMER, "jammer"):  # the second as in version 0.5
        return jammer(model.k, model.n, psr_db)
    return Perturbation.load(perturbation)


def book(perturbations) -> Perturbation:
    """Return the book of universal ones or books of equal n, at the first PSR."""
    first = perturbations[0]
    for each in perturbations:
        if each.kind not in ("universal", "book") or each.n != first.n:
            each.refuse(
                f"kind '{each.kind}' with n = {each.n} cannot be in a book with n = "
                f"{first.n}; give universal perturbations"
            )
    recipes = [each.recipe.get("of", [each.recipe]) for each in perturbations]
    return dataclasses.replace(
        first,
        name="+".join(dict.fromkeys(each.name for each in perturbations)),
        kind="book",
        rows=np.concatenate([each.scaled(first.psr_db).rows for each in perturbations]),
        victims={k: v for each in perturbations for k, v in each.victims.items()},
        recipe={"of": [*itertools.chain.from_iterable(recipes)]},
    )


def checked_psr_db(psr_db) -> float:
    """Return a PSR in dB as a float; ValueError unless it is in -100..60."""
    return checked_number("psr_db", psr_db, LOWEST_PSR_DB, HIGHEST_PSR_DB, "dB")
