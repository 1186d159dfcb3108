# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording says of its samples beyond SigMF: what was sent, and by whom."""

import math
from dataclasses import dataclass
from pathlib import Path

from advphy_model.modem.frame import Frame
from advphy_model.randomness import checked_index, checked_seed
from advphy_model.version import __version__

DATATYPE = "cf32_le"
META, DATA = ".sigmf-meta", ".sigmf-data"


@dataclass(frozen=True)
class Origin:
    """What was sent: enough to decide the samples again and count the errors.

    Args:
        link: name of the link model or semantic link.
        model_sha256: its whole hash, 64 hexadecimal digits.
        frame: Frame, the layout.
        seed: of the messages.
        first_block: index of the first block sent, the first of a frame; None: not
            known, so frames before the first to arrive do not count as missed.
        images: name of the data set of a semantic link, else None.
        version: of the module that recorded.
    """

    link: str
    model_sha256: str
    frame: Frame
    seed: int = 1
    first_block: int | None = None
    images: str | None = None
    version: str = __version__

    def __post_init__(self):
        checked_seed(self.seed)
        if self.first_block is not None:
            checked_index("first_block", self.first_block)
            if self.first_block % self.frame.codewords:
                raise ValueError(
                    f"first_block = {self.first_block}, wanted the first of a frame: "
                    f"a multiple of {self.frame.codewords}"
                )

    @property
    def first_frame(self) -> int | None:
        """Return the number of the first frame sent, or None: not known."""
        if self.first_block is None:
            return None
        return self.first_block // self.frame.codewords

    @classmethod
    def of(cls, model, frame=None, **more):
        """Return what a recording says of a link; more: seed, first_block, images."""
        frame = Frame.of_model(model) if frame is None else frame
        return cls(model.name, model.sha256, frame, **more)

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
            raise ValueError("samples = 0, wanted at least 1 or None")
        if self.psr_db is not None and not math.isfinite(self.psr_db):
            raise ValueError(f"psr_db = {self.psr_db}, wanted a finite number or None")


def library():
    """Return the package sigmf.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import sigmf
    except ImportError:
        raise ValueError(
            "recordings need the package sigmf; pip install sigmf"
        ) from None
    return sigmf


def paths(path) -> tuple:
    """Return (path of the .sigmf-meta, path of the .sigmf-data) of either.

    Raises:
        ValueError: the name ends otherwise.
    """
    path = Path(path)
    if path.suffix not in (META, DATA) or path.name in (META, DATA):
        raise ValueError(f"recording '{path}': wanted a name that ends in {META}")
    return path.with_suffix(META), path.with_suffix(DATA)


def data_of(meta) -> Path:
    """Return the path of the samples of a recording."""
    return paths(meta)[1]
