# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion: block files, examples, the programs made of them."""

import dataclasses
import functools
import inspect
import os
import re
import subprocess
import sys

import pytest
import yaml
from advphy_model.air import channels
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.link.model_file import KINDS
from advphy_model.modem.frame import Frame
from gnuradio import advphy, gr
from gnuradio.advphy.companion import TAKERS
from gnuradio.advphy.receive import bob_arn
from gnuradio.grc.core import Messages
from gnuradio.grc.core.platform import Platform
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


@functools.cache
def companion():
    """Return what compiles in GNU Radio Companion, and the list of what it says."""
    said = []
    Messages.MESSENGERS_LIST[:] = [said.append]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRC_BLOCKS_PATH", ENVIRONMENT["GRC_BLOCKS_PATH"])
        version = gr.major_version(), gr.api_version(), gr.minor_version()
        platform = Platform(
            name="GNU Radio Companion",
            prefs=gr.prefs(),
            version=gr.version(),
            version_parts=version,
        )
        platform.build_library()
    return platform, said


def compile_example(example, folder):
    """Compile a .grc as grcc does; return it as subprocess.run() does."""
    platform, said = companion()
    said.clear()
    _, path = platform.load_and_generate_flow_graph(str(example), str(folder))
    return subprocess.CompletedProcess([], 0 if path else 1, "".join(said), "")


def ran(*words, **environment):
    """Run a Python program that ends well; return the process."""
    command, pipes = [sys.executable, *map(str, words)], {"capture_output": True}
    pipes |= {"env": ENVIRONMENT | environment, "text": True, "timeout": 300}
    done = subprocess.run(command, **pipes)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("path", BLOCKS, ids=lambda p: p.stem)
def test_companion_takes_the_block_file(path):
    validator = Validator(BLOCK_SCHEME)
    assert validator.run(yaml.safe_load(path.read_text())), validator.messages


MAKERS = {  # of the variables
    "eve_model": "model_of(advphy.Eve, ",
    "frame": "Frame.of_model(",
    "link_model": "model_of(advphy.LinkModel, ",
    "perturbation": "model_of(advphy.Perturbation, ",
    "semantic_link": "model_of(advphy.SemanticLink, ",
}


@pytest.mark.parametrize("path", BLOCKS, ids=lambda p: p.stem)
def test_parameters_are_those_of_the_constructor(path):
    block = yaml.safe_load(path.read_text())
    ids = [parameter["id"] for parameter in block["parameters"]]
    if block["id"].startswith("variable_"):
        maker = block["id"].removeprefix("variable_advphy_")
        given = "".join(f", {name}=${{{name}}}" for name in ids[1:])
        made = f"advphy.{MAKERS[maker]}${{{ids[0]}}}{given})"
        assert block["templates"]["var_make"].endswith(made)
        assert block["value"] == "${ " + made.replace("${", "").replace("}", "") + " }"
        return
    name = block["id"].removeprefix("advphy_")
    wanted = list(inspect.signature(getattr(advphy, name).__init__).parameters)[1:]
    make = block["templates"]["make"]
    if ids[-1] == "gui_hint":  # a display: its widget goes into the window
        ids.pop()
        assert "${win} = self.${id}.qwidget()\n${gui_hint() % win}" in make
        make = re.search(r"^advphy\..*$", make, re.MULTILINE).group()
    if name == "sdr_sink":
        make, after = make.splitlines()
        assert after == "advphy.end_by_signals()"
    if name == "presenter":  # the flowgraph itself
        assert wanted.pop(0) == "flowgraph"
        assert make.startswith("advphy.presenter(self, ")
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
        (found,) = [
            p for p in yaml.safe_load(text)["parameters"] if p["id"] == parameter
        ]
        assert len(found["options"]) == len(found["option_labels"])
        return set(found["options"])

    assert options("bob_arn", "insert") == set(bob_arn.INSERT)
    for block in ("channel", "snr_channel", "link", "sample_channel"):
        kinds = set(channels.names())
        suggested = options(block, "kind")  # and any other may be written
        assert {kind.partition("(")[0] for kind in suggested} == kinds
        make = SampleChannel if block == "sample_channel" else channels.channel
        for kind in suggested:
            make(kind)


def test_companion_takes_a_chain_of_impairments_as_channel(tmp_path):
    kind = "two_rays(delay=2) + cfo(frequency=0.01)"
    changed = loopback(tmp_path, channel={"kind": kind})
    found = compile_example(changed, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    (program,) = tmp_path.glob("*.py")
    assert f"'{kind}'" in program.read_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_examples_compile(example, tmp_path):
    found = compile_example(example, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


def loopback(folder, **changes):
    """Write the loopback with parameters of blocks changed; return its file."""
    example = CLONE / "examples" / "autoencoder_loopback.grc"
    flowgraph = yaml.safe_load(example.read_text())
    for block in flowgraph["blocks"]:
        block["parameters"] |= changes.get(block["name"], {})
    changed = folder / "changed.grc"
    changed.write_text(yaml.safe_dump(flowgraph))
    return changed


def test_companion_refuses_blocks_of_another_n(tmp_path):
    changed = loopback(tmp_path, decoder={"model": 'advphy.LinkModel.load("bpsk")'})
    found = compile_example(changed, tmp_path)
    assert found.returncode != 0
    assert "does not match" in found.stdout + found.stderr


def test_every_kind_of_model_has_a_place_in_companion():
    assert {what for what, _ in KINDS.values()} == set(TAKERS)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("autoencoder_mpl", "did you mean 'autoencoder_mlp'"),
        ("paired_arn_white", "in Companion use a Semantic Link for it"),
        ("mine.safetensors", "is neither a file in {here} or {there} nor a known name"),
    ],
)
def test_companion_refuses_an_unknown_model_and_says_what_to_do(model, said, tmp_path):
    changed = loopback(tmp_path, link_model={"model": model})
    found = compile_example(changed, tmp_path)
    assert found.returncode != 0
    said = said.format(here=os.getcwd(), there=tmp_path)
    assert said in found.stdout + found.stderr


def test_a_model_beside_the_flowgraph_is_found_from_any_folder(tmp_path):
    advphy.LinkModel.load("gan_mlp").write(tmp_path / "mine.safetensors")
    model = "mine.safetensors:nearest_codeword"
    changed = loopback(tmp_path, link_model={"model": model})
    found = compile_example(changed, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    (program,) = tmp_path.glob("*.py")
    loading = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from PyQt5 import Qt; "
        f"application = Qt.QApplication([]); import {program.stem} as made; "
        "print(vars(made)['autoencoder_loopback']().link_model.name)"
    )
    found = ran("-c", loading)
    assert found.stdout == "gan_mlp:nearest_codeword\n", found.stderr


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ("link_model", advphy.LinkModel),
        ("semantic_link", advphy.SemanticLink),
        ("eve_model", advphy.Eve),
    ],
)
def test_the_shipped_models_are_suggested_and_others_may_be_written(block, kind):
    text = (CLONE / "grc" / f"variable_advphy_{block}.block.yml").read_text()
    (parameter,) = yaml.safe_load(text)["parameters"]
    assert parameter["options"] == kind.names()
    assert parameter["dtype"] == "string"  # an enum would take no other
