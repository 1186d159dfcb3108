# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide "bring your own network", from torch modules to a block in a flowgraph."""

import csv
import os
import re
import subprocess
import sys

import pytest

from .conftest import CLONE, STAGED

PAGE = (CLONE / "docs" / "bring_your_own_network.md").read_text()
PYTHON = os.environ.get("ADVPHY_PYTHON", "/usr/bin/python3")  # GNU Radio's
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(STAGED)}


def run(*command, cwd):
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Run the program of the guide; return the folder above its two files."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "mine").mkdir()
    program = CLONE / "examples" / "bring_your_own_network.py"
    said = run(sys.executable, program, "mine", cwd=folder)
    assert said.split() == ["mine/trained.safetensors", "mine/matched.safetensors"]
    return folder


@pytest.fixture(scope="module")
def counted(mine):
    """Give the guide's `advphy measure`; return errors and blocks by link."""
    (words,) = re.findall(
        r"^    advphy (measure[\s\S]+?check\.csv)$", PAGE, re.MULTILINE
    )
    command = words.replace("\\\n", " ").split()
    run(PYTHON, CLONE / "apps" / "advphy", *command, cwd=mine)
    with open(mine / "mine" / "check.csv") as file:
        rows = list(csv.DictReader(file))
    return {row["link"]: (int(row["block_errors"]), int(row["blocks"])) for row in rows}


def test_a_closed_form_decoder_is_maximum_likelihood(counted):
    # Nearest codeword by one Linear layer: the same blocks are wrong.
    assert counted["matched"] == counted["hamming74_ml"]


def test_the_trained_link_works(counted):
    # Hard decision has 3.7e-2, two simplices 7.0e-3 (docs/results.md).
    errors, blocks = counted["trained"]
    assert 6.5e-3 < errors / blocks < 2e-2


def test_the_flowgraph_counts_what_the_command_counts(mine, counted):
    (text,) = re.findall(r"(?:^    from gnuradio[\s\S]+?)(?=^\w)", PAGE, re.MULTILINE)
    program = re.sub(r"^    ", "", text, flags=re.MULTILINE)
    said = run(PYTHON, "-c", program, cwd=mine)
    found = re.search(r"\((\d+) of (\d+) blocks\)", said)
    assert tuple(map(int, found.groups())) == counted["trained"]


def test_an_unknown_layer_is_refused_as_the_guide_says():
    torch = pytest.importorskip("torch", reason="its networks are torch's")
    from advphy_training.import_torch import network_from_torch

    (given, said) = re.search(
        r"^    (torch\.nn\.Sequential\(.+\))\n\n    ValueError: (.+)$",
        PAGE,
        re.MULTILINE,
    ).groups()
    with pytest.raises(ValueError, match=re.escape(said)):
        network_from_torch(eval(given, {"torch": torch}), (14,))
