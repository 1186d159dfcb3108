# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of the figures of [arn] for one training seed, and images they decode."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
from advphy_model.files import images
from advphy_model.link.arn import BobModule
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.power import from_db

from advphy_training import schemes
from advphy_training.evaluate import adapted_eve, secrecy
from advphy_training.reproduce import retraining

SHIPPED = 0  # the number of the family of the shipped models
RECORDED, TESTED = 50_000, 10_000  # intercepts of an Eve who adapts; test images
_SECRET = hashlib.sha256(b"gr-advphy, measuring").digest()  # of no importance


def setting_of(link, sent, snr_db, eve=None, seed=100) -> SemanticSetting:
    """Return the SemanticSetting of a link, with a secret if it is keyed."""
    secret = None if link.keying == "none" else _SECRET
    return SemanticSetting(link, sent, snr_db, snr_db, eve, secret=secret, seed=seed)


class Family:
    """Models trained from one seed; a missing one is trained when it is needed.

    Args:
        number: 1, 2, ...; or SHIPPED.
        folder: folder for the models; an interrupted training resumes.
        steps: steps of the training of a pair, or None: the default of the scheme.
        eve_steps: steps of the training of an adapting Eve.
        share: share of the intercepts and of the test images that are used.
        workers: ranges.Workers that count; None: threads of this process.
    """

    def __init__(
        self, number, folder, steps=None, eve_steps=3000, share=1.0, workers=None
    ):
        self.number, self._folder, self._workers = number, Path(folder), workers
        self._steps = {} if steps is None else {"steps": steps}
        self.eve_steps, self._adapted = eve_steps, {}
        self.recorded, self.tested = round(share * RECORDED), round(share * TESTED)

    def base(self, power="average"):
        """Return the link without security."""
        name = "semantic_mnist" + ("" if power == "average" else f"_{power}")
        return self._model(name, "semantic", power=power)

    def eve(self):
        """Return the static Eve, trained on codes without noise."""
        return self._model("eve_mnist", "eve", link=self._path(self.base()))

    def pair(self, box="white", psr_db=-10.0, block="mlp"):
        """Return the letter's pair, trained in white or black box at a PSR in dB."""
        name = f"paired_arn_{box}"
        if psr_db != -10.0:
            name += f"_{psr_db:g}db"
        if block != "mlp":
            name += f"_{block}"
        eve = self.eve()
        if box == "black":
            base = self._path(self.base())
            eve = self._model("substitute_mnist", "eve", 2, hidden="16", link=base)
        epsilon = round(from_db(psr_db), 6)
        return self._pair(name, "paired_arn", eve, block=block, epsilon=epsilon)

    def minmax(self):
        """Return the pair trained against Eves who adapt."""
        return self._pair("minmax_arn", "minmax_arn", self.eve())

    def _pair(self, name, scheme, eve, **changes):
        paths = {"link": self.base(), "eve": eve, "measured_with": self.eve()}
        paths = {key: self._path(model) for key, model in paths.items()}
        return self._model(name, scheme, **paths, **changes, **self._steps)

    def keyed(self):
        """Return the keyed pair, whose base has per-message power."""
        base = self._path(self.base("per_message"))
        eve = self._path(self._model("eve_mnist_per_message", "eve", link=base))
        changes = {"link": base, "measured_with": eve, **self._steps}
        return self._model("keyed_arn", "keyed_arn", **changes)

    def adapted(self, link, snr_db):
        """Return the Eve trained on `recorded` labeled intercepts of a link."""
        key = link.sha256, snr_db
        if key not in self._adapted:
            sent, plain = images.load("mnist_train"), link.keying == "none"
            static = self.eve() if plain else None
            setting = setting_of(link, sent, snr_db, static, 100 + self.number)
            recorded = secrecy.labeled(setting, semantic_chain.record, self.recorded)
            effort = adapted_eve.Effort(steps=self.eve_steps, seed=1 + self.number)
            name = f"adapted_eve_{self.number}_{snr_db:g}db"
            more = sent.classes, ((),) if plain else ((), adapted_eve.SORTED)
            eve = adapted_eve.adapt(recorded, effort, name, static, *more)
            self._adapted[key] = eve
        return self._adapted[key]

    def measure(self, link, snr_db, eve=None):
        """Return {branch: SemanticCounts} of the `tested` images, under new keys."""
        tested = images.load("mnist_test").take(slice(0, self.tested))
        setting = setting_of(link, tested, snr_db, eve, 1 + 2 * self.number)
        first = 0 if link.keying == "none" else self.recorded
        return semantic_chain.total(setting, len(tested), first, self._workers)

    def measure_adapted(self, link, snr_db):
        """Return the same with the Eve adapted to this link at this SNR."""
        return self.measure(link, snr_db, self.adapted(link, snr_db))

    def _path(self, model):
        """Return the name or file of a model of this family, for Settings."""
        if self.number == SHIPPED and not self._file(model.name).exists():
            return model.name
        return str(self._file(model.name))

    def _file(self, name):
        return self._folder / f"{name}.safetensors"

    def _model(self, name, scheme, seed=1, **changes):
        """Return a model; train it without a file; ValueError if that is of another."""
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
            seed += retraining.SEEDS_APART * self.number
            schemes.train(scheme, settings, seed, path)
        found = load(path)
        retraining.require_same(path, found.recipe, dataclasses.asdict(settings))
        return found


PICTURES_SNR_DB = 10.0


def pictures(family, count=10) -> dict:
    """Return {label: images} of the first `count` test images, decoded at 10 dB."""
    tested = images.load("mnist_test").take(slice(0, count))
    white, keyed = family.pair("white"), family.keyed()
    setting = setting_of(white, tested, PICTURES_SNR_DB, seed=1)
    y = semantic_chain.record(setting, count)
    clean = np.empty_like(y)
    BobModule(white).run(y, 0, clean)
    return {
        "original": tested.as_reals(),
        "Bob": _decoded(white, clean),
        "Bob without his module": _decoded(white, y),
        "static Eve's view": _decoded(family.base(), y),
        "adapted Eve": _seen_by_eve(family, white, tested),
        "adapted Eve, keyed": _seen_by_eve(family, keyed, tested),
    }


def _decoded(link, y):
    out = np.empty((len(y), link.pixels), np.float32)
    PackedNetwork(link.decoder, complex_input=True).run(y, out)
    return out


def _seen_by_eve(family, link, tested):
    """Return the images of an Eve who trained a decoder on known images."""
    setting = setting_of(link, images.load("mnist_train"), PICTURES_SNR_DB)
    recorded = secrecy.labeled(setting, semantic_chain.record, family.recorded)
    eve = family.adapted(link, PICTURES_SNR_DB)
    effort = adapted_eve.Effort(steps=family.eve_steps)
    return secrecy.decoded_images(eve, setting, recorded, tested, effort)[1]
