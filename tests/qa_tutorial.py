# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial: each step compiles, and the last shows what its page says."""

import json
import subprocess

import pytest
import yaml

from .conftest import CLONE
from .qa_grc import ENVIRONMENT, ran

STEPS = sorted((CLONE / "docs" / "tutorial").glob("step*.grc"))
PAGE = (CLONE / "docs" / "tutorial.md").read_text()
# The last step: no attack, an attack, the same without the canceller.
RUN = """
import json, sys
from PyQt5 import QtCore, QtWidgets
sys.path.insert(0, sys.argv[1])
from tutorial_step4 import tutorial_step4
application = QtWidgets.QApplication(sys.argv)
flowgraph = tutorial_step4()
flowgraph.start()
if hasattr(flowgraph, "flowgraph_started"):  # what main() does from 3.10.11 on
    flowgraph.flowgraph_started.set()
flowgraph.show()
steps = [lambda: flowgraph.set_attack(True), lambda: flowgraph.set_cancel(False),
         application.quit]
def look():
    segments = flowgraph.counter.segments()
    if len(segments) + len(steps) == 4 and segments[-1].blocks > 30_000:
        steps.pop(0)()
timer = QtCore.QTimer()
timer.timeout.connect(look)
timer.start(50)
application.exec_()
flowgraph.stop()
flowgraph.wait()
print(json.dumps([[s.settings, s.blocks, s.block_errors]
                  for s in flowgraph.counter.segments()]))
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Compile all steps at once; return the folder of their programs."""
    folder = tmp_path_factory.mktemp("tutorial")
    done = subprocess.run(
        ["grcc", "-o", str(folder), *map(str, STEPS)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_each_step_compiles(programs):
    assert [path.stem for path in STEPS] == ["step1", "step2", "step3", "step4"]
    names = sorted(path.stem for path in programs.glob("*.py"))
    assert names == [f"tutorial_{path.stem}" for path in STEPS]


def test_the_page_shows_each_step():
    for path in STEPS:
        assert f"](tutorial/{path.stem}.png)" in PAGE
        assert f"](tutorial/{path.stem}_window.png)" in PAGE


@pytest.mark.parametrize("step", STEPS, ids=lambda path: path.stem)
def test_the_page_says_what_is_set(step):
    """What a step adds to the one before, other than its place, is on the page."""
    before = STEPS[max(STEPS.index(step) - 1, 0)]

    def settings(path):
        blocks = yaml.safe_load(path.read_text())["blocks"]
        return {
            (block["name"], key): value
            for block in blocks
            for key, value in block["parameters"].items()
            if key not in ("comment", "model")
        }

    new = settings(step).items() - (settings(before).items() if before != step else ())
    plain = {"False", "True", "float", "bool", "counter_slider", "byte", "free", "200"}
    for (name, key), value in new:
        if value in plain or value.startswith("QtCore."):
            continue
        assert f"`{value}`" in PAGE, f"{step.stem}: {name}.{key} = {value}"


def test_the_last_step_shows_attack_and_defense(programs):
    done = ran("-c", RUN, programs)
    clean, defended, attacked = json.loads(done.stdout.splitlines()[-1])
    # At 8 dB and PSR -6 dB (docs/results.md): 2.3e-5, with canceller 2.5e-5, 3.75e-2.
    rates = [errors / blocks for _, blocks, errors in (clean, defended, attacked)]
    assert all(blocks > 20_000 for _, blocks, _ in (clean, defended, attacked))
    assert rates[0] < 2e-4
    assert rates[1] < 2e-3  # the first windows pass before the attack is found
    assert 0.033 < rates[2] < 0.042
    assert attacked[0]["canceller"] == "none" != defended[0]["canceller"]
    assert [s["on"] for s, _, _ in (clean, defended, attacked)] == [False, True, True]
