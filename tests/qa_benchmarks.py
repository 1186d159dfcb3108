# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench compares does the same work: same decisions, logits, errors."""

import numpy as np
import pytest
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links
from advphy_model.measure import semantic_chain
from advphy_model.network import network

pytest.importorskip("gnuradio", reason="flowgraphs are compared")
pytest.importorskip("torch", reason="torch is what they are compared with")
from advphy_benchmarks import (
    displays,
    link_loop,
    races,
    semantic_link,
    torch_and_onnx,
)


def received(model, rng, count=300):
    sent = rng.integers(model.M, size=count)
    noise = rng.normal(size=(count, model.n)) + 1j * rng.normal(size=(count, model.n))
    return (model.codebook[sent] + 0.5 * noise).astype(np.complex64)


def test_the_torch_contestant_decides_as_the_model_does(rng):
    model = links.load("autoencoder_mlp")
    y = received(model, rng)
    expected = network.run(model.networks["decoder"], to_reals(y)).argmax(axis=1)
    assert np.array_equal(torch_and_onnx.torch_decoder(model)(y), expected)


def test_the_onnx_contestant_computes_the_same_logits(rng):
    onnxruntime = pytest.importorskip("onnxruntime", reason="it is compared with")
    model = links.load("autoencoder_cnn")
    y = to_reals(received(model, rng))
    decoder = model.networks["decoder"]
    session = onnxruntime.InferenceSession(
        torch_and_onnx.to_onnx(decoder), None, ["CPUExecutionProvider"]
    )
    (logits,) = session.run(None, {"x": y})
    expected = network.run(decoder, y)
    assert np.allclose(logits, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_torch_chain_does_the_work_of_the_semantic_one():
    setting = semantic_link.setting_of("paired_arn_white", "eve_mnist")
    frames = 4000
    squared_error, correct = semantic_link.torch_chain(setting, frames)
    ours = semantic_chain.total(setting, frames)
    # Other noise on the same images: the standard error of the difference of two
    # accuracies near 0.44 over 4000 frames is 0.011 at most.
    assert abs(correct - ours["eve"].correct) / frames < 4 * 0.011
    assert abs(squared_error / ours["bob"].squared_error - 1) < 0.02


def test_keying_is_all_that_the_keyed_rates_differ_in():
    rates = semantic_link.keyed_rates(frames=100)
    plain, keyed = (rates[name].args[0] for name in ("plain", "keyed"))
    assert (plain.pair, keyed.pair) == ("none", "sign_permutation")
    assert "bob" not in keyed.link.networks


def test_ratios_are_formed_within_a_round():
    drift = iter([1.0, 2.0, 10.0, 20.0, 100.0, 200.0])
    contestants = {"theirs": lambda: next(drift), "ours": lambda: next(drift)}
    rates = races.rates_in_turn(contestants, range(3))
    assert rates == {"theirs": [1, 10, 100], "ours": [2, 20, 200]}
    assert races.median_ratio(rates, "ours", "theirs") == 2.0


def test_the_modem_receives_what_it_should_while_it_is_timed():
    assert set(link_loop.modem_rates()) == {"sending", "searching", "locked"}


def test_every_ratio_is_of_contestants_that_run():
    pytest.importorskip("PyQt5", reason="displays are shown")
    for one in races.races([]):
        names = {name for pair in one.ratios.values() for name in pair}
        assert names <= one.contestants().keys()
        assert set(one.reported) <= one.contestants().keys()


def test_displays_are_shown_while_a_stream_is_timed():
    pytest.importorskip("PyQt5", reason="displays are shown")
    frames = []
    model = links.load("autoencoder_mlp")
    rates = displays.displayed_rates(model, seconds=0.3, frames=frames)
    rates["undisplayed"]()
    assert frames == []
    rates["displayed"]()
    assert len(frames) == 1
