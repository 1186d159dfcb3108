# SPDX-License-Identifier: GPL-3.0-or-later
"""What is sent over a semantic link, through what, and to whom."""

from dataclasses import dataclass, field
from functools import cached_property

from advphy_model.air.channels import channel
from advphy_model.files.images import Images, require_shape
from advphy_model.link.arn import keying_of
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.semantic_counts import BRANCHES, SemanticCounts
from advphy_model.power import snr_noise_variance
from advphy_model.randomness import checked_seed

EVE_SEED = 1  # Eve's noise has this seed more than Bob's: both are independent


@dataclass(frozen=True)
class Setting:
    """What is sent, through what, to whom.

    Args:
        link: SemanticLink.
        images: Images; frame i is image i modulo their number.
        snr_db: Bob's SNR in dB.
        eve_snr_db: Eve's SNR in dB.
        eve: Eve, or None.
        alice: whether Alice's module is in, where the link has one.
        branches: which of BRANCHES to measure.
        secret: 32 bytes for a keyed link.
        bob_secret: another one for Bob, to see what a wrong key gives; None: the same.
        seed: of Bob's noise; Eve's is seed + EVE_SEED.
        kind: a channel (air/channels).

    Raises:
        ValueError: naming what does not fit.
    """

    link: SemanticLink
    images: Images
    snr_db: float
    eve_snr_db: float
    eve: Eve | None = None
    alice: bool = True
    branches: tuple = BRANCHES
    secret: bytes | None = field(default=None, repr=False)
    bob_secret: bytes | None = field(default=None, repr=False)
    seed: int = 1
    kind: str = "awgn"

    def __post_init__(self):
        require_shape(self.images, self.link.image_shape)
        for snr_db in (self.snr_db, self.eve_snr_db):
            snr_noise_variance(snr_db)  # refuses what is no SNR
        for seed in (self.seed, self.seed + EVE_SEED):
            checked_seed(seed)
        channel(self.kind)  # refuses what is not known
        for branch in self.branches:
            if branch not in BRANCHES:
                raise ValueError(
                    f"branch '{branch}' is not known; there is {', '.join(BRANCHES)}"
                )
        if self.pair != "none":
            for secret in (self.secret, self.bob_secret or self.secret):
                keying_of(self.link, secret)  # refuses a secret that is missing
        if self.eve is not None:
            self.eve.require_fit(self.link)
            if "eve" in self.branches:
                self.images.labelled()

    @cached_property
    def _hashes(self):
        """Return the hashes of link and Eve, which take as long as a hundred frames."""
        return self.link.sha256, "" if self.eve is None else self.eve.sha256

    @property
    def measured(self) -> tuple:
        """Return the branches that there is something to measure of."""
        present = {
            "bob": True,
            "bob_without": self.link.hides and self.alice,
            "eve": self.eve is not None,
        }
        return tuple(branch for branch in self.branches if present[branch])

    @property
    def pair(self) -> str:
        """Return what Alice sends through, as the rows name it."""
        if not (self.alice and self.link.hides):
            return "none"
        return "learned" if self.link.keying == "none" else self.link.keying

    def row(self, branch, engine, first_frame, **sums) -> SemanticCounts:
        """Return a row of this setting with the sums given, 0 elsewhere."""
        eve = self.eve if branch == "eve" else None
        nothing = dict.fromkeys(("frames", "erasures", "correct"), 0) | dict.fromkeys(
            (
                "squared_error",
                "signal_energy",
                "perturbation_energy",
                "transmit_energy",
            ),
            0.0,
        )
        return SemanticCounts(
            link=self.link.name,
            engine=engine,
            images=self.images.name,
            branch=branch,
            pair=self.pair,
            snr_db=float(self.eve_snr_db if branch == "eve" else self.snr_db),
            seed=self.seed,
            first_frame=first_frame,
            pixels=self.link.pixels,
            reals=self.link.reals,
            model_sha256=self._hashes[0],
            eve="none" if eve is None else eve.name,
            eve_sha256="" if eve is None else self._hashes[1],
            **(nothing | sums),
        )
