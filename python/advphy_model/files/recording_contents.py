# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata of recordings in addition to SigMF: origin of the samples and attacks."""

import re
from dataclasses import dataclass

from advphy_model.checked_values import checked_kind, checked_number
from advphy_model.file_gate import require_plain
from advphy_model.modem.frame import Frame
from advphy_model.randomness import checked_index, checked_seed
from advphy_model.user_folders import user_path
from advphy_model.version import __version__

DATATYPE = "cf32_le"
OWN = "advphy:"  # prefix of names that are not part of SigMF
META, DATA = ".sigmf-meta", ".sigmf-data"


@dataclass(frozen=True)
class Origin:
    """Origin of the samples, sufficient to decide them again and to count errors.

    Raises ValueError if a value is not valid.
    """

    link: str  # name of the link model or semantic link
    model_sha256: str  # full hash of the link, 64 hexadecimal digits
    frame: dict  # whole description of the layout, as Frame.describe gives it
    seed: int  # seed of the messages
    version: str  # version of gr-advphy that made the recording
    # Index of the first transmitted block, which begins a burst; None: bursts before
    # the first received one do not count as missed.
    first_block: int | None = None
    images: str | None = None  # name of the data set of a semantic link, else None

    def __post_init__(self):
        for name in ("link", "model_sha256", "version"):
            checked_kind(name, getattr(self, name), str, "a text")
        checked_kind("images", self.images, str | None, "the name of a data set")
        require_plain([self.link, self.version, self.images], lines=False)
        if not re.fullmatch("[0-9a-fA-F]{64}", sha := self.model_sha256):
            raise ValueError(f"model_sha256 must be 64 hexadecimal digits, got '{sha}'")
        object.__setattr__(self, "seed", checked_seed(self.seed))
        frame = Frame.restore(self.frame).describe()
        if missing := frame.keys() - self.frame.keys():
            raise ValueError(f"the frame has no {', '.join(sorted(missing))}")
        object.__setattr__(self, "frame", frame)
        if self.first_block is not None:
            first = checked_index("first_block", self.first_block)
            object.__setattr__(self, "first_block", first)
            if first % (codewords := frame["codewords"]):
                raise ValueError(
                    "first_block must be the first of a burst, a multiple of "
                    f"{codewords}, got {first}"
                )

    @property
    def first_frame(self) -> int | None:
        """Return the number of the first transmitted burst, or None if not known."""
        if self.first_block is None:
            return None
        return self.first_block // self.frame["codewords"]

    @classmethod
    def of(cls, model, frame, seed=1, **more):
        """Return the origin for a link of either kind; `more`: first_block, images."""
        described = frame.describe()
        return cls(model.name, model.sha256, described, seed, __version__, **more)

    def require(self, model) -> None:
        """Raise ValueError unless the model is the link of the recording."""
        if model.sha256 != self.model_sha256:
            raise ValueError(
                f"the recording is of link '{self.link}' {self.model_sha256[:8]}, not "
                f"of '{model.name}' {model.sha256[:8]}; give its file as the link"
            )
        if (n := self.frame["n"]) != model.n:
            raise ValueError(
                f"the recording's frame is for n = {n}, link '{model.name}' has n = "
                f"{model.n}: the metadata were changed; copy them again"
            )


@dataclass(frozen=True)
class Attack:
    """An attack within a recording."""

    what: str  # description, such as an Adversary's label
    psr_db: float | None = None  # perturbation-to-signal ratio in dB; None: not known
    first_sample: int = 0  # index of its first sample
    samples: int | None = None  # duration in samples; None: to the end

    def __post_init__(self):
        require_plain(checked_kind("the attack", self.what, str, "a text"), lines=False)
        first = checked_index("first_sample", self.first_sample)
        object.__setattr__(self, "first_sample", first)
        if self.samples is not None:
            samples = checked_index("samples", self.samples)
            object.__setattr__(self, "samples", samples)
            if not samples:
                raise ValueError("samples must be at least 1 or None, got 0")
        if self.psr_db is not None:
            checked_number("psr_db", self.psr_db, of="or None")


def checked_counts(counts):
    """Return counts of a receiver, or None; ValueError unless they are numbers."""
    checked_kind("advphy:counts", counts, dict | None, "numbers by name")
    for name, value in (counts or {}).items():
        checked_number(f"advphy:counts: '{name}'", value)
    return counts


def paths(path) -> tuple:
    """Return (.sigmf-meta, .sigmf-data), given one; ValueError for another ending."""
    path = user_path(path)
    if path.suffix not in (META, DATA) or path.name in (META, DATA):
        raise ValueError(f"recording '{path}': expected a name that ends in {META}")
    return path.with_suffix(META), path.with_suffix(DATA)
