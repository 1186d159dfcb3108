# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped network of neural_receiver.grc against the best linear equalizer."""

import importlib.util
from pathlib import Path

import numpy as np
from advphy_model.complex_baseband import to_reals
from advphy_model.link.network_file import NetworkFile
from advphy_model.network.network import run

PROGRAM = Path(__file__).parents[1] / "examples" / "train_neural_receiver.py"


def program():
    """Return the module of the training program."""
    spec = importlib.util.spec_from_file_location("train_neural_receiver", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_network_beats_the_linear_equalizer_that_knows_the_channel(rng):
    made, noise, count = program(), 10 ** (-10 / 10), 100_000
    sent = rng.integers(4, size=(count, made.WINDOW + 1))
    symbols = made.SYMBOLS[sent]
    y = symbols[:, 1:] * made.RAYS[0] + symbols[:, :-1] * made.RAYS[1]
    y = y + (noise / 2) ** 0.5 * (
        rng.normal(size=y.shape) + 1j * rng.normal(size=y.shape)
    )
    middle = sent[:, made.MIDDLE + 1]
    network = NetworkFile.load("neural_receiver").network
    reals = to_reals(y.astype(np.complex64))
    ours = np.mean(run(network, reals).argmax(axis=1) != middle)
    # The minimum mean squared error: (H H^H + noise I)^-1 h, windows oldest first.
    paths = np.eye(9, 10, 1) * made.RAYS[0] + np.eye(9, 10) * made.RAYS[1]
    covariance = paths @ paths.conj().T + noise * np.eye(9)
    taps = np.linalg.solve(covariance, paths[:, made.MIDDLE + 1])
    equalized = y @ taps.conj()
    nearest = np.abs(equalized[:, None] - made.SYMBOLS).argmin(axis=1)
    linear = np.mean(nearest != middle)
    assert 1e-4 < ours < 0.3 * linear < 0.1


def test_the_training_program_writes_what_the_block_takes(tmp_path, monkeypatch):
    file = tmp_path / "n.safetensors"
    argv = ["train", str(file), "--steps", "5"]
    monkeypatch.setattr("sys.argv", argv)
    program().main()
    network = NetworkFile.load(file)
    assert (network.inputs, network.outputs) == (18, 4)
    assert network.recipe["steps"] == 5
