# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks as ONNX models."""

import io
import logging
import warnings

import torch

from advphy_training import network_builder
from advphy_training.torch_network import TorchNetwork

OPSET = 18


def to_onnx(network, name="network") -> bytes:
    """Return a Network as an ONNX model of opset 18, with a free number of items.

    Its input is "x", its output "y". The model is checked by onnx, and by onnxruntime
    on 1000 random inputs.

    Raises:
        ValueError: if torch cannot export a layer, or a check fails.
        ImportError: if onnx, onnxscript or onnxruntime is not installed.
    """
    import onnx
    import onnxruntime

    module = TorchNetwork(network).eval().requires_grad_(False)
    x = torch.randn(network_builder.BATCHES[0][0], *network.input_shape)
    for noisy in ("onnxscript", "torch.onnx._internal.exporter._registration"):
        logging.getLogger(noisy).setLevel("ERROR")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                (x,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=["x"],
                output_names=["y"],
                dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
            )
    except torch.onnx.OnnxExporterError as error:
        raise ValueError(f"{name}: torch.onnx cannot export it: {error}") from error
    held = io.BytesIO()
    program.save(held)
    onnx.checker.check_model(onnx.load_from_string(held.getvalue()))
    session = onnxruntime.InferenceSession(
        held.getvalue(), providers=["CPUExecutionProvider"]
    )
    network_builder.verify(network, lambda x: session.run(None, {"x": x})[0], name)
    return held.getvalue()
