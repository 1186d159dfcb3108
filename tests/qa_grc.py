# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion: block files, examples, the programs made of them."""

import dataclasses
import inspect
import os
import re
import subprocess
import sys

import pytest
import yaml
from advphy_model import channels
from advphy_model.modem.frame import Frame
from advphy_model.sample_channel import SampleChannel
from gnuradio import advphy, gr
from gnuradio.advphy.receive import bob_arn
from gnuradio.grc.core.schema_checker import BLOCK_SCHEME, Validator

from .conftest import CLONE, STAGED

BLOCKS = sorted((CLONE / "grc").glob("*.block.yml"))
EXAMPLES = sorted((CLONE / "examples").glob("*.grc"))
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(STAGED), *sys.path]),
    "GRC_BLOCKS_PATH": str(CLONE / "grc"),
    "QT_QPA_PLATFORM": "offscreen",
}


def compile_example(example, folder):
    """Compile a .grc with grcc; return the finished process."""
    return subprocess.run(
        ["grcc", "-o", str(folder), str(example)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("path", BLOCKS, ids=lambda p: p.stem)
def test_companion_takes_the_block_file(path):
    validator = Validator(BLOCK_SCHEME)
    assert validator.run(yaml.safe_load(path.read_text())), validator.messages


@pytest.mark.parametrize("path", BLOCKS, ids=lambda p: p.stem)
def test_parameters_are_those_of_the_constructor(path):
    block = yaml.safe_load(path.read_text())
    ids = [parameter["id"] for parameter in block["parameters"]]
    if block["id"].startswith("variable_"):
        maker = block["id"].removeprefix("variable_advphy_")
        given = "".join(f", {name}=${{{name}}}" for name in ids[1:])
        made = f"advphy.{maker}(${{{ids[0]}}}{given})"
        assert block["templates"]["var_make"].endswith(made)
        assert block["value"] == "${ " + made.replace("${", "").replace("}", "") + " }"
        assert callable(getattr(advphy, maker))
        return
    name = block["id"].removeprefix("advphy_")
    wanted = list(inspect.signature(getattr(advphy, name).__init__).parameters)[1:]
    make = block["templates"]["make"]
    if ids[-1] == "gui_hint":  # a display: its widget goes into the window
        ids.pop()
        assert "${win} = self.${id}.qwidget()\n${gui_hint() % win}" in make
        make = re.search(r"^advphy\..*$", make, re.MULTILINE).group()
    assert ids == wanted
    call = re.fullmatch(r"advphy\.(\w+)\((.*)\)", make)
    assert call.group(1) == name
    assert re.findall(r"\${(\w+)}", call.group(2)) == wanted
    defaults = inspect.signature(getattr(advphy, name).__init__).parameters
    for parameter in block["parameters"][: len(wanted)]:
        default = defaults[parameter["id"]].default
        if default is not inspect.Parameter.empty:
            assert str(parameter["default"]) == str(default), parameter["id"]


GUARDED = (advphy.guarded_block, advphy.guarded_general_block)
VARIABLES = {"link_model", "perturbation", "semantic_link", "eve_model", "frame"}


def test_every_block_has_a_file_and_every_callback_a_method():
    ids = {yaml.safe_load(path.read_text())["id"] for path in BLOCKS}
    names = {
        name
        for name in advphy.__all__
        if inspect.isclass(made := getattr(advphy, name))
        and issubclass(made, (*GUARDED, gr.hier_block2))
    } - {"guarded_block", "guarded_general_block", "top_block"}
    assert len(names) >= 17
    made = {f"advphy_{name}" for name in names}
    assert made | {f"variable_advphy_{name}" for name in VARIABLES} == ids
    for path in BLOCKS:
        block = yaml.safe_load(path.read_text())
        assert block["documentation"].strip()
        parameters = {parameter["id"] for parameter in block["parameters"]}
        for callback in block["templates"].get("callbacks", []):
            method, arguments = re.fullmatch(r"(\w+)\((.*)\)", callback).groups()
            assert hasattr(getattr(advphy, block["id"].removeprefix("advphy_")), method)
            assert set(re.findall(r"\${(\w+)}", arguments)) <= parameters


def test_a_frame_of_companion_is_the_one_of_the_code():
    text = (CLONE / "grc" / "variable_advphy_frame.block.yml").read_text()
    offered = {p["id"]: p["default"] for p in yaml.safe_load(text)["parameters"]}
    assert offered.pop("model") == "link_model"
    fields = {field.name: field.default for field in dataclasses.fields(Frame)}
    assert set(fields) - set(offered) == {"n", "symbol_energy"}  # those of the model
    for name, default in offered.items():
        assert default == str(fields[name]), name


def test_a_setter_of_a_parameter_is_a_callback():
    for path in BLOCKS:
        block = yaml.safe_load(path.read_text())
        if block["id"].startswith("variable_"):
            continue
        made = getattr(advphy, block["id"].removeprefix("advphy_"))
        wanted = {
            f"set_{parameter['id']}(${{{parameter['id']}}})"
            for parameter in block["parameters"]
            if hasattr(made, f"set_{parameter['id']}")
        }
        assert wanted <= set(block["templates"].get("callbacks", [])), block["id"]


def test_choices_are_those_of_the_code():
    def options(block, parameter):
        text = (CLONE / "grc" / f"advphy_{block}.block.yml").read_text()
        (found,) = [p for p in yaml.safe_load(text)["parameters"]
                    if p["id"] == parameter]  # fmt: skip
        assert len(found["options"]) == len(found["option_labels"])
        return set(found["options"])

    assert options("bob_arn", "insert") == set(bob_arn.INSERT)
    for block in ("channel", "snr_channel", "link", "sample_channel"):
        kinds = {path.stem for path in (CLONE / "python/advphy_model/channels").glob(
            "*.py")} - {"__init__"}  # fmt: skip
        suggested = options(block, "kind")  # and any other may be written
        assert {kind.partition("(")[0] for kind in suggested} == kinds
        make = SampleChannel if block == "sample_channel" else channels.channel
        for kind in suggested:
            make(kind)


def test_companion_takes_a_chain_of_impairments_as_channel(tmp_path):
    kind = "two_rays(delay=2) + cfo(frequency=0.01)"
    example = CLONE / "examples" / "autoencoder_loopback.grc"
    text = example.read_text()
    assert "kind: awgn" in text
    changed = tmp_path / "changed.grc"
    changed.write_text(text.replace("kind: awgn", f"kind: {kind}"))
    found = compile_example(changed, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    (program,) = tmp_path.glob("*.py")
    assert f"'{kind}'" in program.read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_examples_compile(example, tmp_path):
    found = compile_example(example, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


def test_companion_refuses_blocks_of_another_n(tmp_path):
    text = EXAMPLES[0].read_text()
    changed = tmp_path / "changed.grc"
    changed.write_text(text.replace("num_items: link_model.n", "num_items: '3'"))
    found = compile_example(changed, tmp_path)
    assert found.returncode != 0
    assert "does not match" in found.stdout + found.stderr


def test_companion_refuses_an_unknown_model(tmp_path):
    text = EXAMPLES[0].read_text().replace("model: autoencoder_mlp", "model: nonsense")
    changed = tmp_path / "changed.grc"
    changed.write_text(text)
    found = compile_example(changed, tmp_path)
    assert found.returncode != 0
    assert "nonsense" in found.stdout + found.stderr


RUN_EXAMPLE = """
import sys
from PyQt5 import Qt
sys.path.insert(0, sys.argv[1])
import autoencoder_loopback as example
application = Qt.QApplication(sys.argv)
flowgraph = example.autoencoder_loopback()
flowgraph.start()
if hasattr(flowgraph, "flowgraph_started"):  # what main() does from 3.10.11 on
    flowgraph.flowgraph_started.set()
flowgraph.show()
Qt.QTimer.singleShot(1500, lambda: flowgraph.set_ebn0_db(0.0))
Qt.QTimer.singleShot(4000, application.quit)
application.exec_()
flowgraph.stop()
flowgraph.wait()
for segment in flowgraph.counter.segments():
    print(segment.settings["ebn0_db"], segment.blocks, segment.block_errors)
print(flowgraph.get_bler_text())
"""


def test_the_loopback_example_runs_and_counts_errors(tmp_path):
    example = CLONE / "examples" / "autoencoder_loopback.grc"
    assert compile_example(example, tmp_path).returncode == 0
    found = subprocess.run(
        [sys.executable, "-c", RUN_EXAMPLE, str(tmp_path)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr
    *segments, text = found.stdout.splitlines()[-3:]
    (first, blocks, errors), (second, blocks2, errors2) = (
        map(float, line.split()) for line in segments
    )
    assert (first, second) == (4.0, 0.0)
    # BLER of autoencoder_mlp is 7.0e-3 at 4 dB and 1.5e-1 at 0 dB.
    assert blocks > 20_000
    assert 0.004 < errors / blocks < 0.011
    assert 0.13 < errors2 / blocks2 < 0.17
    assert re.fullmatch(r"\S+ \(\d+ of \d+ blocks\)", text)


RUN_SECURE_SEMANTIC = """
import sys
from PyQt5 import Qt
sys.path.insert(0, sys.argv[1])
import secure_semantic_demo as example
application = Qt.QApplication(sys.argv)
flowgraph = example.secure_semantic_demo()
flowgraph.start()
if hasattr(flowgraph, "flowgraph_started"):  # what main() does from 3.10.11 on
    flowgraph.flowgraph_started.set()
flowgraph.show()
Qt.QTimer.singleShot(3000, lambda: print(flowgraph.alice.text()))
Qt.QTimer.singleShot(3000, lambda: flowgraph.set_inserted(False))
Qt.QTimer.singleShot(5500, lambda: print(flowgraph.alice.text()))
Qt.QTimer.singleShot(5500, flowgraph.close)
Qt.QTimer.singleShot(5600, application.quit)
application.exec_()
print(flowgraph.viewer.newest()[0])
for name in ("bob_meter", "without_meter", "eve_counter"):
    meter = getattr(flowgraph, name)
    for segment in meter.segments():
        figures = meter.figures(segment.sums)
        print(name, segment.settings["inserted"], segment.sums["frames"],
              figures.get("mse", figures.get("accuracy")))
"""


def test_the_secure_semantic_example_follows_the_check_box(tmp_path):
    example = CLONE / "examples" / "secure_semantic.grc"
    assert compile_example(example, tmp_path).returncode == 0
    found = subprocess.run(
        [sys.executable, "-c", RUN_SECURE_SEMANTIC, str(tmp_path)],
        env=ENVIRONMENT | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr
    *_, inside, bypassed, shown = found.stdout.splitlines()[:-6]
    assert re.fullmatch(r"PSR -\d+\.\d dB, transmit power \S+ dB", inside)
    assert bypassed.startswith("bypassed, ")
    assert int(shown) > 500
    figures = {}
    for line in found.stdout.splitlines()[-6:]:
        name, inserted, frames, figure = line.split()
        assert int(frames) > 200
        figures[name, inserted] = float(figure)
    # Who lacks Bob's module sees less while Alice's is in, and the same without it.
    # At 10 dB eve_mnist reads 94 % of the labels in the open, 44 % with the pair in.
    assert figures["without_meter", "True"] > 1.1 * figures["bob_meter", "True"]
    bypassed = figures["without_meter", "False"], figures["bob_meter", "False"]
    # Two meters of a running flowgraph, read at almost the same frame.
    assert bypassed[0] == pytest.approx(bypassed[1], rel=0.01)
    assert figures["eve_counter", "False"] > 0.85
    assert figures["eve_counter", "True"] < 0.6
