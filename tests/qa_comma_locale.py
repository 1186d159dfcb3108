# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example runs where a comma is the decimal point, which Qt sets for C."""

import pytest

from .comma_locale import german
from .demo_programs import compiled
from .qa_grc import EXAMPLES, ran
from .standin_link import needs_standin

RUN = """
import importlib, locale, os, sys
from PyQt5 import Qt
sys.path.insert(0, sys.argv[1])
os.chdir(sys.argv[1])
example = importlib.import_module(sys.argv[2])
application = Qt.QApplication(sys.argv[:1])
assert locale.localeconv()["decimal_point"] == ","
flowgraph = getattr(example, sys.argv[2])()
flowgraph.start()
if hasattr(flowgraph, "flowgraph_started"):  # what main() does from 3.10.11 on
    flowgraph.flowgraph_started.set()
if hasattr(flowgraph, "show"):
    flowgraph.show()
Qt.QTimer.singleShot(1500, application.quit)
application.exec_()
flowgraph.stop()
flowgraph.wait()
print("ended", flush=True)
os._exit(0)  # Companion's probes go on while Python deletes their widgets
"""


@pytest.mark.parametrize("name", [path.stem for path in EXAMPLES])
def test_an_example_runs_under_a_comma_locale(name, tmp_path):
    compiled(tmp_path, name)
    done = ran("-c", RUN, tmp_path, name, HOME=str(tmp_path), **german())
    assert done.stdout.endswith("ended\n"), done.stderr
    for word in ("Traceback", "ends the flowgraph", "expected"):
        assert word not in done.stderr


READ = """
import locale
from gnuradio import advphy
locale.setlocale(locale.LC_ALL, "")
for text in ("800.5", "-8e2", "+1.5e-3", "1.5x", "", "nan", "1e999", "0x10", "8 5"):
    try:
        advphy.sdr_source("standin", f"id=comma,cfo={text}", 433e6, 1e6)
        print("right")
    except (ValueError, RuntimeError) as error:
        said = str(error)
        print("refused" if f"cfo = '{text}', expected a number" in said else said)
"""


@needs_standin
def test_numbers_of_the_standin_radio_have_a_point():
    done = ran("-c", READ, **german())
    found = [line for line in done.stdout.splitlines() if line]
    assert found == 3 * ["right"] + 6 * ["refused"]
