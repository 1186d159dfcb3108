# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of a transformer: torch's own encoder, formulas, gradients."""

import numpy as np
import pytest
import torch
from advphy_model.network import inference
from advphy_model.network.layers import layer_normalisation
from advphy_model.network.network import Layer, Network, run
from advphy_training.schemes.paired_arn import transformer_block
from advphy_training.torch_network import TorchNetwork

TOKENS, WIDTH, HIDDEN = 7, 6, 11


def theirs():
    """Return torch's encoder layer, without the biases that ours has not."""
    torch.manual_seed(5)
    layer = torch.nn.TransformerEncoderLayer(
        WIDTH, 1, HIDDEN, dropout=0.0, batch_first=True, norm_first=True
    )
    with torch.no_grad():
        for norm in (layer.norm1, layer.norm2):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.uniform_(-0.5, 0.5)
        for layer_bias in (layer.linear1.bias, layer.linear2.bias):
            layer_bias.uniform_(-0.5, 0.5)
        layer.self_attn.in_proj_bias.zero_()
        layer.self_attn.out_proj.bias.zero_()
    return layer


def ours(layer):
    """Return self_attention and feed_forward with the weights of torch's layer."""
    attention = layer.self_attn
    query, key, value = attention.in_proj_weight.reshape(3, WIDTH, WIDTH)

    def made(kind, name, norm, **tensors):
        tensors |= {"scale": norm.weight, "shift": norm.bias}
        arrays = {name: tensor.detach().numpy() for name, tensor in tensors.items()}
        return Layer(kind, name, arrays)

    held = {"query": query, "key": key, "value": value}
    held |= {"output": attention.out_proj.weight}
    forward = {"inner": layer.linear1.weight, "inner_bias": layer.linear1.bias}
    forward |= {"outer": layer.linear2.weight, "outer_bias": layer.linear2.bias}
    layers = (
        made("self_attention", "attention", layer.norm1, **held),
        made("feed_forward", "forward", layer.norm2, **forward),
    )
    return Network(layers, (TOKENS, WIDTH))


def test_attention_and_forward_are_an_encoder_layer_of_torch(rng):
    layer = theirs()
    x = (2 * rng.normal(size=(9, TOKENS, WIDTH))).astype(np.float32)
    expected = layer(torch.tensor(x)).detach().numpy()
    network = ours(layer)
    assert np.abs(expected - x).max() > 0.5
    assert np.allclose(run(network, x), expected, atol=2e-6)
    assert np.allclose(
        TorchNetwork(network)(torch.tensor(x)).detach().numpy(), expected, atol=2e-6
    )


def test_gradients_are_those_of_torch(rng):
    layer = theirs()
    network = TorchNetwork(ours(layer))
    x = torch.tensor(rng.normal(size=(4, TOKENS, WIDTH)).astype(np.float32))
    weight = torch.tensor(rng.normal(size=(4, TOKENS, WIDTH)).astype(np.float32))
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    (layer(one) * weight).sum().backward()
    (network(other) * weight).sum().backward()
    assert torch.allclose(one.grad, other.grad, atol=2e-5)
    held = {
        name.removeprefix("_held."): p.grad for name, p in network.named_parameters()
    }
    pairs = [
        (layer.norm1.weight.grad, "attention:scale"),
        (layer.norm2.bias.grad, "forward:shift"),
        (layer.self_attn.in_proj_weight.grad[:WIDTH], "attention:query"),
        (layer.self_attn.in_proj_weight.grad[-WIDTH:], "attention:value"),
        (layer.self_attn.out_proj.weight.grad, "attention:output"),
        (layer.linear1.weight.grad, "forward:inner"),
        (layer.linear2.bias.grad, "forward:outer_bias"),
    ]
    for expected, name in pairs:
        assert torch.allclose(held[name], expected, atol=1e-4), name


def test_normalized_tokens_have_mean_zero_and_variance_one(rng):
    x = 3 + 5 * rng.normal(size=(4, 7, 50))
    y = layer_normalisation(x, np.full(50, 2.0), np.full(50, 0.5))
    assert np.allclose(y.mean(axis=2), 0.5)
    assert np.allclose(y.var(axis=2), 4, rtol=1e-5)
    flat = layer_normalisation(np.full((1, 3, 4), 7.0), np.ones(4), np.zeros(4))
    assert np.array_equal(flat, np.zeros((1, 3, 4)))  # epsilon: no division by zero


def test_a_token_is_its_feature_times_a_vector_and_its_place():
    place = np.array([[0.0, 1], [2, 3]])
    held = {"weight": np.array([1.0, 10.0]), "position": place}
    layer = Layer("token_embedding", "t", held)
    found = layer(np.array([[5.0, -1.0]]))
    assert found.tolist() == [[[5.0, 51.0], [1.0, -7.0]]]


def test_attention_does_not_care_for_the_order_of_tokens(rng):
    network = ours(theirs())
    x = rng.normal(size=(3, TOKENS, WIDTH)).astype(np.float32)
    order = rng.permutation(TOKENS)
    assert np.allclose(run(network, x[:, order]), run(network, x)[:, order], atol=1e-5)


@pytest.mark.parametrize("reals", [5, 23])
def test_a_transformer_block_is_the_same_in_numpy_and_torch(reals, rng):
    block = transformer_block(reals, np.random.default_rng(3))
    assert block.output_shape == (reals,)
    assert inference.kernel_or_none(block, "it") is None
    x = rng.normal(size=(40, reals)).astype(np.float32)
    exported = TorchNetwork(block).export()
    exact = run(exported, x.astype(np.float64))
    for found in (
        run(exported, x),
        TorchNetwork(block)(torch.tensor(x)).detach().numpy(),
    ):
        assert np.allclose(found, exact, atol=1e-5)
