# SPDX-License-Identifier: GPL-3.0-or-later
"""Foreign networks of all kinds agree with their originals, or are refused by name."""

import copy
import io
import warnings

import numpy as np
import pytest
import torch
from advphy_model.network import foreign_network, inference
from advphy_model.network.network import Network, run
from advphy_training.export_onnx import to_onnx
from advphy_training.import_onnx import network_from_onnx
from advphy_training.import_torch import network_from_torch

from . import foreign_modules

KNOWN = foreign_modules.known()
# More of the same kinds, for the slow tests.
LATER = """Mish Hardswish LogSoftmax ReLU6 GLU CELU RMSNorm ELU Tanh Sigmoid Softmax
Identity Dropout float16 bfloat16""".split()
LATER += ["transformers, norm first", "attention", "circular", "conv2d dilated"]
EACH = [
    pytest.param(name, marks=pytest.mark.slow) if name in LATER else name
    for name in KNOWN
]


def computed(module, x):
    narrow = next(module.parameters(), torch.zeros(1)).dtype != torch.float32
    module = copy.deepcopy(module).float() if narrow else module
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


def require_agreement(network, expected, x):
    """Assert that numpy and, where they can, the kernels have what is expected."""
    found = run(network, x)
    most = np.abs(expected).max()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5 * most
    try:
        kernel = inference.kernel_network(network)
    except ValueError:
        return
    out = np.empty(expected.shape, np.float32)
    kernel.run(x, out)
    assert np.abs(out - expected).max() <= 1e-5 * most


@pytest.mark.parametrize("name", EACH)
def test_modules_agree_and_stay_as_they_are(name, rng):
    module, inputs = KNOWN[name]
    state = {key: value.clone() for key, value in module.state_dict().items()}
    network = network_from_torch(module, (inputs,))
    x = rng.normal(size=(64, inputs)).astype(np.float32)
    expected = computed(module, x)
    require_agreement(network, expected, x)
    assert {k: torch.equal(v, state[k]) for k, v in module.state_dict().items()} == (
        dict.fromkeys(state, True)
    )
    assert all(p.requires_grad for p in module.parameters())


def of_torch(module, inputs, opset):
    """Return an ONNX model that torch's older exporter makes."""
    held = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            torch.randn(3, inputs),
            held,
            dynamo=False,
            opset_version=opset,
            input_names=["x"],
            dynamic_axes={"x": {0: "batch"}},
        )
    return held.getvalue()


ONNX = [
    *(("relu used twice", 9), ("conv1d, norms", 17), ("residual sums", 20)),
    *(("gru", 14), ("attention", 17), ("Softmax", 12), ("Hardswish", 14)),
]
MORE = [
    *(("relu used twice", 20), ("residual sums", 13), ("lstm", 12), ("DeepJSCC", 13)),
    *(("conv2d dilated", 13), ("weight norm", 15), ("SELU", 9), ("PReLU", 10)),
    *(("Softplus", 18), ("GLU", 11), ("CELU", 12), ("LogSoftmax", 12), ("GELU", 20)),
    *(("functions", 17), ("ELU", 16), ("group and instance norm", 17), ("Softmax", 13)),
]
ONNX += [pytest.param(*case, marks=pytest.mark.slow) for case in MORE]


@pytest.mark.parametrize(("name", "opset"), ONNX)
def test_onnx_models_of_torch_agree(name, opset, rng):
    module, inputs = KNOWN[name]
    network = network_from_onnx(of_torch(module, inputs, opset))
    x = rng.normal(size=(64, inputs)).astype(np.float32)
    require_agreement(network, computed(module, x), x)


@pytest.mark.parametrize("name", ["residual sums", "conv1d, norms", "transformer"])
def test_a_network_goes_to_onnx_and_back(name, rng):
    module, inputs = KNOWN[name]
    network = network_from_torch(module, (inputs,))
    again = network_from_onnx(to_onnx(network))
    x = rng.normal(size=(64, inputs)).astype(np.float32)
    require_agreement(again, run(network, x), x)


def imported(module, inputs):
    """Return the network of a random module; None if it is refused by name."""
    try:
        return network_from_torch(module, (inputs,))
    except ValueError as error:
        if "layer '" in str(error) or "differs" in str(error):
            return None
        raise


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(5, 500, 5))]
)
def test_random_graphs_are_never_silently_wrong(first):
    agreed = 0
    for seed in range(first, first + 5):
        rng = np.random.default_rng(seed)
        module, inputs = foreign_modules.random_module(rng)
        x = rng.normal(size=(50, inputs)).astype(np.float32)
        if (network := imported(module, inputs)) is not None:
            require_agreement(network, computed(module, x), x)
            agreed += 1
    assert agreed >= 4


def test_a_rectifier_goes_to_onnx_and_back_as_itself():
    module, inputs = KNOWN["relu used twice"]
    network = network_from_torch(module, (inputs,))
    again = network_from_onnx(to_onnx(network))
    kinds = ["dense", "relu", "dense", "relu"]
    assert [layer.kind for layer in network.layers] == kinds
    assert [layer.kind for layer in again.layers] == kinds


def test_a_wrong_layer_is_named(monkeypatch):
    from advphy_training import torch_operators

    wrong = torch_operators.OPERATORS | {"tanh": lambda b, shape, x: b.apply("sin", x)}
    monkeypatch.setattr("advphy_training.import_torch.OPERATORS", wrong)
    module = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh())
    with pytest.raises(ValueError, match=r"differs from.*first after layer 'layer1'"):
        network_from_torch(module, (5,))


def bad(function, **parts):
    return foreign_modules.Called(function, **parts)


def _nan():
    module = torch.nn.Linear(4, 4)
    torch.nn.init.constant_(module.weight, float("nan"))
    return torch.nn.Sequential(module)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: torch.nn.Sequential(torch.nn.BatchNorm1d(4)), r"'layer0'.*\.eval\(\)"),
        (lambda: torch.nn.LazyLinear(3), "run the lazy module on an input once"),
        (lambda: torch.nn.Linear(4, 4, device="meta"), "'weight': is on the meta"),
        (
            lambda: torch.nn.Linear(4, 4, dtype=torch.complex64),
            "'weight': is complex",
        ),
        (_nan, "'layer0_weight': has a value that is not finite"),
        (
            lambda: torch.nn.Sequential(torch.nn.Softmax(0)),
            "number of items|depends",
        ),
        (lambda: bad(lambda self, x: x - x.mean(0)), "depends on the other items"),
        (lambda: bad(lambda self, x: x / len(x)), "depends on the number of items"),
        (lambda: bad(lambda self, x: x.cumsum(1)), "operator cumsum.*is not one"),
        (lambda: bad(lambda self, x: (x, x)), "returns 2 outputs"),
        (lambda: bad(lambda self, x: x if x.sum() > 0 else -x), "cannot trace"),
        (lambda: bad(lambda self, x: torch.ones(3)), "does not depend on the input"),
        (lambda: bad(lambda self, x: x.T), "first axis must be the batch"),
        (lambda: torch.nn.Linear(5, 4), "cannot trace Linear"),
    ],
)
def test_modules_that_cannot_be_networks_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        network_from_torch(make(), (4,))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (lambda m: b"", "has 0 inputs|is not a valid ONNX model"),
        (lambda m: b"nonsense", "is not a valid ONNX model"),
        (lambda m: m[: len(m) // 2], "is not a valid ONNX model"),
        (lambda m: changed(m, opset=8), "has opset 8, known are 9 to 22"),
        (lambda m: changed(m, batch=3), "fixed size 3; export it with a dynamic"),
        (lambda m: changed(m, kind="Hardmax"), r"ai\.onnx\.Hardmax of opset 13"),
    ],
)
def test_onnx_models_that_do_not_fit_are_refused(content, text):
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Softmax(1))
    with pytest.raises(ValueError, match=text):
        network_from_onnx(content(of_torch(module, 4, 13)))


def changed(content, opset=None, batch=None, kind=None):
    """Return an ONNX model with one thing changed."""
    import onnx

    model = onnx.load_from_string(content)
    if opset:
        model.opset_import[0].version = opset
    if batch:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    if kind:
        model.graph.node[-1].op_type = kind
    return model.SerializeToString()


def of_nodes(*nodes, out=4, **constants):
    """Return an ONNX model of nodes from x [batch, 4] to y, and of constants."""
    from onnx import helper, numpy_helper

    ends = [
        helper.make_tensor_value_info(name, 1, ["b", size])
        for name, size in (("x", 4), ("y", out))
    ]
    held = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    made = [
        helper.make_node(kind, given.split(), [to], to, **how)
        for kind, given, to, how in nodes
    ]
    graph = helper.make_graph(made, "g", ends[:1], ends[1:], held)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


SCALED = ("Mul", "x big", "g", {}), ("Concat", "g f", "y", {"axis": 1})


def test_a_cast_to_booleans_is_whether_a_value_is_not_zero():
    casts = ("Cast", "x", "training", {"to": 9}), ("Cast", "training", "f", {"to": 1})
    model = of_nodes(*casts, *SCALED, out=8, big=np.float32([1e7]))
    network = network_from_onnx(model.SerializeToString())
    x = np.float32([[2, -0.5, 0, 7]])
    assert run(network, x)[0].tolist() == [2e7, -5e6, 0, 7e7, 1, 1, 0, 1]


def test_a_wrong_small_output_is_not_hidden_by_a_large_one(monkeypatch):
    from advphy_training import onnx_operators

    monkeypatch.setitem(onnx_operators.OPERATORS, "Sin", lambda own, x: torch.cos(x))
    model = of_nodes(("Sin", "x", "f", {}), *SCALED, out=8, big=np.float32([1e7]))
    text = r"^ONNX model: the result differs from the original by .* at most 1$"
    with pytest.raises(ValueError, match=text):
        network_from_onnx(model.SerializeToString())


def test_an_output_of_rounding_alone_is_no_difference():
    def none_but_rounding(self, x):
        return torch.cat([x, x.softmax(1).sum(1, keepdim=True) - 1], 1)

    assert network_from_torch(bad(none_but_rounding), (4,)).output_shape == (5,)


LARGEST = ("ReduceMax", "c", "m", {"keepdims": 0}), ("Add", "x m", "y", {})


@pytest.mark.parametrize(
    ("nodes", "constants", "text"),
    [
        (
            [("Gather", "d i", "c", {})],
            {"d": np.ones((1, 20000), "f4"), "i": np.zeros(20001, int)},
            r"up to 'c' \(Gather\), has 400060001 values",
        ),
        (
            [("Expand", "d s", "c", {})],
            {"d": np.ones(1, "f4"), "s": [2**40]},
            r"up to 'c' \(Expand\), has",
        ),
        (
            [("MatMul", "d d", "c", {})],
            {"d": np.ones((2000, 2000), "f4")},
            r"up to 'c' \(MatMul\), has",
        ),
        (
            [("RandomUniform", "", "c", {"shape": [400_000_000]})],
            {},
            "is made by RandomUniform, whose size or time",
        ),
        ([("Cast", "x", "c", {"to": 10})], {}, "a cast that rounds is not known"),
    ],
)
def test_constants_and_casts_that_a_network_cannot_take_are_refused(
    nodes, constants, text
):
    model = of_nodes(*nodes, *LARGEST, **constants)
    with pytest.raises(ValueError, match=text):
        network_from_onnx(model.SerializeToString())


def test_all_constants_of_a_model_together_are_bounded():
    nodes = [("Tanh", "c" if i == 0 else f"v{i}", f"v{i + 1}", {}) for i in range(60)]
    end = ("ReduceMax", "v60", "m", {"keepdims": 0}), LARGEST[1]
    model = of_nodes(*nodes, *end, c=np.ones(500_000, "f4"))
    with pytest.raises(ValueError, match=r"up to 'v17' \(Tanh\), has 17000000 values"):
        network_from_onnx(model.SerializeToString())


def test_a_large_item_and_weights_in_other_files_are_refused_before_they_are_read():
    model = of_nodes(("Relu", "x", "y", {}))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 10**8
    with pytest.raises(ValueError, match="input 'x' has 100000000 values"):
        network_from_onnx(model.SerializeToString())
    value = of_nodes(c=np.ones(4, "f4")).graph.initializer[0]
    value.data_location = 1
    model = of_nodes(("Constant", "", "c", {"value": value}), ("Add", "x c", "y", {}))
    with pytest.raises(ValueError, match="weights in other files; export it into one"):
        network_from_onnx(model.SerializeToString())


def test_what_is_unlike_is_told():
    one, off, unlike = np.array([[1.0, 2.0]]), [[0.1, 0]], foreign_network.unlike
    assert unlike(one, one + 0.9e-5) is None
    assert "by 0.1 in an output of at most 1" in unlike(np.add(one, off), one)
    assert "shape" in unlike(one, one.T)
    assert "finite" in unlike(one, one * [np.nan, 1])
    large = one * [[1, 1e7]]
    assert "by 0.1 in an output of at most 1" in unlike(np.add(large, off), large)
    assert unlike(np.add(large, off), large, np.array([0.02, 0])) is None
    assert unlike(np.add(one, off), one, np.array([0.02, 0])) is not None
    assert Network((), (3,)).output_shape == (3,)
