# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of sums of a semantic link: errors of Bob's images and of Eve's labels."""

import math
from dataclasses import dataclass
from typing import ClassVar

from advphy_model.found_by_name import require_known
from advphy_model.measure.table import Row, names
from advphy_model.version import __version__

BRANCHES = ("bob", "bob_without", "eve")


@dataclass(frozen=True)
class SemanticCounts(Row):
    """Sums of one branch over one range of images under one setting."""

    link: str  # name of the semantic link
    engine: str  # "flowgraph" or "loop"
    images: str  # name of the data set; item i is its image i modulo its size
    branch: str  # "bob", "bob_without" (without his module), or "eve"
    pair: str  # Alice's module: "none" (bypassed), "learned", or the keying
    snr_db: float  # SNR of this branch in dB
    seed: int  # seed of Bob's noise; Eve's is seed + 1
    first_frame: int  # index of the first image
    frames: int  # number of images, from first_frame on without gaps
    pixels: int  # pixels per image
    reals: int  # reals per code
    erasures: int  # images with a sample that is not finite, which are in no other sum
    squared_error: float  # sum over images and pixels of (decoded - sent)^2; 0 for Eve
    correct: int  # number of images whose label Eve finds; 0 for Bob
    signal_energy: float  # sum of ||x||^2 before Alice's module
    perturbation_energy: float  # sum of ||x' - x||^2
    transmit_energy: float  # sum of ||x'||^2
    model_sha256: str  # hash of the link
    eve: str = "none"  # name of Eve; "none" for Bob
    eve_sha256: str = ""  # hash of Eve; empty for Bob
    # Sum of the squares of the images' squared errors.
    squared_error_squares: float = 0.0
    attack: str = "none"  # ImageAdversary.label, or "none"; p reaches Bob, not Eve
    # PSR of the adversary in dB; None without an attack.
    attack_psr_db: float | None = None
    # Sum over ssim_frames of the structural similarity of Bob's images.
    ssim_sum: float = 0.0
    ssim_frames: int = 0  # number of images whose SSIM was measured; 0: it was not
    images_sha256: str = ""  # hash of the images; empty in files of 0.5
    # Check values of Alice's and Bob's keys of message 0; empty if they have none.
    key_checks: str = ""
    version: str = __version__  # version of gr-advphy

    SETTING: ClassVar = names(
        "link engine images branch pair snr_db seed model_sha256 eve eve_sha256"
        " attack attack_psr_db images_sha256 key_checks"
    )
    FIRST: ClassVar = "first_frame"
    SUMS: ClassVar = names(
        "frames erasures squared_error squared_error_squares correct"
        " signal_energy perturbation_energy transmit_energy ssim_sum ssim_frames"
    )
    # psr_db, of Alice's module, is derived for readers of the file without this module.
    COLUMNS: ClassVar = names(
        "link engine images branch pair snr_db psr_db seed first_frame frames pixels"
        " reals erasures squared_error correct signal_energy perturbation_energy"
        " transmit_energy model_sha256 eve eve_sha256 squared_error_squares attack"
        " attack_psr_db ssim_sum ssim_frames images_sha256 key_checks version"
    )
    EARLIER: ClassVar = names(
        "attack attack_psr_db ssim_sum ssim_frames images_sha256 key_checks"
    )
    COMMAND: ClassVar = "advphy measure-semantic"
    failures = 0  # images have no errors that a stop rule could count

    @property
    def psr_db(self) -> float | None:
        """Return the realized PSR of Alice's module in dB, or None without one."""
        if not self.perturbation_energy:
            return None
        return 10 * math.log10(self.perturbation_energy / self.signal_energy)

    @property
    def transmit_power_db(self) -> float | None:
        """Return the transmit power over 1 per real dimension in dB, if known."""
        if not self.transmit_energy:
            return None
        return 10 * math.log10(self.transmit_energy / (self.frames * self.reals))

    @property
    def mse(self) -> float:
        """Return Bob's MSE per pixel over the images not erased, NaN if all are."""
        decoded = self.frames - self.erasures
        return self.squared_error / (decoded * self.pixels) if decoded else math.nan

    def mse_interval(self) -> tuple:
        """Return the 95 % interval of the MSE from the variance over the images."""
        frames = max(self.frames - self.erasures, 1)
        mean = self.squared_error / frames
        variance = max(self.squared_error_squares / frames - mean**2, 0.0)
        half = 1.96 * math.sqrt(variance / frames) / self.pixels
        return self.mse - half, self.mse + half

    @property
    def ssim(self) -> float | None:
        """Return the mean SSIM of Bob's images, or None if it was not measured."""
        return self.ssim_sum / self.ssim_frames if self.ssim_frames else None

    @property
    def accuracy(self) -> float:
        """Return Eve's share of correct labels; an erased image is not correct."""
        return self.correct / self.frames

    @property
    def place(self) -> str:
        """Return link, branch and SNR for error texts."""
        return f"{self.link}, {self.branch} at {self.snr_db:g} dB"

    @property
    def blocks(self) -> int:
        """Return the number of items for a stop rule."""
        return self.frames

    def columns(self) -> dict:
        """Return the values of the columns as they are written, with psr_db."""
        psr_db = "" if self.psr_db is None else f"{self.psr_db:.4f}"
        return super().columns() | {"psr_db": psr_db}

    def require_possible(self) -> None:
        """Raise ValueError if the sums are contradictory or out of range."""
        require_known("branch", self.branch, BRANCHES)
        least = dict.fromkeys(("first_frame", "seed", *self.SUMS), 0)
        least |= {"pixels": 1, "reals": 1, "ssim_sum": -self.ssim_frames}
        for name, bound in least.items():
            if (value := getattr(self, name)) < bound:
                raise ValueError(f"{name} must be {bound} or more, got {value}")
        if self.correct + self.erasures > self.frames or self.frames < 1:
            raise ValueError(
                f"{self.correct} correct and {self.erasures} erased of {self.frames} "
                "images cannot be"
            )
        if not self.ssim_sum <= self.ssim_frames <= self.frames:
            raise ValueError(
                f"ssim_sum {self.ssim_sum} over {self.ssim_frames} of {self.frames} "
                "images cannot be"
            )
        self.require_psr("attack_psr_db")
