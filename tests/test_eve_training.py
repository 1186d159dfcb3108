# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of an Eve who adapts live: what she learns, and in which process."""

import dataclasses
import importlib.util
import time

import numpy as np
import pytest
from advphy_model.complex_baseband import to_complex
from advphy_model.link import eve_training
from advphy_model.link.eavesdropper import ERASED, combined, majority
from advphy_model.link.eve_training import Intercepts, Training, train, trainer_of
from advphy_model.network.packed_network import classifier

from .test_secrecy import CLASSES, REALS, recorded

KNOWN = {"reals": REALS, "classes": CLASSES, "seed": 3}


def accuracy(found, learned):
    """Return the accuracy on the last 1000 of an Eve who learned from the first."""
    eve = train(found.take(learned), CLASSES, steps=300)
    read, erased = (np.empty(1000, np.uint8) for _ in range(2))
    classifier(eve.networks["classifier"]).decide(found.y[-1000:], read, erased)
    return float(np.mean(read == found.labels[-1000:]))


def test_numpy_learns_what_there_is_to_learn(rng):
    # Corners are 8 sqrt(2) sigma apart. At 2 sqrt(2) sigma each of three rivals is
    # nearer with Q(sqrt 2) = 0.079, so at least 0.76 are right.
    assert accuracy(recorded(rng, 3000, separation=8.0), 2000) > 0.99
    assert accuracy(recorded(rng, 5000, separation=2.0), 4000) > 0.72
    blind = accuracy(recorded(rng, 3000, separation=0.0), 2000)
    assert abs(blind - 1 / CLASSES) < 4 * (0.25 * 0.75 / 1000) ** 0.5


def test_intercepts_that_are_held_out_are_not_trained_on(rng):
    found = recorded(rng, 1000, separation=8.0)
    held = np.arange(1000) < 300
    other = found.labels.copy()
    other[held] = (other[held] + 1) % CLASSES
    one, two = (
        train(dataclasses.replace(found, labels=labels, held=held), CLASSES, steps=100)
        for labels in (found.labels, other)
    )
    assert one.recipe["held_out_accuracy"] > 0.99
    assert two.recipe["held_out_accuracy"] < 0.01
    weights = [eve.networks["classifier"].layers[0].parameters for eve in (one, two)]
    np.testing.assert_array_equal(weights[0]["weight"], weights[1]["weight"])


def finished(training):
    """Return the Eves of a training, and what was wrong, at its end; close it."""
    while (found := training.result())[0] is None:
        time.sleep(0.02)
    training.close()
    return found


@pytest.mark.parametrize("trainer", eve_training.TRAINERS)
def test_another_process_gives_the_same_weights_each_time(rng, trainer):
    if importlib.util.find_spec(trainer) is None:
        pytest.skip(f"{trainer} is not installed")
    found = recorded(rng, 400, 3.0)
    given = {"labels": found.labels, "held": np.arange(400) % 4 == 0, **KNOWN}
    y = np.stack([found.y, found.y])
    one, two = (finished(Training(trainer, y, **given))[0] for _ in range(2))
    assert [eve.sha256 for eve in one] == [eve.sha256 for eve in two]
    assert one[0].sha256 != one[1].sha256  # the second Eve has another seed
    assert one[0].reals == REALS
    assert one[0].classes == CLASSES


def test_a_training_that_fails_says_why(rng):
    found = recorded(rng, 400, 3.0)
    given = {"labels": found.labels, "held": np.zeros(400, bool), **KNOWN}
    training = Training("numpy", found.y[None], **given)
    eves, why = finished(training)
    assert not eves
    assert why.startswith("has failed: ValueError: there must be at least 5 intercepts")
    training = Training("numpy", found.y[None], **given)
    training._process.kill()
    training._process.wait()
    assert finished(training) == ([], "has failed: exit code -9")


def test_trainers_are_found_by_name():
    assert trainer_of("numpy") == "numpy"
    has_torch = importlib.util.find_spec("torch") is not None
    assert trainer_of("auto") == ("torch" if has_torch else "numpy")
    with pytest.raises(ValueError, match=r"trainer must be auto or, here, .*'keras'"):
        trainer_of("keras")


def test_antennas_count_by_their_snr(rng):
    x = rng.normal(size=(20000, 3)) + 1j * rng.normal(size=(20000, 3))
    variances, received = (0.1, 0.4), []
    for variance in variances:
        noise = rng.normal(size=(2, *x.shape)) * variance**0.5
        received.append((x + noise[0] + 1j * noise[1]).astype(np.complex64))
    snrs_db = -10 * np.log10(variances)
    both = combined(np.array(received), snrs_db)
    # The SNRs of maximal-ratio combining add up: 1 / (10 + 2.5).
    assert np.var((both - x).real) == pytest.approx(1 / 12.5, rel=0.04)
    alike = combined(np.array(received), [7.0, 7.0])
    np.testing.assert_allclose(alike, np.mean(received, axis=0), atol=1e-6)


def test_most_votes_count():
    read = [[1, 2, 3, 7, 255, 255], [1, 5, 4, 255, 255, 4], [0, 5, 9, 7, 255, 3]]
    found = majority(np.array(read, np.uint8), 10)
    assert found.tolist() == [1, 5, 3, 7, ERASED, 3]


def test_too_few_intercepts_are_refused():
    few = Intercepts(to_complex(np.zeros((1, REALS))), REALS, np.zeros(1, np.uint8))
    with pytest.raises(ValueError, match="at least 5 intercepts, got 1"):
        train(few)
