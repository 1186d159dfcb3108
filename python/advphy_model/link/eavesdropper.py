# SPDX-License-Identifier: GPL-3.0-or-later
"""The eavesdropper Eve: a classifier of received codes and maybe an image decoder."""

from dataclasses import dataclass, field

import numpy as np

from advphy_model.complex_baseband import LAYOUT
from advphy_model.link.model_file import Kind, StoredModel

ERASED = 255  # label of an item with a sample that is not finite
ROLES = ("classifier", "image_decoder")


@dataclass(frozen=True, eq=False, repr=False)
class Eve(StoredModel):
    """An eavesdropper who was trained to find the label of an image from its code.

    Args:
        name: name for the user.
        networks: Network by role: "classifier" (L reals to one logit per class) and,
            optionally, "image_decoder" (L reals to pixels).
        listened_to: links of the training, name -> SHA-256.
        recipe: training settings, above all the SNR; JSON values.

    Raises ValueError if a role is missing or not known, or shapes do not match.
    """

    name: str
    networks: dict
    listened_to: dict = field(default_factory=dict)
    recipe: dict = field(default_factory=dict)

    KIND = Kind(
        format="gr-advphy eve 1",
        key="eve",
        remedy="`advphy train eve` makes one",
        conventions={"layout": LAYOUT},
    )

    def __post_init__(self):
        self.require_hashes("listened_to")
        unknown = set(self.networks) - set(ROLES)
        if unknown or "classifier" not in self.networks:
            self.refuse(
                f"roles are {sorted(self.networks)}, expected classifier and, "
                "optionally, image_decoder"
            )
        shapes = {network.input_shape for network in self.networks.values()}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            self.refuse(f"all networks must have one input shape (L,), got {shapes}")
        classes = self.networks["classifier"].output_shape
        if len(classes) != 1 or not 2 <= classes[0] <= 255:
            self.refuse(f"the classifier returns {classes}, must return 2..255 logits")
        decoder = self.networks.get("image_decoder")
        if decoder is not None and len(shape := decoder.output_shape) != 1:
            self.refuse(f"the image_decoder must return shape (pixels,), got {shape}")

    def __repr__(self):
        return f"{self.name} ({self.reals} reals to {self.classes} classes)"

    @property
    def reals(self) -> int:
        """Return L, the number of reals in a code."""
        return self.networks["classifier"].input_shape[0]

    @property
    def classes(self) -> int:
        """Return the number of labels that the classifier distinguishes."""
        return self.networks["classifier"].output_shape[0]

    @property
    def pixels(self) -> int:
        """Return the pixels of a decoded image, or 0 without an image decoder."""
        decoder = self.networks.get("image_decoder")
        return 0 if decoder is None else decoder.output_shape[0]

    def require_fit(self, link) -> None:
        """Raise ValueError unless the networks take codes of the link's length."""
        if (reals := self.reals) != link.reals:
            name = link.name
            self.refuse(f"she takes {reals} reals, link '{name}' sends {link.reals}")


def combined(antennas, snrs_db):
    """Return vectors [antennas, ..., n] of equal gain and phase, weighted by SNR."""
    weights = 10 ** (np.asarray(snrs_db) / 10)
    return np.tensordot((weights / weights.sum()).astype("f4"), antennas, 1)


def majority(read, classes) -> np.ndarray:
    """Return the labels with most votes, or ERASED, of those read, uint8 [eves, items].

    Of labels with equally many the smallest counts; ERASED is no vote.
    """
    votes = np.stack([(read == label).sum(axis=0) for label in range(classes)])
    return np.where(votes.any(axis=0), votes.argmax(axis=0), ERASED).astype(np.uint8)
