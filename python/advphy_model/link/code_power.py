# SPDX-License-Identifier: GPL-3.0-or-later
"""Check of the power of the codes of a semantic link."""

import math

import numpy as np

from advphy_model.complex_baseband import to_reals
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.power import from_db

IMAGES = 512  # that are looked at
TOLERANCE_DB = 1.0  # of a link with average power, on images like those of its training


def require_unit_power(link, images) -> None:
    """Raise ValueError unless codes have mean x_i^2 = 1, which an SNR relies on.

    The mean over the first IMAGES images may be off by TOLERANCE_DB and by three
    standard errors.

    Args:
        link: SemanticLink.
        images: Images of the link's shape.
    """
    pixels = images.as_reals()[:IMAGES]
    x = np.empty((len(pixels), link.n), np.complex64)
    PackedNetwork(link.encoder, complex_output=True).run(pixels, x)
    powers = np.mean(to_reals(x, link.reals).astype(float) ** 2, axis=1)
    mean, spread = powers.mean(), 3 * powers.std() / math.sqrt(len(powers))
    if not math.isfinite(mean):
        return  # erasures, which are counted
    low, high = from_db(-TOLERANCE_DB), from_db(TOLERANCE_DB)
    if low - spread <= mean <= high + spread:
        return
    power_db = 10 * math.log10(mean) if mean else -math.inf
    link.refuse(
        f"its codes of '{images.name}' have a mean power of {power_db:.2f} dB per real "
        f"dimension, must be 0 dB within {TOLERANCE_DB:g} dB, or snr_db would not be "
        "the SNR; end its channel_encoder with l2_normalisation, or scale it for these "
        "images with average_power_normalisation"
    )
