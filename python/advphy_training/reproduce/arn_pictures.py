# SPDX-License-Identifier: GPL-3.0-or-later
"""Images decoded by Bob and Eve, for one family of models."""

import numpy as np
from advphy_model.files import images
from advphy_model.link.arn import BobModule
from advphy_model.measure import semantic_chain
from advphy_model.network.packed_network import PackedNetwork

from advphy_training.evaluate import adapted_eve, intercepts, secrecy
from advphy_training.reproduce.arn_models import RECORDED, setting_of

SNR_DB = 10.0


def rows(family, count=10) -> dict:
    """Return {label: images} of the first `count` test images.

    Args:
        family: arn_models.Family.
        count: number of images per row.
    """
    tested = images.load("mnist_test").take(slice(0, count))
    white, keyed = family.pair("white"), family.keyed()
    y = semantic_chain.record(setting_of(white, tested, SNR_DB, seed=1), count)
    clean = np.empty_like(y)
    BobModule(white).run(y, 0, clean)
    return {
        "original": tested.as_reals(),
        "Bob": _decoded(white, clean),
        "Bob without his module": _decoded(white, y),
        "static Eve's view": _decoded(family.base(), y),
        "adapted Eve": _adapted(family, white, tested),
        "adapted Eve, keyed": _adapted(family, keyed, tested),
    }


def _decoded(link, y):
    out = np.empty((len(y), link.pixels), np.float32)
    PackedNetwork(link.decoder, complex_input=True).run(y, out)
    return out


def _adapted(family, link, tested):
    """Return the images of an Eve who trained a decoder on known images."""
    setting = setting_of(link, images.load("mnist_train"), SNR_DB)
    recorded = intercepts.labeled(setting, semantic_chain.record, RECORDED)
    eve, effort = family.adapted(link, SNR_DB), adapted_eve.Effort()
    return secrecy.decoded_images(eve, setting, recorded, tested, effort)[1]
