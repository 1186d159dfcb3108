# SPDX-License-Identifier: GPL-3.0-or-later
"""A semantic link, its pair and Eve in plain torch, to compare speed with."""

import time

import torch
from advphy_model.power import snr_noise_variance

from advphy_training.torch_network import TorchNetwork


class TorchChain:
    """The chain the way a torch user writes it, in batches on whole tensors.

    Args:
        setting: SemanticSetting of a learned pair with an Eve.
        batch: images at once.
    """

    def __init__(self, setting, batch=1000):
        link = setting.link
        self._batch = batch
        self._sigma = snr_noise_variance(setting.snr_db) ** 0.5
        self._pixels = torch.tensor(setting.images.as_reals())
        self._labels = torch.tensor(setting.images.labelled().astype("int64"))
        self._encoder, self._decoder, self._alice, self._bob, self._eve = (
            TorchNetwork(network)
            for network in (
                link.encoder,
                link.decoder,
                link.networks["alice"],
                link.networks["bob"],
                setting.eve.networks["classifier"],
            )
        )

    @torch.inference_mode()
    def run(self, frames):
        """Return (sum of squared errors, right labels) of that many frames."""
        squared_error, correct = 0.0, 0
        for at in range(0, frames, self._batch):
            which = torch.arange(at, min(at + self._batch, frames)) % len(self._pixels)
            pixels = self._pixels[which]
            x = self._encoder(pixels)
            sent = x + self._alice(x)
            y = sent + self._sigma * torch.randn(x.shape)
            decoded = self._decoder(y - self._bob(y))
            squared_error += ((decoded - pixels) ** 2).sum().item()
            hers = sent + self._sigma * torch.randn(x.shape)
            right = self._eve(hers).argmax(1) == self._labels[which]
            correct += right.sum().item()
        return squared_error, correct


def torch_chain_rate(setting, frames, threads=2):
    """Return frames per second of the chain in a torch loop."""
    torch.set_num_threads(threads)
    chain = TorchChain(setting)
    begun = time.perf_counter()
    chain.run(frames)
    return frames / (time.perf_counter() - begun)
