# SPDX-License-Identifier: GPL-3.0-or-later
"""The Neural Network block: shapes, windows, types, ports, exchange, errors."""

import logging
import os

import numpy as np
import pmt
import pytest
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link.network_file import NetworkFile
from advphy_model.network.network import Layer, Network, run
from gnuradio import advphy, blocks

TYPES = {np.dtype(np.float32): "f", np.dtype(np.complex64): "c"}


def stored(path, rng, inputs, outputs, activation="relu"):
    """Write a random network with one hidden layer; return its Network."""

    def dense(name, rows, columns):
        weight = rng.normal(size=(rows, columns)) / columns**0.5
        parameters = {"weight": weight, "bias": rng.normal(size=rows)}
        return Layer("dense", name, {k: v.astype("f4") for k, v in parameters.items()})

    layers = dense("a", 9, inputs), Layer(activation, "b"), dense("c", outputs, 9)
    network = Network(layers, (inputs,))
    NetworkFile(path.stem, {"network": network}).write(path)
    return network


@pytest.mark.parametrize("roles", [(), ("decoder",), ("network", "second")])
def test_a_file_has_one_network(tmp_path, roles):
    network = stored(tmp_path / "a.safetensors", np.random.default_rng(1), 2, 2)
    with pytest.raises(ValueError, match="expected 'network'"):
        NetworkFile("a", dict.fromkeys(roles, network))


def complex_items(rng, count, length):
    parts = rng.normal(size=(2, count, length)).astype(np.float32)
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


def flowgraph_of(block, streams, kind, lengths):
    """Return a flowgraph of streams [items, length] and a block, and its sinks."""
    flowgraph = advphy.top_block()
    for port, items in enumerate(streams):
        make = getattr(blocks, f"vector_source_{TYPES[items.dtype]}")
        source = make(items.ravel().tolist(), False, items.shape[1])
        flowgraph.connect(source, (block, port))
    sinks = [getattr(blocks, f"vector_sink_{kind}")(length) for length in lengths]
    for port, sink in enumerate(sinks):
        flowgraph.connect((block, port), sink)
    return flowgraph, sinks


def made_of(block, streams, kind, lengths):
    """Return what a block makes of streams, [items, length] for each output port."""
    flowgraph, sinks = flowgraph_of(block, streams, kind, lengths)
    flowgraph.run()
    return [
        np.array(sink.data()).reshape(-1, length)
        for sink, length in zip(sinks, lengths, strict=True)
    ]


@pytest.mark.parametrize("latency", [1, 7, 65536])
def test_reals_are_computed_as_by_the_reference(tmp_path, rng, latency):
    network = stored(tmp_path / "a.safetensors", rng, 6, 4)
    x = rng.normal(size=(500, 6)).astype(np.float32)
    block = advphy.neural_network(tmp_path / "a.safetensors", latency=latency)
    (found,) = made_of(block, [x], "f", [4])
    np.testing.assert_allclose(found, run(network, x), atol=1e-5)


@pytest.mark.parametrize("layout", ["halves", "interleaved"])
def test_which_reals_make_a_complex_number_is_a_choice(tmp_path, rng, layout):
    network = stored(tmp_path / "a.safetensors", rng, 6, 4)
    x = complex_items(rng, 100, 3)
    how = "complex", "complex", 1, 1, 1, layout
    block = advphy.neural_network(tmp_path / "a.safetensors", *how)
    (found,) = made_of(block, [x], "c", [2])
    if layout == "halves":
        expected = to_complex(run(network, to_reals(x)))
    else:
        reals = np.stack([x.real, x.imag], axis=2).reshape(100, 6)
        y = run(network, reals)
        expected = y[:, ::2] + 1j * y[:, 1::2]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("latency", [1, 5, 65536])
def test_a_window_has_the_items_before_the_oldest_first(tmp_path, rng, latency):
    network = stored(tmp_path / "a.safetensors", rng, 8, 3)
    x = complex_items(rng, 60, 1)
    file = tmp_path / "a.safetensors"
    block = advphy.neural_network(file, "complex", window=4, latency=latency)
    (found,) = made_of(block, [x], "f", [3])
    padded = np.concatenate([np.zeros(3), x[:, 0]])
    windows = np.stack([padded[i : i + 4] for i in range(60)])
    expected = run(network, to_reals(windows.astype(np.complex64)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_ports_share_the_network_equally(tmp_path, rng):
    network = stored(tmp_path / "a.safetensors", rng, 12, 6)
    streams = [rng.normal(size=(40, 3)).astype(np.float32) for _ in range(2)]
    how = {"window": 2, "input_ports": 2, "output_ports": 3}
    block = advphy.neural_network(tmp_path / "a.safetensors", **how)
    found = made_of(block, streams, "f", [2, 2, 2])
    before = [np.vstack([np.zeros((1, 3)), part[:-1]]) for part in streams]
    parts = [p for old, new in zip(before, streams, strict=True) for p in (old, new)]
    expected = run(network, np.hstack(parts).astype(np.float32))
    np.testing.assert_allclose(np.hstack(found), expected, atol=1e-5)


def test_a_network_is_exchanged_at_an_item_with_a_tag(tmp_path, rng):
    files = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    networks = [stored(file, rng, 3, 2) for file in files]
    x = rng.normal(size=(400, 3)).astype(np.float32)
    block = advphy.neural_network(files[0], latency=16)
    compute, calls = block.work, []

    def work(input_items, output_items):
        calls.append(len(output_items[0]))
        if len(calls) == 3:
            block.set_network(files[1])
        return compute(input_items, output_items)

    block.work = work
    flowgraph, (sink,) = flowgraph_of(block, [x], "f", [2])
    flowgraph.run()
    at = sum(calls[:2])
    tags = [(t.offset, pmt.to_python(t.value)) for t in sink.tags()]
    assert tags == [(0, "one"), (at, "two")]
    found = np.array(sink.data()).reshape(-1, 2)
    for part, network in zip((slice(at), slice(at, None)), networks, strict=True):
        np.testing.assert_allclose(found[part], run(network, x[part]), atol=1e-5)
    stored(tmp_path / "wide.safetensors", rng, 4, 2)
    with pytest.raises(ValueError, match=r"\(4, 2\) reals cannot replace one of"):
        block.set_network(tmp_path / "wide.safetensors")


def test_what_the_kernels_lack_runs_in_numpy_and_says_its_rate(tmp_path, rng, caplog):
    network = stored(tmp_path / "a.safetensors", rng, 3, 2, activation="cos")
    with caplog.at_level(logging.WARNING):
        block = advphy.neural_network(tmp_path / "a.safetensors")
    assert "the kernels do not know cos" in caplog.text
    assert "numpy computes it, about" in caplog.text
    x = rng.normal(size=(50, 3)).astype(np.float32)
    (found,) = made_of(block, [x], "f", [2])
    np.testing.assert_allclose(found, run(network, x), atol=1e-5)


def test_a_decoder_of_a_link_is_a_network(rng):
    assert advphy.network_reals("autoencoder_mlp") == (14, 16)
    block = advphy.neural_network("autoencoder_mlp", "complex")
    model = advphy.LinkModel.load("autoencoder_mlp")
    (found,) = made_of(block, [model.codebook], "f", [16])
    assert found.argmax(axis=1).tolist() == list(range(16))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"input_type": "byte"}, "input_type must be float or complex, got 'byte'"),
        ({"output_type": "complex"}, "3 reals of the network cannot be divided"),
        ({"window": 0}, "window must be a whole number >= 1, got 0"),
        ({"window": 4}, "6 reals of the network cannot be divided into 4"),
        ({"input_ports": 1.5}, "input_ports must be a whole number >= 1, got 1.5"),
        ({"layout": "mixed"}, "layout must be one of"),
        ({"latency": 0}, "latency must be"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(tmp_path, rng, arguments, text):
    stored(tmp_path / "a.safetensors", rng, 6, 3)
    with pytest.raises(ValueError, match=text):
        advphy.neural_network(tmp_path / "a.safetensors", **arguments)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("nowhere.safetensors", "is neither a file"),
        ("two_simplices", "decides by nearest_codeword, without a network"),
        ("eve_mnist", "is one of another kind"),
    ],
)
def test_what_is_no_network_is_refused(file, text):
    with pytest.raises(ValueError, match=text):
        advphy.neural_network(file)


def test_an_onnx_file_runs_in_onnxruntime_or_names_the_import(tmp_path, rng, caplog):
    onnxruntime = pytest.importorskip("onnxruntime", reason="not in this Python")
    assert onnxruntime
    from advphy_training.export_onnx import to_onnx

    network = stored(tmp_path / "a.safetensors", rng, 6, 4)
    file = tmp_path / "a.onnx"
    file.write_bytes(to_onnx(network))
    assert advphy.network_reals(file) == (6, 4)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    with caplog.at_level(logging.WARNING):
        (found,) = made_of(advphy.neural_network(file), [x], "f", [4])
    assert "onnxruntime computes it, about" in caplog.text
    np.testing.assert_allclose(found, run(network, x), atol=1e-5)
    file.write_bytes(b"no model")
    with pytest.raises(ValueError, match="not a valid ONNX model"):
        advphy.neural_network(file)


def of_nodes(*nodes, kinds=(1, 1), shapes=(("b", 4), ("b", 4)), constants=()):
    """Return the bytes of an ONNX model of nodes from x to y."""
    onnx = pytest.importorskip("onnx", reason="not in this Python")
    pytest.importorskip("onnxruntime", reason="not in this Python")
    helper = onnx.helper
    ends = [
        helper.make_tensor_value_info(*end)
        for end in zip("xy", kinds, shapes, strict=True)
    ]
    made = [helper.make_node(k, x.split(), [y], **how) for k, x, y, how in nodes]
    graph = helper.make_graph(made, "g", ends[:1], ends[1:], constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    return model.SerializeToString()


RELU = ("Relu", "x", "y", {})
MEAN = ("ReduceMean", "x", "m", {"axes": [0]}), ("Sub", "x m", "y", {})


@pytest.mark.parametrize(
    ("nodes", "how", "text"),
    [
        ([RELU], {"kinds": (11, 11)}, r"'x' is a tensor\(double\), expected float32"),
        ([("Cast", "x", "y", {"to": 8})], {"kinds": (1, 8)}, r"'y' is a tensor\(str"),
        ([RELU], {"shapes": [(256, 4)] * 2}, "fixed size 256; export it with a dyn"),
        ([RELU], {"shapes": [("b", 10**8)] * 2}, "'x' has 100000000 values"),
        ([("Transpose", "x", "y", {})], {}, "output has the fixed size 4"),
        (MEAN, {}, "depends on the other items of its batch, or on chance"),
    ],
)
def test_onnx_models_that_the_block_cannot_compute_are_refused(
    tmp_path, nodes, how, text
):
    file = tmp_path / "a.onnx"
    file.write_bytes(of_nodes(*nodes, **how))
    with pytest.raises(ValueError, match=text) as raised:
        advphy.neural_network(file)
    assert str(raised.value).startswith(f"{file}: "[-100:]) or "..." in str(
        raised.value
    )
    assert len(str(raised.value)) <= 300


def test_an_onnx_file_is_a_regular_one_and_no_other_file_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    onnx = pytest.importorskip("onnx", reason="not in this Python")
    os.mkfifo("fifo.onnx")
    with pytest.raises(OSError, match="is not a regular file"):
        advphy.neural_network("fifo.onnx")
    weights = onnx.TensorProto(name="c", data_type=1, dims=[4], data_location=1)
    weights.external_data.add(key="location", value="secret.bin")
    content = of_nodes(("Add", "x c", "y", {}), constants=[weights])
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=r"^a\.onnx: .* weights in other files"):
        advphy.neural_network("a.onnx")
