# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks in files of their own, for the Neural Network block."""

import math
from dataclasses import dataclass, field

from advphy_model.link.model_file import Kind, StoredModel


@dataclass(frozen=True, eq=False, repr=False)
class NetworkFile(StoredModel):
    """A network by itself.

    Args:
        name: name for the user.
        networks: {"network": Network}.
        recipe: where it comes from; JSON values.

    Raises ValueError if there is not exactly one network.
    """

    name: str
    networks: dict
    recipe: dict = field(default_factory=dict)

    KIND = Kind(
        format="gr-advphy network 1",
        key="network",
        remedy="`advphy import` makes one",
        conventions={},
    )

    def __post_init__(self):
        if list(self.networks) != ["network"]:
            self.refuse(f"the roles are {sorted(self.networks)}, expected 'network'")

    @property
    def network(self):
        """Return the Network."""
        return self.networks["network"]

    @property
    def inputs(self) -> int:
        """Return the number of reals of one input."""
        return math.prod(self.network.input_shape)

    @property
    def outputs(self) -> int:
        """Return the number of reals of one output."""
        return math.prod(self.network.output_shape)
