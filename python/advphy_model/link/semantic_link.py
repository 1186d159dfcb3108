# SPDX-License-Identifier: GPL-3.0-or-later
"""What a semantic link consists of: networks by role, and what hides it from Eve."""

import dataclasses
import json
from dataclasses import dataclass, field

from advphy_model.complex_baseband import LAYOUT, channel_uses
from advphy_model.link.safetensors_file import content_hash
from advphy_model.network import description as network_description
from advphy_model.network.network import Network

BASE = ("semantic_encoder", "channel_encoder", "channel_decoder", "semantic_decoder")
PAIR = ("alice", "bob")
TRANSFORMS = ("none", "signs", "sign_permutation", "rotation")
POWER = "mean x_i^2 = 1 in every real dimension"


@dataclass(frozen=True, eq=False, repr=False)
class SemanticLink:
    """An image link, and the pair of modules that may be plugged into it [arn].

    Args:
        name: what the user calls it.
        image_shape: (rows, columns) of an image of values 0..1.
        networks: Network by role. The base: "semantic_encoder" (rows * columns reals
            to features) and "channel_encoder" (to the L reals of a code),
            "channel_decoder" and "semantic_decoder" (back to rows * columns). The pair:
            "alice" and "bob", the residuals F of [arn, eq. 15, 17], L reals to L.
        keying: "none", or the transform that a shared secret keys, once per message:
            "sign_permutation", "rotation" (or "signs", which hides little).
        recipe: how it was made and what it measured; JSON values.

    Raises:
        ValueError: naming what does not fit.
    """

    name: str
    image_shape: tuple
    networks: dict
    keying: str = "none"
    recipe: dict = field(default_factory=dict)

    def __post_init__(self):
        shape = tuple(int(extent) for extent in self.image_shape)
        object.__setattr__(self, "image_shape", shape)
        if len(shape) != 2 or not all(1 <= extent <= 256 for extent in shape):
            self._refuse(f"image_shape is {shape}, wanted (rows, columns) of 1..256")
        missing = [role for role in BASE if role not in self.networks]
        unknown = set(self.networks) - {*BASE, *PAIR}
        if missing or unknown:
            self._refuse(
                f"roles missing: {missing}, not known: {sorted(unknown)}; the base has "
                f"{BASE}, a pair {PAIR}"
            )
        if self.keying not in TRANSFORMS:
            self._refuse(
                f"keying '{self.keying}' is not known; there is {', '.join(TRANSFORMS)}"
            )
        if "alice" in self.networks and "bob" not in self.networks:
            self._refuse("there is an alice without a bob to undo what she does")
        if "alice" in self.networks and self.keying != "none":
            self._refuse("a keyed link has no learned alice")
        self._check_shapes()

    def _check_shapes(self):
        features = None
        for role in BASE:
            network = self.networks[role]
            wanted = (self.pixels,) if features is None else features
            if network.input_shape != wanted:
                self._refuse(f"the {role} takes {network.input_shape}, wanted {wanted}")
            features = network.output_shape
        if features != (self.pixels,):
            self._refuse(f"it returns {features}, wanted {(self.pixels,)}")
        code = self.networks["channel_encoder"].output_shape
        if len(code) != 1 or not 1 <= code[0] <= 8192:
            self._refuse(f"a code has shape {code}, wanted (L,) with L of 1..8192")
        for role in PAIR:
            network = self.networks.get(role)
            if network and (network.input_shape, network.output_shape) != (code, code):
                self._refuse(
                    f"{role} maps {network.input_shape} to {network.output_shape}, "
                    f"wanted {code} to {code}"
                )

    def _refuse(self, what):
        raise ValueError(f"semantic link '{self.name}': {what}")

    def __repr__(self):
        return f"{self.name} ({self.pixels} pixels on {self.reals} reals)"

    @property
    def pixels(self) -> int:
        """Return rows * columns."""
        return self.image_shape[0] * self.image_shape[1]

    @property
    def reals(self) -> int:
        """Return L, the real dimensions of a code."""
        return self.networks["channel_encoder"].output_shape[0]

    @property
    def n(self) -> int:
        """Return the channel uses of a code: L/2, rounded up."""
        return channel_uses(self.reals)

    @property
    def hides(self) -> bool:
        """Return whether there is a pair or a keyed transform."""
        return "alice" in self.networks or self.keying != "none"

    @property
    def encoder(self) -> Network:
        """Return semantic and channel encoder as one network, pixels to L reals."""
        return _joined(self.networks, BASE[:2])

    @property
    def decoder(self) -> Network:
        """Return channel and semantic decoder as one network, L reals to pixels."""
        return _joined(self.networks, BASE[2:])

    @property
    def sha256(self) -> str:
        """Return the hash of everything: description, shapes and every weight."""
        return content_hash(*describe(self))

    @property
    def base_sha256(self) -> str:
        """Return the hash of the base alone: equal before and after a pair is in."""
        base = {role: self.networks[role] for role in BASE}
        return content_hash(*network_description.describe(base))

    @property
    def pairing(self) -> str:
        """Return what Alice's and Bob's modules must have in common, 16 hex digits.

        It covers both residuals, the kind of keying and the base, but no secret.
        """
        pair = {role: net for role, net in self.networks.items() if role in PAIR}
        described, arrays = network_description.describe(pair)
        what = {"pair": described, "keying": self.keying, "base": self.base_sha256}
        return content_hash(what, arrays)[:16]

    def without_pair(self):
        """Return the base alone, bit for bit what it was before."""
        base = {role: self.networks[role] for role in BASE}
        return dataclasses.replace(self, networks=base, keying="none")


def _joined(networks, roles):
    """Return networks in series as one; layers are named role/layer."""
    layers = [
        dataclasses.replace(layer, name=f"{role}/{layer.name}")
        for role in roles
        for layer in networks[role].layers
    ]
    return Network(tuple(layers), networks[roles[0]].input_shape)


def require_pair(alice: SemanticLink, bob: SemanticLink) -> None:
    """Raise ValueError unless Bob's module undoes what Alice's does."""
    if alice.pairing != bob.pairing:
        raise ValueError(
            f"Alice's module is of '{alice.name}' (pairing {alice.pairing}), Bob's of "
            f"'{bob.name}' (pairing {bob.pairing}); give both the same semantic link"
        )


def describe(link: SemanticLink) -> tuple:
    """Return (JSON description, arrays by name) that say everything about a link."""
    networks, arrays = network_description.describe(link.networks)
    description = {
        "name": link.name,
        "image_shape": list(link.image_shape),
        "keying": link.keying,
        "power": POWER,
        "layout": LAYOUT,
        "networks": networks,
        "recipe": link.recipe,
    }
    return json.loads(json.dumps(description)), arrays


def from_description(description: dict, arrays: dict) -> SemanticLink:
    """Return the link of a description and its arrays; ValueError if they misfit."""
    for key, wanted in (("power", POWER), ("layout", LAYOUT)):
        if description[key] != wanted:
            raise ValueError(f"{key} is '{description[key]}', wanted '{wanted}'")
    return SemanticLink(
        name=description["name"],
        image_shape=tuple(description["image_shape"]),
        networks=network_description.restore(description["networks"], arrays),
        keying=description["keying"],
        recipe=description["recipe"],
    )
