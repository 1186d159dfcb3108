# SPDX-License-Identifier: GPL-3.0-or-later
"""An Eve who finds keyed bursts by their energy reads images, but not keyed ones."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from advphy_model.files import images
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.modem.frame import Frame

PROGRAM = Path(__file__).parents[1] / "examples" / "blind_eve.py"


@pytest.fixture(scope="module")
def blind_eve():
    spec = importlib.util.spec_from_file_location("blind_eve", PROGRAM)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


@pytest.mark.parametrize("late", [0, 1, 2777])
def test_the_power_tells_where_bursts_begin(blind_eve, late):
    link, data = SemanticLink.load("paired_arn_white"), images.load("mnist_sample")
    frame = Frame.of_model(link, codewords=64)
    bursts, own = (blind_eve.bursts_of(link, data, frame) for _ in range(2))
    sent = bursts.ravel()
    found = blind_eve.found_by_energy(np.roll(sent, late), frame, own)
    assert np.array_equal(found, sent)


def test_she_reads_what_no_key_hides(blind_eve):
    data = images.load("mnist_sample")
    plain, keyed = (
        blind_eve.shares(SemanticLink.load(name), data, 10.0, 1)
        for name in ("paired_arn_white", "keyed_arn")
    )
    assert plain["timing known"] > 0.6
    assert plain["energy"] > plain["timing known"] - 0.1
    assert plain["phase"] > 0.3
    labels = data.labeled()[-len(data) // 4 :]
    chance = np.bincount(labels).max() / len(labels)
    assert max(keyed.values()) < chance + 4 * np.sqrt(0.1 / len(labels))
