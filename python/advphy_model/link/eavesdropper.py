# SPDX-License-Identifier: GPL-3.0-or-later
"""Eve: a classifier of what she receives, perhaps with a decoder of images."""

from dataclasses import dataclass, field

from advphy_model.complex_baseband import LAYOUT
from advphy_model.link.model_file import Kind, StoredModel

ROLES = ("classifier", "image_decoder")


@dataclass(frozen=True, eq=False, repr=False)
class Eve(StoredModel):
    """An eavesdropper who learnt to read labels, the private part, off received codes.

    Args:
        name: what the user calls her.
        networks: Network by role: "classifier" (L reals to a logit for each class),
            and "image_decoder" (L reals to pixels), which she may lack.
        listened_to: links she learnt from, name -> SHA-256.
        recipe: how she was trained, at which SNR first of all; JSON values.

    Raises:
        ValueError: naming what does not fit.
    """

    name: str
    networks: dict
    listened_to: dict = field(default_factory=dict)
    recipe: dict = field(default_factory=dict)

    KIND = Kind(
        format="gr-advphy eve 1",
        key="eve",
        what="Eve",
        remedy="`advphy train eve` makes one",
        folder="eves",
        conventions={"layout": LAYOUT},
    )

    def __post_init__(self):
        unknown = set(self.networks) - set(ROLES)
        if unknown or "classifier" not in self.networks:
            self.refuse(
                f"roles are {sorted(self.networks)}; must be classifier, and "
                "image_decoder if she has one"
            )
        shapes = {network.input_shape for network in self.networks.values()}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            self.refuse(f"inputs have shapes {shapes}, must have one (L,)")
        classes = self.networks["classifier"].output_shape
        if len(classes) != 1 or not 2 <= classes[0] <= 255:
            self.refuse(f"the classifier returns {classes}, must return 2..255 logits")
        decoder = self.networks.get("image_decoder")
        if decoder is not None and len(decoder.output_shape) != 1:
            self.refuse(
                f"the image_decoder returns {decoder.output_shape}, must return "
                "(pixels,)"
            )

    def __repr__(self):
        return f"{self.name} ({self.reals} reals to {self.classes} classes)"

    @property
    def reals(self) -> int:
        """Return L, the real dimensions that she receives."""
        return self.networks["classifier"].input_shape[0]

    @property
    def classes(self) -> int:
        """Return how many labels she tells apart."""
        return self.networks["classifier"].output_shape[0]

    @property
    def pixels(self) -> int:
        """Return the pixels of the images she decodes; 0 without a decoder."""
        decoder = self.networks.get("image_decoder")
        return 0 if decoder is None else decoder.output_shape[0]

    def require_fit(self, link) -> None:
        """Raise ValueError unless she takes codes of the link's length."""
        if self.reals != link.reals:
            self.refuse(
                f"she takes {self.reals} reals, link '{link.name}' sends {link.reals}"
            )
