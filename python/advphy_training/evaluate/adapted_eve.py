# SPDX-License-Identifier: GPL-3.0-or-later
"""An Eve who adapts: networks trained on what she has recorded.

She has intercepts, never a copy of Alice. What she may have in addition: labels of some
(known pictures), the base system, which is public, from which she trains Alices of her
own, or Bob's module, stolen.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link.eavesdropper import Eve
from advphy_model.network.network import Layer

from advphy_training import loop
from advphy_training.networks import classifier, perceptron
from advphy_training.torch_network import TorchNetwork

BATCH = 256
# What sign-permutation cannot change; so Eve looks at it.
SORTED = (Layer("sorted_magnitudes", "sorted"),)
HELD_OUT = 5  # every so many intercepts choose among the trainings, and train none
_FEATURES = 256  # neurons of each hidden layer of a decoder of images


@dataclass(frozen=True)
class Effort:
    """What an adapting Eve spends.

    Args:
        hidden: sizes of her hidden layers; several networks are tried.
        steps: of each training.
        learning_rate: of Adam at the start; it falls to 0.
        seed: of weights and batches.
    """

    hidden: tuple = ((64, 32, 32), (256, 128))
    steps: int = 3000
    learning_rate: float = 2e-3
    seed: int = 1


def adapt(
    intercepts, effort: Effort, name, start: Eve | None = None, classes=10, fronts=((),)
) -> Eve:
    """Return the best Eve of several trainings on the intercepts.

    Fresh networks of each size, and `start` trained on, compete on held-out intercepts;
    the winner keeps its weights of the step that was best there.

    Args:
        intercepts: Intercepts, labeled.
        effort: Effort.
        name: of the Eve that comes of it.
        start: an Eve of before, who knows the link without security, or None.
        classes: number of labels.
        fronts: layers in front of the fresh networks; each is tried.
    """
    torch.set_num_threads(1)  # no slower at this size, and sums come in one order
    y, labels = intercepts.tensors()
    held = torch.arange(len(y)) % HELD_OUT == 0
    if held.sum() < 1 or (~held).sum() < 1:
        raise ValueError(f"there must be at least {HELD_OUT} intercepts, got {len(y)}")
    rng = np.random.default_rng(effort.seed)
    reals, shapes = intercepts.reals, itertools.product(fronts, effort.hidden)
    candidates = [classifier(reals, h, classes, rng, front) for front, h in shapes]
    if start is not None:
        candidates.append(start.networks["classifier"])
    best = (-1.0, None)
    for i, network in enumerate(candidates):
        found = _classify(TorchNetwork(network), y, labels, held, effort, i)
        best = max(best, found, key=lambda pair: pair[0])
    recipe = {
        "trained_on": f"{len(y)} labelled intercepts",
        "held_out_accuracy": best[0],
        "hidden": [list(hidden) for hidden in effort.hidden],
        **{"steps": effort.steps, "seed": effort.seed},
    }
    return Eve(name=name, networks={"classifier": best[1]}, recipe=recipe)


def _classify(model, y, labels, held, effort, number):
    """Return (best held-out accuracy, Network) of one training."""
    train_y, train_labels = y[~held], labels[~held]
    best, every = (-1.0, None), max(1, effort.steps // 30)

    def loss(chosen):
        logits = model(train_y[chosen])
        return torch.nn.functional.cross_entropy(logits, train_labels[chosen])

    def judge(taken, *_):
        nonlocal best
        if taken % every == 0 or taken == effort.steps:
            with torch.no_grad():
                right = (model(y[held]).argmax(1) == labels[held]).float().mean()
            if right.item() > best[0]:
                best = (right.item(), model.export())

    _train(model, len(train_y), loss, effort, number, judge, weight_decay=1e-5)
    return best


def _train(model, count, loss, effort, number, judge=None, weight_decay=0.0):
    """Descend the loss(indices) of batches of `count` intercepts."""
    generator = torch.Generator().manual_seed(effort.seed * 1009 + number)
    given = {"lr": effort.learning_rate, "weight_decay": weight_decay}
    adam = torch.optim.Adam(model.parameters(), **given)
    size = (min(BATCH, count),)

    def gradients(step):
        return loop.backward(loss(torch.randint(count, size, generator=generator)))

    rate = loop.falling(effort.learning_rate, effort.steps)
    loop.descend(adam, gradients, effort.steps, rate, after=judge)


def image_decoder(intercepts, pixels, effort):
    """Return a Network from L reals to pixels, trained on known pictures.

    Args:
        intercepts: Intercepts.
        pixels: the pictures sent, float32 [count, pixels].
        effort: Effort.
    """
    torch.set_num_threads(1)
    y, _ = intercepts.tensors()
    wanted = torch.from_numpy(np.array(pixels))
    rng = np.random.default_rng((effort.seed, 2))
    sizes = [intercepts.reals, _FEATURES, _FEATURES, wanted.shape[1]]
    sigmoid = Layer("sigmoid", "sigmoid")
    model = TorchNetwork(perceptron(rng, sizes, "pixels", after=[sigmoid]))

    def loss(chosen):
        return ((model(y[chosen]) - wanted[chosen]) ** 2).mean()

    _train(model, len(y), loss, effort, 7)
    return model.export()
