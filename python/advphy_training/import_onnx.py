# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of ONNX models to networks, by way of torch."""

import math

import numpy as np
import torch
from advphy_model.file_gate import FileError, read_bytes, reading, require_within
from advphy_model.network.foreign_network import item_shape
from advphy_model.network.network import Network

from advphy_training import network_builder
from advphy_training.import_torch import network_from_torch
from advphy_training.onnx_operators import OPERATORS

OPSETS = range(9, 23)
_BY_OTHERS = [  # operators that ONNX itself defines by others
    ("", name)
    for name in "Celu HardSwish Mish Softsign Swish ThresholdedRelu GroupNormalization "
    "MeanVarianceNormalization RMSNormalization".split()
]
# Operators that may compute constants: their time is that of reading and writing.
_OF_CONSTANTS = set(
    "Abs Add And Cast CastLike Ceil Clip Concat Constant ConstantOfShape Cos CumSum "
    "DequantizeLinear Div Equal Exp Expand EyeLike Flatten Floor Gather Gemm Greater "
    "GreaterOrEqual Identity Less LessOrEqual Log MatMul Max Mean Min Mod Mul Neg Not "
    "OneHot Or Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean "
    "ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round Shape Sign Sin "
    "Size Slice Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze Where "
    "Xor".split()
)


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
    name, kind = inputs[0].name, inputs[0].type.tensor_type
    if kind.elem_type != 1:
        raise FileError(f"the input '{name}' is not of float32; export it so")
    sizes = [d.dim_value or d.dim_param or "?" for d in kind.shape.dim]
    shape = item_shape(f"the input '{name}'", sizes)
    network = network_from_torch(OnnxModel(model, name), shape)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

    def original(x):
        return session.run(None, {name: x})[0]

    network_builder.verify(network, original, "the result")
    return network


def _loaded(path, shown):
    import onnx
    import onnx.inliner

    content = path if isinstance(path, bytes) else read_bytes(path, "onnx")
    with reading(shown, "is not a valid ONNX model: "):
        model = onnx.load_from_string(content)
        graph = model.graph
        require_within("layers", len(graph.node))
        given = [a for node in graph.node for a in node.attribute]
        if graph.sparse_initializer or any(a.HasField("sparse_tensor") for a in given):
            raise FileError("has sparse weights; export them as whole arrays")
        for tensor in (*graph.initializer, *(a.t for a in given if a.HasField("t"))):
            if tensor.external_data or tensor.data_location:
                raise FileError("has weights in other files; export it into one file")
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


class OnnxModel(torch.nn.Module):
    """An ONNX graph in torch; values that do not depend on the input are arrays."""

    def __init__(self, model, input_name):
        from onnx import numpy_helper

        super().__init__()
        graph, imports = model.graph, model.opset_import
        opset = max(o.version for o in imports if o.domain in ("", "ai.onnx"))
        self._input, self._output = input_name, graph.output[0].name
        self._imports = imports
        self._constants = known = {"": None} | {
            tensor.name: _floats(numpy_helper.to_array(tensor))
            for tensor in graph.initializer
        }
        self._steps, constants = [], _Constants(imports)
        for node in graph.node:
            if all(name in known for name in node.input):
                known |= constants.of(node, [known[name] for name in node.input])
                continue
            whole = (node.name or node.output[0]).strip("/")
            name = whole.replace("/", "_").replace(".", "_")
            if hasattr(self, name):
                name = f"{name}_{len(self._steps)}"
            step = _Node(node, name, opset)
            self._steps.append(step)
            setattr(self, name, step)

    def forward(self, x):
        """Return the outputs for a batch."""
        constants = _Constants(self._imports)
        values = {self._input: x} | self._constants
        for step in self._steps:
            values |= step(values, constants)
        return values[self._output]


class _Node(torch.nn.Module):
    def __init__(self, node, name, opset):
        from onnx import helper

        super().__init__()
        self._node, self._name = node, name
        self._own = {"opset": opset, "outputs": len(node.output)} | {
            a.name: helper.get_attribute_value(a) for a in node.attribute
        }

    def forward(self, values, constants):
        node, given = self._node, [values[name] for name in self._node.input]
        if not any(isinstance(value, torch.Tensor) for value in given):
            return constants.of(node, given)
        if node.domain not in ("", "ai.onnx") or node.op_type not in OPERATORS:
            raise FileError(
                f"layer '{self._name}': ONNX's operator {node.domain or 'ai.onnx'}."
                f"{node.op_type} of opset {self._own['opset']} is not one that a "
                f"network knows; known are {', '.join(sorted(OPERATORS))}"
            )
        found = OPERATORS[node.op_type](self._own, *given)
        found = found if isinstance(found, tuple) else (found,)
        return dict(zip(node.output, found, strict=False))


class _Constants:
    """Values of nodes whose inputs are constants, computed within the limits."""

    def __init__(self, imports):
        self._imports, self._values = imports, 0

    def of(self, node, given):
        """Return the values of a node by name; FileError before it takes too much."""
        from onnx import helper
        from onnx.reference import ReferenceEvaluator

        feeds = {n: v for n, v in zip(node.input, given, strict=True) if n}
        sizes = [*(v.size for v in feeds.values()), *self._sizes(node, feeds)]
        self._values += sum(sizes)
        if node.op_type in ("MatMul", "Gemm"):  # 16 products take as long as a value
            self._values += math.sqrt(math.prod([*sizes[:2], sizes[-1]])) / 16
        what = f"the model, up to '{node.output[0]}' ({node.op_type}),"
        require_within("constants", self._values, what)
        inputs, outputs = (
            [helper.make_empty_tensor_value_info(name) for name in names]
            for names in (feeds, node.output)
        )
        alone = helper.make_graph([node], "constants", inputs, outputs)
        model = helper.make_model(alone, opset_imports=self._imports)
        found = ReferenceEvaluator(model).run(None, feeds)
        return dict(zip(node.output, map(_floats, map(np.asarray, found)), strict=True))

    def _sizes(self, node, feeds):
        """Return how many values each output has, which ONNX infers."""
        from onnx import defs, helper, numpy_helper, shape_inference

        types, short, made = {}, {}, []
        for name, value in feeds.items():
            kind = helper.np_dtype_to_tensor_dtype(value.dtype)
            types[name] = helper.make_tensor_type_proto(kind, value.shape)
            if value.size <= 64:  # a shape, or ends
                short[name] = numpy_helper.from_array(value, name)
        if node.domain in ("", "ai.onnx") and node.op_type in _OF_CONSTANTS:
            opset = max(o.version for o in self._imports if o.domain in ("", "ai.onnx"))
            schema = defs.get_schema(node.op_type, opset)
            found = shape_inference.infer_node_outputs(schema, node, types, short)
            made = [found[name].tensor_type for name in node.output]
        axes = [axis for kind in made for axis in kind.shape.dim]
        known = [axis.HasField("dim_value") and axis.dim_value >= 0 for axis in axes]
        known += [kind.HasField("shape") and kind.elem_type != 8 for kind in made]
        if not made or not all(known):  # 8: texts
            raise FileError(
                f"the constant '{node.output[0]}' is made by {node.op_type}, whose "
                "size or time is not known before; export it with constant folding"
            )
        return [math.prod(axis.dim_value for axis in kind.shape.dim) for kind in made]


def _floats(array):
    """Return floats of any size as float32, and others as they are."""
    known = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array.astype(np.float32) if known else array
