# SPDX-License-Identifier: GPL-3.0-or-later
"""The flowgraphs of version 0.5 in golden/before compile and run."""

import re
import subprocess
import sys

import pytest
import yaml
from gnuradio.advphy.air import standin

from .conftest import CLONE
from .qa_grc import ENVIRONMENT

FLOWGRAPHS = sorted((CLONE / "tests" / "golden" / "before" / "grc").glob("*.grc"))
OF_EVERY_BLOCK = {"affinity", "alias", "comment", "maxoutbuf", "minoutbuf", "gui_hint"}
# Runs a program's main(), and closes its window when all our blocks have read items.
RUN = """
import importlib, sys
from PyQt5 import QtCore
folder, name, *sys.argv[1:] = sys.argv[1:]
sys.path.insert(0, folder)
program, timer = importlib.import_module(name), QtCore.QTimer()

def waits(block):
    try:
        return block.nitems_read(0) == 0
    except ValueError:  # it has no input
        return False

def made(**options):
    flowgraph = getattr(program, name)(**options)
    ours = [block for block in vars(flowgraph).values() if hasattr(block, "nitems_read")
            and type(block).__module__.startswith("gnuradio.advphy")]
    assert ours
    timer.timeout.connect(lambda: any(map(waits, ours)) or flowgraph.close())
    timer.start(100)
    return flowgraph

program.main(made)
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Compile the flowgraphs of 0.5 at once; return the folder of their programs."""
    folder = tmp_path_factory.mktemp("grc")
    for path in FLOWGRAPHS:  # no port, which a demo that is running may have
        text = re.sub(r"tcp://127.0.0.1:(\d+)", rf"ipc://{folder}/\1", path.read_text())
        (folder / path.name).write_text(text)
    ended("grcc", "-o", folder, *sorted(folder.glob("*.grc")))
    assert len(list(folder.glob("*.py"))) == len(FLOWGRAPHS) == 15
    return folder


def ended(*words):
    """Run a program to its end, which has no error and comes within two minutes."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(words, env=ENVIRONMENT, timeout=120, **pipes)
    assert done.returncode == 0, done.stdout
    for word in ("Traceback", "ends the flowgraph", "not understood", "deleted"):
        assert word not in done.stdout, done.stdout


@pytest.mark.parametrize("path", FLOWGRAPHS, ids=lambda path: path.stem)
def test_no_parameter_of_a_block_is_dropped(path):
    """Companion takes the default, without a word, where a parameter has a new name."""
    for block in yaml.safe_load(path.read_text())["blocks"]:
        file = CLONE / "grc" / f"{block['id']}.block.yml"
        if "advphy_" in block["id"]:
            known = {
                own["id"] for own in yaml.safe_load(file.read_text())["parameters"]
            }
            assert block["parameters"].keys() <= known | OF_EVERY_BLOCK, block["name"]


QUICK = ["autoencoder_loopback", "attacked_link"]
SLOW = ["defended_link", "secure_semantic", "compare_channels", "radio_loopback"]
SLOW += ["distributed_link_alice", *(f"tutorial_step{i}" for i in (1, 2, 3, 4))]


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_a_flowgraph_of_0_5_runs(name, programs):
    if name == "radio_loopback" and standin.plugin_folder() is None:
        pytest.skip("no stand-in radio in build/: libsoapysdr-dev is missing")
    ended(sys.executable, "-c", RUN, programs, name)


@pytest.mark.slow
def test_transmitter_and_receiver_of_0_5_run(programs, tmp_path):
    samples = ["--driver", "file", "--device", tmp_path / "samples.cf32"]
    sender = [programs / "over_the_air_tx.py", "--armed", "1", "--seconds", "0.5"]
    ended(sys.executable, *sender, *samples)
    ended(sys.executable, "-c", RUN, programs, "over_the_air_rx", *samples)


@pytest.mark.slow
def test_receivers_of_0_5_run_next_to_their_transmitter(programs):
    sender = [sys.executable, programs / "distributed_link_alice.py"]
    alice = subprocess.Popen(sender, env=ENVIRONMENT)
    try:
        for who in ("bob", "eve"):
            ended(sys.executable, "-c", RUN, programs, f"distributed_link_{who}")
    finally:
        alice.kill()
        alice.wait()
