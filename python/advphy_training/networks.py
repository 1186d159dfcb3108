# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with random weights, from which training starts."""

import math

import numpy as np
import torch
from advphy_model.link.baselines.nearest_codeword import words
from advphy_model.network.network import Layer, Network

from advphy_training.torch_network import TorchNetwork

BITS = "messages_of_bits"  # name of a layer that training does not change


def weights(rng, name, kind, shape, bias=0.0, **attributes):
    """Return a layer with weights uniform in +-1/sqrt(inputs), torch's default."""
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    weight = rng.uniform(-bound, bound, shape)
    parameters = {"weight": weight, "bias": np.full(shape[0], bias)}
    return Layer(kind, name, parameters, attributes)


def messages_of_bits(k) -> Layer:
    """Return the layer from k logits of bits to 2^k logits of messages.

    A bit's logit is the logarithm of its odds of being 1; the first is that of the most
    significant bit. Message s gets the sum of +-1/2 times these logits. The softmax
    over the messages is then the product of the bits' probabilities, and the largest
    is the message of the bits decided one by one.
    """
    signs = words(k).astype(np.float32) - 0.5
    return Layer("dense", BITS, {"weight": signs, "bias": np.zeros(2**k, np.float32)})


def perceptron(rng, sizes, output=None, before=(), after=()) -> Network:
    """Return dense layers with a ReLU after each, except after the layer `output`.

    If that is None, a ReLU follows the last one, too. `sizes` are the numbers of
    inputs, of neurons in each hidden layer, and of outputs. Layers `before` are in
    front and keep the number of inputs, `after` at the end. The numpy Generator draws
    the weights.
    """
    hidden = sizes if output is None else sizes[:-1]
    layers = [*before]
    for i, shape in enumerate(zip(hidden[1:], hidden[:-1], strict=True), 1):
        layers.append(weights(rng, f"hidden{i}", "dense", shape))
        layers.append(Layer("relu", f"relu{i}"))
    if output is not None:
        layers.append(weights(rng, output, "dense", (sizes[-1], sizes[-2])))
    return Network((*layers, *after), (sizes[0],))


def classifier(reals, hidden, classes, rng, before=()) -> Network:
    """Return the network of an Eve, from L reals to logits; see perceptron()."""
    return perceptron(rng, [reals, *hidden, classes], "logits", before)


def residual(reals, rng, hidden=None) -> Network:
    """Return a residual network F: L-L-64-L [arn, Sec. V], or of given hidden sizes."""
    return perceptron(rng, [reals, *(hidden or (reals, 64)), reals], "output")


class Generator(torch.nn.Module):
    """Generator G from codewords to perturbations, not scaled [gan, Tables I, II].

    It has two convolutions of 6 taps with 16 and 64 filters; in the CNN case 128 and
    128 with batch normalization. The batch is the codebook, which contains every
    possible input, so no running mean is needed.
    """

    def __init__(self, architecture, n, rng):
        super().__init__()
        self._normalized = architecture == "cnn"
        filters = (1, 128, 128) if self._normalized else (1, 16, 64)
        parts = []
        for i in (1, 2):
            shape = (filters[i], filters[i - 1], 6)
            convolution = weights(rng, f"conv{i}", "conv1d", shape, padding=[2, 3])
            layers = (convolution, Layer("relu", f"relu{i}"))
            parts.append(Network(layers, (filters[i - 1], 2 * n)))
        flat = Layer("flatten", "flatten")
        output = weights(rng, "output", "dense", (2 * n, filters[2] * 2 * n))
        parts.append(Network((flat, output), (filters[2], 2 * n)))
        self._parts = torch.nn.ModuleList(map(TorchNetwork, parts))
        normalized = filters[1:] if self._normalized else ()
        self._scales, self._shifts = (
            torch.nn.ParameterList(start(1, count, 1) for count in normalized)
            for start in (torch.ones, torch.zeros)
        )

    def forward(self, codebook):
        """Return the directions [M, 2n] for a codebook [M, 2n]."""
        *convolutions, output = self._parts
        x = codebook[:, None]
        for i, convolution in enumerate(convolutions):
            x = convolution(x)
            if self._normalized:
                variance, mean = torch.var_mean(x, (0, 2), correction=0, keepdim=True)
                x = (x - mean) / (variance + 1e-5) ** 0.5
                x = x * self._scales[i] + self._shifts[i]
        return output(x)
