# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic links: networks by role and the modules that hide the code from Eve."""

import dataclasses
import math
import operator

import numpy as np

from advphy_model.complex_baseband import LAYOUT, channel_uses, to_reals
from advphy_model.link.keying import TRANSFORMS
from advphy_model.link.model_file import Kind, StoredModel, content_hash
from advphy_model.network.network import Network, in_series
from advphy_model.network.network import describe as describe_networks
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.power import from_db

BASE = ("semantic_encoder", "channel_encoder", "channel_decoder", "semantic_decoder")
PAIR = ("alice", "bob")
KEYING = ("none", *TRANSFORMS)
IMAGES = 512  # that are looked at for the power
TOLERANCE_DB = 1.0  # of a link with average power, on images like those of its training


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SemanticLink(StoredModel):
    """An image link with an optional pair of pluggable modules [arn].

    Args:
        name: name for the user.
        image_shape: (rows, columns), 1..256 each, or (rows, columns, 3) in color.
        networks: Network by role. The base: "semantic_encoder" (the reals of an image
            to features), "channel_encoder" (features to the L reals of a code),
            "channel_decoder" and "semantic_decoder" (back to an image of 0..1). The
            pair: "alice" and "bob", the residuals F of [arn, eq. 15, 17], L reals to L.
        keying: "none", or the transform that a shared secret selects for each message:
            "sign_permutation", "rotation" or "signs" (which hides little).
        recipe: training settings and measured results; JSON values.

    Raises ValueError if a role is missing or not known, or shapes do not match.
    """

    name: str
    image_shape: tuple
    networks: dict
    keying: str = "none"
    recipe: dict = dataclasses.field(default_factory=dict)

    KIND = Kind(
        format="gr-advphy semantic link 1",
        key="semantic_link",
        remedy="`advphy train semantic` makes one",
        conventions={
            "power": "mean x_i^2 = 1 in every real dimension",
            "layout": LAYOUT,
        },
    )

    def __post_init__(self):
        try:
            object.__setattr__(self, "image_shape", checked_shape(self.image_shape))
        except ValueError as error:
            self.refuse(str(error))
        missing = [role for role in BASE if role not in self.networks]
        unknown = set(self.networks) - {*BASE, *PAIR}
        if missing or unknown:
            self.refuse(
                f"roles missing: {missing}, not known: {sorted(unknown)}; a base has "
                f"{BASE}, a pair has {PAIR}"
            )
        self.require_known("keying", self.keying, KEYING)
        if "alice" in self.networks and "bob" not in self.networks:
            self.refuse("there is an alice without a bob to undo her change")
        if "alice" in self.networks and self.keying != "none":
            self.refuse("a keyed link has no learned alice; omit the role 'alice'")
        self._check_shapes()

    def _check_shapes(self):
        features = (self.pixels,)
        for role in BASE:
            returned = self.networks[role].output_shape
            if role == BASE[-1]:
                returned = (self.pixels,)
            self.require_shapes(role, features, returned)
            features = returned
        code = self.networks["channel_encoder"].output_shape
        if len(code) != 1 or not 1 <= code[0] <= 8192:
            self.refuse(f"codes have shape {code}, expected (L,) with L in 1..8192")
        for role in self.networks.keys() & PAIR:
            self.require_shapes(role, code, code)

    def __repr__(self):
        return f"{self.name} ({self.pixels} pixels on {self.reals} reals)"

    @property
    def pixels(self) -> int:
        """Return the number of reals of an image: of its pixels, times 3 in color."""
        return math.prod(self.image_shape)

    @property
    def reals(self) -> int:
        """Return L, the number of reals in a code."""
        return self.networks["channel_encoder"].output_shape[0]

    @property
    def n(self) -> int:
        """Return the channel uses of a code, L/2 rounded up."""
        return channel_uses(self.reals)

    @property
    def hides(self) -> bool:
        """Return whether the link has Alice's module or a keyed transform."""
        return "alice" in self.networks or self.keying != "none"

    @property
    def encoder(self) -> Network:
        """Return semantic and channel encoder as one network, pixels to L reals."""
        return in_series({role: self.networks[role] for role in BASE[:2]})

    @property
    def decoder(self) -> Network:
        """Return channel and semantic decoder as one network, L reals to pixels."""
        return in_series({role: self.networks[role] for role in BASE[2:]})

    @property
    def base_sha256(self) -> str:
        """Return the hash of the base alone, which does not depend on the pair."""
        base = {role: self.networks[role] for role in BASE}
        return content_hash(*describe_networks(base))

    @property
    def code_sha256(self) -> str:
        """Return the hash of what is sent: of the encoders alone."""
        encoders = {role: self.networks[role] for role in BASE[:2]}
        return content_hash(*describe_networks(encoders))

    @property
    def pairing(self) -> str:
        """Return 16 hexadecimal digits of pair, keying and base, for Alice and Bob."""
        pair = {role: net for role, net in self.networks.items() if role in PAIR}
        described, arrays = describe_networks(pair)
        what = {"pair": described, "keying": self.keying, "base": self.base_sha256}
        return content_hash(what, arrays)[:16]

    def require_unit_power(self, images) -> None:
        """Raise ValueError unless codes have mean x_i^2 = 1, which an SNR relies on.

        The mean over the first IMAGES of some Images may be off by TOLERANCE_DB and by
        three standard errors.
        """
        pixels = images.as_reals()[:IMAGES]
        x = np.empty((len(pixels), self.n), np.complex64)
        PackedNetwork(self.encoder, complex_output=True).run(pixels, x)
        powers = np.mean(to_reals(x, self.reals).astype(float) ** 2, axis=1)
        mean, spread = powers.mean(), 3 * powers.std() / math.sqrt(len(powers))
        if not math.isfinite(mean):
            return  # erasures, which are counted
        low, high = from_db(-TOLERANCE_DB), from_db(TOLERANCE_DB)
        if low - spread <= mean <= high + spread:
            return
        power_db = 10 * math.log10(mean) if mean else -math.inf
        self.refuse(
            f"its codes of '{images.name}' have a mean power of {power_db:.2f} dB per "
            f"real dimension, must be 0 dB within {TOLERANCE_DB:g} dB, or snr_db would "
            "not be the SNR; end its channel_encoder with l2_normalisation, or scale "
            "it for these images with average_power_normalisation"
        )

    def require_equal_lengths(self) -> None:
        """Raise ValueError unless all codes have one length, which no key hides."""
        if self.networks["channel_encoder"].layers[-1].kind != "l2_normalisation":
            self.refuse(
                "its codes have different lengths, which keys do not hide; end its "
                "channel_encoder with l2_normalisation, as semantic_mnist_per_message "
                "does"
            )

    def without_pair(self):
        """Return the link with its base alone, which is unchanged bit for bit."""
        base = {role: self.networks[role] for role in BASE}
        return dataclasses.replace(self, networks=base, keying="none")


def checked_shape(shape) -> tuple:
    """Return the shape of an image as whole numbers; ValueError if it is not one."""
    try:
        found = tuple(map(operator.index, shape))
    except (TypeError, ValueError):
        found = ()
    inside = all(1 <= extent <= 256 for extent in found[:2])
    if len(found) < 2 or not inside or found[2:] not in ((), (3,)):
        raise ValueError(
            "image_shape must be (rows, columns), each in 1..256, or (rows, columns, "
            f"3) in color, got {shape!r}; a semantic link has it"
        )
    return found
