# SPDX-License-Identifier: GPL-3.0-or-later
"""The plain autoencoder: encoder and decoder trained through noise [gan, Sec. II-A]."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from advphy_model.air.channels import impairments
from advphy_model.complex_baseband import to_complex
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.network.network import Layer, Network, run
from advphy_model.power import noise_sigma

from advphy_training import setting_checks
from advphy_training.link_scheme import LinkScheme
from advphy_training.networks import BITS, messages_of_bits, weights
from advphy_training.torch_network import TorchNetwork

_INDICES = 2**40  # range of seed and first block of impairments


@dataclass(frozen=True)
class Settings:
    """Settings of the autoencoder.

    Args:
        k: bits per message, 1..8.
        n: channel uses per codeword, 1..64.
        architecture: "mlp" or "cnn" [gan, Tables I and II]; "mlp_bits" or "cnn_bits":
            the decoder has k logits, whose bits are decided one by one. The loss is
            then the sum of the cross-entropies of the bits.
        ebn0_db: training Eb/N0 in dB.
        hidden_bias: start value of the biases in front of the decoder's ReLUs. If it is
            several times the spread of their inputs, the decoder is linear at the
            start, which is the form of the nearest-codeword decision. 0: usual start.
        batch: messages per step.
        steps: number of steps of Adam.
        learning_rate: learning rate at the first step.
        last_learning_rate: learning rate at the last step; it falls along a cosine.
        channel: impairments between encoder and noise, drawn anew for each batch, such
            as "phase_noise". Results in the file are for "awgn".
    """

    k: int = 4
    n: int = 7
    architecture: str = "mlp"
    ebn0_db: float = 0.0
    hidden_bias: float = 6.0
    batch: int = 4096
    steps: int = 20000
    learning_rate: float = 1e-2
    last_learning_rate: float = 1e-5
    channel: str = "awgn"

    def __post_init__(self):
        setting_checks.size(self)
        setting_checks.word(self, "architecture", _NETWORKS)
        setting_checks.finite(self, "hidden_bias")
        noise_sigma(self.ebn0_db, self.k / self.n)  # raises for an invalid Eb/N0
        setting_checks.descent(self)
        impairments(self.channel)  # raises for an unknown channel


class Scheme(LinkScheme):
    """Encoder and decoder, trained with the cross-entropy through noise."""

    def __init__(self, settings: Settings, seed: int):
        """Draw the weights with the seed, or copy those of the link in the settings."""
        self._settings = settings
        encoder, decoder = _NETWORKS[settings.architecture](
            2**settings.k, settings.n, settings.hidden_bias, np.random.default_rng(seed)
        )
        self._start = {}
        if getattr(settings, "link", ""):
            start = links.load(settings.link)
            encoder = _weights_of(start, "encoder", encoder, settings)
            decoder = _weights_of(start, "decoder", decoder, settings)
            self._start = {start.name: start.sha256}
        self.reads = [*self._start.values()]
        self._encoder = TorchNetwork(encoder)
        self._decoder = TorchNetwork(decoder, (BITS,))
        self._one_hot = torch.eye(2**settings.k)
        self._sigma = noise_sigma(settings.ebn0_db, settings.k / settings.n)
        self._impairments = impairments(settings.channel)

    def parameters(self):
        """Return the tensors that minimize: all, or those of the decoder only."""
        trained = [p for p in self._decoder.parameters() if p.requires_grad]
        if getattr(self._settings, "encoder", "trained") == "frozen":
            return trained
        return [*self._encoder.parameters(), *trained]

    def loss(self, generator):
        """Return the mean cross-entropy of a batch of messages through the noise."""
        sent, y, _ = self.received(generator)
        return torch.nn.functional.cross_entropy(self._decoder(y), sent)

    def received(self, generator):
        """Return (messages, received vectors, codebook) of a batch."""
        codebook = self._encoder(self._one_hot)
        size = (self._settings.batch,)
        sent = torch.randint(len(codebook), size, generator=generator)
        noise = torch.randn(len(sent), codebook.shape[1], generator=generator)
        arriving = impaired(codebook[sent], self._impairments, generator)
        return sent, arriving + self._sigma * noise, codebook

    def link(self, name: str, recipe: dict) -> LinkModel:
        """Return the current link; its recipe names the link of the start, if any."""
        encoder = self._encoder.export(self._one_hot)
        reals = run(encoder, np.eye(2**self._settings.k, dtype=np.float32))
        recipe = recipe | ({"started_from": self._start} if self._start else {})
        networks = {"encoder": encoder, "decoder": self._decoder.export()}
        size, book = {"k": self._settings.k, "n": self._settings.n}, to_complex(reals)
        how = {"decision": "network", "networks": networks, "recipe": recipe}
        return LinkModel(name, **size, codebook=book, **how)


def impaired(x, parts, generator):
    """Return codewords x after Impairments, float32 [batch, 2n]; real parts precede.

    As in measurements, these are functions of seed and block index, which the Generator
    draws. Linear ones (CFO, phase noise, fading, two rays, timing, clock, IQ imbalance)
    and clipping have exact gradients; that of quantization is straight-through.
    """
    if not parts:
        return x
    seed, first = torch.randint(_INDICES, (2,), generator=generator).tolist()
    n = x.shape[1] // 2
    y = torch.complex(x[:, :n], x[:, n:])
    for part in parts:
        y = part.impair(y, seed=seed, first_sample=first * n)
    return torch.cat([y.real, y.imag], dim=1)


def _weights_of(start, role, network, settings):
    """Return the network with the weights of the same layers of a link."""
    given = start.networks.get(role)
    if given is None or [*map(_form, given.layers)] != [*map(_form, network.layers)]:
        raise ValueError(
            f"link = {start.name} has another {role} than architecture = "
            f"{settings.architecture}, k = {settings.k}, n = {settings.n}; set these "
            "as in the link"
        )
    layers = []
    for own, layer in zip(network.layers, given.layers, strict=True):
        taken = {key: layer.parameters[key] for key in own.parameters}
        layers.append(Layer(own.kind, own.name, taken, own.attributes))
    return Network(tuple(layers), network.input_shape)


def _form(layer):
    """Return what two layers must have in common to exchange weights."""
    trained = {k: np.shape(v) for k, v in layer.parameters.items() if k != "scale"}
    return layer.kind, layer.attributes, trained


def _power(n):
    return Layer("average_power_normalisation", "power", {}, {"energy": float(n)})


def mlp(messages, n, hidden_bias, rng):
    """Return (encoder, decoder) of [gan, Table I], each with one hidden layer of M."""
    encoder = (
        weights(rng, "hidden", "dense", (messages, messages)),
        Layer("elu", "elu"),
        weights(rng, "output", "dense", (2 * n, messages)),
        _power(n),
    )
    decoder = (
        weights(rng, "hidden", "dense", (messages, 2 * n), hidden_bias),
        Layer("relu", "relu"),
        weights(rng, "output", "dense", (messages, messages)),
    )
    return Network(encoder, (messages,)), Network(decoder, (2 * n,))


def cnn(messages, n, hidden_bias, rng):
    """Return (encoder, decoder) of [gan, Table II], with the sizes of [sadeghi].

    The decoder's input has two rows, real and imaginary parts, of n columns. Every
    convolution keeps the size of its input; an odd zero of padding is at the end.
    """
    encoder = (
        weights(rng, "embedding", "dense", (messages, messages)),
        Layer("elu", "elu"),
        Layer("reshape", "sequence", {}, {"shape": [1, messages]}),
        weights(rng, "conv", "conv1d", (16, 1, 6), padding=[2, 3]),
        Layer("relu", "relu"),
        Layer("flatten", "flatten"),
        weights(rng, "output", "dense", (2 * n, 16 * messages)),
        _power(n),
    )
    same = {"padding": [0, 1, 1, 1]}
    decoder = (
        Layer("reshape", "rows", {}, {"shape": [1, 2, n]}),
        weights(rng, "conv1", "conv2d", (16, 1, 2, 3), hidden_bias, **same),
        Layer("relu", "relu1"),
        weights(rng, "conv2", "conv2d", (8, 16, 2, 3), hidden_bias, **same),
        Layer("relu", "relu2"),
        Layer("flatten", "flatten"),
        weights(rng, "hidden", "dense", (2 * messages, 8 * 2 * n), hidden_bias),
        Layer("relu", "relu3"),
        weights(rng, "output", "dense", (messages, 2 * messages)),
    )
    return Network(encoder, (messages,)), Network(decoder, (2 * n,))


def _of_bits(made, messages, n, hidden_bias, rng):
    """Return the networks of mlp() or cnn() with k logits of bits instead of M."""
    encoder, decoder = made(messages, n, hidden_bias, rng)
    *layers, last = decoder.layers
    k = messages.bit_length() - 1
    kept = {key: value[:k] for key, value in last.parameters.items()}
    output = Layer(last.kind, last.name, kept)
    decoder = Network((*layers, output, messages_of_bits(k)), decoder.input_shape)
    return encoder, decoder


_NETWORKS = {"mlp": mlp, "cnn": cnn}
_NETWORKS |= {f"{name}_bits": partial(_of_bits, _NETWORKS[name]) for name in _NETWORKS}
