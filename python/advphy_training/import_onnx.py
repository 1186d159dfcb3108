# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of ONNX models to networks, by way of torch."""

import math

import numpy as np
import torch
from advphy_model.file_gate import FileError, read_bytes, reading, require_within
from advphy_model.network.network import Network
from torch.nn import functional as F  # noqa: N812, as everywhere

from advphy_training import network_builder
from advphy_training.import_torch import network_from_torch

OPSETS = range(9, 23)
_BY_OTHERS = [  # operators that ONNX itself defines by others
    ("", name)
    for name in "Celu HardSwish Mish Softsign Swish ThresholdedRelu GroupNormalization "
    "MeanVarianceNormalization RMSNormalization".split()
]


def network_from_onnx(path) -> Network:
    """Convert an ONNX model with one input and one output to a Network.

    Model and result are compared on 1000 random inputs by onnxruntime.

    Args:
        path: file of the model, or its content as bytes. The first axis of its input is
            the batch, of any size.

    Raises ValueError if the file is not a valid model, an operator or its opset is not
    known, a shape is not fixed, or the result differs, and says which; OSError if the
    file cannot be read; ImportError if onnx or onnxruntime is not installed.
    """
    shown = "ONNX model" if isinstance(path, bytes) else str(path)
    with reading(shown):
        return _network(path, shown)


def _network(path, shown):
    import onnxruntime

    model = _loaded(path, shown)
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in held]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise FileError(
            f"has {len(inputs)} inputs and {len(model.graph.output)} outputs, "
            "expected one of each"
        )
    name, shape = inputs[0].name, _item_shape(inputs[0])
    network = network_from_torch(_Module(model, name), shape)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    network_builder.verify(network, lambda x: session.run(None, {name: x})[0], "it")
    return network


def _loaded(path, shown):
    import onnx
    import onnx.inliner

    content = path if isinstance(path, bytes) else read_bytes(path, "onnx")
    with reading(shown, "is not a valid ONNX model: "):
        model = onnx.load_from_string(content)
        graph = model.graph
        require_within("layers", len(graph.node))
        if any(tensor.external_data for tensor in graph.initializer):
            raise FileError("has weights in other files; export it into one file")
        for tensor in graph.initializer:
            require_within("imported", math.prod(tensor.dims))
        onnx.checker.check_model(model)
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx") and opset.version not in OPSETS:
            raise FileError(
                f"has opset {opset.version}, known are {OPSETS[0]} to "
                f"{OPSETS[-1]}; export it with another opset_version"
            )
    inline = onnx.inliner.inline_selected_functions
    return inline(model, _BY_OTHERS, inline_schema_functions=True)


def _item_shape(given):
    kind = given.type.tensor_type
    sizes = [d.dim_value or d.dim_param or "?" for d in kind.shape.dim]
    if kind.elem_type != 1:
        raise FileError(f"the input '{given.name}' is not of float32; export it so")
    if len(sizes) < 2 or any(isinstance(size, str) for size in sizes[1:]):
        raise FileError(
            f"the input '{given.name}' has shape {sizes}; all but the first "
            "axis, the batch, must have a fixed size"
        )
    if not isinstance(sizes[0], str):
        raise FileError(
            f"the first axis of the input '{given.name}' has the fixed size "
            f"{sizes[0]}; export it with a dynamic batch axis"
        )
    return tuple(sizes[1:])


class _Module(torch.nn.Module):
    """An ONNX graph in torch; values that do not depend on the input are arrays."""

    def __init__(self, model, input_name):
        from onnx import numpy_helper

        super().__init__()
        graph, imports = model.graph, model.opset_import
        opset = max(o.version for o in imports if o.domain in ("", "ai.onnx"))
        self._input, self._output = input_name, graph.output[0].name
        self._constants = {
            tensor.name: _floats(numpy_helper.to_array(tensor))
            for tensor in graph.initializer
        }
        self._steps = []
        for node in graph.node:
            whole = (node.name or node.output[0]).strip("/")
            name = whole.replace("/", "_").replace(".", "_")
            step = _Node(node, name, opset, imports)
            self._steps.append(step)
            setattr(self, name, step)

    def forward(self, x):
        values = {"": None, self._input: x, **self._constants}
        for step in self._steps:
            values |= step(values)
        return values[self._output]


class _Node(torch.nn.Module):
    def __init__(self, node, name, opset, imports):
        from onnx import helper

        super().__init__()
        self._node, self._imports = node, imports
        own = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self._own = _Attributes(own, opset=opset, outputs=len(node.output))
        self._refusal = None
        if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATORS:
            self._refusal = (
                f"layer '{name}': ONNX's operator {node.domain or 'ai.onnx'}."
                f"{node.op_type} of opset {opset} is not one that a network knows; "
                f"known are {', '.join(sorted(OPERATORS))}"
            )

    def forward(self, values):
        node, given = self._node, [values[name] for name in self._node.input]
        if not any(isinstance(value, torch.Tensor) for value in given):
            return _computed(node, given, self._imports)
        if self._refusal:
            raise ValueError(self._refusal)
        found = OPERATORS[node.op_type](self._own, *given)
        found = found if isinstance(found, tuple) else (found,)
        return dict(zip(node.output, found, strict=False))


def _computed(node, given, imports):
    """Return the values of a node whose inputs are constants, by name."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    if any(a.type in (a.GRAPH, a.GRAPHS) for a in node.attribute):
        raise ValueError(f"operator {node.op_type}: loops and conditions are not known")
    feeds = {n: v for n, v in zip(node.input, given, strict=True) if n}
    require_within("imported", _most_values(node.op_type, given))
    inputs, outputs = (
        [helper.make_empty_tensor_value_info(name) for name in names]
        for names in (feeds, node.output)
    )
    alone = helper.make_graph([node], "constants", inputs, outputs)
    made = helper.make_model(alone, opset_imports=imports)
    found = ReferenceEvaluator(made).run(None, feeds)
    return dict(zip(node.output, map(_floats, map(np.asarray, found)), strict=True))


def _most_values(kind, given):
    """Return how many values a node of constants has at most, roughly."""
    found = [np.asarray(v) for v in given if v is not None]
    if kind in ("ConstantOfShape", "Expand", "Tile", "Pad", "Range", "OneHot"):
        # Sizes are among the values: a shape, repeats, padding, or a last number.
        sizes = [v for v in found if v.size <= 16 and v.dtype.kind in "iuf"]
        grown = math.prod(max(1.0, float(abs(n))) for v in sizes for n in v.ravel())
        return grown * max((v.size for v in found), default=1)
    if kind == "MatMul" and len(found) == 2 and all(v.ndim for v in found):
        return found[0].size / found[0].shape[-1] * found[1].shape[-1]
    try:
        return math.prod(np.broadcast_shapes(*(v.shape for v in found)))
    except ValueError:
        return sum(v.size for v in found)


def _floats(array):
    """Return floats of any size as float32, and others as they are."""
    known = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array.astype(np.float32) if known else array


def _tensor(value):
    """Return a value as a tensor; None stays None."""
    if value is None or isinstance(value, torch.Tensor):
        return value
    return torch.tensor(np.asarray(value, np.float32))


def _numbers(value):
    """Return whole numbers; ValueError if they depend on the input."""
    if isinstance(value, torch.Tensor):
        raise ValueError("sizes or indices depend on the input")
    return None if value is None else [int(v) for v in np.ravel(value)]


# Each operator is a function (_Attributes, *inputs) -> output or a tuple of outputs.


def _plain(function):
    return lambda own, *x: function(*map(_tensor, x))


def _repeated(function):
    def operator(own, x, *others):
        x = _tensor(x)
        for y in others:
            x = function(x, _tensor(y))
        return x

    return operator


def _compared(function):
    return lambda own, x, y: function(_tensor(x), _tensor(y)).float()


def _softmax(function):
    def operator(own, x):
        if own["opset"] >= 13:
            return function(x, own.get("axis", -1))
        axis = own.get("axis", 1)  # over all axes from this one on
        return function(x.flatten(axis), axis).view(x.shape)

    return operator


def _backwards(sides):
    """Return sides of axes in the order of torch's pad, from the last axis on."""
    return np.reshape(sides, (-1, 2))[::-1].ravel().tolist()


def _reduced(function):
    """Return the operator of a reduction, a function (x, axes, keepdim)."""

    def operator(own, x, axes=None):
        axes = own.get("axes") if axes is None else _numbers(axes)
        if not axes and own.get("noop_with_empty_axes"):
            return x
        axes = axes or list(range(x.ndim))
        return function(x, axes, bool(own.get("keepdims", 1)))

    return operator


def _recurrent(kind, order):
    """Return the operator GRU or LSTM; order: torch's gates by ONNX's numbers."""

    def operator(own, x, weight, again, bias=None, lengths=None, *starts):
        special = {"activations", "clip", "input_forget"} & set(own)
        linear = kind is torch.nn.LSTM or own.get("linear_before_reset")
        way = own.get("direction", b"forward")
        usual = linear and lengths is None and way != b"reverse"
        if special or own.get("layout") or not usual:
            raise ValueError(
                f"a {kind.__name__} with lengths, activations, layout, one reverse "
                "direction or linear_before_reset = 0 is not known"
            )
        size, ways = own["hidden_size"], 1 + (way == b"bidirectional")
        module = kind(x.shape[2], size, bidirectional=ways == 2)
        places = np.concatenate([np.arange(size) + size * gate for gate in order])
        if bias is None:
            bias = np.zeros((ways, 2 * len(order) * size), np.float32)
        state = {}
        for i, end in zip(range(ways), ("l0", "l0_reverse"), strict=False):
            mine, others = np.split(bias[i], 2)
            parts = {"weight_ih": weight[i], "weight_hh": again[i]}
            for name, value in (parts | {"bias_ih": mine, "bias_hh": others}).items():
                state[f"{name}_{end}"] = torch.tensor(value[places])
        starts = [_tensor(start) for start in starts if start is not None]
        first = None if not starts else starts[0] if len(starts) == 1 else tuple(starts)
        with torch.no_grad():
            module.load_state_dict(state)
        y, last = module(x, first)
        y = y.reshape(*y.shape[:2], ways, size).permute(0, 2, 1, 3)
        return (y, *(last if isinstance(last, tuple) else (last,)))

    return operator


class _Attributes(dict):
    """Attributes of a node, with a method for each operator that has its name."""

    def Clip(self, x, low=None, high=None):
        low, high = self.get("min", low), self.get("max", high)
        return torch.clamp(x, *(None if v is None else float(v) for v in (low, high)))

    def Gemm(self, x, y, bias=None):
        x, y = _tensor(x), _tensor(y)
        x = x.T if self.get("transA") else x
        y = (y.T if self.get("transB") else y) * self.get("alpha", 1.0)
        return x @ y if bias is None else x @ y + _tensor(bias) * self.get("beta", 1.0)

    def _sides(self, x, weight):
        """Return the padding of a convolution, for each axis before and after."""
        axes = weight.ndim - 2
        kind = self.get("auto_pad", b"NOTSET")
        if kind == b"NOTSET":
            pads = self.get("pads", [0] * 2 * axes)
            return np.reshape(pads, (2, -1)).T.ravel().tolist()
        sides = []
        for i in range(axes):
            stride, size = self.get("strides", [1] * axes)[i], x.shape[2 + i]
            reach = self.get("dilations", [1] * axes)[i] * (weight.shape[2 + i] - 1) + 1
            more = max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
            pair = [more // 2, more - more // 2] if kind != b"VALID" else [0, 0]
            sides += pair if kind != b"SAME_LOWER" else pair[::-1]
        return sides

    def Conv(self, x, weight, bias=None):
        weight, ones = _tensor(weight), [1] * (x.ndim - 2)
        x = F.pad(x, _backwards(self._sides(x, weight)))
        how = self.get("dilations", ones), self.get("group", 1)
        function = getattr(F, f"conv{x.ndim - 2}d")
        return function(x, weight, _tensor(bias), self.get("strides", ones), 0, *how)

    def ConvTranspose(self, x, weight, bias=None):
        if self.get("auto_pad", b"NOTSET") != b"NOTSET" or "output_shape" in self:
            raise ValueError("a transposed convolution needs pads, not an output shape")
        ones, sides = [1] * (x.ndim - 2), self._sides(x, weight)
        cut = -np.reshape(sides, (-1, 2))
        cut[:, 1] += self.get("output_padding", 0)
        function = getattr(F, f"conv_transpose{x.ndim - 2}d")
        how = self.get("group", 1), self.get("dilations", ones)
        y = function(x, _tensor(weight), None, self.get("strides", ones), 0, 0, *how)
        y = F.pad(y, _backwards(cut))
        return y if bias is None else y + _tensor(bias).view(-1, *ones)

    def BatchNormalization(self, x, scale, shift, mean, variance):
        if self.get("training_mode"):
            raise ValueError(
                "a BatchNormalization is in training mode; export in eval mode"
            )
        how = {"eps": self.get("epsilon", 1e-5)}
        return F.batch_norm(x, *map(_tensor, (mean, variance, scale, shift)), **how)

    def InstanceNormalization(self, x, scale, shift):
        how = {"weight": _tensor(scale), "bias": _tensor(shift)}
        return F.instance_norm(x, eps=self.get("epsilon", 1e-5), **how)

    def LayerNormalization(self, x, scale, shift=None):
        sizes = x.shape[self.get("axis", -1) :]
        scale, shift = _tensor(scale), _tensor(shift)
        return F.layer_norm(x, sizes, scale, shift, self.get("epsilon", 1e-5))

    def Reshape(self, x, shape):
        shape = _numbers(shape)
        if not self.get("allowzero"):
            shape = [x.shape[i] if size == 0 else size for i, size in enumerate(shape)]
        return x.reshape(shape)

    def Flatten(self, x):
        axis = self.get("axis", 1)
        return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))

    def Squeeze(self, x, axes=None):
        axes = self.get("axes") if axes is None else _numbers(axes)
        return x.squeeze() if axes is None else x.squeeze(tuple(axes))

    def Unsqueeze(self, x, axes=None):
        axes = self.get("axes") if axes is None else _numbers(axes)
        for axis in sorted(axis % (x.ndim + len(axes)) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    def Slice(self, x, starts=None, ends=None, axes=None, steps=None):
        starts, ends, axes, steps = map(_numbers, (starts, ends, axes, steps))
        if self["opset"] < 10:
            starts, ends, axes = self["starts"], self["ends"], self.get("axes")
        axes = axes or range(len(starts))
        for i, axis in enumerate(axes):
            step, size = steps[i] if steps else 1, x.shape[axis]
            end = None if step < 0 and ends[i] < -size else ends[i]
            chosen = range(size)[slice(starts[i], end, step)]
            x = x.index_select(axis, torch.tensor(list(chosen), dtype=torch.int64))
        return x

    def Split(self, x, sizes=None):
        axis, sizes = self.get("axis", 0), self.get("split") or _numbers(sizes)
        return tuple(x.split(sizes or math.ceil(x.shape[axis] / self["outputs"]), axis))

    def Gather(self, x, index):
        axis, index = self.get("axis", 0) % x.ndim, np.asarray(index)
        chosen = torch.tensor(_numbers(index % x.shape[axis]), dtype=torch.int64)
        sizes = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
        return x.index_select(axis, chosen).reshape(sizes)

    def Expand(self, x, shape):
        return x.expand(np.broadcast_shapes(tuple(x.shape), tuple(_numbers(shape))))

    def Pad(self, x, pads=None, value=None, axes=None):
        if axes is not None:
            raise ValueError("padding of chosen axes is not known")
        pads = self.get("pads") if pads is None else _numbers(pads)
        pairs = np.reshape(pads, (2, -1)).T  # before and after on each axis
        value = self.get("value", 0.0) if value is None else float(np.ravel(value)[0])
        mode = self.get("mode", b"constant").decode()
        if mode == "constant":
            return F.pad(x, _backwards(pairs), value=value)
        for axis, pair in enumerate(pairs):
            places = np.pad(np.arange(x.shape[axis]), pair, mode)
            x = x.index_select(axis, torch.tensor(places))
        return x

    def Cast(self, x):
        if self["to"] not in (1, 9, 10, 11, 16):  # floats and booleans
            raise ValueError("a cast to whole numbers is not known")
        return x

    def DepthToSpace(self, x):
        size = self["blocksize"]
        if self.get("mode", b"DCR") == b"DCR":
            x = x.unflatten(1, (size**2, -1)).transpose(1, 2).flatten(1, 2)
        return F.pixel_shuffle(x, size)


OPERATORS = {
    name: _plain(getattr(torch, name.lower()))
    for name in "Relu Sigmoid Tanh Exp Log Sqrt Sin Cos Erf Abs Neg Reciprocal Pow "
    "MatMul".split()
}
OPERATORS |= {
    "Add": _repeated(torch.add),
    "Sub": _repeated(torch.sub),
    "Mul": _repeated(torch.mul),
    "Div": _repeated(torch.div),
    "Sum": _repeated(torch.add),
    "Max": _repeated(torch.maximum),
    "Min": _repeated(torch.minimum),
    "Greater": _compared(torch.gt),
    "GreaterOrEqual": _compared(torch.ge),
    "Less": _compared(torch.lt),
    "LessOrEqual": _compared(torch.le),
    "Equal": _compared(torch.eq),
    "Not": lambda own, x: (x == 0).float(),
    "Where": lambda own, c, x, y: torch.where(_tensor(c) != 0, _tensor(x), _tensor(y)),
    "LeakyRelu": lambda own, x: F.leaky_relu(x, own.get("alpha", 0.01)),
    "Selu": lambda own, x: own.get("gamma", 1.0507009873554805)
    * F.elu(x, own.get("alpha", 1.6732632423543772)),
    "Elu": lambda own, x: F.elu(x, own.get("alpha", 1.0)),
    "Softplus": lambda own, x: F.softplus(x),
    "HardSigmoid": lambda own, x: torch.clamp(
        own.get("alpha", 0.2) * x + own.get("beta", 0.5), 0, 1
    ),
    "Gelu": lambda own, x: F.gelu(
        x, approximate=own.get("approximate", b"none").decode()
    ),
    "PRelu": lambda own, x, slope: torch.where(x > 0, x, _tensor(slope) * x),
    "Softmax": _softmax(torch.softmax),
    "LogSoftmax": _softmax(torch.log_softmax),
    "ReduceMean": _reduced(torch.mean),
    "ReduceSum": _reduced(torch.sum),
    "ReduceMax": _reduced(torch.amax),
    "ReduceL1": _reduced(lambda x, *how: torch.linalg.vector_norm(x, 1, *how)),
    "ReduceL2": _reduced(lambda x, *how: torch.linalg.vector_norm(x, 2, *how)),
    "ReduceSumSquare": _reduced(lambda x, *how: torch.sum(x * x, *how)),
    "GlobalAveragePool": lambda own, x: x.mean(list(range(2, x.ndim)), keepdim=True),
    "Transpose": lambda own, x: x.permute(own.get("perm", list(range(x.ndim))[::-1])),
    "Concat": lambda own, *x: torch.cat([*map(_tensor, x)], own["axis"]),
    "Shape": lambda own, x: np.array(x.shape[own.get("start", 0) : own.get("end")]),
    "GRU": _recurrent(torch.nn.GRU, (1, 0, 2)),
    "LSTM": _recurrent(torch.nn.LSTM, (0, 2, 3, 1)),
    "Identity": lambda own, x: x,
    "Dropout": lambda own, x, *_: x,
}
OPERATORS |= {name: f for name, f in vars(_Attributes).items() if name[0] != "_"}
