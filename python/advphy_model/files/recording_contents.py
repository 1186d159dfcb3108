# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording says of its samples beyond SigMF: what was sent, and by whom."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from advphy_model.randomness import checked_index, checked_seed
from advphy_model.version import __version__

DATATYPE = "cf32_le"
OWN = "advphy:"  # in front of the names that SigMF does not know
META, DATA = ".sigmf-meta", ".sigmf-data"


@dataclass(frozen=True)
class Origin:
    """What was sent: enough to decide the samples again and count the errors.

    Args:
        link: name of the link model or semantic link.
        model_sha256: its whole hash, 64 hexadecimal digits.
        frame: description of the layout, from which modem.frame.Frame.restore makes it.
        seed: of the messages.
        version: of the module that recorded.
        first_block: index of the first block sent, the first of a frame; None: not
            known, so frames before the first to arrive do not count as missed.
        images: name of the data set of a semantic link, else None.
    """

    link: str
    model_sha256: str
    frame: dict
    seed: int
    version: str
    first_block: int | None = None
    images: str | None = None

    def __post_init__(self):
        if not re.fullmatch("[0-9a-fA-F]{64}", self.model_sha256):
            raise ValueError(
                f"model_sha256 = '{self.model_sha256}', must have 64 hexadecimal digits"
            )
        checked_seed(self.seed)
        codewords = self.frame["codewords"]
        if self.first_block is not None and (
            checked_index("first_block", self.first_block) % codewords
        ):
            raise ValueError(
                f"first_block must be the first of a burst, a multiple of {codewords}, "
                f"got {self.first_block}"
            )

    @property
    def first_frame(self) -> int | None:
        """Return the number of the first frame sent, or None: not known."""
        if self.first_block is None:
            return None
        return self.first_block // self.frame["codewords"]

    @classmethod
    def of(cls, model, frame, seed=1, **more):
        """Return what a recording says of a link.

        Args:
            model: link model or semantic link.
            frame: Frame, the layout.
            seed: of the messages.
            more: first_block, images.
        """
        described = frame.describe()
        return cls(model.name, model.sha256, described, seed, __version__, **more)

    def require(self, model) -> None:
        """Refuse a link that is not the one that was sent.

        Raises:
            ValueError: their hashes differ.
        """
        if model.sha256 != self.model_sha256:
            raise ValueError(
                f"the recording is of link '{self.link}' {self.model_sha256[:8]}, not "
                f"of '{model.name}' {model.sha256[:8]}; give the file of that link "
                "with --link"
            )


@dataclass(frozen=True)
class Attack:
    """What an adversary sent, and when.

    Args:
        what: in words, such as an Adversary's label.
        psr_db: perturbation-to-signal ratio in dB, or None: not known.
        first_sample: where it begins.
        samples: how long it lasts, or None: to the end.
    """

    what: str
    psr_db: float | None = None
    first_sample: int = 0
    samples: int | None = None

    def __post_init__(self):
        checked_index("first_sample", self.first_sample)
        if self.samples is not None and not checked_index("samples", self.samples):
            raise ValueError("samples must be at least 1 or None, got 0")
        if self.psr_db is not None and not math.isfinite(self.psr_db):
            raise ValueError(
                f"psr_db must be a finite number or None, got {self.psr_db}"
            )


def paths(path) -> tuple:
    """Return (path of the .sigmf-meta, path of the .sigmf-data) of either.

    Raises:
        ValueError: the name ends otherwise.
    """
    path = Path(path)
    if path.suffix not in (META, DATA) or path.name in (META, DATA):
        raise ValueError(f"recording '{path}': expected a name that ends in {META}")
    return path.with_suffix(META), path.with_suffix(DATA)
