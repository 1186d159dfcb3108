# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring your own network: make link models of torch modules.

    .venv/bin/python examples/bring_your_own_network.py FOLDER

writes FOLDER/trained.safetensors, an encoder and a decoder that are trained here in a
few seconds, and FOLDER/matched.safetensors, a decoder of your own for a codebook that
there is. docs/bring_your_own_network.md goes on from there.
"""

import sys
from pathlib import Path

import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links
from advphy_model.power import noise_variance
from advphy_training.import_torch import link_from_torch
from torch import nn

K, N = 4, 7  # bits per message, complex channel uses
M = 2**K


def trained_link(steps=1500, batch=512, ebn0_db=2.0):
    """Return a link whose encoder and decoder learn together."""
    torch.manual_seed(1)
    torch.set_num_threads(1)  # layers as small as these are slower on more
    encoder = nn.Sequential(nn.Linear(M, 2 * N, bias=False))  # one-hot in, 2n reals out
    decoder = nn.Sequential(nn.Linear(2 * N, 32), nn.ReLU(), nn.Linear(32, M))
    sigma = noise_variance(ebn0_db, K / N) ** 0.5  # per real dimension
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 5e-3)
    for _ in range(steps):
        messages = torch.randint(M, (batch,))
        x = unit_energy(encoder(nn.functional.one_hot(torch.arange(M), M).float()))
        y = x[messages] + sigma * torch.randn(batch, 2 * N)
        loss = nn.functional.cross_entropy(decoder(y), messages)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():  # what the file holds has the energy itself
        encoder[0].weight.copy_(unit_energy(encoder[0].weight.T).T)
    recipe = {"steps": steps, "ebn0_db": ebn0_db, "seed": 1}
    return link_from_torch("trained", K, N, decoder, encoder=encoder, recipe=recipe)


def unit_energy(codebook):
    """Scale [M, 2n] reals to one unit of energy per channel use: mean ||x||^2 = n."""
    return codebook * (N / codebook.square().sum(dim=1).mean()).sqrt()


def matched_link():
    """Return Hamming (7,4) with a decoder whose weights have a closed form.

    ||y - x_s||^2 is smallest where 2 <y, x_s> - ||x_s||^2 is largest: one Linear layer
    decides by maximum likelihood.
    """
    codebook = links.load("hamming74_ml").codebook  # complex [M, n]
    reals = torch.from_numpy(to_reals(codebook).copy())
    decoder = nn.Sequential(nn.Linear(2 * N, M))
    with torch.no_grad():
        decoder[0].weight.copy_(2 * reals)
        decoder[0].bias.copy_(-reals.square().sum(dim=1))
    return link_from_torch("matched", K, N, decoder, codebook=codebook)


def main(folder):
    """Write the two link models."""
    for link in (trained_link(), matched_link()):
        path = Path(folder) / f"{link.name}.safetensors"
        link.write(path)
        print(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
