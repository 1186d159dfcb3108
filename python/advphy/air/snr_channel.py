# SPDX-License-Identifier: GPL-3.0-or-later
"""SNR channel: noise at a set SNR for semantic codes, one block for each receiver."""

from advphy_model import power
from advphy_model.link.semantic_link import SemanticLink

from .channel import noisy_channel


class snr_channel(noisy_channel):
    """Pass semantic codes through a channel; Bob and Eve have one each.

    Input 0: codes, complex64 [n], mean x_i^2 = 1 per real dimension
    Input 1: perturbation, complex64 [n], optional; added after the noise
    Output: received vectors, complex64 [n]
    Tags:   "channel" on the first item under new settings: a dictionary with snr_db,
            noise_variance (per real dimension) and kind. The meters begin a new segment
            there.

    Args:
        model: semantic link, or its name or file; its n is used.
        snr_db: signal over noise power in dB; set_snr_db changes it at an item
            boundary.
        seed: seed of the noise; Bob's and Eve's channels need different seeds.
        first_block, kind, latency: see channel.
    """

    LEVEL = "snr_db"

    def __init__(
        self, model, snr_db=10.0, seed=1, first_block=0, kind="awgn", latency=6000
    ):
        n = SemanticLink.load(model).n
        noisy_channel.__init__(self, n, snr_db, seed, first_block, kind, latency)

    def noise_variance(self, snr_db):
        """Return the noise variance per real dimension at an SNR in dB."""
        return power.snr_noise_variance(snr_db)

    set_snr_db = noisy_channel.set_level
    snr_db = noisy_channel.level
