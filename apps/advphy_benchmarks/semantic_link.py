# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of a semantic link with Bob and Eve, in a flowgraph and in plain torch."""

import dataclasses
import functools
import time

import torch
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.power import snr_noise_variance
from advphy_training.torch_network import TorchNetwork
from gnuradio.advphy import semantic_engine

SNR_DB = 10.0
_ANY_SECRET = bytes(32)


def setting_of(link, eve, **given):
    """Return the SemanticSetting of a link and an Eve for a measurement of speed."""
    return SemanticSetting(
        SemanticLink.load(link),
        images.load(images.SAMPLE),
        SNR_DB,
        SNR_DB,
        Eve.load(eve),
        branches=("bob", "eve"),
        **given,
    )


def chain_rate(setting, frames=100_000):
    """Return images per second of the flowgraph, with its start and end."""
    rule, rows = StopRule(None, frames), setting.rows("flowgraph", 0)
    begun = time.perf_counter()
    list(semantic_engine.counted(setting, rows, rule))
    return frames / (time.perf_counter() - begun)


def keyed_rates(frames=100_000):
    """Return {name: function that returns a rate}, with and without sign-permutation.

    Bob has no denoiser in either case, so only the keying differs.
    """
    keyed = setting_of(
        "keyed_arn_permutation", "eve_mnist_per_message", secret=_ANY_SECRET
    )
    networks = {role: net for role, net in keyed.link.networks.items() if role != "bob"}
    link = dataclasses.replace(keyed.link, networks=networks)
    keyed = dataclasses.replace(keyed, link=link)
    chains = {"plain": dataclasses.replace(keyed, alice=False), "keyed": keyed}
    return {
        name: functools.partial(chain_rate, chain, frames)
        for name, chain in chains.items()
    }


class TorchChain:
    """Semantic link of a learned pair with an Eve in plain torch, on batches."""

    def __init__(self, setting, batch=1000):
        link = setting.link
        self._batch = batch
        self._sigma = snr_noise_variance(setting.snr_db) ** 0.5
        self._pixels = torch.tensor(setting.images.as_reals())
        self._labels = torch.tensor(setting.images.labeled().astype("int64"))
        pair, eve = link.networks, setting.eve.networks["classifier"]
        self._encoder, self._decoder = map(TorchNetwork, (link.encoder, link.decoder))
        self._alice, self._bob = TorchNetwork(pair["alice"]), TorchNetwork(pair["bob"])
        self._eve = TorchNetwork(eve)

    @torch.inference_mode()
    def run(self, frames):
        """Return (sum of squared errors, number of right labels) of `frames` images."""
        squared_error, correct = 0.0, 0
        for at in range(0, frames, self._batch):
            which = torch.arange(at, min(at + self._batch, frames)) % len(self._pixels)
            pixels = self._pixels[which]
            x = self._encoder(pixels)
            sent = x + self._alice(x)
            y = sent + self._sigma * torch.randn(x.shape)
            decoded = self._decoder(y - self._bob(y))
            squared_error += ((decoded - pixels) ** 2).sum().item()
            y_eve = sent + self._sigma * torch.randn(x.shape)
            right = self._eve(y_eve).argmax(1) == self._labels[which]
            correct += right.sum().item()
        return squared_error, correct


def torch_chain_rate(setting, frames, threads=2):
    """Return images per second of the chain in a torch loop."""
    torch.set_num_threads(threads)
    chain = TorchChain(setting)
    begun = time.perf_counter()
    chain.run(frames)
    return frames / (time.perf_counter() - begun)
