# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy: what it prints, what it writes, how it refuses nonsense."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import pytest
from advphy_model import counts, links

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


def refused(*words, **options):
    """Run a command that must fail; return the one sentence that it says."""
    found = advphy(*words, **options)
    assert found.returncode == 2, found.stdout + found.stderr
    lines = [line for line in found.stderr.splitlines() if line.startswith("advphy")]
    assert len(lines) == 1, found.stderr
    assert "Traceback" not in found.stderr
    return lines[0]


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
    rows = counts.read(out)
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
        [(r.ebn0_db, r.blocks, r.block_errors, r.erasures) for r in counts.read(path)]
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
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    (before,) = counts.read(out)
    assert before.blocks > 0
    wanted = before.blocks + 100_000
    assert advphy(*command, "--max-blocks", wanted).returncode == 0
    (after,) = counts.read(out)
    assert (after.first_block, after.blocks) == (0, wanted)
    whole = tmp_path / "whole.csv"
    command[-1] = str(whole)
    command[command.index("--engine") + 1] = "loop"
    assert advphy(*command, "--max-blocks", wanted).returncode == 0
    assert counts.read(whole)[0].block_errors == after.block_errors


def test_info_lists_and_describes_links():
    listed = advphy("info").stdout
    assert all(name in listed for name in links.names())
    for name in ("bpsk", "two_simplices:nearest_codeword"):
        found = advphy("info", name)
        assert found.returncode == 0
        assert links.load(name).sha256 in found.stdout


def test_plot_draws_the_counts(tmp_path):
    out, figure = tmp_path / "run.csv", tmp_path / "figure.png"
    words = ("measure", "bpsk", *LOOP, "--max-blocks", 1e5, "--out", out)
    assert advphy(*words).returncode == 0
    found = advphy("plot", out, "--out", figure, "--at-bler", "1e-2")
    assert found.returncode == 0, found.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    # 1 - (1 - Q(sqrt(2 Eb/N0)))^4 is 1e-2 at 5.94 dB.
    assert float(found.stdout.split()[-2]) == pytest.approx(5.94, abs=0.1)


@pytest.mark.parametrize(
    "text",
    [
        "8:0:1",
        "0:8:0",
        "0:8",
        "a",
        "0:8:-1",
        "",
        "nan",
        "0:8:1:2",
        "0:8:1e-9",
        "0:1e9:1e8",
    ],
)
def test_ranges_written_wrongly_are_refused(tmp_path, text):
    said = refused("measure", "bpsk", "--ebn0-db", text, "--out", tmp_path / "run.csv")
    assert "FIRST:LAST:STEP" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["--ebn0-db=-4:-2:2"], ["--ebn0-db", "-4:-2:2"]])
def test_negative_ebn0_may_be_written_both_ways(tmp_path, words):
    out = tmp_path / "run.csv"
    found = advphy(
        "measure",
        "bpsk",
        *words,
        *LOOP,
        "--max-blocks",
        "1e4",
        "--out",
        out,
    )
    assert found.returncode == 0, found.stderr
    assert [r.ebn0_db for r in counts.read(out)] == [-4.0, -2.0]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["measure", "nonsense", "--out", "run.csv"], "'nonsense' is neither"),
        (["measure", "bpsk", "--out", "/nowhere/run.csv"], "/nowhere/run.csv"),
        (["measure", "bpsk", "--out", "run.csv", "--seed", "-1"], "seed = -1"),
        (
            ["measure", "bpsk", "--out", "run.csv", "--min-errors", "0"],
            "min_errors = 0",
        ),
        (
            ["measure", "bpsk", "--out", "run.csv", "--max-blocks", "1.5"],
            "--max-blocks",
        ),
        (["measure", "bpsk", "--out", "run.csv", "--relative-width", "-1"], "width"),
        (["measure", "bpsk", "--out", "run.csv", "--latency", "0"], "latency = 0"),
        (["measure", "bpsk", "--out", "."], "."),
        (["plot", "missing.csv", "--out", "a.png"], "missing.csv"),
        (["plot", "/dev/null", "--out", "a.png"], "column 'link' is missing"),
        (["info", "/dev/null"], "neither a file"),
        (["train", "nonsense", "--out", "a"], "'nonsense'"),
        (["train", "autoencoder"], "--out"),
        (["train", "autoencoder", "--out", "a", "--set", "k=9"], "k = 9"),
        (["train", "autoencoder", "--out", "/nowhere/a.safetensors"], "/nowhere"),
        (["bench", "--rounds", "0"], "--rounds 0"),
        (["bench", "--json", "/nowhere/b.json"], "/nowhere/b.json"),
        (["bench", "--json", "/dev/null"], "not a regular file"),
        (
            ["measure", "bpsk", "--out", "run.csv", "--first-block", "1e19"],
            "first_block",
        ),
        (["train", "autoencoder", "--out", "a", "--set", "ebn0_db=4000"], "4000"),
        (["train", "autoencoder", "--out", "a", "--set", "batch=9999999999"], "batch"),
        (["train", "autoencoder", "--out", "."], "Is a directory"),
        (["plot", "/dev/null", "--out", "x.pgf"], "column"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(tmp_path, words, text):
    assert text in refused(*words, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_that_are_no_models_are_refused(tmp_path):
    whole = (links._TRAINED / "autoencoder_mlp.safetensors").read_bytes()
    for name, content, text in [
        ("truncated", whole[:-100], "truncated"),
        ("pickle", pickle.dumps([1.0]), "pickle"),
        ("changed", whole[:-1] + bytes([whole[-1] ^ 1]), "SHA-256"),
    ]:
        (tmp_path / name).write_bytes(content)
        said = refused("info", tmp_path / name)
        assert text in said
        assert str(tmp_path / name) in said


def test_a_full_disk_leaves_the_old_counts(tmp_path):
    out = tmp_path / "run.csv"
    words = ("measure", "bpsk", "--ebn0-db", "0", *LOOP, "--out", out)
    advphy(*words, "--max-blocks", "1e4")
    before = out.read_bytes()
    # A limit on the size of files acts like a full disk.
    words = " ".join(map(str, (*words, "--max-blocks", "2e4")))
    limited = f"trap '' XFSZ; ulimit -f 0; exec {ADVPHY} {words}"
    found = subprocess.run(["bash", "-c", limited], capture_output=True, text=True)
    assert found.returncode == 2, found.stderr
    assert "File too large" in found.stderr
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.csv"]


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
    assert counts.read(tmp_path / "r.csv")[0].link == "mine"


def test_without_torch_train_says_how_to_get_it(tmp_path):
    if shutil.which("python3", path="/usr/bin") is None:
        pytest.fail("there is no /usr/bin/python3")
    program = (
        "import sys; sys.modules['torch'] = None\n"
        f"sys.path[:0] = {[str(CLONE / 'apps'), *sys.path]!r}\n"
        "from advphy_commands import main\n"
        "sys.exit(main(['train', 'autoencoder', '--out', 'a']))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert found.returncode == 2
    assert "torch is not installed; `make test`" in found.stderr


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


@pytest.mark.parametrize(
    ("name", "value"), [("ADVPHY_INSTRUCTION_SET", "foo"), ("PYTHONNOUSERSITE", "1")]
)
def test_an_error_inside_a_flowgraph_is_one_sentence(tmp_path, name, value):
    out = tmp_path / "run.csv"
    environment = {**os.environ, name: value}
    words = ("measure", "bpsk", "--ebn0-db", "2", "--max-blocks", "1000", "--out", out)
    if value == "foo":
        assert "instruction set 'foo'" in refused(*words, env=environment)
    else:
        assert advphy(*words, env=environment).returncode == 0


def test_two_commands_do_not_write_one_file(tmp_path):
    out = tmp_path / "run.csv"
    first = subprocess.Popen(
        [ADVPHY, "measure", "two_simplices", "--ebn0-db", "10", *LOOP, "--out", out],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (tmp_path / ".run.csv.lock").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    said = refused("measure", "bpsk", "--ebn0-db", "2", *LOOP, "--out", out)
    first.send_signal(signal.SIGINT)
    first.wait(30)
    assert "another advphy is writing" in said
    assert [row.link for row in counts.read(out)] == ["two_simplices"]
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]


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
    ):
        assert ratios[name] > 0
