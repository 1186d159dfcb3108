# SPDX-License-Identifier: GPL-3.0-or-later
"""An Eve who adapts: networks trained on what she has recorded.

She has intercepts but never Alice's network. In addition she may have the labels of
some intercepts (known images), the public base system, from which she trains pairs of
her own, or Bob's stolen module.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.link.eavesdropper import Eve
from advphy_model.network.network import Layer

from advphy_training import loop, setting_checks
from advphy_training.networks import classifier, perceptron
from advphy_training.torch_network import TorchNetwork

BATCH = 256
# What sign permutations do not change, and what no rotation changes.
SORTED = (Layer("sorted_magnitudes", "sorted"),)
LENGTH = (Layer("root_mean_square", "length"),)
_FEATURES = 256  # neurons of each hidden layer of an image decoder


@dataclass(frozen=True)
class Effort:
    """Effort of an Eve who adapts."""

    hidden: tuple = ((64, 32, 32), (256, 128))  # hidden layers of each network
    steps: int = 3000  # of each training
    learning_rate: float = 2e-3  # of Adam at the start; it falls linearly to 0
    seed: int = 1  # of weights and batches, below 2^32

    def __post_init__(self):
        setting_checks.torch_seed(self.seed)


def adapt(
    intercepts, effort: Effort, name, start: Eve | None = None, classes=10, fronts=((),)
) -> Eve:
    """Train several Eves on labeled Intercepts and return the best.

    New networks of each size, with each of the tuples of layers `fronts` in front, and
    `start`, an Eve who knows the link without security, are trained. The best network
    at its best step is chosen by its accuracy on held-out intercepts.
    """
    torch.set_num_threads(1)  # not slower at this size, and sums have one order
    held = torch.as_tensor(intercepts.held_out())
    y, labels = map(torch.as_tensor, intercepts.arrays())
    rng = np.random.default_rng(effort.seed)
    candidates = [
        classifier(intercepts.reals, hidden, classes, rng, front)
        for front, hidden in itertools.product(fronts, effort.hidden)
    ]
    candidates += [] if start is None else [start.networks["classifier"]]
    best = (-1.0, None)
    for i, network in enumerate(candidates):
        found = _classify(TorchNetwork(network), y, labels, held, effort, i)
        best = max(best, found, key=lambda pair: pair[0])
    recipe = {
        "trained_on": f"{len(y)} labelled intercepts",
        "held_out_accuracy": best[0],
        "hidden": [list(hidden) for hidden in effort.hidden],
        "steps": effort.steps,
        "seed": effort.seed,
    }
    return Eve(name=name, networks={"classifier": best[1]}, recipe=recipe)


def train(intercepts, classes, seed) -> Eve:
    """Return an Eve who is trained in a few seconds, while she listens."""
    return adapt(intercepts, Effort(((128, 64),), 500, seed=seed), "eve", None, classes)


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
    """Minimize loss(indices) over batches of `count` intercepts."""
    generator = torch.Generator().manual_seed(effort.seed * 1009 + number)
    lr = effort.learning_rate
    adam = torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)
    size = (min(BATCH, count),)

    def gradients(step):
        return loop.backward(loss(torch.randint(count, size, generator=generator)))

    rate = loop.falling(effort.learning_rate, effort.steps)
    loop.descend(adam, gradients, effort.steps, rate, after=judge)


def image_decoder(intercepts, pixels, effort):
    """Return a Network from L reals to the known images, float32 [count, pixels]."""
    torch.set_num_threads(1)
    y = torch.as_tensor(intercepts.arrays()[0])
    sent = torch.as_tensor(np.array(pixels))
    rng = np.random.default_rng((effort.seed, 2))
    sizes = [intercepts.reals, _FEATURES, _FEATURES, sent.shape[1]]
    sigmoid = Layer("sigmoid", "sigmoid")
    model = TorchNetwork(perceptron(rng, sizes, "pixels", after=[sigmoid]))

    def loss(chosen):
        return ((model(y[chosen]) - sent[chosen]) ** 2).mean()

    _train(model, len(y), loss, effort, 7)
    return model.export()
