# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of sums of a semantic link: what Bob's images and Eve's labels came to."""

import math
from dataclasses import dataclass
from typing import ClassVar

from advphy_model.measure.table import Row, names
from advphy_model.version import __version__

BRANCHES = ("bob", "bob_without", "eve")


@dataclass(frozen=True)
class SemanticCounts(Row):
    """Sums of one branch over one range of frames under one setting.

    Args:
        link: name of the semantic link.
        engine: "flowgraph" or "loop".
        images: name of the data set; frame i is its image i modulo its size.
        branch: "bob", "bob_without" (without his module), or "eve".
        pair: what Alice sends through: "none" (bypassed), "learned", or a keying.
        snr_db: SNR of this branch in dB.
        seed: of Bob's noise; Eve's is seed + 1.
        first_frame: index of the first image sent.
        frames: images sent, from first_frame on without gaps.
        pixels: of an image.
        reals: of a code.
        erasures: frames with a sample that is not finite; in no other sum.
        squared_error: sum over frames and pixels of (decoded - sent)^2; 0 for Eve.
        correct: frames whose label Eve reads rightly; 0 for Bob.
        signal_energy: sum of ||x||^2 before Alice's module.
        perturbation_energy: sum of ||x' - x||^2.
        transmit_energy: sum of ||x'||^2.
        model_sha256: hash of the link.
        eve: name of Eve; "none" for Bob.
        eve_sha256: hash of Eve; empty for Bob.
        squared_error_squares: sum over frames of the square of a frame's squared
            error, from which the interval of the MSE comes.
        version: of this module.
    """

    link: str
    engine: str
    images: str
    branch: str
    pair: str
    snr_db: float
    seed: int
    first_frame: int
    frames: int
    pixels: int
    reals: int
    erasures: int
    squared_error: float
    correct: int
    signal_energy: float
    perturbation_energy: float
    transmit_energy: float
    model_sha256: str
    eve: str = "none"
    eve_sha256: str = ""
    squared_error_squares: float = 0.0
    version: str = __version__

    SETTING: ClassVar = names(
        "link engine images branch pair snr_db seed model_sha256 eve eve_sha256"
    )
    FIRST: ClassVar = "first_frame"
    SUMS: ClassVar = names(
        "frames erasures squared_error squared_error_squares correct"
        " signal_energy perturbation_energy transmit_energy"
    )
    # psr_db is derived, and there for who reads the file without this module.
    COLUMNS: ClassVar = names(
        "link engine images branch pair snr_db psr_db seed first_frame frames pixels"
        " reals erasures squared_error correct signal_energy perturbation_energy"
        " transmit_energy model_sha256 eve eve_sha256 squared_error_squares version"
    )
    COMMAND: ClassVar = "advphy measure-semantic"

    @property
    def psr_db(self) -> float | None:
        """Return the realized perturbation-to-signal ratio in dB; None without one."""
        if not self.perturbation_energy:
            return None
        return 10 * math.log10(self.perturbation_energy / self.signal_energy)

    @property
    def transmit_power_db(self) -> float | None:
        """Return the power sent, over 1 per real dimension, in dB; None: not known."""
        if not self.transmit_energy:
            return None
        return 10 * math.log10(self.transmit_energy / (self.frames * self.reals))

    @property
    def mse(self) -> float:
        """Return Bob's mean squared error per pixel over the frames not erased.

        NaN when all were: 0 would be the best there is.
        """
        decoded = self.frames - self.erasures
        return self.squared_error / (decoded * self.pixels) if decoded else math.nan

    def mse_interval(self) -> tuple:
        """Return the 95 % interval of the MSE, from the spread over the frames."""
        frames = max(self.frames - self.erasures, 1)
        mean = self.squared_error / frames
        variance = max(self.squared_error_squares / frames - mean**2, 0.0)
        half = 1.96 * math.sqrt(variance / frames) / self.pixels
        return self.mse - half, self.mse + half

    @property
    def accuracy(self) -> float:
        """Return Eve's share of right labels; a frame erased is not right."""
        return self.correct / self.frames

    @property
    def place(self) -> str:
        """Return link, branch and SNR, for an error text."""
        return f"{self.link}, {self.branch} at {self.snr_db:g} dB"

    @property
    def blocks(self) -> int:
        """Return the items that a stop rule counts."""
        return self.frames

    @property
    def failures(self) -> int:
        """Return 0: no image fails, so no stop rule counts errors."""
        return 0

    def columns(self) -> dict:
        """Return the values of the columns as they are written."""
        psr_db = "" if self.psr_db is None else f"{self.psr_db:.4f}"
        return super().columns() | {"psr_db": psr_db}

    def require_possible(self) -> None:
        """Raise ValueError for sums that cannot be."""
        if self.branch not in BRANCHES:
            raise ValueError(
                f"branch '{self.branch}' is not known; choose from "
                f"{', '.join(BRANCHES)}"
            )
        least = {"pixels": 1, "reals": 1, "first_frame": 0, "seed": 0}
        for name, bound in (dict.fromkeys(self.SUMS, 0) | least).items():
            if getattr(self, name) < bound:
                raise ValueError(
                    f"{name} must be {bound} or more, got {getattr(self, name)}"
                )
        if self.correct + self.erasures > self.frames or self.frames < 1:
            raise ValueError(
                f"{self.correct} right and {self.erasures} erased of {self.frames} "
                "frames cannot be"
            )
