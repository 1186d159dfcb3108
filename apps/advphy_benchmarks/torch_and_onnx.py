# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of a link in plain torch and in onnxruntime, for comparison of speed."""

import time

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.power import noise_sigma

from advphy_benchmarks.link_loop import EBN0_DB
from advphy_benchmarks.races import rate_of


def torch_module(network):
    """Return a network of dense and ReLU layers as a torch module."""
    parts = []
    for layer in network.layers:
        if layer.kind == "dense":
            part = torch.nn.Linear(*layer.parameters["weight"].shape[::-1])
            parameters = layer.parameters.items()
            part.load_state_dict({key: torch.tensor(p) for key, p in parameters})
            parts.append(part)
        elif layer.kind == "relu":
            parts.append(torch.nn.ReLU())
        else:
            raise ValueError(
                f"layer '{layer.name}' must be dense or relu, got {layer.kind}"
            )
    return torch.nn.Sequential(*parts)


def torch_loop_rate(model, batch=10_000, batches=200, threads=2):
    """Return messages per second of a complete link in a plain torch loop.

    Each batch draws messages, indexes the codebook, adds noise, runs the network, takes
    the argmax and counts the errors.
    """
    torch.set_num_threads(threads)
    decoder = torch_module(model.networks["decoder"])
    codebook = torch.tensor(to_reals(model.codebook))
    sigma, errors = noise_sigma(EBN0_DB, model.rate), 0
    begun = time.perf_counter()
    with torch.inference_mode():
        for _ in range(batches):
            sent = torch.randint(model.M, (batch,))
            y = codebook[sent] + sigma * torch.randn(batch, codebook.shape[1])
            errors += (decoder(y).argmax(1) != sent).sum().item()
    return batch * batches / (time.perf_counter() - begun)


def torch_decoder(model):
    """Return a function from y, complex64 [batch, n], to messages, computed by torch.

    It uses one thread, since torch is slower with more inside a flowgraph.
    """
    torch.set_num_threads(1)
    decoder = torch_module(model.networks["decoder"])

    def decide(y):
        with torch.inference_mode():
            return decoder(torch.from_numpy(to_reals(y))).argmax(1).numpy()

    return decide


def onnxruntime_rate(model, batch, threads=1):
    """Return decisions per second of onnxruntime on the model's decoder.

    Raises:
        ModuleNotFoundError: if onnx or onnxruntime is missing.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        to_onnx(model.networks["decoder"]), options, ["CPUExecutionProvider"]
    )
    y = np.random.default_rng(1).normal(size=(batch, 2 * model.n)).astype(np.float32)
    return rate_of(lambda: session.run(None, {"x": y})[0].argmax(1), batch)


_ONNX = {"relu": "Relu", "elu": "Elu", "softmax": "Softmax"}


def to_onnx(network) -> bytes:
    """Return the network as an ONNX model with input x and output `logits`."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, constants, last = [], [], "x"
    for layer in network.layers:
        inputs, kind, attributes = [last], _ONNX.get(layer.kind), {}
        for key in ("weight", "bias"):
            if key in layer.parameters:
                array = np.asarray(layer.parameters[key], np.float32)
                constants.append(numpy_helper.from_array(array, f"{layer.name}.{key}"))
                inputs.append(f"{layer.name}.{key}")
        if layer.kind == "dense":
            kind, attributes = "Gemm", {"transB": 1}
        elif layer.kind == "conv2d":
            top, bottom, left, right = layer.attributes.get("padding", (0, 0, 0, 0))
            kind, attributes = "Conv", {"pads": [top, left, bottom, right]}
        elif layer.kind in ("reshape", "flatten"):
            shape = np.array([0, *layer.attributes.get("shape", [-1])], np.int64)
            constants.append(numpy_helper.from_array(shape, f"{layer.name}.shape"))
            inputs.append(f"{layer.name}.shape")
            kind = "Reshape"
        elif kind is None:
            raise ValueError(
                f"layer '{layer.name}' has no ONNX form, got kind {layer.kind}"
            )
        made = helper.make_node(kind, inputs, [layer.name], layer.name, **attributes)
        nodes.append(made)
        last = layer.name
    nodes.append(helper.make_node("Identity", [last], ["logits"]))
    shapes = {"x": network.input_shape, "logits": network.output_shape}
    x, logits = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in shapes.items()
    )
    graph = helper.make_graph(nodes, "decoder", [x], [logits], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    checker.check_model(model)
    return model.SerializeToString()
