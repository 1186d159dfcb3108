# SPDX-License-Identifier: GPL-3.0-or-later
"""Several Eves: who vote, who have several antennas, who see a picture several times.

    .venv/bin/python examples/many_eves.py --snr-db 0 --count 4

An Eve learns from 50000 labeled intercepts of MNIST. The program prints which share of
the test images she reads, for a link without security, the letter's pair and the keyed
pair, from three trainings of her networks:

    alone      one antenna, each picture once
    vote       COUNT such Eves with noise of their own; most votes count
    antennas   COUNT antennas, whose signals are added up (maximal-ratio combining)
    looks      each picture is sent COUNT times, each time with a key of its own; her
               network takes all of them side by side
"""

import argparse
import dataclasses
import secrets

import numpy as np
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.files import images
from advphy_model.link.eavesdropper import combined, majority
from advphy_model.link.eve_training import Intercepts
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.network.packed_network import classifier
from advphy_training.evaluate import adapted_eve
from advphy_training.evaluate.adapted_eve import Effort

LINKS = ("semantic_mnist", "paired_arn_white", "keyed_arn")
TEST = 1_000_000  # index of the first test image, whose keys nobody has recorded
APART = 10_000_000  # indices from one look to the next


def received(setting, first, antennas=1, looks=1):
    """Return what arrives for each image of the setting once, [images, n]."""
    parts = []
    for look in range(looks):
        each = []
        for antenna in range(antennas):
            at = dataclasses.replace(setting, seed=setting.seed + 1000 * antenna)
            begin = first + look * APART
            each.append(semantic_chain.record(at, len(setting.images), begin))
        parts.append(
            to_reals(combined(np.array(each), np.zeros(antennas)), setting.link.reals)
        )
    return to_complex(np.concatenate(parts, axis=1))


def shares(setting, tested, count, seed):
    """Return the share of labels that each kind of Eve reads, by its name."""
    test = dataclasses.replace(setting, images=tested)
    labels = tested.labeled()

    def trained(**ways):
        y, reals = received(setting, 0, **ways), setting.link.reals
        known = Intercepts(y, reals * ways.get("looks", 1), setting.images.labeled())
        eve = adapted_eve.adapt(known, Effort(seed=seed), "eve")
        return classifier(eve.networks["classifier"])

    def read(network, y):
        read, erased = (np.empty(len(y), np.uint8) for _ in range(2))
        network.decide(np.ascontiguousarray(y), read, erased)
        return read

    def share(found):
        return (found == labels).mean()

    alone = trained()
    each = [
        read(alone, received(dataclasses.replace(test, seed=99 + number), TEST))
        for number in range(count)
    ]
    found = {"alone": share(each[0]), "vote": share(majority(np.array(each), 10))}
    for ways in ({"antennas": count}, {"looks": count}):
        (name,) = ways
        found[name] = share(read(trained(**ways), received(test, TEST, **ways)))
    return found


def main():
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--snr-db", type=float, default=0.0)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--trainings", type=int, default=3)
    given = parser.parse_args()
    known, tested = images.load("mnist_train"), images.load("mnist_test")
    for name in LINKS:
        link = SemanticLink.load(name)
        secret = None if link.keying == "none" else secrets.token_bytes(32)
        setting = SemanticSetting(
            link, known, given.snr_db, given.snr_db, secret=secret
        )
        for seed in range(1, given.trainings + 1):
            found = shares(setting, tested, given.count, seed)
            print(name, seed, *(f"{key} {value:.3f}" for key, value in found.items()))


if __name__ == "__main__":
    main()
