# SPDX-License-Identifier: GPL-3.0-or-later
"""The classical control of a semantic link: quantized images over a learned code.

    .venv/bin/python examples/classical_images.py --snr-db 10

An image of MNIST becomes three bytes by residual vector quantization: each stage has
256 centroids of what the stages before it have left over. Each byte is sent over 4
channel uses by the link `autoencoder_mlp_n4_k8`, so an image takes 12, as many as the
23 reals of `semantic_mnist`. The program prints Bob's mean squared error and SSIM on
the test images without an attack, with a jammer, and under a universal perturbation
that was crafted for the link, for three trainings of the centroids.
"""

import argparse
import math

import numpy as np
import torch
from advphy_model import randomness
from advphy_model.air import perturbation
from advphy_model.files import images
from advphy_model.link import decision, links
from advphy_model.measure import image_quality
from advphy_model.power import noise_sigma
from advphy_training import attacks

STAGES, CENTROIDS, ROUNDS = 3, 256, 20
LINK = "autoencoder_mlp_n4_k8"


def nearest(rows, centroids):
    """Return the index of the nearest centroid of each row, by parts of the rows."""
    energy = (centroids**2).sum(dim=1) / 2
    parts = rows.split(10_000)
    return torch.cat([(part @ centroids.T - energy).argmax(dim=1) for part in parts])


def trained(rows, seed):
    """Return the centroids of each stage, [STAGES, 256, pixels], by Lloyd's rounds."""
    generator, stages = torch.Generator().manual_seed(seed), []
    for _ in range(STAGES):
        start = torch.randperm(len(rows), generator=generator)[:CENTROIDS]
        centroids = rows[start].clone()
        for _ in range(ROUNDS):
            chosen = nearest(rows, centroids)
            count = torch.bincount(chosen, minlength=CENTROIDS)[:, None]
            sums = torch.zeros_like(centroids).index_add_(0, chosen, rows)
            centroids = torch.where(count > 0, sums / count.clamp_min(1), centroids)
        stages.append(centroids)
        rows = rows - centroids[nearest(rows, centroids)]
    return torch.stack(stages)


def bytes_of(rows, stages):
    """Return the bytes of images, uint8 [count, STAGES]."""
    found = []
    for centroids in stages:
        found.append(nearest(rows, centroids))
        rows = rows - centroids[found[-1]]
    return torch.stack(found, dim=1).numpy().astype(np.uint8)


def images_of(sent, stages):
    """Return the images that bytes stand for, float32 [count, pixels] in 0..1."""
    parts = [stages[i][torch.tensor(sent[:, i].astype(int))] for i in range(STAGES)]
    return sum(parts).clamp(0, 1).numpy()


def received(link, sent, ebn0_db, p, seed):
    """Return the bytes that Bob decides; p is a Perturbation or None."""
    flat, sigma = sent.ravel(), noise_sigma(ebn0_db, link.rate)
    y = link.codebook[flat] + sigma * randomness.noise(seed, 0, len(flat), link.n)
    if p is not None and p.kind == "jammer":
        each = math.sqrt(10 ** (p.psr_db / 10) / 2)  # per real dimension
        y = y + each * randomness.noise(seed + 1, 0, len(flat), link.n)
    elif p is not None:
        y = y + p.rows
    decided, erased = np.empty(len(flat), np.uint8), np.empty(len(flat), np.uint8)
    decision.decider(link).decide(y.astype(np.complex64), decided, erased)
    return decided.reshape(sent.shape)


def main():
    """Train, send and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--psr-db", type=float, default=-6.0)
    parser.add_argument("--seeds", type=int, default=3)
    given, link = parser.parse_args(), links.load(LINK)
    ebn0_db = given.snr_db - 10 * math.log10(link.rate)
    plan = attacks.Plan(given.psr_db, ebn0_db)
    jammer = perturbation.jammer(link.k, link.n, given.psr_db)
    ways = {
        "no attack": None,
        "jammer": jammer,
        "universal p": attacks.craft("universal_pgd", link, plan, []),
    }
    rows = torch.tensor(np.array(images.load("mnist_train").as_reals()))
    test = images.load("mnist_test")
    pixels = np.array(test.as_reals())
    print(f"{'seed':<6}{'attack':<14}{'wrong bytes':>12}{'MSE':>9}{'SSIM':>8}")
    for seed in range(1, given.seeds + 1):
        stages = trained(rows, seed)
        sent = bytes_of(torch.tensor(pixels), stages)
        for name, p in ways.items():
            got = received(link, sent, ebn0_db, p, seed=1)
            seen = images_of(got, stages)
            mse = image_quality.mse(seen, pixels).mean()
            ssim = image_quality.ssim(seen, pixels, test.shape).mean()
            wrong = (got != sent).mean()
            print(f"{seed:<6}{name:<14}{wrong:>12.2e}{mse:>9.4f}{ssim:>8.3f}")


if __name__ == "__main__":
    main()
