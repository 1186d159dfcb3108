# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of flowgraphs of our blocks, and of those of GNU Radio and of Python blocks."""

import functools
import itertools
import tempfile
import time
from pathlib import Path

import numpy as np
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link.network_file import NetworkFile
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.network.network import Layer, Network
from advphy_model.power import noise_sigma
from advphy_model.receive.canceller import CancellerSettings
from gnuradio import advphy, analog, blocks, digital, gr
from gnuradio.advphy import flowgraph_engine

from advphy_benchmarks.link_loop import EBN0_DB, engine_rate
from advphy_benchmarks.torch_and_onnx import onnx_session

SIZES = (14, 64, 64, 16)  # of the layers of a network
LONG, SHORT, SHORTEST = 65536, 8192, 1024  # latencies, in messages
CHANNELS = (  # those of examples/compare_channels.grc
    "awgn",
    "clipping(level_db=0)",
    "two_rays(gain_db=-6)",
    "iq_imbalance(phase_deg=30)",
    "phase_noise(linewidth=0.003)",
    "rayleigh_block(coherent=True)",
)


def flowgraph_rate(model, messages=20_000_000, latency=65536, **settings):
    """Return messages per second of our blocks, with start and end of the flowgraph."""
    counted = functools.partial(flowgraph_engine.counted, latency=latency)
    return engine_rate(counted, LinkSetting(model, EBN0_DB, **settings), messages)


def latency_rates(model, messages=20_000_000):
    """Return {name: function that returns a rate} of flowgraphs by their latency."""
    sizes = {"long": LONG, "short": SHORT, "shortest": SHORTEST}
    return {
        name: functools.partial(flowgraph_rate, model, messages, latency=size)
        for name, size in sizes.items()
    }


def _run_rate(flowgraph, items):
    """Return items per second of a flowgraph that ends after that many."""
    begun = time.perf_counter()
    flowgraph.run()
    return items / (time.perf_counter() - begun)


def channels_rate(model, messages=3_000_000, latency=16384):
    """Return messages/s of one encoder before six channels and their decoders."""
    flowgraph, sent = advphy.top_block(), advphy.encoder(model, latency)
    source = advphy.message_source(model, latency=latency)
    flowgraph.connect(source, blocks.head(1, messages), sent)
    for kind in CHANNELS:
        air = advphy.channel(model, EBN0_DB, kind=kind, latency=latency)
        decoder = advphy.decoder(model, latency)
        flowgraph.connect(sent, air, decoder, advphy.error_counter(model))
    return _run_rate(flowgraph, messages)


class _python_block(advphy.guarded_block):
    """What users write today: a Python block that calls any function of its inputs.

    A type is numpy's, with the length of a vector; output None: a sink.
    """

    def __init__(self, call, inputs, output=None):
        outputs = None if output is None else [output]
        advphy.guarded_block.__init__(self, "python", inputs, outputs)
        self._call = call

    def work(self, input_items, output_items):
        found = self._call(*input_items)
        for out in output_items:
            out[:] = found
        return len(input_items[0])


def _stamp(output=None):
    """Return a block that notes how many messages have come when, and its notes."""
    counts, times = [0], [0.0]

    def note(items):
        counts.append(counts[-1] + len(items))
        times.append(time.perf_counter())
        return items

    return _python_block(note, [np.uint8], output), counts, times


def decision_delays(model, rate=1e6, latency=SHORTEST, seconds=4.0) -> dict:
    """Return median and 99 % of the time from the source to the decision, in ms.

    The source is throttled to `rate` messages/s. Times are those of the last message of
    each call; the first tenth is left out.
    """
    flowgraph, throttle = advphy.top_block(), blocks.throttle(1, rate)
    sent, sent_counts, sent_times = _stamp(np.uint8)
    decided, counts, times = _stamp()
    throttle.set_max_noutput_items(latency)
    flowgraph.connect(
        advphy.message_source(model, latency=latency),
        blocks.head(1, int(rate * seconds)),
        throttle,
        sent,
        advphy.encoder(model, latency),
        advphy.channel(model, EBN0_DB, latency=latency),
        advphy.decoder(model, latency),
        decided,
    )
    flowgraph.run()
    calls = slice(len(counts) // 10, None)
    at = np.searchsorted(sent_counts, counts[calls])
    delays = 1e3 * (np.array(times)[calls] - np.array(sent_times)[at])
    return {"median": np.median(delays), "99 %": np.quantile(delays, 0.99)}


class _plain(gr.sync_block):
    """A block that passes bytes on, as GNU Radio has it."""

    def __init__(self):
        gr.sync_block.__init__(self, "plain", [np.uint8], [np.uint8])

    def work(self, input_items, output_items):
        output_items[0][:] = input_items[0]
        return len(output_items[0])


class _guarded(_plain, advphy.guarded_block):
    def __init__(self):
        advphy.guarded_block.__init__(self, "guarded", [np.uint8], [np.uint8])

    def work(self, input_items, output_items):
        return _plain.work(self, input_items, output_items)


def call_costs(calls=50_000, items=64) -> dict:
    """Return the processor time of a call of a block, in us, in C++ and in Python."""
    made = {"C++": lambda: blocks.copy(1), "plain": _plain, "guarded": _guarded}
    costs = {}
    for name, make in made.items():
        flowgraph, block = advphy.top_block(), make()
        block.set_max_noutput_items(items)
        head, end = blocks.head(1, items * calls), blocks.null_sink(1)
        flowgraph.connect(blocks.null_source(1), head, block, end)
        begun = time.process_time()
        flowgraph.run()
        costs[name] = 1e6 * (time.process_time() - begun) / calls
    return costs


def turn(model):
    """Return a universal perturbation that turns once over a codeword."""
    row = np.exp(2j * np.pi * np.arange(model.n)[None] / model.n)
    return Perturbation("turn", "universal", model.k, model.n, row)


def attacked_rates(model, messages=20_000_000):
    """Return {name: function that returns a rate}, with and without an attack."""
    attack = Adversary(turn(model), -6.0)
    attacked, cancelled = {"attack": attack}, {"canceller": CancellerSettings()}
    rate = functools.partial(flowgraph_rate, model, messages)
    return {
        "plain": rate,
        "attacked": functools.partial(rate, **attacked),
        "cancelled": functools.partial(rate, **cancelled),
        "attacked_cancelled": functools.partial(rate, **attacked, **cancelled),
    }


def usual_rate(model, decide, messages=2_000_000):
    """Return messages per second of the usual flowgraph with default buffers.

    GNU Radio's own blocks send messages, map them and add Gaussian noise. A Python
    block calls `decide` (a torch module) in work(), and another counts the errors.
    """
    flowgraph = advphy.top_block("usual")
    random = np.random.default_rng(1).integers(model.M, size=1 << 16).tolist()
    source, head = blocks.vector_source_b(random, True), blocks.head(1, messages)
    encode = digital.chunks_to_symbols_bc(model.codebook.ravel().tolist(), model.n)
    power = 2**0.5 * noise_sigma(EBN0_DB, model.rate)  # of both dimensions together
    noise, add = analog.noise_source_c(analog.GR_GAUSSIAN, power, 1), blocks.add_cc()
    vectors = blocks.stream_to_vector(gr.sizeof_gr_complex, model.n)
    decoder = _python_block(decide, [(np.complex64, model.n)], np.uint8)
    errors = []
    compare = _python_block(
        lambda decided, sent: errors.append(np.count_nonzero(decided != sent)),
        [np.uint8, np.uint8],
    )
    flowgraph.connect(source, head, encode, (add, 0))
    flowgraph.connect(noise, (add, 1))
    flowgraph.connect(add, vectors, decoder, (compare, 0))
    flowgraph.connect(head, (compare, 1))
    return _run_rate(flowgraph, messages)


def network_rates(items=300_000) -> dict:
    """Return {name: function that returns items per second} of a dense network.

    They are those of the Neural Network block, and of a block that calls onnxruntime.
    """
    rng, layers = np.random.default_rng(1), []
    for i, (columns, rows) in enumerate(itertools.pairwise(SIZES)):
        weight = rng.normal(size=(rows, columns)) / columns**0.5
        parameters = {"weight": weight.astype("f4"), "bias": np.zeros(rows, "f4")}
        layers += [Layer("dense", f"dense{i}", parameters), Layer("relu", f"relu{i}")]
    network = Network(tuple(layers[:-1]), SIZES[:1])

    def ours():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.safetensors"
            NetworkFile("network", {"network": network}).write(file)
            return _network_rate(advphy.neural_network(file), 10 * items)

    def onnxruntime():
        session = onnx_session(network)
        types = [(np.float32, SIZES[:1])], (np.float32, SIZES[-1:])
        block = _python_block(lambda x: session.run(None, {"x": x})[0], *types)
        return _network_rate(block, items)

    return {"ours": ours, "onnxruntime": onnxruntime}


def _network_rate(block, items):
    flowgraph = advphy.top_block()
    row = np.random.default_rng(2).normal(size=4096 * SIZES[0])
    flowgraph.connect(
        blocks.vector_source_f(row.tolist(), True, SIZES[0]),
        blocks.head(4 * SIZES[0], items),
        block,
        blocks.null_sink(4 * SIZES[-1]),
    )
    return _run_rate(flowgraph, items)
