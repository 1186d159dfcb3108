# SPDX-License-Identifier: GPL-3.0-or-later
"""The models of the letter's figures that belong to one seed: trained, kept, found."""

import dataclasses
import hashlib
from pathlib import Path

from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.power import from_db

from advphy_training import adaptation, eves_means, loop, schemes

SECRET = hashlib.sha256(b"gr-advphy, measuring").digest()  # any: nobody relies on it
SHIPPED = 0  # the number of the family of the shipped models
_MEASURED_FROM = 50_000  # of a keyed link: behind what Eve recorded, other keys
_SEEDS_APART = 10  # the seeds of one family must not be another's


class Family:
    """Models that were trained from one seed; those missing are trained when asked for.

    Args:
        number: 1, 2, ...; or SHIPPED.
        folder: where models are kept; training goes on where it stopped.
        steps: of the trainings of pairs, or None: the scheme's.
        eve_steps: of the trainings of an adapting Eve.
    """

    def __init__(self, number, folder, steps=None, eve_steps=3000):
        self.number, self._folder = number, Path(folder)
        self._steps, self._eve_steps = steps, eve_steps
        self._adapted = {}

    def base(self, power="average"):
        """Return the link without security."""
        name = "semantic_mnist" + ("" if power == "average" else f"_{power}")
        return self._model(name, "semantic", 1, power=power)

    def eve(self, noise="none"):
        """Return the static Eve, trained on codes without noise, or over the SNRs."""
        name = "eve_mnist" + ("" if noise == "none" else f"_{noise}")
        return self._model(name, "eve", 1, noise=noise, link=self._path(self.base()))

    def pair(self, box="white", psr_db=-10.0, block="mlp"):
        """Return the letter's pair, trained in white or black box at a PSR in dB."""
        name = f"paired_arn_{box}"
        if psr_db != -10.0:
            name += f"_{psr_db:g}db"
        if block != "mlp":
            name += f"_{block}"
        eve = self.eve()
        if box == "black":
            eve = self._model(
                "substitute_mnist", "eve", 2, hidden="16", link=self._path(self.base())
            )
        steps = {} if self._steps is None else {"steps": self._steps}
        return self._model(
            name,
            "paired_arn",
            1,
            link=self._path(self.base()),
            eve=self._path(eve),
            measured_with=self._path(self.eve()),
            block=block,
            epsilon=round(from_db(psr_db), 6),
            **steps,
        )

    def minmax(self):
        """Return the pair trained against Eves who adapt."""
        steps = {} if self._steps is None else {"steps": self._steps}
        return self._model(
            "minmax_arn",
            "minmax_arn",
            1,
            link=self._path(self.base()),
            eve=self._path(self.eve()),
            measured_with=self._path(self.eve()),
            **steps,
        )

    def keyed(self):
        """Return the keyed pair, whose base has per-message power."""
        base = self.base("per_message")
        eve = self._model("eve_mnist_per_message", "eve", 1, link=self._path(base))
        steps = {} if self._steps is None else {"steps": self._steps}
        return self._model(
            "keyed_arn",
            "keyed_arn",
            1,
            link=self._path(base),
            measured_with=self._path(eve),
            **steps,
        )

    def adapted(self, link, snr_db, count=50_000):
        """Return the Eve who learnt from `count` labelled intercepts of a link."""
        key = link.sha256, snr_db, count
        if key not in self._adapted:
            sent = images.load("mnist_train")
            static = self.eve() if link.keying == "none" else None
            setting = SemanticSetting(
                link,
                sent,
                snr_db,
                snr_db,
                static,
                secret=secret_of(link),
                seed=100 + self.number,
            )
            intercepts = eves_means.labelled(setting, semantic_chain.record, count)
            effort = adaptation.Effort(steps=self._eve_steps, seed=1 + self.number)
            fronts = ((),) if link.keying == "none" else ((), adaptation.SORTED)
            name = f"adapted_eve_{self.number}_{snr_db:g}db"
            self._adapted[key] = adaptation.adapt(
                intercepts, effort, name, static, sent.classes, fronts
            )
        return self._adapted[key]

    def measure(self, link, snr_db, eve=None):
        """Return {branch: SemanticCounts} of a link on the 10000 test images."""
        tested = images.load("mnist_test")
        setting = SemanticSetting(
            link,
            tested,
            snr_db,
            snr_db,
            eve,
            secret=secret_of(link),
            seed=1 + 2 * self.number,
        )
        first = 0 if link.keying == "none" else _MEASURED_FROM
        return semantic_chain.total(setting, len(tested), first)

    def _path(self, model):
        """Return the name or the file of a model of this family, for Settings."""
        if self.number == SHIPPED and not self._file(model.name).exists():
            return model.name
        return str(self._file(model.name))

    def _file(self, name):
        return self._folder / f"{name}.safetensors"

    def _model(self, name, scheme, seed, **changes):
        """Return a model: shipped, kept, or trained now.

        Raises:
            ValueError: the file there is of another training.
        """
        load = Eve.load if scheme == "eve" else SemanticLink.load
        shipped = SemanticLink.names() + Eve.names()
        if self.number == SHIPPED and name in shipped:
            return load(name)
        if self.number != SHIPPED:
            name = f"{name}_seed{self.number}"
        settings = schemes.scheme(scheme).Settings(**changes)
        path = self._file(name)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            seed += _SEEDS_APART * self.number
            loop.train(scheme, settings, seed, path)
        found = load(path)
        if found.recipe["settings"] != dataclasses.asdict(settings):
            raise ValueError(
                f"{path}: a training with other settings ({found.recipe['command']}); "
                "remove it, or choose another --out"
            )
        return found


def secret_of(link):
    """Return a secret for a keyed link, None for others."""
    return None if link.keying == "none" else SECRET
