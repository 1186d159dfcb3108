# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that sends quantized images over a learned code."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from advphy_model.files import images
from advphy_model.link import links

PROGRAM = Path(__file__).parents[1] / "examples" / "classical_images.py"


@pytest.fixture(scope="module")
def program():
    return runpy.run_path(str(PROGRAM))


@pytest.fixture(scope="module")
def rows():
    return torch.tensor(np.array(images.load("mnist_sample").as_reals()[:600]))


def test_each_stage_lowers_the_error_of_quantization(program, rows):
    stages = program["trained"](rows, seed=1)
    sent, left, energies = program["bytes_of"](rows, stages), rows, []
    for i in range(3):
        left = left - stages[i][torch.tensor(sent[:, i].astype(int))]
        energies.append(float((left**2).mean()))
    assert float((rows**2).mean()) > energies[0] > energies[1] > energies[2]
    seen = torch.tensor(program["images_of"](sent, stages))
    assert float(((seen - rows) ** 2).mean()) <= energies[2] * 1.001


def test_without_noise_bob_has_the_bytes_that_alice_sent(program, rng):
    link = links.load("autoencoder_mlp_n4_k8")
    sent = rng.integers(256, size=(200, 3)).astype(np.uint8)
    got = program["received"](link, sent, 60.0, None, seed=1)
    assert np.array_equal(got, sent)
