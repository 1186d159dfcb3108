# SPDX-License-Identifier: GPL-3.0-or-later
"""What Bob and Eve see: pictures behind each receiver, of one family of models."""

import dataclasses

import numpy as np
from advphy_model.files import images
from advphy_model.link.arn import BobModule
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.network.packed_network import PackedNetwork

from advphy_training import adaptation, eves_means
from advphy_training.arn_family import secret_of
from advphy_training.eve_report import seen_by

SNR_DB = 10.0


def rows(family, count=10) -> dict:
    """Return {label: images} of the first `count` test images.

    Args:
        family: arn_family.Family.
        count: pictures in a row.
    """
    tested = images.load("mnist_test").take(slice(0, count))
    white, keyed = family.pair("white"), family.keyed()
    setting = SemanticSetting(white, tested, SNR_DB, SNR_DB)
    y = semantic_chain.record(setting, count)
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


def _adapted(family, link, tested, known=50_000):
    """Return what an Eve sees who trained a decoder on known pictures."""
    sent = images.load("mnist_train")
    setting = SemanticSetting(
        link, sent, SNR_DB, SNR_DB, secret=secret_of(link), seed=100
    )
    intercepts = eves_means.labelled(setting, semantic_chain.record, known)
    which = np.arange(known) % len(sent)
    decoder, _ = adaptation.image_decoder(
        intercepts, sent.as_reals()[which], adaptation.Effort()
    )
    eve = family.adapted(link, SNR_DB)
    eve = dataclasses.replace(eve, networks=eve.networks | {"image_decoder": decoder})
    first = 0 if link.keying == "none" else -(-known // len(tested)) * len(tested)
    return seen_by(eve, setting, tested, first)
