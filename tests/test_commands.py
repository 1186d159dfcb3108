# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy: what it prints and what it writes."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts

from .conftest import CLONE

ADVPHY = str(CLONE / "apps" / "advphy")
LOOP = ("--engine", "loop")


def advphy(*words, **options):
    return subprocess.run(
        [ADVPHY, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def wait_for_work(process, lock):
    """Wait until a command has computed for two seconds since it locked a file."""

    def seconds():
        times = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    while not lock.exists():
        time.sleep(0.01)
    begun = seconds()
    while seconds() < begun + 2:
        time.sleep(0.01)


def test_measure_prints_a_table_and_writes_counts(tmp_path):
    out = tmp_path / "run.csv"
    found = advphy(
        "measure",
        "bpsk",
        "two_simplices",
        "--ebn0-db",
        "0:4:2",
        "--max-blocks",
        "1e5",
        "--out",
        out,
    )
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0].split()[:3] == ["link", "Eb/N0", "blocks"]
    assert len(lines) == 7
    assert "closed form" in lines[1]
    rows = table.read(out, Counts)
    assert [(r.link, r.ebn0_db) for r in rows] == [
        (name, db) for name in ("bpsk", "two_simplices") for db in (0.0, 2.0, 4.0)
    ]
    assert {r.engine for r in rows} == {"flowgraph"}


def test_both_engines_write_the_same_counts(tmp_path):
    for engine in ("loop", "flowgraph"):
        advphy(
            "measure",
            "hamming74_ml",
            "--ebn0-db",
            "2,4.5",
            "--engine",
            engine,
            "--min-errors",
            "500",
            "--out",
            tmp_path / f"{engine}.csv",
        )
    loop, flowgraph = (
        [
            (r.ebn0_db, r.blocks, r.block_errors, r.erasures)
            for r in table.read(path, Counts)
        ]
        for path in sorted(tmp_path.iterdir())
    )
    assert loop == flowgraph
    assert len(loop) == 2


@pytest.mark.parametrize("engine", ["loop", "flowgraph"])
def test_control_c_keeps_what_was_counted_and_the_same_command_resumes(
    tmp_path, engine
):
    out = tmp_path / "run.csv"
    command = [
        "measure",
        "hamming74_ml",
        "--ebn0-db",
        "8",
        "--min-errors",
        "1000000",
        "--engine",
        engine,
        "--out",
        str(out),
    ]
    process = subprocess.Popen(
        [ADVPHY, *command, "--max-blocks", "1e12"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for_work(process, tmp_path / ".run.csv.lock")
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    (before,) = table.read(out, Counts)
    assert before.blocks > 0
    wanted = before.blocks + 100_000
    assert advphy(*command, "--max-blocks", wanted).returncode == 0
    (after,) = table.read(out, Counts)
    assert (after.first_block, after.blocks) == (0, wanted)
    whole = tmp_path / "whole.csv"
    command[-1] = str(whole)
    command[command.index("--engine") + 1] = "loop"
    assert advphy(*command, "--max-blocks", wanted).returncode == 0
    assert table.read(whole, Counts)[0].block_errors == after.block_errors


def test_info_lists_the_channels_with_their_settings():
    listed = advphy("info", "channels").stdout
    assert "cfo: Carrier frequency offset" in listed
    assert "defaults: frequency=0.001, phase=0.0" in listed
    assert "linewidth: of the free oscillator's line" in listed


def test_measure_over_a_channel_says_so_and_shows_no_theory(tmp_path):
    out = tmp_path / "run.csv"
    kind = "rayleigh_block(coherent=True)"
    found = advphy(
        "measure",
        "bpsk",
        "--ebn0-db",
        "4",
        "--max-blocks",
        "1e5",
        "--channel",
        kind,
        *LOOP,
        "--out",
        out,
    )
    assert found.returncode == 0, found.stderr
    line = found.stdout.splitlines()[1]
    assert line.endswith(f"over {kind}")
    assert "closed form" not in line
    (row,) = table.read(out, Counts)
    assert row.channel == kind
    refused = advphy("measure", "bpsk", "--channel", "nothing", "--out", out)
    assert refused.returncode != 0
    assert "'nothing' is not known" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_info_lists_and_describes_links():
    listed = advphy("info").stdout
    assert all(name in listed for name in links.names())
    assert all(name in listed for name in Perturbation.names())
    for name in ("bpsk", "two_simplices:nearest_codeword"):
        found = advphy("info", name)
        assert found.returncode == 0
        assert links.load(name).sha256 in found.stdout
    found = advphy("info", "universal_pgd_gan_mlp").stdout
    assert Perturbation.load("universal_pgd_gan_mlp").sha256 in found


def test_plot_draws_the_counts(tmp_path):
    out, figure = tmp_path / "run.csv", tmp_path / "figure.png"
    words = ("measure", "bpsk", *LOOP, "--max-blocks", 1e5, "--out", out)
    assert advphy(*words).returncode == 0
    found = advphy("plot", out, "--out", figure, "--at-bler", "1e-2")
    assert found.returncode == 0, found.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    # 1 - (1 - Q(sqrt(2 Eb/N0)))^4 is 1e-2 at 5.94 dB.
    assert float(found.stdout.split()[-2]) == pytest.approx(5.94, abs=0.1)


@pytest.mark.parametrize("words", [["--ebn0-db=-4:-2:2"], ["--ebn0-db", "-4:-2:2"]])
def test_negative_ebn0_may_be_written_both_ways(tmp_path, words):
    out = tmp_path / "run.csv"
    found = advphy(
        "measure", "bpsk", *words, *LOOP, "--max-blocks", "1e4", "--out", out
    )
    assert found.returncode == 0, found.stderr
    assert [r.ebn0_db for r in table.read(out, Counts)] == [-4.0, -2.0]


def test_train_writes_a_model_that_measure_takes(tmp_path):
    out = tmp_path / "mine.safetensors"
    found = advphy(
        "train",
        "autoencoder",
        "--out",
        out,
        "--quiet",
        *("--set", "steps=20", "--set", "batch=64", "--set", "k=2"),
    )
    assert found.returncode == 0, found.stderr
    assert "--set steps=20" in advphy("info", out).stdout
    found = advphy("measure", out, "--ebn0-db", "4", *LOOP, "--out", tmp_path / "r.csv")
    assert found.returncode == 0, found.stderr
    assert table.read(tmp_path / "r.csv", Counts)[0].link == "mine"


def test_without_a_command_the_help_is_printed():
    found = advphy()
    assert found.returncode == 2
    for command in ("bench", "info", "measure", "plot", "train"):
        assert command in found.stdout
    assert advphy("--version").stdout.startswith("gr-advphy 0.")


def test_output_into_a_pipe_that_closes_is_no_complaint():
    found = subprocess.run(
        ["bash", "-c", f"{ADVPHY} info | true"], capture_output=True, text=True
    )
    assert found.stderr == ""


@pytest.mark.slow
def test_bench_measures_the_ratios(tmp_path):
    out = tmp_path / "bench.json"
    found = advphy("bench", "--rounds", "1", "--json", out, env=dict(os.environ))
    assert found.returncode == 0, found.stderr
    ratios = json.loads(out.read_text())
    for name in (
        "loop_over_torch",
        "flowgraph_over_torch",
        "flowgraph_over_torch_block",
        "cnn_over_onnxruntime",
        "displayed_over_undisplayed",
    ):
        assert ratios[name] > 0
