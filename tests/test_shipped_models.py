# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped models: what they must reach, and that three ways decide the same."""

import re

import numpy as np
import pytest
from advphy_model import randomness
from advphy_model.complex_baseband import to_reals
from advphy_model.link import decision, links
from advphy_model.measure.error_rate import StopRule
from advphy_model.network import inference, network
from advphy_model.power import noise_sigma

from .counting import counted

TRAINED = [name for name in links.names() if "scheme" in links.load(name).recipe]
LEARNED = [name for name in TRAINED if links.load(name).decision == "network"]


def bler(name, ebn0_db, min_errors=2000):
    rule = StopRule(min_errors, 10**8)
    row = counted(links.load(name), ebn0_db, rule, seed=5)
    return row.block_errors / row.blocks


@pytest.mark.parametrize("name", TRAINED)
def test_a_model_has_its_recipe_and_what_it_measured(name):
    model = links.load(name)
    assert model.name == name
    command = rf"advphy train {model.recipe['scheme']} --seed \d+( --set \w+=\S+)*"
    assert re.fullmatch(command, model.recipe["command"])
    for how, rows in model.recipe["measured"].items():
        link = model if how == model.decision else model.with_nearest_codeword()
        for row in rows[4:6]:  # noise of another seed must agree
            p, n = row["block_errors"] / row["blocks"], 300_000
            errors = counted(link, row["ebn0_db"], n, seed=6).block_errors
            sigma = (n * p + n**2 * p / row["blocks"]) ** 0.5
            assert abs(errors - n * p) < 4 * sigma + 1


@pytest.mark.parametrize("name", ["autoencoder_mlp", "autoencoder_cnn"])
def test_bler_of_one_in_a_thousand_by_five_and_a_half_db(name):
    assert bler(name, 6.0) < 1e-3  # wanted
    assert bler(name, 5.5) < 1e-3  # the stretch; Rankin's bound allows 5.23


@pytest.mark.parametrize("name", ["autoencoder_mlp", "autoencoder_cnn"])
def test_own_decoder_is_within_a_tenth_of_a_db_of_the_nearest_codeword(name):
    at = 5.3  # where BLER is about 1e-3
    assert bler(name, at + 0.1) < bler(f"{name}:nearest_codeword", at)


@pytest.mark.parametrize("name", LEARNED)
def test_numpy_decides_the_same_but_for_ties(name):
    model, n = links.load(name), 20_000
    y = np.empty((n, model.n), np.complex64)
    decision.encoder(model).look_up(randomness.messages(1, 0, n, model.k), y)
    y += np.float32(noise_sigma(3.0, model.rate)) * randomness.noise(1, 0, n, model.n)
    decided, erased = np.empty(n, np.uint8), np.empty(n, np.uint8)
    decision.decider(model).decide(y, decided, erased)
    decoder, parts = model.networks["decoder"], np.split(to_reals(y), 4)
    logits = np.concatenate([network.run(decoder, part) for part in parts])
    best = np.sort(logits, axis=1)[:, -2:]
    tie = best[:, 1] - best[:, 0] < 1e-5 * np.abs(best[:, 1])
    assert np.array_equal(decided[~tie], logits.argmax(axis=1)[~tie])
    assert tie.sum() < 5  # counted: a few in 100 000


def test_layers_that_the_kernels_lack_are_decided_in_numpy(monkeypatch, caplog):
    model = links.load("autoencoder_cnn")
    y = 2 * randomness.noise(1, 0, 1000, 7)
    y[17, 3] = np.nan
    found = []
    for known in (inference.known_layers(), ["dense"]):
        monkeypatch.setattr(inference, "known_layers", lambda known=known: known)
        decided, erased = np.empty(1000, np.uint8), np.empty(1000, np.uint8)
        assert decision.decider(model).decide(y, decided, erased) == 1
        found.append((decided.tolist(), erased.tolist()))
    assert found[0] == found[1]
    assert "the kernels do not know conv2d" in caplog.text
