# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the Neural Network block and of a Python block that calls onnxruntime."""

import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
from advphy_model.link.network_file import NetworkFile
from advphy_model.network.network import Layer, Network
from advphy_training.export_onnx import to_onnx
from gnuradio import advphy, blocks, gr

SIZES = (14, 64, 64, 16)


def rates(items=300_000) -> dict:
    """Return {name: function that returns items per second} of a dense network."""
    rng, layers = np.random.default_rng(1), []
    for i, (columns, rows) in enumerate(itertools.pairwise(SIZES)):
        weight = rng.normal(size=(rows, columns)) / columns**0.5
        parameters = {"weight": weight.astype("f4"), "bias": np.zeros(rows, "f4")}
        layers += [Layer("dense", f"dense{i}", parameters), Layer("relu", f"relu{i}")]
    network = Network(tuple(layers[:-1]), SIZES[:1])
    content = to_onnx(network)

    def ours():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.safetensors"
            NetworkFile("network", {"network": network}).write(file)
            return _rate(advphy.neural_network(file), 10 * items)

    return {"ours": ours, "onnxruntime": lambda: _rate(_onnx_block(content), items)}


class _onnx_block(gr.sync_block):
    """What users write today: a Python block that calls onnxruntime."""

    def __init__(self, content):
        import onnxruntime

        shapes = [(np.float32, SIZES[:1])], [(np.float32, SIZES[-1:])]
        gr.sync_block.__init__(self, "onnx", *shapes)
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(content, providers=providers)

    def work(self, input_items, output_items):
        output_items[0][:] = self._session.run(None, {"x": input_items[0]})[0]
        return len(output_items[0])


def _rate(block, items):
    flowgraph = gr.top_block()
    row = np.random.default_rng(2).normal(size=4096 * SIZES[0])
    flowgraph.connect(
        blocks.vector_source_f(row.tolist(), True, SIZES[0]),
        blocks.head(4 * SIZES[0], items),
        block,
        blocks.null_sink(4 * SIZES[-1]),
    )
    begun = time.perf_counter()
    flowgraph.run()
    return items / (time.perf_counter() - begun)
