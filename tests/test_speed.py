# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench compares does the same work: same decisions, same logits."""

import numpy as np
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links
from advphy_model.measure import semantic_chain, speed
from advphy_model.modem import speed as modem_speed
from advphy_model.network import network
from advphy_training import speed as torch_speed


def received(model, rng, count=300):
    sent = rng.integers(model.M, size=count)
    noise = rng.normal(size=(count, model.n)) + 1j * rng.normal(size=(count, model.n))
    return (model.codebook[sent] + 0.5 * noise).astype(np.complex64)


def test_the_torch_contestant_decides_as_the_model_does(rng):
    model = links.load("autoencoder_mlp")
    y = received(model, rng)
    expected = network.run(model.networks["decoder"], to_reals(y)).argmax(axis=1)
    assert np.array_equal(torch_speed.torch_decoder(model)(y), expected)


def test_the_onnx_contestant_computes_the_same_logits(rng):
    import onnxruntime

    model = links.load("autoencoder_cnn")
    y = to_reals(received(model, rng))
    session = onnxruntime.InferenceSession(
        torch_speed.to_onnx(model.networks["decoder"]), None, ["CPUExecutionProvider"]
    )
    (logits,) = session.run(None, {"x": y})
    expected = network.run(model.networks["decoder"], y)
    assert np.allclose(logits, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_ratios_are_formed_within_a_round():
    drift = iter([1.0, 2.0, 10.0, 20.0, 100.0, 200.0])
    contestants = {"theirs": lambda: next(drift), "ours": lambda: next(drift)}
    rates, ratios = speed.median_ratios(contestants, "theirs", rounds=3)
    assert ratios == {"theirs": 1.0, "ours": 2.0}
    assert rates == {"theirs": 10.0, "ours": 20.0}


def test_the_modem_takes_samples_and_receives_what_it_should():
    found = modem_speed.rates()
    assert set(found) == {"sending", "searching", "locked"}
    assert all(rate > 0 for rate in found.values())


def test_the_torch_chain_does_the_work_of_the_engine():
    from advphy_training.semantic_speed import TorchChain
    from gnuradio.advphy import semantic_speed

    setting = semantic_speed.setting_of("paired_arn_white", "eve_mnist")
    squared_error, correct = TorchChain(setting).run(4000)
    ours = semantic_chain.total(setting, 4000)
    # Other noise on the same images: the standard error of the difference of two
    # accuracies near 0.44 over 4000 frames is 0.011 at most.
    assert abs(correct - ours["eve"].correct) / 4000 < 4 * 0.011
    assert abs(squared_error / ours["bob"].squared_error - 1) < 0.02


def test_keying_is_all_that_the_keyed_rates_differ_in():
    from gnuradio.advphy import semantic_speed

    rates = semantic_speed.keyed_rates(frames=100)
    plain, keyed = (rates[name].args[0] for name in ("plain", "keyed"))
    assert (plain.pair, keyed.pair) == ("none", "sign_permutation")
    assert "bob" not in keyed.link.networks
