# SPDX-License-Identifier: GPL-3.0-or-later
"""Random flowgraphs from seeds: python -m tests.random_flowgraphs SEED GRAPHS."""

import contextlib
import ctypes
import faulthandler
import gc
import inspect
import itertools
import logging
import math
import os
import random
import re
import sys
import tempfile
import threading
import time

import numpy as np

if __name__ == "__main__":
    from tests import conftest  # noqa: F401 (finds the staged packages)

ODD = [None, True, False, -1, 0, 1.5, math.nan, math.inf, -math.inf, 10**30, -(10**400)]
ODD += [2**48, 2**64, "x", "a\nb\x1b[2J", "9" * 5000, b"b", [], {}, (1, 2), "random"]
ODD += [np.float32(3), np.int64(4), np.array([]), np.arange(3), np.float64("nan"), 1j]
ODD += [object(), len, "auto", np.bool_(True), ["a"], 1e-320, 3, "crafted"]
SEMANTIC = "alice_arn bob_arn semantic_decoder semantic_encoder snr_channel".split()
FOREIGN = re.compile(
    r"not supported|bad operand|cannot convert|unsupported|has no attribute|object is "
    r"not|ambiguous|must be real|interpreted as|argument must be a str|unhashable|"
    r"could not convert|not JSON|weak reference|math domain|too large to|"
    r"ufunc|expected str|NoneType|not subscript"
)
SHARE = 0.1  # of the odd arguments that a short run tries


def blocks():
    from gnuradio import advphy

    for name in advphy.__all__:
        value = getattr(advphy, name)
        made = inspect.isclass(value) and hasattr(value, "to_basic_block")
        if made and name not in ("guarded_block", "guarded_general_block", "top_block"):
            yield name, value


def parameters(function):
    return list(inspect.signature(function).parameters.values())[1:]


def valid(name, folder, serial):
    """Return valid values of the parameters without a default, and of files."""
    from gnuradio import gr

    if not os.path.exists("samples"):
        np.ones(5000, np.complex64).tofile("samples")
    values = {"model": "gan_mlp", "file": "gan_mlp", "image_shape": (28, 28)}
    values |= {"perturbation": "universal_pgd_gan_mlp", "sample_rate": 1e6}
    own = {
        "eve": {"model": "eve_mnist"},
        "adapting_eve": {"model": "eve_mnist"},
        "recorder": {"file": f"{folder}/{serial}.sigmf-meta"},
        "presenter": {"flowgraph": gr.top_block()},
        "publisher": {"address": "tcp://127.0.0.1:*"},
        "sdr_sink": {"args": f"{folder}/{serial}.cf32"},
        "sdr_source": {"args": "samples"},
    }
    semantic = {"model": "paired_arn_white"} if name in SEMANTIC else {}
    return values | semantic | own.get(name, {})


def setters(block):
    """Return (setter, parameters) of a block's own set_ methods."""
    for name in dir(type(block)):
        owners = [c for c in type(block).__mro__ if name in vars(c)]
        own = owners and "advphy" in owners[0].__module__
        if own and name.startswith("set_") and name != "set_msg_handler":
            yield getattr(block, name), parameters(getattr(type(block), name))


def told(what, error):
    """Print an error that is not one sentence of ours."""
    text = str(error)
    ours = isinstance(error, (ValueError, TypeError, OSError, ImportError))
    ours = ours and 0 < len(text) <= 300 and text.isprintable()
    if not ours or FOREIGN.search(text):
        print("wrong", what[:80], type(error).__name__, repr(text[:200]), flush=True)


def odd_arguments(seed, folder):
    """Give each block each odd argument, or, with a seed, a share of them."""
    tried, serial, rng = 0, itertools.count(), random.Random(seed)

    def each(name, method, base, names):
        nonlocal tried
        for parameter, odd in itertools.product(names, ODD):
            left = parameter in ("latency", "flowgraph") and type(odd) in (int, bool)
            if left or (seed and rng.random() > SHARE):
                continue
            given, tried = base(), tried + 1
            try:
                method(**given | {parameter: odd})
            except Exception as error:
                told(f"{name}.{parameter}={odd!r}", error)

    for name, kind in blocks():
        names = [p.name for p in parameters(kind.__init__)]

        def base(name=name, names=names):
            values = valid(name, folder, next(serial)).items()
            return {key: value for key, value in values if key in names}

        each(name, kind, base, names)
        block = kind(**base())
        settings = {p.name: p.default for p in parameters(kind.__init__)} | base()
        for setter, taken in list(setters(block)):
            for p in taken:
                values = {q.name: settings.get(q.name) for q in taken}
                each(f"{name}.{setter.__name__}", setter, lambda v=values: v, [p.name])
    print("tried", tried)


class Graph:
    """One random flowgraph, whose blocks are kept in a variable or not."""

    def __init__(self, seed, folder):
        from gnuradio import advphy, gr

        self.rng, self.seed, self.folder = random.Random(seed), seed, folder
        own = self.rng.random() < 0.5
        self.flowgraph = advphy.top_block() if own else gr.top_block()
        self.kept, self.end = self.rng.random() < 0.5, threading.Event()
        self.held, self.settable, self.open, self.more = [], [], [], []

    def keep(self, block):
        if self.kept:
            self.held.append(block)
        return block

    def add(self, name, kind, serial):
        names = [p.name for p in parameters(kind.__init__)]
        own = valid(name, self.folder, f"{self.seed}_{serial}").items()
        given = {key: value for key, value in own if key in names}
        if self.rng.random() < 0.3:
            odd = self.rng.choice(names)
            given[odd] = self.rng.choice(ODD)
            if odd == "latency" and isinstance(given[odd], int):
                del given[odd]
        try:
            return kind(**given)
        except Exception as error:
            told(f"{self.seed} {name} {list(given)}", error)
            return None

    def build(self):
        from gnuradio.gr import pmt

        listening, sending = [], []
        names = list(blocks())
        for serial in range(self.rng.randint(1, 5)):
            block = self.add(*self.rng.choice(names), serial)
            if block is not None:
                self.connect(block)
                self.settable += list(setters(block)) if self.kept else []
                basic = block.to_basic_block()
                both = basic.message_ports_in(), basic.message_ports_out()
                for ports, found in zip(both, (listening, sending), strict=True):
                    texts = [str(port) for port in pmt.to_python(ports)]
                    found += [(self.keep(block), t) for t in texts if t != "system"]
        for one, other in itertools.product(sending, listening):
            if one[0] is not other[0] and self.rng.random() < 0.5:
                self.flowgraph.msg_connect(one, other)
        if not self.kept:
            self.open.clear()
            gc.collect()

    def connect(self, block):
        from gnuradio import analog, blocks

        self.keep(block)
        basic = block.to_basic_block()
        ins, outs = basic.input_signature(), basic.output_signature()
        for port in range(max(0, ins.min_streams())):
            size = ins.sizeof_stream_item(port)
            fitting = [one for one in self.open if one[1] == size]
            if fitting and self.rng.random() < 0.7:
                source = self.rng.choice(fitting)[0]
            elif self.rng.random() < 0.3:
                data = self.rng.randbytes(size * self.rng.randint(1, 999))
                source = blocks.vector_source_b(list(data), True, size)
            elif size == 8:
                source = analog.noise_source_c(analog.GR_GAUSSIAN, 1.0)
            else:
                source = blocks.null_source(size)
            self.flowgraph.connect(source, (block, port))
        for port in range(max(0, outs.min_streams())):
            size = outs.sizeof_stream_item(port)
            self.flowgraph.connect((block, port), blocks.null_sink(size))
            self.open.append(((block, port), size))

    def change(self):
        while not self.end.wait(0.002):
            if self.settable:
                setter, taken = self.rng.choice(self.settable)
                try:
                    setter(*[self.rng.choice(ODD) for _ in taken])
                except Exception as error:
                    told(f"{self.seed} {setter.__qualname__}", error)

    def reconnect(self):
        """Connect one more sink to an open output, or take it away again."""
        from gnuradio import blocks

        self.flowgraph.lock()
        if self.more:
            self.flowgraph.disconnect(*self.more.pop())
        elif self.open:
            output, size = self.rng.choice(self.open)
            self.more.append((output, self.keep(blocks.null_sink(size))))
            self.flowgraph.connect(*self.more[-1])
        self.flowgraph.unlock()

    def run(self):
        """Return the longest time of stop() and wait()."""
        changer = threading.Thread(target=self.change)
        changer.start()
        longest = 0.0
        for _ in range(self.rng.randint(1, 2)):
            self.flowgraph.start()
            for _ in range(self.rng.choice((0, 0, 0, 1, 2))):
                time.sleep(self.rng.random() * 0.03)
                self.reconnect()
            time.sleep(self.rng.random() * 0.05)
            begun = time.monotonic()
            self.flowgraph.stop()
            with contextlib.suppress(ValueError, TypeError, OSError):
                self.flowgraph.wait()
            longest = max(longest, time.monotonic() - begun)
        self.end.set()
        changer.join()
        return longest


def one_graph(seed, folder):
    graph = Graph(seed, folder)
    try:
        graph.build()
    except (RuntimeError, ValueError) as error:
        return 0.0, f"refused {error!r}"[:80]
    try:
        return graph.run(), "ran"
    except RuntimeError as error:  # GNU Radio's own: an empty graph, a port left open
        return 0.0, f"refused {error!r}"[:80]
    finally:
        graph.end.set()


def main(first, graphs):
    from tests import left_open

    logging.disable(logging.CRITICAL)
    np.seterr(all="ignore")
    list(blocks())  # imports the package, which is no part of the first graph
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if not graphs:
            odd_arguments(first, folder)
        for number in range(1, graphs + 1):
            seed = first + number - 1
            print("begin", seed, flush=True)
            faulthandler.dump_traceback_later(120, exit=True)
            seconds, how = one_graph(seed, folder)
            faulthandler.cancel_dump_traceback_later()
            print("graph", seed, f"{seconds:.3f}", how.replace("\n", " "), flush=True)
            if number in (100, 1000):
                gc.collect()
                ctypes.CDLL(None).malloc_trim(0)  # what is free goes back
                found = len(left_open.descriptors()), len(left_open.threads())
                print("kept", number, *found, left_open.resident_mib(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
