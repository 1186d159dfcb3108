# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of a link in a flowgraph of our blocks and of GNU Radio's own blocks."""

import functools
import time

import numpy as np
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.power import noise_sigma
from advphy_model.receive.canceller import CancellerSettings
from gnuradio import advphy, analog, blocks, digital, gr
from gnuradio.advphy import flowgraph_engine

from advphy_benchmarks.link_loop import EBN0_DB, engine_rate


def flowgraph_rate(model, messages=20_000_000, latency=65536, **settings):
    """Return messages per second of our blocks, with start and end of the flowgraph."""
    counted = functools.partial(flowgraph_engine.counted, latency=latency)
    return engine_rate(counted, LinkSetting(model, EBN0_DB, **settings), messages)


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


class _callable_decoder(advphy.guarded_block):
    """Decoder that calls any function of y, complex64 [batch, n]."""

    def __init__(self, model, decide):
        advphy.guarded_block.__init__(
            self, "decoder", [(np.complex64, model.n)], [np.uint8]
        )
        self._decide = decide

    def work(self, input_items, output_items):
        output_items[0][:] = self._decide(input_items[0])
        return len(output_items[0])


class _compare(advphy.guarded_block):
    """Counter of differences between two streams of messages, without our kernels."""

    def __init__(self, messages):
        advphy.guarded_block.__init__(self, "compare", [np.uint8, np.uint8], None)
        self.left, self.errors = messages, 0

    def work(self, input_items, output_items):
        if self.left <= 0:
            return -1
        decided, sent = input_items
        self.errors += int(np.count_nonzero(decided != sent))
        self.left -= len(decided)
        return len(decided)


def usual_rate(model, decide, messages=2_000_000):
    """Return messages per second of the usual flowgraph with default buffers.

    GNU Radio's own blocks send messages, map them and add Gaussian noise. A Python
    block calls `decide` (a torch module) in work(), and another counts the errors.
    """
    flowgraph = advphy.top_block("usual")
    random = np.random.default_rng(1).integers(model.M, size=1 << 16).tolist()
    source = blocks.vector_source_b(random, True)
    encode = digital.chunks_to_symbols_bc(model.codebook.ravel().tolist(), model.n)
    power = 2**0.5 * noise_sigma(EBN0_DB, model.rate)  # of both dimensions together
    noise, add = analog.noise_source_c(analog.GR_GAUSSIAN, power, 1), blocks.add_cc()
    vectors = blocks.stream_to_vector(gr.sizeof_gr_complex, model.n)
    decoder, compare = _callable_decoder(model, decide), _compare(messages)
    flowgraph.connect(source, encode, (add, 0))
    flowgraph.connect(noise, (add, 1))
    flowgraph.connect(add, vectors, decoder, (compare, 0))
    flowgraph.connect(source, (compare, 1))
    begun = time.perf_counter()
    flowgraph.run()
    return (messages - compare.left) / (time.perf_counter() - begun)
