# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of torch networks to link models."""

import numpy as np
import torch
from advphy_model.complex_baseband import to_complex
from advphy_model.link.link_model import LinkModel
from advphy_model.network.network import Layer, Network, run

from advphy_training.networks import messages_of_bits


def link_from_torch(
    name, k, n, decoder, encoder=None, codebook=None, recipe=None, bitwise=False
):
    """Make a link model from torch modules of known layers.

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

    Returns:
        LinkModel; write(path) stores it in a file.

    Raises:
        ValueError: if a layer is not known, or if the parts do not fit k and n.
    """
    if (encoder is None) == (codebook is None):
        raise ValueError("give either an encoder or a codebook")
    network = network_from_torch(decoder, (2 * n,))
    networks = {"decoder": _of_bits(network, k) if bitwise else network}
    if encoder is not None:
        networks["encoder"] = network_from_torch(encoder, (2**k,))
        one_hot = np.eye(2**k, dtype=np.float32)
        codebook = to_complex(run(networks["encoder"], one_hot))
    return LinkModel(name, k, n, codebook, "network", networks, recipe or {})


def network_from_torch(module, input_shape) -> Network:
    """Convert a torch module of known layers to a Network.

    The known layers are Sequential (nested), Linear, Conv1d, Conv2d, ReLU, ELU,
    Sigmoid, Softmax over dimension 1, Flatten, Unflatten of dimension 1, and Identity
    and Dropout, which do nothing at inference.

    Args:
        module: torch.nn.Module.
        input_shape: shape of one item, without the batch.
    """
    found = [_layer(name or "layer", part) for name, part in _leaves(module, "")]
    return Network(tuple(filter(None, found)), tuple(input_shape))


def network_from_state_dict(state, layers, input_shape) -> Network:
    """Return a Network with the weights of a state_dict, in the order of its entries.

    Args:
        state: state_dict, for example from torch.load(path, weights_only=True).
        layers: Layers without parameters (kind, name, attributes). Each dense, conv1d
            and conv2d layer takes the next "*.weight" and its "*.bias".
        input_shape: shape of one item, without the batch.
    """
    weights = [key for key in state if key.endswith("weight")]
    taken, made = 0, []
    for layer in layers:
        parameters = {}
        if layer.kind in ("dense", "conv1d", "conv2d"):
            if taken == len(weights):
                raise ValueError(
                    f"layer '{layer.name}': the state_dict has no weight left"
                )
            key = weights[taken]
            taken += 1
            bias = state.get(key[: -len("weight")] + "bias")
            parameters = _parameters(state[key], bias)
        made.append(Layer(layer.kind, layer.name, parameters, layer.attributes))
    if taken != len(weights):
        raise ValueError(
            f"no layer takes {', '.join(weights[taken:])} of the state_dict"
        )
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


def _leaves(module, prefix):
    if isinstance(module, torch.nn.Sequential):
        for name, part in module.named_children():
            yield from _leaves(part, f"{prefix}_{name}" if prefix else f"layer{name}")
    else:
        yield prefix, module


def _parameters(weight, bias):
    weight = weight.detach().cpu().numpy().astype(np.float32)
    zeros = np.zeros(len(weight), np.float32)
    given = zeros if bias is None else bias.detach().cpu().numpy().astype(np.float32)
    return {"weight": weight, "bias": given}


def _layer(name, part):
    """Return the Layer of a torch module, or None if it does nothing."""
    nn = torch.nn
    if isinstance(part, nn.Identity | nn.Dropout):
        return None
    if isinstance(part, nn.Linear):
        return Layer("dense", name, _parameters(part.weight, part.bias))
    if isinstance(part, nn.Conv1d | nn.Conv2d):
        return _convolution(name, part)
    if isinstance(part, nn.ReLU):
        return Layer("relu", name)
    if isinstance(part, nn.ELU):
        return Layer("elu", name, {}, {"alpha": float(part.alpha)})
    if isinstance(part, nn.Sigmoid):
        return Layer("sigmoid", name)
    if isinstance(part, nn.Softmax) and part.dim in (1, -1):
        return Layer("softmax", name)
    if isinstance(part, nn.Flatten) and (part.start_dim, part.end_dim) == (1, -1):
        return Layer("flatten", name)
    if isinstance(part, nn.Unflatten) and part.dim == 1:
        if min(part.unflattened_size) < 1:
            raise ValueError(f"layer '{name}': {part} must give every size, not -1")
        return Layer("reshape", name, {}, {"shape": list(part.unflattened_size)})
    raise ValueError(
        f"layer '{name}': {part} is not one that a link model knows; choose from "
        "Linear, Conv1d, Conv2d, ReLU, ELU, Sigmoid, Softmax, Flatten, Unflatten, "
        "Identity, Dropout"
    )


def _convolution(name, part):
    if set(part.dilation) != {1} or part.groups != 1 or part.padding_mode != "zeros":
        raise ValueError(
            f"layer '{name}': {part}: dilation, groups and padding other than zeros "
            "are not supported"
        )
    padding = []
    for axis, taps in enumerate(part.kernel_size):
        if part.padding == "same":  # torch puts the odd zero last
            padding += [(taps - 1) // 2, taps - 1 - (taps - 1) // 2]
        else:
            zeros = 0 if part.padding == "valid" else part.padding[axis]
            padding += [zeros, zeros]
    attributes = {"padding": padding, "stride": list(part.stride)}
    parameters = _parameters(part.weight, part.bias)
    return Layer(f"conv{len(part.kernel_size)}d", name, parameters, attributes)
