# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX's operators in torch."""

import math

import numpy as np
import torch
from advphy_model.file_gate import FileError
from torch.nn import functional as F  # noqa: N812, as everywhere


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


# Each operator is a function (attributes, *inputs) -> output or a tuple of outputs; of
# the attributes are also "opset" and the number of "outputs".


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


def _sides(own, x, weight):
    """Return the padding of a convolution, for each axis before and after."""
    axes = weight.ndim - 2
    kind = own.get("auto_pad", b"NOTSET")
    if kind == b"NOTSET":
        pads = own.get("pads", [0] * 2 * axes)
        return np.reshape(pads, (2, -1)).T.ravel().tolist()
    sides = []
    for i in range(axes):
        stride, size = own.get("strides", [1] * axes)[i], x.shape[2 + i]
        reach = own.get("dilations", [1] * axes)[i] * (weight.shape[2 + i] - 1) + 1
        more = max(0, (math.ceil(size / stride) - 1) * stride + reach - size)
        pair = [more // 2, more - more // 2] if kind != b"VALID" else [0, 0]
        sides += pair if kind != b"SAME_LOWER" else pair[::-1]
    return sides


class _Attributes(dict):
    """_Attributes of a node, with a method for each operator that has its name."""

    def Clip(self, x, low=None, high=None):
        low, high = self.get("min", low), self.get("max", high)
        return torch.clamp(x, *(None if v is None else float(v) for v in (low, high)))

    def Gemm(self, x, y, bias=None):
        x, y = _tensor(x), _tensor(y)
        x = x.T if self.get("transA") else x
        y = (y.T if self.get("transB") else y) * self.get("alpha", 1.0)
        return x @ y if bias is None else x @ y + _tensor(bias) * self.get("beta", 1.0)

    def Conv(self, x, weight, bias=None):
        weight, ones = _tensor(weight), [1] * (x.ndim - 2)
        x = F.pad(x, _backwards(_sides(self, x, weight)))
        how = self.get("dilations", ones), self.get("group", 1)
        function = getattr(F, f"conv{x.ndim - 2}d")
        return function(x, weight, _tensor(bias), self.get("strides", ones), 0, *how)

    def ConvTranspose(self, x, weight, bias=None):
        if self.get("auto_pad", b"NOTSET") != b"NOTSET" or "output_shape" in self:
            raise ValueError("a transposed convolution needs pads, not an output shape")
        ones, sides = [1] * (x.ndim - 2), _sides(self, x, weight)
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
        if self["to"] == 9:
            return (x != 0).float()
        if self["to"] in (1, 11):  # float and double
            return x
        raise FileError("a cast that rounds is not known; export it in float32")

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
