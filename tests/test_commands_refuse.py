# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy refuses nonsense in one sentence, and leaves nothing behind."""

import os
import pickle
import signal
import subprocess
import sys

import pytest
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts

from .conftest import CLONE
from .test_commands import ADVPHY, LOOP, advphy, wait_for_work


def refused(*words, **options):
    """Run a command that must fail; return the one sentence that it says."""
    found = advphy(*words, **options)
    assert found.returncode == 2, found.stdout + found.stderr
    lines = [line for line in found.stderr.splitlines() if line.startswith("advphy")]
    assert len(lines) == 1, found.stderr
    assert "Traceback" not in found.stderr
    return lines[0]


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
        (["train", "autoencoder", "--out", "a", "--set", "k=9"], "k must be 1..8"),
        (["train", "autoencoder", "--out", "/nowhere/a.safetensors"], "/nowhere"),
        (["bench", "--rounds", "0"], "--rounds 0"),
        (["bench", "--json", "/nowhere/b.json"], "/nowhere/b.json"),
        (["bench", "--json=/dev/null"], "not a regular file"),
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
    links.load("autoencoder_mlp").write(tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
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
    words += ("--min-errors", "1e9")
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


def test_without_torch_train_says_how_to_get_it(tmp_path):
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
    assert "torch is not installed; `make environment`" in found.stderr


def test_an_error_inside_a_flowgraph_is_one_sentence(tmp_path):
    environment = {**os.environ, "ADVPHY_INSTRUCTION_SET": "foo"}
    words = ("measure", "bpsk", "--ebn0-db", "2", "--out", tmp_path / "run.csv")
    assert "instruction set 'foo'" in refused(*words, env=environment)


def test_two_commands_do_not_write_one_file(tmp_path):
    out = tmp_path / "run.csv"
    first = subprocess.Popen(
        [ADVPHY, "measure", "two_simplices", "--ebn0-db", "10", *LOOP, "--out", out],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for_work(first, tmp_path / ".run.csv.lock")
    said = refused("measure", "bpsk", "--ebn0-db", "2", *LOOP, "--out", out)
    first.send_signal(signal.SIGINT)
    first.wait()
    assert "another advphy is writing" in said
    assert [row.link for row in table.read(out, Counts)] == ["two_simplices"]
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]
