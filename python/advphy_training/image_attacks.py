# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on semantic links: perturbations that spoil Bob's images.

The ascent maximizes Bob's mean squared error with the link known, the noise unknown,
and the secret of a keyed link unknown: it averages over secrets of the adversary's own.
universal_pgd crafts one perturbation for all images; per_image_pgd knows each image
before it is sent, which is an upper bound.
"""

import hashlib
import math
from functools import partial

import numpy as np
import torch
from advphy_model.air.perturbation import Perturbation
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link.keying import Keying
from advphy_model.power import from_db, snr_noise_variance
from advphy_model.version import __version__

from advphy_training import attacks, progress, semantic_scheme
from advphy_training.projected_ascent import ascend, project
from advphy_training.torch_network import TorchNetwork

KINDS = {"universal_pgd": "universal", "per_image_pgd": "per_image"}
_BATCH = 256  # images per step of a universal perturbation
_JUDGED = 4096  # images to choose the best start
_TOGETHER = 2048  # images whose own perturbations ascend at the same time
_DRAWS = 16  # of the noise, to choose the best start of an image
_SECRETS = 512  # secrets of the adversary's own


class AttackedImages:
    """A SemanticLink and the sent Images as an attack sees them.

    Its modules are active if it has them. snr_db is Bob's SNR in dB, the seed that of
    the secrets that the adversary tries.
    """

    def __init__(self, link, images, snr_db, seed):
        pixels = images.as_reals()
        self._pixels = torch.tensor(pixels)
        self._sent = semantic_scheme.codes(link, pixels)
        self._sigma = math.sqrt(snr_noise_variance(snr_db))
        self._decoder = TorchNetwork(link.decoder).requires_grad_(False)
        pair = {
            role: TorchNetwork(link.networks[role]).requires_grad_(False)
            for role in ("alice", "bob")
            if link.hides and role in link.networks
        }
        self._bob = pair.get("bob")
        if "alice" in pair:
            self._sent = self._sent + pair["alice"](self._sent)
        keyed = link.keying != "none"
        self._inverses = _inverses(link, seed) if keyed else None

    def __len__(self):
        return len(self._pixels)

    def errors(self, p, which, generator):
        """Return Bob's MSE per pixel under each perturbation, [count, images].

        A keyed link inverts its transform first, so that p, reals [count, 1 or images,
        L], arrives transformed by a matrix that nobody else knows; the noise stays
        white. `which` are numbers of images; the torch.Generator draws noise and
        secrets.
        """
        sent, pixels = self._sent[which], self._pixels[which]
        if self._inverses is not None:
            draw = torch.randint(_SECRETS, (len(which),), generator=generator)
            each = p.expand(-1, *sent.shape)
            p = torch.einsum("bij,cbj->cbi", self._inverses[draw], each)
        noise = self._sigma * torch.randn(sent.shape, generator=generator)
        y = (sent + noise + p).flatten(0, 1)
        if self._bob is not None:
            y = y - self._bob(y)
        decoded = self._decoder(y).reshape(len(p), *pixels.shape)
        return ((decoded - pixels) ** 2).mean(dim=2)


def _inverses(link, seed):
    """Return what Bob's inverse is under secrets of the adversary's own, [_, L, L]."""
    secret = hashlib.sha256(f"adversary {seed}".encode()).digest()
    keying, reals = Keying(link.keying, secret, link.reals), link.reals
    columns = [
        to_reals(keying.invert(np.tile(to_complex(unit), (_SECRETS, 1)), 0), reals)
        for unit in np.eye(reals)
    ]
    return torch.tensor(np.stack(columns, axis=2))


def craft(name, link, images, snr_db, plan) -> Perturbation:
    """Craft a perturbation by "universal_pgd" or "per_image_pgd", or raise ValueError.

    It is optimized for Bob's SNR in dB against a SemanticLink; a perturbation per image
    belongs to the Images. Of the attacks.Plan, psr_db, restarts, steps and seed matter.
    """
    if name not in KINDS:
        raise ValueError(
            f"'{name}' is neither a file nor an attack on images; choose from "
            f"{', '.join(KINDS)}, noise_jammer"
        )
    torch.set_num_threads(1)  # many times faster on shared cores
    attacked = AttackedImages(link, images, snr_db, plan.seed)
    norm = math.sqrt(link.reals * from_db(plan.psr_db))
    crafted = _universal if KINDS[name] == "universal" else _per_image
    rows = to_complex(crafted(attacked, plan, link.reals, norm).numpy())
    knowledge = {
        "weights": "white box",
        "image": "known" if KINDS[name] == "per_image" else "unknown",
        "secret": "unknown" if link.keying != "none" else "none",
        "noise": "unknown",
    }
    recipe = {"attack": name, "link": link.name, "images": images.name}
    recipe |= _wanted(images, snr_db, plan) | {"version": __version__}
    victims = {link.name: link.sha256}
    at = {"victims": victims, "knowledge": knowledge, "recipe": recipe}
    found = Perturbation(name, KINDS[name], 0, link.n, rows, **at)
    return found.scaled(plan.psr_db)


def craft_or_read(name, link, images, snr_db, plan, folder) -> Perturbation:
    """Return the perturbation of craft(), which is kept in a folder."""
    words = [name, link.name, images.name, f"{snr_db:g}dB", f"psr{plan.psr_db:g}"]
    victims, wanted = {link.name: link.sha256}, _wanted(images, snr_db, plan)
    crafted = partial(craft, name, link, images, snr_db, plan)
    return attacks.kept(folder, words, victims, wanted, crafted)


def _wanted(images, snr_db, plan):
    """Return the entries of a recipe on which the perturbation depends."""
    wanted = {"snr_db": snr_db, "images_sha256": images.sha256}
    names = ("psr_db", "restarts", "steps", "seed")
    return {name: getattr(plan, name) for name in names} | wanted


def _universal(attacked, plan, reals, norm):
    """Return the best of `restarts` perturbations, reals [1, L]."""
    generator = torch.Generator().manual_seed(plan.seed)
    p = project(torch.randn(plan.restarts, 1, reals, generator=generator), norm)

    def gain(p):
        which = torch.randint(len(attacked), (_BATCH,), generator=generator)
        return attacked.errors(p, which, generator)

    *_, p = progress.bar(ascend(p, gain, plan.steps), total=plan.steps)
    which = torch.arange(min(_JUDGED, len(attacked)))
    with torch.no_grad():
        judged = attacked.errors(p, which, generator).mean(dim=1)
    return p[judged.argmax()]


def _per_image(attacked, plan, reals, norm):
    """Return the best of `restarts` perturbations of each image, reals [images, L]."""
    generator, best = torch.Generator().manual_seed(plan.seed), []
    for which in torch.arange(len(attacked)).split(_TOGETHER):
        start = torch.randn(plan.restarts, len(which), reals, generator=generator)
        gain = partial(attacked.errors, which=which, generator=generator)
        steps = ascend(project(start, norm), gain, plan.steps)
        *_, p = progress.bar(steps, total=plan.steps)
        with torch.no_grad():
            judged = sum(gain(p) for _ in range(_DRAWS))
        best.append(p[judged.argmax(dim=0), torch.arange(len(which))])
    return torch.cat(best)
