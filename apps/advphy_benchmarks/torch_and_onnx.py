# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of a link in plain torch and in onnxruntime, for comparison of speed."""

import time

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.power import noise_sigma
from advphy_training.export_onnx import to_onnx

from advphy_benchmarks.link_loop import EBN0_DB, rate_of


def torch_module(network):
    """Return a network of dense and ReLU layers only as a torch module."""
    parts, kinds = [], {"dense": torch.nn.Linear, "relu": torch.nn.ReLU}
    for layer in network.layers:
        held = {key: torch.tensor(p) for key, p in layer.parameters.items()}
        parts.append(kinds[layer.kind](*held["weight"].shape[::-1] if held else ()))
        parts[-1].load_state_dict(held)
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


def onnx_session(network, threads=0):
    """Return an onnxruntime session of a network; 0 threads: one for each core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(to_onnx(network), options, providers)


def onnxruntime_rate(model, batch, threads=1):
    """Return decisions per second of onnxruntime, if installed, on a decoder."""
    session = onnx_session(model.networks["decoder"], threads)
    y = np.random.default_rng(1).normal(size=(batch, 2 * model.n)).astype(np.float32)
    return rate_of(lambda: session.run(None, {"x": y})[0].argmax(1), batch)
