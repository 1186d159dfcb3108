# SPDX-License-Identifier: GPL-3.0-or-later
"""Training over the stand-in radio, whose flowgraph runs in a process of its own."""

import sys

import numpy as np
import pytest
from advphy_model.link import links
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator

from .conftest import CLONE
from .standin_link import needs_standin

torch = pytest.importorskip("torch", reason="training needs torch")
from advphy_training import medium  # noqa: E402

from .short_trainings import scheme  # noqa: E402

pytestmark = needs_standin
RADIO = f"{sys.executable} {CLONE}/examples/samples_over_radio.py standin"
NOISY = f"{RADIO} --args cfo=300,noise_variance=0.01 --arm"


def test_codewords_arrive_over_the_radio_with_its_noise():
    model = links.load("autoencoder_mlp")
    x = np.tile(model.codebook, (40, 1))
    y, index = medium.of_bursts(model, medium.by_command(NOISY))(x, 1, 7)
    assert index.tolist() == list(range(640))
    # The noise of a sample, 0.01 in each dimension, over the energy of a symbol.
    scale = Modulator(Frame.of_model(model), model, peak_symbol=medium.PEAK).scale
    spread = np.mean(np.abs(y - x) ** 2) / 2
    assert spread == pytest.approx(0.01 / scale**2, rel=0.1)


def test_a_step_of_training_takes_its_gradients_over_the_radio():
    made = scheme("model_free", "batch=256", "link=autoencoder_mlp", f"medium={NOISY}")
    loss = made.gradients(torch.Generator().manual_seed(1))
    assert 0 < loss < 1  # chance: log 16
    assert all(p.grad.any() for p in made.parameters())


def test_nothing_is_sent_without_arm():
    made = scheme("model_free", "link=autoencoder_mlp", "batch=64", f"medium={RADIO}")
    with pytest.raises(ValueError, match="must end with 0, got 1"):
        made.gradients(torch.Generator().manual_seed(1))
