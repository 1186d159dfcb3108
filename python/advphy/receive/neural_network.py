# SPDX-License-Identifier: GPL-3.0-or-later
"""Neural Network: any network as a block."""

import functools
import logging
import math
import os
import re
import time

import numpy as np
from advphy_model.checked_values import checked_whole
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.file_gate import FileError, read_bytes, reading
from advphy_model.link import model_file
from advphy_model.link.link_model import LinkModel
from advphy_model.link.network_file import NetworkFile
from advphy_model.network.foreign_network import item_shape, mixes_items
from advphy_model.network.inference import kernel_or_none
from advphy_model.network.network import run
from advphy_model.user_folders import user_path

from ..block_errors import guarded_block

TAG = "network"
TYPES = {"float": np.float32, "complex": np.complex64}
LAYOUTS = ("halves", "interleaved")
_NUMBERS = r"tensor\((float|float16|double|bool|u?int\d+)\)"
_WRONG = "is not a valid ONNX model, or has weights in other files: "
_WEIGHTS = "session.model_external_initializers_file_folder_path"


def _tried(*shapes):
    """Return how many items of shapes are tried."""
    return max(8, min(256, 2**22 // max(map(math.prod, shapes))))


class _Batches:
    """A network without a kernel; a subclass has input_shape and compute(x)."""

    def run(self, x, out):
        """Write the outputs for a batch [batch, reals] to out [batch, reals]."""
        out[:] = self.compute(x.reshape(-1, *self.input_shape)).reshape(out.shape)


class _Onnx(_Batches):
    """An ONNX model that onnxruntime computes."""

    def __init__(self, path):
        try:
            import onnxruntime
        except ImportError:
            raise ValueError(
                f"{path}: onnxruntime is not installed for this Python; run: advphy "
                f"import {path} --out FILE.safetensors, and give that file"
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        options.add_session_config_entry(_WEIGHTS, os.devnull)  # no other file
        with reading(path, _WRONG):
            self._session = onnxruntime.InferenceSession(
                read_bytes(path, "onnx"), options, providers=["CPUExecutionProvider"]
            )
            given, found = self._session.get_inputs(), self._session.get_outputs()
            if len(given) != 1 or len(found) != 1:
                counts = f"{len(given)} inputs and {len(found)} outputs"
                raise FileError(f"has {counts}, expected one of each")
            for part, kinds in ((given[0], r"tensor\(float\)"), (found[0], _NUMBERS)):
                if not re.fullmatch(kinds, part.type):
                    what = f"'{part.name}' is a {part.type}, expected float32"
                    raise FileError(f"{what}; export it so")
            self._name = given[0].name
            self.input_shape = item_shape(f"the input '{self._name}'", given[0].shape)
            self.output_shape = item_shape("the output", found[0].shape)
            items = _tried(self.input_shape, self.output_shape)
            rng, shape = np.random.default_rng(2), (items, *self.input_shape)
            x = rng.standard_normal(shape, np.float32)
            y = self.compute(x)
            if y.shape != (items, *self.output_shape):
                what = f"outputs have shape {y.shape} for inputs of shape {shape}"
                raise FileError(f"{what}; the first axis must be the batch")
            if mixes_items(self.compute, x, y):
                raise FileError(
                    "an output depends on the other items of its batch, or on chance; "
                    "export the model in evaluation mode (call .eval())"
                )

    def compute(self, x):
        return np.asarray(self._session.run(None, {self._name: x})[0], np.float32)


class _Numpy(_Batches):
    """A network that numpy computes."""

    def __init__(self, network):
        self.input_shape = network.input_shape
        self.compute = functools.partial(run, network)


def network_reals(file) -> tuple:
    """Return the numbers of reals that a network takes and returns.

    It is that of a NetworkFile, of a link model's decoder, of the file or name of one,
    or of an ONNX file; ValueError if there is none, or it is not valid.
    """
    return _reals(_network(file)[1])


def _reals(network):
    return math.prod(network.input_shape), math.prod(network.output_shape)


def _network(file):
    """Return (name, Network or _Onnx)."""
    if str(file).endswith(".onnx"):
        return str(file), _Onnx(str(user_path(file)))
    found = model_file.load(file, NetworkFile, LinkModel)
    role = "decoder" if isinstance(found, LinkModel) else "network"
    if role not in found.networks:
        raise ValueError(
            f"link '{found.name}' decides by {found.decision}, without a network; use "
            "the Decoder block"
        )
    return found.name, found.networks[role]


class neural_network(guarded_block):
    """Compute a network for each item and the items before it.

    Inputs:  vectors of reals or complex numbers, float32 or complex64 [length]
    Outputs: the same
    Tags:    "network" on the first item, and where the network is exchanged: its name

    The lengths follow from the network. Its input is what all input ports have: port by
    port, and for each port the `window` last items, the oldest first (before the first
    item: zeros). Its output is divided equally among the output ports. A network that
    the kernels cannot compute runs in numpy, one in an ONNX file in onnxruntime, at a
    rate that is measured and logged.

    Args:
        file: network or link model, the name or file of one, or an ONNX file.
        input_type: "float" or "complex".
        output_type: "float" or "complex".
        window: number of items that one inference sees, at least 1.
        input_ports: number of input ports.
        output_ports: number of output ports.
        layout: how reals make complex numbers: "halves" (all real parts, then all
            imaginary parts of a port) or "interleaved" (both parts of each number).
        latency: largest number of items in one call of work().

    Raises:
        ValueError: if an argument is not valid, or the network's reals cannot be
            divided so; the text names the argument.
    """

    def __init__(
        self,
        file,
        input_type="float",
        output_type="float",
        window=1,
        input_ports=1,
        output_ports=1,
        layout="halves",
        latency=65536,
    ):
        counts = {"window": window, "input_ports": input_ports}
        for name, count in (counts | {"output_ports": output_ports}).items():
            checked_whole(name, count, rule=">= 1")
        kinds = {"input_type": input_type, "output_type": output_type}
        for name, kind in kinds.items():
            if not isinstance(kind, str) or kind not in TYPES:
                raise ValueError(f"{name} must be float or complex, got '{kind}'")
        if layout not in LAYOUTS:
            raise ValueError(f"layout must be one of {LAYOUTS}, got '{layout}'")
        name, network = _network(file)
        self._reals = reals = _reals(network)
        taken = _item("input_type", input_type, reals[0], input_ports * window)
        given = _item("output_type", output_type, reals[1], output_ports)
        self._window, self._layout = int(window), layout
        ports = [taken] * int(input_ports), [given] * int(output_ports)
        guarded_block.__init__(self, "neural_network", *ports)
        self._take(name, network)
        self.set_history(self._window)
        largest = max(np.dtype(item).itemsize for item in (taken, given))
        self.size_buffers(latency, largest)

    def set_network(self, file):
        """Exchange the network before the next item; its reals must be the same."""
        name, network = _network(file)
        if (reals := _reals(network)) != self._reals:
            other = f"one of {self._reals} reals"
            raise ValueError(f"a network of {reals} reals cannot replace {other}")
        self._take(name, network)

    def _take(self, name, network):
        if not isinstance(network, _Onnx):
            kernel = kernel_or_none(network, f"network '{name}'")
            network = kernel or _Numpy(network)
        self.exchanged = name, network
        if isinstance(network, _Batches):
            tried = _tried(network.input_shape, self._reals[1:])
            x, out = (np.zeros((tried, reals), np.float32) for reals in self._reals)
            begun = time.perf_counter()
            network.run(x, out)
            rate = tried / (time.perf_counter() - begun)
            by = "onnxruntime" if isinstance(network, _Onnx) else "numpy"
            text = "network '%s': %s computes it, about %.2g items a second"
            logging.getLogger(__name__).warning(text, name, by, rate)

    def work(self, input_items, output_items):
        network, count = self.exchangeable(TAG), len(output_items[0])
        parts = [self._reals_of(items) for items in input_items]
        x = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        y = np.empty((count, self._reals[1]), np.float32)
        with np.errstate(all="ignore"):
            network.run(np.ascontiguousarray(x, np.float32), y)
        divided = np.split(y, len(output_items), axis=1)
        for out, part in zip(output_items, divided, strict=True):
            if out.dtype == np.float32:
                values = part
            elif self._layout == "halves":
                values = to_complex(part)
            else:
                values = np.ascontiguousarray(part).view(np.complex64)
            out[:] = values.reshape(out.shape)
        return count

    def _reals_of(self, items):
        """Return the reals of one port, float32 [items, reals]."""
        items = items.reshape(len(items), -1)
        if self._window > 1:
            windows = np.lib.stride_tricks.sliding_window_view(items, self._window, 0)
            items = windows.transpose(0, 2, 1).reshape(len(windows), -1)
        if items.dtype == np.float32:
            return items
        if self._layout == "halves":
            return to_reals(items)
        return np.ascontiguousarray(items).view(np.float32)


def _item(name, kind, reals, shares):
    """Return the item of a port, (type, length)."""
    each = shares * (2 if kind == "complex" else 1)
    if reals % each:
        raise ValueError(
            f"{name} = '{kind}': {reals} reals of the network cannot be divided into "
            f"{shares} equal parts of this type; change the type, ports or window"
        )
    return TYPES[kind], (reals // each,)
