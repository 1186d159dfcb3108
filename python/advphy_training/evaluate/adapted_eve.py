# SPDX-License-Identifier: GPL-3.0-or-later
"""An Eve who adapts: she records what she receives and learns from that.

She has intercepts, never a copy of Alice. What she may have beside them: labels of some
(known pictures), the base system, which is public, from which she trains Alices of her
own, or Bob's module, stolen.
"""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.link.eavesdropper import Eve
from advphy_model.network.network import Layer, Network

from advphy_training import progress
from advphy_training.schemes.autoencoder import weights
from advphy_training.schemes.eve import classifier
from advphy_training.torch_network import TorchNetwork

BATCH = 256
# What sign-permutation cannot change; so Eve looks at it.
SORTED = (Layer("sorted_magnitudes", "sorted"),)
HELD_OUT = 5  # every so many intercepts choose among the trainings, and train none


@dataclass(frozen=True)
class Effort:
    """What an adapting Eve spends.

    Args:
        hidden: sizes of her hidden layers; several networks are tried.
        steps: of each training.
        learning_rate: of Adam, at first; it falls to 0.
        seed: of weights and batches.
    """

    hidden: tuple = ((64, 32, 32), (256, 128))
    steps: int = 3000
    learning_rate: float = 2e-3
    seed: int = 1


@dataclass(frozen=True)
class Intercepts:
    """What Eve has recorded.

    Args:
        y: received vectors, complex64 [count, n].
        reals: L, how many reals of a vector are used.
        labels: what the images showed, uint8 [count], as far as she knows.
    """

    y: np.ndarray
    reals: int
    labels: np.ndarray

    def take(self, count):
        """Return the first `count` of them; ValueError when there are fewer."""
        if not 0 < count <= len(self.y):
            raise ValueError(
                f"{count} intercepts asked for, {len(self.y)} recorded; wanted 1.."
                f"{len(self.y)}"
            )
        return Intercepts(self.y[:count], self.reals, self.labels[:count])

    def tensors(self):
        """Return (vectors [count, L], labels int64) in torch."""
        return (
            torch.from_numpy(to_reals(self.y, self.reals)),
            torch.from_numpy(self.labels.astype(np.int64)),
        )


def adapt(
    intercepts: Intercepts,
    effort: Effort,
    name,
    start: Eve | None = None,
    classes=10,
    fronts=((),),
) -> Eve:
    """Return the best Eve of several trainings on the intercepts.

    Fresh networks of each size, and `start` trained on, compete on held-out intercepts;
    the winner keeps its weights of the step that was best there.

    Args:
        intercepts: labelled.
        effort: Effort.
        name: of the Eve that comes of it.
        start: an Eve of before, who knows the link without security, or None.
        classes: how many labels there are.
        fronts: layers in front of the fresh networks; each is tried.
    """
    torch.set_num_threads(1)  # no slower at this size, and sums come in one order
    y, labels = intercepts.tensors()
    held = torch.arange(len(y)) % HELD_OUT == 0
    if held.sum() < 1 or (~held).sum() < 1:
        raise ValueError(f"{len(y)} intercepts: wanted at least {HELD_OUT}")
    rng = np.random.default_rng(effort.seed)
    candidates = [
        classifier(intercepts.reals, list(hidden), classes, rng, front)
        for front in fronts
        for hidden in effort.hidden
    ]
    if start is not None:
        candidates.append(start.networks["classifier"])
    best = (-1.0, None)
    for i, network in enumerate(candidates):
        found = _train(TorchNetwork(network), y, labels, held, effort, i)
        best = max(best, found, key=lambda pair: pair[0])
    return Eve(
        name=name,
        networks={"classifier": best[1]},
        recipe={
            "trained_on": f"{len(y)} labelled intercepts",
            "held_out_accuracy": best[0],
            "hidden": [list(hidden) for hidden in effort.hidden],
            "steps": effort.steps,
            "seed": effort.seed,
        },
    )


def _train(model, y, labels, held, effort, number):
    """Return (best held-out accuracy, Network) of one training."""
    generator = torch.Generator().manual_seed(effort.seed * 1009 + number)
    rate = effort.learning_rate
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, weight_decay=1e-5)
    train_y, train_labels = y[~held], labels[~held]
    best, every = (-1.0, None), max(1, effort.steps // 30)
    for step in progress.bar(range(effort.steps)):
        for group in optimiser.param_groups:
            group["lr"] = rate * (1 - step / effort.steps)
        chosen = torch.randint(
            len(train_y), (min(BATCH, len(train_y)),), generator=generator
        )
        loss = torch.nn.functional.cross_entropy(
            model(train_y[chosen]), train_labels[chosen]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % every == 0 or step + 1 == effort.steps:
            with torch.no_grad():
                right = (model(y[held]).argmax(1) == labels[held]).float().mean()
            if right.item() > best[0]:
                best = (right.item(), model.export())
    return best


def image_decoder(intercepts, pixels, effort, features=256) -> tuple:
    """Return (Network from L reals to pixels, its MSE), trained on known pictures.

    Args:
        intercepts: Intercepts.
        pixels: the pictures sent, float32 [count, pixels].
        effort: Effort.
        features: neurons of each of two hidden layers.
    """
    torch.set_num_threads(1)
    y, _ = intercepts.tensors()
    wanted = torch.from_numpy(np.array(pixels))
    rng = np.random.default_rng((effort.seed, 2))
    reals, size = intercepts.reals, wanted.shape[1]
    model = TorchNetwork(
        Network(
            (
                weights(rng, "hidden1", "dense", (features, reals)),
                Layer("relu", "relu1"),
                weights(rng, "hidden2", "dense", (features, features)),
                Layer("relu", "relu2"),
                weights(rng, "pixels", "dense", (size, features)),
                Layer("sigmoid", "sigmoid"),
            ),
            (reals,),
        )
    )
    generator = torch.Generator().manual_seed(effort.seed * 1009 + 7)
    optimiser = torch.optim.Adam(model.parameters(), lr=effort.learning_rate)
    for step in progress.bar(range(effort.steps)):
        for group in optimiser.param_groups:
            group["lr"] = effort.learning_rate * (1 - step / effort.steps)
        chosen = torch.randint(len(y), (min(BATCH, len(y)),), generator=generator)
        loss = ((model(y[chosen]) - wanted[chosen]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.export(), loss.item()
