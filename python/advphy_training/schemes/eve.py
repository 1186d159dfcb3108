# SPDX-License-Identifier: GPL-3.0-or-later
"""Eve as in the letter: a classifier of the codes of a link without security [arn, IV].

The letter does not say at which SNR she was trained, and that decides how easily she is
fooled: trained on codes without noise she reproduces its figures; trained over 0..20 dB
she is much harder to fool. `noise` says which; it is written into her file.
"""

from dataclasses import dataclass

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.network import Layer, Network
from advphy_model.network.packed_network import PackedNetwork

from advphy_training import semantic_scheme
from advphy_training.schemes.autoencoder import check_word, weights
from advphy_training.torch_network import TorchNetwork


@dataclass(frozen=True)
class Settings:
    """What can be chosen.

    Args:
        link: semantic link that she listens to, by name or file; its base is used.
        images: data set whose labels she learns.
        hidden: neurons of her hidden layers, joined by "-"; "16" is Alice's substitute
            in black box [arn, Sec. V].
        noise: "none": trained on clean codes; "snr": at SNRs of 0..20 dB.
        lowest_snr_db: of the SNRs trained at, drawn uniformly in dB.
        highest_snr_db: of them.
        batch: images of a step.
        steps: of the descent.
        learning_rate: of Adam, at first.
        last_learning_rate: at last.
    """

    link: str = "semantic_mnist"
    images: str = "mnist_train"
    hidden: str = "64-32-32"  # [arn, Sec. V]
    noise: str = "none"
    lowest_snr_db: float = 0.0
    highest_snr_db: float = 20.0
    batch: int = 256
    steps: int = 4000
    learning_rate: float = 2e-3
    last_learning_rate: float = 1e-5

    def __post_init__(self):
        semantic_scheme.check(self)
        check_word("noise", self.noise, ("none", "snr"))
        layer_sizes(self.hidden)


class Scheme:
    """The cross-entropy of labels given received codes."""

    def __init__(self, settings: Settings, seed: int):
        self._settings = settings
        self._link = SemanticLink.load(settings.link).without_pair()
        data = semantic_scheme.Data(settings.images)
        self._labels = data.labels
        self._codes = codes_of(self._link, data.pixels.numpy())
        self._classifier = TorchNetwork(
            classifier(
                self._link.reals,
                layer_sizes(settings.hidden),
                data.images.classes,
                np.random.default_rng(seed),
            )
        )

    def groups(self):
        """Return what Adam trains."""
        return [{"params": list(self._classifier.parameters()), "factor": 1.0}]

    def state(self):
        """Return nothing: Adam's tensors are all there is."""
        return {}

    def gradients(self, generator):
        """Fill the gradients of a batch; return its loss."""
        for parameter in self._classifier.parameters():
            parameter.grad = None
        chosen = torch.randint(
            len(self._codes), (self._settings.batch,), generator=generator
        )
        y = self._codes[chosen]
        if self._settings.noise == "snr":
            y = y + semantic_scheme.noise(y, self._settings, generator)
        loss = torch.nn.functional.cross_entropy(
            self._classifier(y), self._labels[chosen]
        )
        loss.backward()
        return loss.item()

    def link(self, name, recipe):
        """Return Eve now."""
        return Eve(
            name=name,
            networks={"classifier": self._classifier.export()},
            listened_to={self._link.name: self._link.sha256},
            recipe=recipe,
        )

    def early_figures(self, eve):
        """Return her accuracy at 10 dB on the link without security."""
        tested = semantic_scheme.sample_of(self._settings.images)
        row = semantic_scheme.results(self._link, tested, eve, (10.0,))[0]
        return {"accuracy": row["accuracy"]}

    def measured(self, eve):
        """Return her accuracy over SNR on the test images."""
        tested = semantic_scheme.tested(self._settings.images)
        rows = semantic_scheme.results(self._link, tested, eve)
        keep = [{key: row[key] for key in ("snr_db", "accuracy")} for row in rows]
        return {"images": tested.name, "rows": keep}

    def write(self, eve, path):
        """Write her file."""
        eve.write(path)


def layer_sizes(text) -> list:
    """Return the neurons of hidden layers written as "64-32-32"; ValueError if not."""
    parts = text.split("-")
    if not all(part.isdecimal() and 1 <= int(part) <= 4096 for part in parts):
        raise ValueError(f"hidden '{text}': wanted sizes of 1..4096 such as 64-32-32")
    return [int(part) for part in parts]


def classifier(reals, hidden, classes, rng, front=()) -> Network:
    """Return a fully connected network of ReLUs from L reals to logits.

    Args:
        reals: L.
        hidden: neurons of the hidden layers.
        classes: how many logits.
        rng: draws the weights.
        front: layers in front, which keep the number of reals.
    """
    layers, inputs = [*front], reals
    for i, size in enumerate(hidden, 1):
        layers += [
            weights(rng, f"hidden{i}", "dense", (size, inputs)),
            Layer("relu", f"relu{i}"),
        ]
        inputs = size
    layers.append(weights(rng, "logits", "dense", (classes, inputs)))
    return Network(tuple(layers), (reals,))


def codes_of(link, pixels):
    """Return the codes of images [count, pixels] as a float tensor [count, L].

    Raises:
        ValueError: when the images are not of the link's size.
    """
    if pixels.shape[1] != link.pixels:
        raise ValueError(
            f"images of {pixels.shape[1]} pixels; link '{link.name}' takes "
            f"{link.pixels}; scale them, or train a link for their size"
        )
    x = np.empty((len(pixels), link.n), np.complex64)
    PackedNetwork(link.encoder, complex_output=True).run(pixels, x)
    return torch.from_numpy(to_reals(x, link.reals))
