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


def setting_of(link, eve, **given):
    """Return the SemanticSetting of a link and an Eve for a measurement of speed."""
    at = images.load("mnist_sample"), SNR_DB, SNR_DB, Eve.load(eve)
    return SemanticSetting(
        SemanticLink.load(link), *at, branches=("bob", "eve"), **given
    )


def chain_rate(setting, frames=100_000):
    """Return images per second of the flowgraph, with its start and end."""
    rule, rows = StopRule(None, frames), setting.rows("flowgraph", 0)
    begun = time.perf_counter()
    list(semantic_engine.counted(setting, rows, rule))
    return frames / (time.perf_counter() - begun)


def keyed_rates(frames=100_000, link="keyed_arn_permutation"):
    """Return {name: function that returns a rate}, with and without the link's keying.

    Bob has no denoiser in either case, so only the keying differs.
    """
    keyed = setting_of(link, "eve_mnist_per_message", secret=bytes(32))
    networks = {role: net for role, net in keyed.link.networks.items() if role != "bob"}
    link = dataclasses.replace(keyed.link, networks=networks)
    keyed = dataclasses.replace(keyed, link=link)
    chains = {"plain": dataclasses.replace(keyed, alice=False), "keyed": keyed}
    return {k: functools.partial(chain_rate, v, frames) for k, v in chains.items()}


@torch.inference_mode()
def torch_chain(setting, frames, batch=1000):
    """Return (sum of squared errors, right labels) of a learned pair in plain torch."""
    link, sigma = setting.link, snr_noise_variance(setting.snr_db) ** 0.5
    every = torch.tensor(setting.images.as_reals())
    labels = torch.tensor(setting.images.labeled().astype("int64"))
    networks = link.encoder, link.decoder, link.networks["alice"], link.networks["bob"]
    encoder, decoder, alice, bob = map(TorchNetwork, networks)
    eve = TorchNetwork(setting.eve.networks["classifier"])
    squared_error, correct = 0.0, 0
    for at in range(0, frames, batch):
        which = torch.arange(at, min(at + batch, frames)) % len(every)
        pixels = every[which]
        x = encoder(pixels)
        sent = x + alice(x)
        y = sent + sigma * torch.randn(x.shape)
        decoded = decoder(y - bob(y))
        squared_error += ((decoded - pixels) ** 2).sum().item()
        y_eve = sent + sigma * torch.randn(x.shape)
        correct += (eve(y_eve).argmax(1) == labels[which]).sum().item()
    return squared_error, correct


def torch_chain_rate(setting, frames):
    """Return images per second of the chain in a torch loop on 2 threads."""
    torch.set_num_threads(2)
    begun = time.perf_counter()
    torch_chain(setting, frames)
    return frames / (time.perf_counter() - begun)
