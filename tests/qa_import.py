# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing the blocks is light: no torch, scipy or matplotlib comes along."""

import operator
import subprocess
import sys

import pytest
from gnuradio import advphy


def test_import_brings_neither_torch_nor_scipy_nor_matplotlib():
    program = (
        "import sys\n"
        "from gnuradio import advphy\n"
        "advphy.LinkModel.load('hamming74_ml')\n"
        "advphy.image_source()\n"
        "advphy.alice_arn('paired_arn_white')\n"
        "advphy.eve('eve_mnist')\n"
        "print({'torch', 'scipy', 'matplotlib', 'tqdm', 'PyQt5'} & set(sys.modules))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "set()\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("adversary", "Adversary"),
        ("canceller_settings", "CancellerSettings"),
        ("eve_model", "Eve.load"),
        ("frame", "Frame.of_model"),
        ("link_model", "LinkModel.load"),
        ("perturbation", "Perturbation.load"),
        ("semantic_link", "SemanticLink.load"),
        ("stop_rule", "StopRule"),
    ],
)
def test_an_old_name_tells_the_new_one(old, new):
    with pytest.raises(AttributeError, match=rf"advphy\.{new}$"):
        getattr(advphy, old)
    assert callable(operator.attrgetter(new)(advphy))


def test_a_frame_is_made_for_the_name_of_a_link():
    frame = advphy.Frame.of_model("autoencoder_mlp", codewords=64)
    assert (frame.n, frame.codewords) == (7, 64)
    assert advphy.Frame.of_model("semantic_mnist").n == 12  # 23 reals
