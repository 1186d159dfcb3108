# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy: what it prints and what it writes."""

import dataclasses
import re
import shlex
import signal
import subprocess
import sys

import pytest
from advphy_commands import _options, _parser, bench, info
from advphy_commands._output import Output
from advphy_model import kernels
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.link.network_file import NetworkFile
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts

from .commands import (
    ADVPHY,
    LOOP,
    advphy,
    document,
    done,
    refused,
    started,
    wait_for_work,
)
from .conftest import CLONE


def test_measure_prints_a_table_and_writes_counts(here):
    said = done(
        "measure bpsk two_simplices --ebn0-db 0:4:2 --max-blocks 1e5 --out run.csv"
    )
    lines = said.splitlines()
    assert lines[0].split()[:3] == ["link", "Eb/N0", "blocks"]
    assert len(lines) == 7
    assert "closed form" in lines[1]
    rows = table.read("run.csv", Counts)
    assert [(r.link, r.ebn0_db) for r in rows] == [
        (name, db) for name in ("bpsk", "two_simplices") for db in (0.0, 2.0, 4.0)
    ]
    assert {r.engine for r in rows} == {"flowgraph"}


def test_both_engines_write_the_same_counts(here):
    def counts(engine):
        words = f"--ebn0-db 2,4.5 --min-errors 500 --engine {engine} --out {engine}.csv"
        done("measure hamming74_ml", words)
        rows = table.read(f"{engine}.csv", Counts)
        return [(r.ebn0_db, r.blocks, r.block_errors, r.erasures) for r in rows]

    found = counts("loop")
    assert found == counts("flowgraph")
    assert len(found) == 2


@pytest.mark.parametrize("engine", ["loop", "flowgraph"])
def test_control_c_keeps_what_was_counted_and_the_same_command_resumes(here, engine):
    command = "measure hamming74_ml --ebn0-db 8 --min-errors 1000000"
    resumable = f"{command} --engine {engine} --out run.csv --max-blocks"
    process = started(resumable, "1e12", cwd=here)
    wait_for_work(process, here / ".run.csv.lock")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    (before,) = table.read("run.csv", Counts)
    assert before.blocks > 0
    wanted = before.blocks + 100_000
    done(resumable, wanted)
    (after,) = table.read("run.csv", Counts)
    assert (after.first_block, after.blocks) == (0, wanted)
    done(command, LOOP, "--out whole.csv --max-blocks", wanted)
    assert table.read("whole.csv", Counts)[0].block_errors == after.block_errors


def test_info_lists_the_channels_with_their_settings():
    listed = done("info channels")
    assert "cfo: Carrier frequency offset" in listed
    assert "defaults: frequency=0.001, phase=0.0" in listed
    assert "linewidth: full width" in listed


def test_measure_over_a_channel_says_so_and_shows_no_theory(here):
    kind = "rayleigh_block(coherent=True)"
    words = f"measure bpsk --ebn0-db 4 --max-blocks 1e5 {LOOP} --out run.csv --channel"
    line = done(words, f"'{kind}'").splitlines()[1]
    assert line.endswith(f"over {kind}")
    assert "closed form" not in line
    (row,) = table.read("run.csv", Counts)
    assert row.channel == kind
    assert "'nothing' is not known" in refused(words, "nothing")


def test_info_lists_and_describes_links():
    listed = done("info")
    assert all(name in listed for name in (*links.names(), *Perturbation.names()))
    for name in ("bpsk", "two_simplices:nearest_codeword"):
        assert links.load(name).sha256 in done("info", name)
    attack = Perturbation.load("universal_pgd_gan_mlp")
    assert attack.sha256 in done("info universal_pgd_gan_mlp")


@pytest.mark.parametrize(
    "measured",
    [
        {"network": [{"ebn0_db": 1, "blocks": 0, "block_errors": 0}]},
        {"network": [{"ebn0_db": "x", "blocks": 1, "block_errors": 0}]},
        *({"rows": 3}, {"rows": [3]}, [1], None, 7, "one\nSHA-256 right"),
    ],
)
def test_info_describes_any_recipe(tmp_path, capsys, measured):
    recipe = {"measured": measured, "rule": "one\nSHA-256 right"}
    link = dataclasses.replace(links.load("bpsk"), recipe=recipe)
    network = NetworkFile("b", {"network": links.load("gan_mlp").networks["decoder"]})
    for model in (link, dataclasses.replace(network, recipe=recipe)):
        model.write(path := tmp_path / f"{model.name}.safetensors")
        info.run(info.Settings(str(path)), Output())
        lines = capsys.readouterr().out.splitlines()
        assert sum(line.startswith("SHA-256") for line in lines) == 1
        assert "    SHA-256 right" in lines


def test_plot_draws_the_counts(here):
    done(f"measure bpsk {LOOP} --max-blocks 1e5 --out run.csv")
    said = done("plot run.csv --out figure.png --at-bler 1e-2")
    assert (here / "figure.png").read_bytes().startswith(b"\x89PNG")
    # 1 - (1 - Q(sqrt(2 Eb/N0)))^4 is 1e-2 at 5.94 dB.
    assert float(said.split()[-2]) == pytest.approx(5.94, abs=0.1)


@pytest.mark.parametrize("words", ["--ebn0-db=-4:-2:2", "--ebn0-db -4:-2:2"])
def test_negative_ebn0_may_be_written_both_ways(here, words):
    done("measure bpsk", words, LOOP, "--max-blocks 1e4 --out run.csv")
    assert [r.ebn0_db for r in table.read("run.csv", Counts)] == [-4.0, -2.0]


def test_train_writes_a_model_that_measure_takes(here):
    short = "--set steps=20 --set batch=64 --set k=2"
    done("train autoencoder --quiet --out mine.safetensors", short)
    assert "--set steps=20" in done("info mine.safetensors")
    done("measure mine.safetensors --ebn0-db 4 --out run.csv", LOOP)
    assert table.read("run.csv", Counts)[0].link == "mine"


def test_without_a_command_the_help_is_printed():
    found = advphy()
    assert found.returncode == 2
    for command in ("bench", "info", "measure", "plot", "train"):
        assert command in found.stdout
    assert done("--version").startswith("gr-advphy 0.")


def test_output_into_a_pipe_that_closes_is_no_complaint():
    piped = ["bash", "-c", f"{shlex.quote(str(ADVPHY))} info | true"]
    assert subprocess.run(piped, capture_output=True, text=True).stderr == ""


def fields_of(settings):
    """Yield the options of a dataclass of settings and of its groups."""
    for field in dataclasses.fields(settings):
        if "settings" in field.metadata:
            yield from fields_of(field.metadata["settings"])
        else:
            yield field


def test_the_defaults_of_all_options_are_values_that_may_be_given():
    checked = 0
    for name, parser in _parser.parsers(_parser.parser()):
        module = parser.get_default("module")
        for field in [] if module is None else fields_of(module.Settings):
            default = field.metadata["given"].get("default")
            if field.metadata["flag"] == "":
                metavar = field.metadata["given"]["metavar"]
                assert re.fullmatch(r"(\[[A-Z]+\] )?[\w|.-]+", metavar)  # nor here
            value, kind = _options._value(field, default), field.type
            assert not (isinstance(default, str) and " " in default)  # a help text
            if field.metadata["parse"] is None and default not in (None, ""):
                assert isinstance(value, kind), (name, field.name, value)
                checked += kind is not bool
    assert checked > 50


def test_bench_has_a_row_for_each_instruction_set(here, monkeypatch):
    measured = {"loop_over_torch": 2.0}
    monkeypatch.setattr(bench, "_measured", lambda rounds, output: dict(measured))
    first, *others = names = kernels.instruction_sets()
    try:
        found = document("bench --rounds 1")
    finally:
        kernels.choose_instruction_set(names[0])
    assert found.items() >= {"instruction_set": first, **measured}.items()
    rows = [{"instruction_set": name, **measured} for name in others]
    assert found.get("other_instruction_sets", []) == rows


@pytest.mark.slow
def test_bench_measures_the_ratios(here):
    ratios = document("bench --rounds 1")
    flowgraph = "flowgraph_over_torch", "flowgraph_over_torch_block"
    others = "loop_over_torch", "cnn_over_onnxruntime", "displayed_over_undisplayed"
    assert ratios.keys() >= {*flowgraph, *others}
    assert min(ratios[name] for name in (*flowgraph, *others)) > 0


def test_equal_warnings_are_printed_once():
    program = (
        f"import logging, sys; sys.path[:0] = {[str(CLONE / 'apps'), *sys.path]!r}\n"
        "from advphy_commands import _each_warning_once\n"
        "log = logging.getLogger('a')\n"
        "with _each_warning_once():\n"
        "    for text in ['same'] * 40 + ['other']: log.warning(text)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert done.stderr.split() == [b"same", b"other"]
