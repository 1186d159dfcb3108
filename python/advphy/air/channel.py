# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel: noise at a set Eb/N0, which may change while the flowgraph runs."""

from advphy_model import power
from advphy_model.link.links import load

from .noisy_channel import TAG, noisy_channel

__all__ = ["TAG", "channel"]


class channel(noisy_channel):
    """Pass codewords through a channel.

    Input 0: codewords, complex64 [n]
    Input 1: perturbation, complex64 [n], optional; added after the noise
    Output: received vectors, complex64 [n]
    Tags:   "channel" on the first item under new settings: a dictionary with ebn0_db,
            noise_variance (per real dimension) and kind. The error counter begins a
            new segment there.

    Args:
        model: link model, or its name or file; its n and rate are used.
        ebn0_db: Eb/N0 in dB; set_ebn0_db changes it at an item boundary.
        seed: seed of the noise, a pure function of seed and index of the block.
        first_block: index of the first item.
        kind: channel, such as "awgn" or "rayleigh_block + cfo(frequency=0.01)"; see
            advphy_model/air/channels.
        latency: largest number of items in one call of work().
    """

    LEVEL = "ebn0_db"

    def __init__(
        self, model, ebn0_db=6.0, seed=1, first_block=0, kind="awgn", latency=65536
    ):
        model = load(model)
        self._rate = model.rate
        noisy_channel.__init__(
            self, "channel", model.n, ebn0_db, seed, first_block, kind, latency
        )

    def noise_variance(self, ebn0_db):
        """Return the noise variance per real dimension at an Eb/N0 in dB."""
        return power.noise_variance(ebn0_db, self._rate)

    def set_ebn0_db(self, ebn0_db):
        """Set the Eb/N0 in dB, from the next call of work() on."""
        self.set_level(ebn0_db)

    def ebn0_db(self):
        """Return the Eb/N0 in dB."""
        return self.level()
