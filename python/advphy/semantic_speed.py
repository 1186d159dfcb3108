# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a semantic link streams: image source to meters, Bob's branch and Eve's."""

import dataclasses
import functools
import time

from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.semantic_chain import SemanticSetting

from . import semantic_engine

SNR_DB = 10.0
_ANY_SECRET = bytes(32)


def setting_of(link, eve, **given):
    """Return what speed is measured with: Bob's branch and Eve's."""
    return SemanticSetting(
        SemanticLink.load(link),
        images.load(images.SAMPLE),
        SNR_DB,
        SNR_DB,
        Eve.load(eve),
        branches=("bob", "eve"),
        **given,
    )


def chain_rate(setting, frames=100_000):
    """Return frames per second through the flowgraph, start and end included."""
    rule, rows = StopRule(None, frames), setting.rows("flowgraph", 0)
    begun = time.perf_counter()
    list(semantic_engine.counted(setting, rows, rule))
    return frames / (time.perf_counter() - begun)


def keyed_rates(frames=100_000):
    """Return {name: function of a rate} with and without keying by sign-permutation.

    Bob has no denoiser in either, so that the keying is all that differs.
    """
    keyed = setting_of(
        "keyed_arn_permutation", "eve_mnist_per_message", secret=_ANY_SECRET
    )
    networks = {role: net for role, net in keyed.link.networks.items() if role != "bob"}
    keyed = dataclasses.replace(
        keyed, link=dataclasses.replace(keyed.link, networks=networks)
    )
    plain = dataclasses.replace(keyed, alice=False)
    return {
        "plain": functools.partial(chain_rate, plain, frames),
        "keyed": functools.partial(chain_rate, keyed, frames),
    }
