# SPDX-License-Identifier: GPL-3.0-or-later
"""numpy, the kernels and torch agree on random networks; torch's own layers too."""

import dataclasses

import numpy as np
import pytest
import torch
from advphy_model import kernels
from advphy_model.network import inference
from advphy_model.network.layers import LAYERS
from advphy_model.network.network import Layer, Network, run
from advphy_training.torch_network import TorchNetwork


def affine(rng, kind, name, shape, **attributes):
    bound = (1 / np.prod(shape[1:])) ** 0.5
    parameters = {
        "weight": rng.normal(size=shape) * bound,
        "bias": rng.normal(size=shape[0]),
    }
    parameters = {key: value.astype(np.float32) for key, value in parameters.items()}
    return Layer(kind, name, parameters, attributes)


def random_network(rng):
    """Return a network of random layers, and the kinds it has."""
    shape, layers = (int(rng.integers(1, 40)),), []
    first = shape

    def add(layer):
        nonlocal shape
        layers.append(layer)
        shape = Network(tuple(layers), first).output_shape

    def some(least, below, *size):
        return rng.integers(least, below, *size).tolist()

    for depth in range(some(1, 5)):
        choice, width, name = some(0, 3), shape[0], f"conv{depth}"
        if choice == 0:
            add(affine(rng, "dense", f"dense{depth}", (some(1, 40), width)))
        elif choice == 1:
            add(Layer("reshape", f"row{depth}", {}, {"shape": [1, width]}))
            taps = some(1, 7)
            how = {"padding": some(taps // 2, taps + 2, 2), "stride": [some(1, 3)]}
            add(affine(rng, "conv1d", name, (some(1, 6), 1, taps), **how))
        else:
            rows = 2 if width % 2 == 0 else 1
            plane = {"shape": [1, rows, width // rows]}
            add(Layer("reshape", f"plane{depth}", {}, plane))
            size = some(1, 4, 2)
            padding = [p for s in size for p in some(s // 2, s + 1, 2)]
            how = {"padding": padding, "stride": [1, 1 + depth % 2]}
            add(affine(rng, "conv2d", name, (some(1, 6), 1, *size), **how))
        own = {"elu": {"alpha": float(rng.uniform(0.5, 2))}}
        own |= {"leaky_relu": {"slope": 0.2}, "gelu": {"tangent": bool(depth % 2)}}
        kinds = ("relu", "elu", "leaky_relu", "gelu", "silu", "tanh", "none")
        if (kind := str(rng.choice(kinds))) != "none":
            add(Layer(kind, f"{kind}{depth}", {}, own.get(kind, {})))
        if depth == 1:
            add(Layer("multiply", "factor", {"y": np.array([-0.7], np.float32)}))
        if len(shape) > 1:
            add(Layer("flatten", f"flatten{depth}"))
        sizes = {
            layer.name: np.size(layer.parameters["bias"])
            for layer in layers
            if layer.kind == "dense"
        }
        same = [name for name, size in sizes.items() if (size,) == shape]
        for name in same:  # a sum with each earlier output of this size
            pair = [name, layers[-1].name]
            rng.shuffle(pair)
            add(Layer("add", f"sum{depth}_{name}", inputs=pair))
        if same and depth % 2:  # a branch
            branch = affine(rng, "dense", f"branch{depth}", (shape[0], shape[0]))
            last = layers[-1].name
            add(dataclasses.replace(branch, inputs=(same[0],)))
            add(Layer("add", f"both{depth}", inputs=(last, branch.name)))
    end = rng.choice(["sigmoid", "softmax", "l2", "power", "none"])
    if end in ("sigmoid", "softmax"):
        add(Layer(end, end))
    elif end == "l2":
        # After a ReLU everything may be 0, which has no direction.
        add(affine(rng, "dense", "last", (8, shape[0])))
        add(Layer("l2_normalisation", "l2", {}, {"energy": 7.0}))
    elif end == "power":
        scale = {"scale": np.array([0.3], np.float32)}
        add(Layer("average_power_normalisation", "power", scale, {"energy": 7.0}))
    return Network(tuple(layers), first)


def test_a_hundred_random_networks_agree_in_numpy_kernels_and_torch(rng):
    seen = set()
    for _ in range(100):
        network = random_network(rng)
        seen |= {layer.kind for layer in network.layers}
        x = rng.normal(size=(37, *network.input_shape)).astype(np.float32)
        expected = run(network, x)
        # In double precision, so that the tolerance bounds the error of each.
        exact = run(network, x.astype(np.float64)).reshape(37, -1)
        size = np.abs(exact).max() + 1e-30
        out = np.empty(expected.shape, np.float32)
        compiled = inference.kernel_network(network)
        for name in kernels.instruction_sets():
            kernels.choose_instruction_set(name)
            compiled.run(x, out)
            assert np.max(np.abs(out.reshape(37, -1) - exact) / size) < 1e-5, network
        kernels.choose_instruction_set(kernels.instruction_sets()[0])
        assert np.max(np.abs(expected.reshape(37, -1) - exact) / size) < 1e-5
        theirs = TorchNetwork(network)(torch.tensor(x)).detach().numpy()
        theirs = theirs.reshape(37, -1)
        assert np.max(np.abs(theirs - exact) / size) < 1e-5
    assert seen == set(inference.known_layers()) <= set(LAYERS)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Layer("elu", "a", {}, {"alpha": 0.7}), torch.nn.ELU(0.7)),
        (Layer("relu", "a"), torch.nn.ReLU()),
        (Layer("sigmoid", "a"), torch.nn.Sigmoid()),
        (Layer("softmax", "a"), torch.nn.Softmax(1)),
    ],
)
def test_activations_are_those_of_torch(ours, theirs, rng):
    x = rng.normal(size=(9, 5)).astype(np.float32) * 3
    expected = theirs(torch.tensor(x)).numpy()
    assert np.allclose(ours(x), expected, rtol=1e-6, atol=1e-7)


def test_convolution_is_that_of_scipy(rng):
    from scipy.signal import correlate2d

    x = rng.normal(size=(1, 3, 5, 6))
    weight = rng.normal(size=(2, 3, 2, 3))
    layer = Layer("conv2d", "c", {"weight": weight, "bias": np.array([0.5, -1.0])})
    for f in range(2):
        expected = sum(correlate2d(x[0, c], weight[f, c], "valid") for c in range(3))
        assert np.allclose(layer(x)[0, f], expected + [0.5, -1.0][f])


def test_average_power_is_that_of_the_batch_until_it_is_frozen(rng):
    x = rng.normal(size=(16, 14))
    y = Layer("average_power_normalisation", "p", {}, {"energy": 7.0})(x)
    assert np.mean(np.sum(y**2, axis=1)) == pytest.approx(7)


def dense_layer(name, shape, value=1.0):
    weight = {"weight": np.full(shape, value), "bias": np.ones(shape[0])}
    return Layer("dense", name, weight)


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ([dense_layer("wide", (3, 5))], "layer 'wide'"),
        ([Layer("relu", "a"), Layer("elu", "a")], "two layers"),
        ([dense_layer("bad", (3, 4), np.nan)], "not finite"),
    ],
)
def test_a_network_that_cannot_run_is_refused(layers, text):
    with pytest.raises(ValueError, match=text):
        Network(tuple(layers), (4,))


def test_an_unknown_layer_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'gru' is not known.*conv2d"):
        Layer("gru", "g")
    with pytest.raises(ValueError, match="'slope' is not one of its arguments"):
        Layer("relu", "r", {}, {"slope": 0.1})


def test_the_root_mean_square_is_all_that_a_rotation_leaves(rng):
    x = rng.normal(size=(50, 6)).astype(np.float32)
    q, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    layers = (Layer("root_mean_square", "length"),)
    network = Network(layers, (6,))
    turned = (x @ q).astype(np.float32)
    expected = np.repeat(np.linalg.norm(x, axis=1)[:, None] / 6**0.5, 6, axis=1)
    theirs = TorchNetwork(network)(torch.tensor(x)).numpy()
    for found in (run(network, x), run(network, turned), theirs):
        assert np.allclose(found, expected, rtol=1e-5)
