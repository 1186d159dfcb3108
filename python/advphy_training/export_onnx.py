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
    on 1000 random inputs. Raises ValueError if torch cannot export a layer or a check
    fails; ImportError if onnx, onnxscript or onnxruntime is not installed.
    """
    import onnx
    import onnxruntime

    for noisy in ("onnxscript", "torch.onnx._internal.exporter._registration"):
        logging.getLogger(noisy).setLevel("ERROR")
    module = TorchNetwork(network).eval().requires_grad_(False)
    reasons = []
    for newer in (True, False):  # torch has two exporters; early ones have gaps
        try:
            content = _exported(module, network.input_shape, newer)
            onnx.checker.check_model(onnx.load_from_string(content))
            session = onnxruntime.InferenceSession(
                content, providers=["CPUExecutionProvider"]
            )

            def theirs(x, session=session):
                return session.run(None, {"x": x})[0]

            network_builder.verify(network, theirs, "the result")
            return content
        except Exception as error:  # of torch, onnxscript or onnxruntime
            reasons.append(str(error).strip().partition("\n")[0])
    raise ValueError(f"{name}: torch.onnx cannot export it: {'; '.join(reasons)}")


def _exported(module, shape, newer):
    x, held = torch.randn(network_builder.BATCHES[0][0], *shape), io.BytesIO()
    named = {"input_names": ["x"], "output_names": ["y"], "opset_version": OPSET}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if newer:
            batch = {"x": {0: torch.export.Dim("batch")}}
            how = {"dynamo": True, "verbose": False, "dynamic_shapes": batch}
            torch.onnx.export(module, (x,), **how, **named).save(held)
        else:
            how = {"dynamo": False, "dynamic_axes": {"x": {0: "batch"}}}
            torch.onnx.export(module, (x,), held, **how, **named)
    return held.getvalue()
