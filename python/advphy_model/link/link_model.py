# SPDX-License-Identifier: GPL-3.0-or-later
"""Link models: a codebook, a decision rule, networks by role and a recipe."""

import dataclasses

import numpy as np

from advphy_model.complex_baseband import LAYOUT, to_reals
from advphy_model.link import baselines
from advphy_model.link.model_file import Kind, StoredModel, content_hash
from advphy_model.power import mean_energy

DECISIONS = ("network", "nearest_codeword", "hard_decision")
ROLES = ("encoder", "decoder")
NEAREST = ":nearest_codeword"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LinkModel(StoredModel):
    """A link that sends k bits over n channel uses.

    Args:
        name: name for the user.
        k: bits per message, 1..8.
        n: channel uses (complex symbols) per codeword, 1..4096.
        codebook: complex64 [M, n], row s belongs to message s; mean energy n.
        decision: "network" (argmax of the decoder), "nearest_codeword", or
            "hard_decision" (signs of the real parts; only for binary codebooks).
        networks: Network by role. The decoder maps [2n] reals to M logits, the encoder
            M one-hot vectors to [2n] reals, which the codebook has.
        recipe: training settings and measured results; JSON values.

    Raises ValueError if an argument is out of range or does not match the others.
    """

    name: str
    k: int
    n: int
    codebook: np.ndarray
    decision: str
    networks: dict = dataclasses.field(default_factory=dict)
    recipe: dict = dataclasses.field(default_factory=dict)

    KIND = Kind(
        format="gr-advphy link model 1",
        key="link",
        remedy="advphy_training.import_torch makes one from your own network",
        conventions={"power": "mean ||x||^2 = n over the codebook", "layout": LAYOUT},
        complex_arrays=("codebook",),
    )

    def __post_init__(self):
        codebook = np.ascontiguousarray(self.codebook, np.complex64)
        codebook.setflags(write=False)
        object.__setattr__(self, "codebook", codebook)
        self._check()

    def __repr__(self):
        return f"{self.name} (k={self.k}, n={self.n})"

    def _check(self):
        if self.k not in range(1, 9):
            self.refuse(f"k must be 1..8 bits (a message is a byte), got {self.k}")
        if self.n not in range(1, 4097):
            self.refuse(f"n must be 1..4096 channel uses, got {self.n}")
        shape, wanted = self.codebook.shape, (self.M, self.n)
        if shape != wanted:
            self.refuse(f"codebook has shape {shape}, expected (M, n) = {wanted}")
        if not np.all(np.isfinite(self.codebook.view(np.float32))):
            self.refuse("codebook must be finite, got NaN or infinity; train it again")
        energy = mean_energy(self.codebook)
        if abs(energy / self.n - 1) > 1e-3:
            self.refuse(
                f"mean energy of the codebook must be n = {self.n}, got {energy:.4g}; "
                "scale the codebook by sqrt(n / energy)"
            )
        self.require_known("decision", self.decision, DECISIONS)
        shapes = (self.M,), (2 * self.n,)
        for role in self.networks:
            self.require_known("role", role, ROLES)
            self.require_shapes(role, *shapes[:: -1 if role == "decoder" else 1])
        if self.decision == "network" and "decoder" not in self.networks:
            self.refuse("decision 'network' needs a network with the role 'decoder'")

    @property
    def M(self) -> int:
        """Return the number of messages 2^k."""
        return 2**self.k

    @property
    def rate(self) -> float:
        """Return the rate k/n in bits per channel use."""
        return self.k / self.n

    @property
    def code_sha256(self) -> str:
        """Return the hash of what is sent: of the codebook, not of the decision."""
        return content_hash({}, {"codebook": to_reals(self.codebook)})

    def with_nearest_codeword(self):
        """Return a link with the same codebook and the nearest-codeword decision."""
        return dataclasses.replace(
            self, name=f"{self.name}{NEAREST}", decision="nearest_codeword", networks={}
        )

    @classmethod
    def find(cls, given: str):
        """Return the link with a name or from a file, or None if there is none.

        The suffix ":nearest_codeword" gives the link `with_nearest_codeword`.
        """
        plain, made = given.removesuffix(NEAREST), baselines.table("LINKS")
        found = made[plain]() if plain in made else super().find(plain)
        if found is None or plain == given:
            return found
        return found.with_nearest_codeword()
