# SPDX-License-Identifier: GPL-3.0-or-later
"""Trainings of a few steps, measured on little, with a state every ten steps."""

import csv

from advphy_model.files import images
from advphy_training import link_scheme, loop, schemes, semantic_scheme

SHORT = ("steps=25", "batch=64")


def quicken(monkeypatch):
    """Let trainings measure little, and save often."""
    monkeypatch.setattr(loop, "SAVE_EVERY", 10)
    monkeypatch.setattr(link_scheme, "BLOCKS", 2000)
    monkeypatch.setattr(link_scheme.LinkScheme, "measured", lambda self, link: {})
    monkeypatch.setattr(semantic_scheme, "images_to_test", images.load)
    monkeypatch.setattr(semantic_scheme, "SNRS_DB", (10.0,))


def judge_little(monkeypatch):
    """Let attacks choose among what they craft by fewer blocks."""
    from advphy_training.attacks import generator, per_message_pgd, universal_pgd

    few = {"_SCREENED": 4096, "_JUDGED": 16_384, "_CONFIRMED": 65_536}
    for name, blocks in few.items():
        monkeypatch.setattr(universal_pgd, name, blocks)
    for module in (generator, per_message_pgd):
        monkeypatch.setattr(module, "_JUDGED", 16_384)
    monkeypatch.setattr(generator, "_STEPS", 2)


def settings(name, *assignments):
    """Return the Settings of a scheme, on the shipped sample of images."""
    module = schemes.scheme(name)
    if hasattr(module.Settings, "images"):
        assignments = ("images=mnist_sample", *assignments)
    return schemes.settings(module, assignments)


def scheme(name, *assignments, seed=3):
    """Return a Scheme that has taken no step."""
    return schemes.scheme(name).Scheme(settings(name, *assignments), seed)


def train(name, path, *assignments, seed=3):
    """Return what a scheme makes in 25 steps, or as many as are asked for."""
    given = settings(name, *SHORT, *assignments)
    return schemes.train(name, given, seed, path, quiet=True)


def early_figures(path):
    """Return the rows of numbers that a training left next to its model."""
    with open(f"{path}.progress.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))
