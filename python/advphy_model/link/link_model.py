# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link consists of: a codebook, how to decide, networks by role, a recipe."""

import dataclasses
import json
from dataclasses import dataclass, field

import numpy as np

from advphy_model.complex_baseband import LAYOUT, to_complex, to_reals
from advphy_model.link.safetensors_file import content_hash
from advphy_model.network import description as network_description
from advphy_model.power import mean_energy

DECISIONS = ("network", "nearest_codeword", "hard_decision")
ROLES = ("encoder", "decoder")
POWER = "mean ||x||^2 = n over the codebook"


@dataclass(frozen=True, eq=False, repr=False)
class LinkModel:
    """A link of k bits over n channel uses.

    Args:
        name: what the user calls it.
        k: bits per message, 1..8.
        n: channel uses, complex symbols per codeword.
        codebook: [M, n] complex64, row s belongs to message s; mean energy n.
        decision: "network" (argmax of the decoder), "nearest_codeword", or
            "hard_decision" (signs of the real parts; binary codebooks).
        networks: Network by role; the decoder maps [2n] reals to M logits, the encoder
            the M one-hot vectors to [2n] reals. The codebook is the frozen encoder.
        recipe: how it was made and what it measured; JSON values.

    Raises:
        ValueError: naming what does not fit.
    """

    name: str
    k: int
    n: int
    codebook: np.ndarray
    decision: str
    networks: dict = field(default_factory=dict)
    recipe: dict = field(default_factory=dict)

    def __post_init__(self):
        codebook = np.ascontiguousarray(self.codebook, np.complex64)
        codebook.setflags(write=False)
        object.__setattr__(self, "codebook", codebook)
        self._check_code()
        self._check_networks()

    def __repr__(self):
        return f"{self.name} (k={self.k}, n={self.n})"

    def _check_code(self):
        if self.k not in range(1, 9):
            raise ValueError(
                f"link '{self.name}': k = {self.k} bits per message, wanted 1..8 "
                "(a message is a byte)"
            )
        if self.n not in range(1, 4097):
            raise ValueError(
                f"link '{self.name}': n = {self.n} channel uses, wanted 1..4096"
            )
        if self.codebook.shape != (self.M, self.n):
            raise ValueError(
                f"link '{self.name}': codebook has shape {self.codebook.shape}, wanted "
                f"(M, n) = {(self.M, self.n)}"
            )
        if not np.all(np.isfinite(self.codebook.view(np.float32))):
            raise ValueError(f"link '{self.name}': the codebook is not finite")
        energy = mean_energy(self.codebook)
        if abs(energy / self.n - 1) > 1e-3:
            raise ValueError(
                f"link '{self.name}': mean energy of the codebook is {energy:.4g}, "
                f"wanted n = {self.n}; scale it by sqrt(n / energy)"
            )
        if self.decision not in DECISIONS:
            raise ValueError(
                f"link '{self.name}': decision '{self.decision}' is not known; "
                f"there is {', '.join(DECISIONS)}"
            )

    def _check_networks(self):
        for role, network in self.networks.items():
            if role not in ROLES:
                raise ValueError(
                    f"link '{self.name}': role '{role}' is not known; "
                    f"there is {', '.join(ROLES)}"
                )
            inputs, outputs = ((self.M,), (2 * self.n,))
            if role == "decoder":
                inputs, outputs = outputs, inputs
            if (network.input_shape, network.output_shape) != (inputs, outputs):
                raise ValueError(
                    f"link '{self.name}': the {role} maps {network.input_shape} to "
                    f"{network.output_shape}, wanted {inputs} to {outputs}"
                )
        if self.decision == "network" and "decoder" not in self.networks:
            raise ValueError(
                f"link '{self.name}': decision 'network' needs a network with the role "
                "'decoder'"
            )

    @property
    def M(self) -> int:
        """Return the number of messages 2^k."""
        return 2**self.k

    @property
    def rate(self) -> float:
        """Return k/n, bits per channel use."""
        return self.k / self.n

    @property
    def sha256(self) -> str:
        """Return the hash of the whole model: description, shapes and every weight."""
        return content_hash(*describe(self))

    def with_nearest_codeword(self):
        """Return the same codebook with the nearest-codeword decision."""
        return dataclasses.replace(
            self,
            name=f"{self.name}:nearest_codeword",
            decision="nearest_codeword",
            networks={},
        )


def describe(model: LinkModel) -> tuple:
    """Return (JSON description, arrays by name) that say everything about a link."""
    arrays = {"codebook": to_reals(model.codebook)}
    networks, weights = network_description.describe(model.networks)
    description = {
        "name": model.name,
        "k": model.k,
        "n": model.n,
        "decision": model.decision,
        "power": POWER,
        "layout": LAYOUT,
        "networks": networks,
        "recipe": model.recipe,
    }
    return json.loads(json.dumps(description)), arrays | weights


def from_description(description: dict, arrays: dict) -> LinkModel:
    """Return the link of a description and its arrays; ValueError if they misfit."""
    for key, wanted in (("power", POWER), ("layout", LAYOUT)):
        if description[key] != wanted:
            raise ValueError(f"{key} is '{description[key]}', wanted '{wanted}'")
    return LinkModel(
        name=description["name"],
        k=description["k"],
        n=description["n"],
        codebook=to_complex(arrays["codebook"]),
        decision=description["decision"],
        networks=network_description.restore(
            description["networks"], arrays, ["codebook"]
        ),
        recipe=description["recipe"],
    )
