# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of torch networks to link models."""

import copy
import logging
import re
import warnings

import numpy as np
import torch
from advphy_model.complex_baseband import to_complex
from advphy_model.file_gate import FileError, require_within
from advphy_model.link.link_model import LinkModel
from advphy_model.network import foreign_network
from advphy_model.network.network import INPUT, Layer, Network, run
from torch.nn.utils.weight_norm import WeightNorm

from advphy_training import network_builder
from advphy_training.networks import messages_of_bits
from advphy_training.torch_operators import OPERATORS, decompositions


def link_from_torch(
    name, k, n, decoder, encoder=None, codebook=None, recipe=None, bitwise=False
):
    """Return a LinkModel of torch modules of known layers; write(path) stores it.

    A Network may stand for a module.

    Args:
        name: name of the link.
        k: bits per message.
        n: channel uses per codeword.
        decoder: module from [batch, 2n] reals (real parts, then imaginary parts) to
            [batch, 2^k] logits of messages, or [batch, k] logits of bits.
        encoder: module from one-hot [batch, 2^k] to [batch, 2n] reals; None if there is
            a codebook.
        codebook: complex [2^k, n] of mean energy n; None if there is an encoder.
        recipe: dictionary of JSON values to store with the link.
        bitwise: True: the decoder has a logit for each bit, positive for 1; the first
            is that of the most significant bit.

    Raises ValueError if a layer is not known, or if the parts do not fit k and n.
    """
    if (encoder is None) == (codebook is None):
        raise ValueError("give either an encoder or a codebook")
    decoder = network_from_torch(decoder, (2 * n,))
    networks = {"decoder": _of_bits(decoder, k) if bitwise else decoder}
    if encoder is not None:
        networks["encoder"] = encoder = network_from_torch(encoder, (2**k,))
        one_hot = np.eye(2**k, dtype=np.float32)
        codebook = to_complex(run(encoder, one_hot))
    return LinkModel(name, k, n, codebook, "network", networks, recipe or {})


def network_from_torch(module, input_shape) -> Network:
    """Convert a torch module to a Network; torch.export traces it.

    Module and result are compared on 1000 random inputs, in evaluation mode and in
    float32. The module stays as it is.

    Args:
        module: torch.nn.Module from [batch, *input_shape] to [batch, ...]; a Network is
            returned unchanged.
        input_shape: shape of one item, without the batch.

    Raises ValueError if an operator is not known, a weight is complex, not finite or
    without values, torch cannot trace the module, or the result differs; the text names
    the layer.
    """
    if isinstance(module, Network):
        return module
    module = _checked_copy(module)
    apart = []  # where results differ first, for each batch

    def build(builder):
        graph = _Graph(module, builder)
        output = graph.output()
        apart.append(graph.apart)
        return output

    network = network_builder.read(build, input_shape)

    def original(x):
        with torch.no_grad():
            return module(torch.tensor(x)).numpy()

    try:
        what = f"the result of {type(module).__name__}"
        network_builder.verify(network, original, what)
    except ValueError as error:
        where = f"; {apart[0]}" if apart[0] else ""
        raise ValueError(f"{error}{where}") from None
    return network


def network_from_state_dict(state, layers, input_shape) -> Network:
    """Return a Network with the weights of a state_dict, in the order of its numbers.

    Args:
        state: state_dict, for example from torch.load(path, weights_only=True).
        layers: Layers without parameters (kind, name, attributes). Each dense, conv1d
            and conv2d layer takes the next "*.weight" and its "*.bias", in the order of
            the numbers in the keys.
        input_shape: shape of one item, without the batch.

    Raises ValueError if the keys do not say the order, or weights do not fit layers.
    """
    weights = [key for key in state if key.endswith("weight")]
    order = {key: tuple(map(int, re.findall(r"\d+", key))) for key in weights}
    if len(weights) > 1 and len(set(order.values()) - {()}) < len(weights):
        raise ValueError(
            f"the keys {', '.join(weights)} do not say by numbers of their own in "
            "which order the layers are; rename them, or import the module itself"
        )
    weights.sort(key=order.get)
    left, made = dict(state), []
    for layer in layers:
        parameters = {}
        if layer.kind in ("dense", "conv1d", "conv2d"):
            if not weights:
                raise ValueError(
                    f"layer '{layer.name}': the state_dict has no weight left"
                )
            key = weights.pop(0)
            bias = left.pop(key[: -len("weight")] + "bias", None)
            weight = left.pop(key)
            bias = torch.zeros(len(weight)) if bias is None else bias
            parameters = {
                name: value.detach().cpu().numpy().astype(np.float32)
                for name, value in (("weight", weight), ("bias", bias))
            }
        made.append(Layer(layer.kind, layer.name, parameters, layer.attributes))
    left.pop("num_batches_tracked", None)
    if left:
        raise ValueError(f"no layer takes {', '.join(left)} of the state_dict")
    return Network(tuple(made), tuple(input_shape))


def _of_bits(network, k):
    if network.output_shape != (k,):
        raise ValueError(
            f"a bitwise decoder must have k = {k} outputs, got {network.output_shape}"
        )
    made = [x for x in network.layers if x.kind not in ("flatten", "reshape")]
    last = made[-1] if made else None
    if last is not None and last.kind in ("sigmoid", "softmax"):
        raise ValueError(
            f"layer '{last.name}': a bitwise decoder must give logits, which are "
            f"positive for 1; omit the {last.kind} at its end"
        )
    layers = (*network.layers, messages_of_bits(k))
    return Network(layers, network.input_shape)


def _checked_copy(module):
    """Return a copy in evaluation mode, in float32 on the CPU, without gradients."""
    for name, part in module.named_modules():
        if part.training and isinstance(part, torch.nn.modules.batchnorm._NormBase):
            raise ValueError(
                f"{_named(name)}: {part} is in training mode and depends on the other "
                "items of a batch; call .eval()"
            )
    memo, tensors = {}, [*module.named_parameters(), *module.named_buffers()]
    for name, value in tensors:
        if isinstance(value, torch.nn.parameter.UninitializedTensorMixin):
            raise ValueError(
                f"{_named(name)}: has no size yet; run the lazy module on an input once"
            )
        if value.is_meta:
            raise ValueError(f"{_named(name)}: is on the meta device, without values")
        if value.is_complex():
            raise ValueError(
                f"{_named(name)}: is complex; use real and imaginary parts as reals"
            )
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ValueError(
                f"{_named(name)}: has a value that is not finite; train it again"
            )
    for part in module.modules():  # weight_norm keeps a result, which has no copy
        for value in vars(part).values():
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    copied = copy.deepcopy(module, memo)
    for part in copied.modules():
        for hook in list(part._forward_pre_hooks.values()):
            if isinstance(hook, WeightNorm):
                torch.nn.utils.remove_weight_norm(part, hook.name)
    return copied.cpu().float().eval().requires_grad_(False)


def _named(path):
    """Return "layer 'NAME'" for the path of a module or of its parameter."""
    return f"layer '{_name(path)}'"


def _name(path):
    path = path.replace(".", "_")
    return f"layer{path}" if path[:1].isdigit() else path


class _Graph:
    """The graph of a module for one batch, converted node by node."""

    def __init__(self, module, builder):
        x = torch.tensor(builder.array(INPUT))
        try:
            logging.getLogger("torch._subclasses.fake_tensor").setLevel("CRITICAL")
            with warnings.catch_warnings(), torch.random.fork_rng(), torch.no_grad():
                warnings.simplefilter("ignore")
                traced = torch.export.export(module, (x,), strict=False)
                self._traced = traced.run_decompositions(decompositions())
        except FileError:
            raise
        except Exception as error:  # torch has no common class of these
            raise ValueError(
                f"torch.export cannot trace {type(module).__name__}: "
                f"{str(error).strip().partition(chr(10))[0]}"
            ) from error
        self._builder, self._value = builder, {}
        self._torch = {}  # what torch has for each node
        self._values = 0  # of an item, in all nodes
        self.apart = None  # after which layer the results differ first
        self._depends = set()  # names of nodes that depend on the input

    def output(self):
        """Return the value of the output."""
        held = dict(self._traced.state_dict) | dict(self._traced.constants)
        held |= dict(self._traced.named_buffers())
        specs = self._traced.graph_signature.input_specs
        targets = {spec.arg.name: spec.target for spec in specs}  # None: the input
        for node in self._traced.graph.nodes:
            if node.op == "placeholder":
                tensor = held.get(targets[node.name])
                if tensor is None:
                    tensor = torch.tensor(self._builder.array(INPUT))
                    self._value[node.name] = INPUT
                    self._depends.add(node.name)
                else:
                    self._value[node.name] = tensor.detach().numpy()
                self._torch[node.name] = tensor
            elif node.op == "call_function":
                self._call(node)
            elif node.op == "output":
                found = node.args[0]
                if len(found) != 1 or not isinstance(found[0], torch.fx.Node):
                    raise ValueError(
                        f"the module returns {len(found)} outputs, expected one tensor"
                    )
                return self._value[found[0].name]
        raise AssertionError("a graph ends with its output")

    def _call(self, node):
        path = list((node.meta.get("nn_module_stack") or {"": ("",)}).values())[-1][0]
        builder = self._builder
        builder.at = _name(path)
        whole = getattr(node.target, "__name__", str(node.target))
        operator = whole.partition(".")[0]
        if operator.startswith("_assert"):
            return

        def given(held):
            arguments = node.args, node.kwargs
            args, named = torch.fx.node.map_arg(arguments, lambda n: held[n.name])
            return args, dict(named)

        for value in torch.utils._pytree.tree_leaves(node.meta.get("val")):
            if isinstance(value, torch.Tensor):  # without values
                self._values += value.numel() // builder.batch
        require_within("imported", self._values, f"layer '{builder.at or operator}'")
        args, named = given(self._torch)
        reference = node.target(*args, **named)
        if operator == "empty":
            reference.zero_()
        self._torch[node.name] = reference
        if not any(node.name in self._depends for node in node.all_input_nodes):
            self._value[node.name] = torch.utils._pytree.tree_map_only(
                torch.Tensor, lambda tensor: tensor.detach().numpy(), reference
            )
            return
        self._depends.add(node.name)
        if operator not in OPERATORS:
            raise ValueError(
                f"layer '{builder.at or operator}': torch's operator {whole} is not "
                f"one that a network knows; known are {', '.join(sorted(OPERATORS))}"
            )
        args, named = given(self._value)
        for key in ("dtype", "layout", "device", "pin_memory", "memory_format"):
            named.pop(key, None)
        shape = tuple(getattr(node.meta["val"], "shape", ()))
        found = OPERATORS[operator](builder, shape, *args, **named)
        self._value[node.name] = found
        if isinstance(found, str) and not self.apart:
            theirs = np.asarray(reference, np.float32)
            apart = foreign_network.unlike(builder.array(found), theirs)
            self.apart = apart and f"first after layer '{found}' ({whole}), {apart}"
