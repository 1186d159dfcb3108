# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of an Eve on intercepts: in numpy, and in a process next to a flowgraph."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import numpy as np

from advphy_model.complex_baseband import to_reals
from advphy_model.link.eavesdropper import Eve
from advphy_model.network.network import Layer, Network, run

HELD_OUT = 5  # one in so many intercepts is used for selection, not for training
_BATCH, _RATE = 256, 5e-3  # vectors in a step; learning rate at the start
# By what they need: modules with train(intercepts, classes, seed), which gives an Eve.
TRAINERS = {"torch": "advphy_training.evaluate.adapted_eve", "numpy": __name__}
PATIENCE = 60.0  # seconds of a training before a warning
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # of Adam


@dataclass(frozen=True)
class Intercepts:
    """Vectors that Eve has recorded."""

    y: np.ndarray  # received vectors, complex64 [count, n]
    reals: int  # number L of reals of a vector that are used
    labels: np.ndarray  # labels of the images, uint8 [count], as far as she knows them
    held: np.ndarray | None = None  # bool [count]: not trained on; None: every fifth

    def take(self, count):
        """Return the first `count` intercepts; raise ValueError if there are fewer."""
        most = len(self.y)
        if not 0 < count <= most:
            said = f"cannot use {count} intercepts of {most} recorded"
            raise ValueError(f"{said}; choose 1..{most}")
        held = None if self.held is None else self.held[:count]
        return Intercepts(self.y[:count], self.reals, self.labels[:count], held)

    def arrays(self):
        """Return (float32 [count, L], labels int64 [count])."""
        return to_reals(self.y, self.reals), self.labels.astype(np.int64)

    def held_out(self):
        """Return which are not trained on; ValueError unless there are both kinds."""
        held, size = self.held, len(self.y)
        held = np.arange(size) % HELD_OUT == 0 if held is None else held
        if not 0 < np.count_nonzero(held) < size:
            raise ValueError(
                f"there must be at least {HELD_OUT} intercepts, got {size}"
            )
        return held


def train(intercepts, classes=10, seed=1, hidden=128, steps=2000) -> Eve:
    """Return an Eve of one hidden layer, which Adam trains on the cross-entropy.

    The same intercepts and seed give the same weights. Her accuracy on those held out
    is in her recipe.
    """
    rng, held = np.random.default_rng(seed), intercepts.held_out()
    x, labels = intercepts.arrays()
    weights = []
    for outputs, inputs in ((hidden, x.shape[1]), (classes, hidden)):
        bound = 1 / np.sqrt(inputs)
        weights.append(rng.uniform(-bound, bound, (outputs, inputs)).astype("f4"))
        weights.append(np.zeros(outputs, "f4"))
    _descend(weights, x[~held], labels[~held], steps, rng)
    layers = (
        Layer("dense", "hidden1", {"weight": weights[0], "bias": weights[1]}),
        Layer("relu", "relu1"),
        Layer("dense", "logits", {"weight": weights[2], "bias": weights[3]}),
    )
    network = Network(layers, (intercepts.reals,))
    right = run(network, x[held]).argmax(axis=1) == labels[held]
    recipe = {"held_out_accuracy": float(right.mean()), "steps": steps, "seed": seed}
    return Eve(name="eve", networks={"classifier": network}, recipe=recipe)


def _descend(weights, x, labels, steps, rng):
    """Change the weights by steps of Adam; its rate falls linearly to 0."""
    moments = [np.zeros((2, *each.shape), "f4") for each in weights]
    for step in range(steps):
        chosen = rng.integers(len(x), size=min(_BATCH, len(x)))
        rate = _RATE * (1 - step / steps)
        rate *= np.sqrt(1 - _BETA2 ** (step + 1)) / (1 - _BETA1 ** (step + 1))
        slopes = _gradients(weights, x[chosen], labels[chosen])
        for each, slope, (mean, square) in zip(weights, slopes, moments, strict=True):
            mean += (1 - _BETA1) * (slope - mean)
            square += (1 - _BETA2) * (slope * slope - square)
            each -= np.float32(rate) * mean / (np.sqrt(square) + _EPSILON)


def _gradients(weights, x, labels):
    """Return the gradients of the mean cross-entropy of a batch."""
    first, first_bias, last, last_bias = weights
    features = np.maximum(x @ first.T + first_bias, 0)
    logits = features @ last.T + last_bias
    error = np.exp(logits - logits.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(x)), labels] -= 1
    error /= len(x)
    inner = (error @ last) * (features > 0)
    return inner.T @ x, inner.sum(axis=0), error.T @ features, error.sum(axis=0)


def trainer_of(name) -> str:
    """Return a trainer by name; "auto" is torch if it is installed, else numpy."""
    found = [trainer for trainer in TRAINERS if importlib.util.find_spec(trainer)]
    if name not in ("auto", *found):
        choices = ", ".join(found)
        raise ValueError(f"trainer must be auto or, here, {choices}, got '{name}'")
    return found[0] if name == "auto" else name


class Training:
    """A training of an Eve for each of `receivers`, complex64 [eves, count, n].

    known: reals, labels, held (see Intercepts), classes, seed (of Eve k: seed + k).
    """

    def __init__(self, trainer, receivers, **known):
        self.begun, self._eves = time.monotonic(), len(receivers)
        self._folder = tempfile.TemporaryDirectory(prefix="advphy-eve-")
        np.savez(f"{self._folder.name}/known.npz", receivers=receivers, **known)
        # Another number of threads would change the order of sums.
        more = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        more["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, trainer],
            cwd=self._folder.name,
            env=os.environ | more,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the flowgraph
        )

    def result(self):
        """Return (Eves, or None while it goes on; what is wrong, or an empty text)."""
        code = self._process.poll()
        if code is None:
            late = time.monotonic() - self.begun > PATIENCE
            return None, f"takes more than {PATIENCE:.0f} s" if late else ""
        if code:
            said = filter(None, self._process.stderr.read().split("\n"))
            return [], "has failed: " + [f"exit code {code}", *said][-1]
        names = [f"{self._folder.name}/{k}.safetensors" for k in range(self._eves)]
        return [Eve.read(name) for name in names], ""

    def close(self):
        """End the process, and remove its files."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


def _main(trainer):
    """Train on the intercepts in the current folder, and write the Eves there."""
    train = importlib.import_module(TRAINERS[trainer]).train
    known = dict(np.load("known.npz"))
    reals, classes, seed = (int(known[name]) for name in ("reals", "classes", "seed"))
    for k, y in enumerate(known["receivers"]):
        intercepts = Intercepts(y, reals, known["labels"], known["held"])
        train(intercepts, classes, seed + k).write(f"{k}.safetensors")


if __name__ == "__main__":
    _main(*sys.argv[1:])
