# SPDX-License-Identifier: GPL-3.0-or-later
"""A link that Sionna has trained and counted, imported and counted by us."""

from pathlib import Path

import numpy as np
import pytest
import torch
from advphy_model.link import decision
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.network import network
from advphy_model.power import noise_variance
from advphy_training.import_torch import link_from_torch

K = 6


@pytest.fixture(scope="module")
def theirs():
    with np.load(Path(__file__).with_name("sionna_link.npz")) as found:
        return dict(found)


@pytest.fixture(scope="module")
def link(theirs):
    layers = []
    for i in (0, 2, 4):
        weight, bias = theirs[f"{i}_weight"], theirs[f"{i}_bias"]
        layer = torch.nn.Linear(*weight.shape[::-1])
        layer.load_state_dict(
            {"weight": torch.tensor(weight), "bias": torch.tensor(bias)}
        )
        layers += [layer, torch.nn.ReLU()]
    return link_from_torch(
        "sionna",
        K,
        1,
        torch.nn.Sequential(*layers[:-1]),
        codebook=theirs["codebook"][:, None],
        bitwise=True,
    )


def test_one_ebn0_is_one_noise_variance(theirs):
    expected = float(theirs["noise_variance"])
    assert noise_variance(float(theirs["ebn0_db"]), K) == pytest.approx(expected, 1e-6)


def test_an_imported_decoder_gives_the_logits_of_sionna(theirs, link):
    *layers, of_bits = link.networks["decoder"].layers
    assert of_bits.kind == "dense"
    bits = network.Network(tuple(layers), (2,))
    assert np.allclose(network.run(bits, theirs["y"]), theirs["logits"], atol=1e-4)
    y = theirs["y"].copy().view(np.complex64)
    decided, erased = np.empty(len(y), np.uint8), np.empty(len(y), np.uint8)
    decision.decider(link).decide(y, decided, erased)
    clear = (np.abs(theirs["logits"]) > 1e-3).all(axis=1)
    expected = (theirs["logits"] > 0) @ (1 << np.arange(K)[::-1])
    assert clear.sum() > 900
    assert np.array_equal(decided[clear], expected[clear])


def test_both_count_the_same_error_rate(theirs, link):
    setting = LinkSetting(link, float(theirs["ebn0_db"]))
    (row,) = ranges.total(setting, StopRule(None, 2_000_000))
    errors, blocks = int(theirs["errors"]), int(theirs["blocks"])
    both = (errors + row.block_errors) / (blocks + row.blocks)
    deviation = (both * (1 - both) * (1 / blocks + 1 / row.blocks)) ** 0.5
    difference = row.block_errors / row.blocks - errors / blocks
    assert abs(difference) < 3.3 * deviation  # once in a thousand by chance
