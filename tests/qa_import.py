# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing the blocks is light: no torch, scipy or matplotlib comes along."""

import subprocess
import sys


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
