# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy refuses nonsense in one sentence, and leaves nothing behind."""

import os
import pickle
import re
import shlex
import signal
import subprocess

import pytest
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts

from .commands import (
    ADVPHY,
    LOOP,
    advphy,
    done,
    refused,
    started,
    wait_for_work,
    without_torch,
)

RANGES = "8:0:1 0:8:0 0:8 a 0:8:-1 nan 0:8:1:2 0:1e9:1e8"


@pytest.mark.parametrize("text", [*RANGES.split(), "", "0:8:1e-9"])
def test_ranges_written_wrongly_are_refused(here, text):
    said = refused(f"measure bpsk --out run.csv --ebn0-db '{text}'")
    assert "FIRST:LAST:STEP" in said


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("measure nonsense --out run.csv", "'nonsense' is neither"),
        ("measure bpsk --out /nowhere/run.csv", "/nowhere/run.csv"),
        (
            "measure bpsk --out run.csv --seed -1",
            "seed must be a whole number in 0..2^64 - 1, got -1",
        ),
        (
            "measure bpsk --out run.csv --min-errors 0",
            "min_errors must be a whole number of at least 1 or None, got 0",
        ),
        ("measure bpsk --out run.csv --max-blocks 1.5", "--max-blocks"),
        ("measure bpsk --out run.csv --relative-width -1", "width"),
        (
            "measure bpsk --out run.csv --latency 0",
            "latency must be a whole number of items >= 1, got 0",
        ),
        ("measure bpsk --out .", "."),
        ("plot missing.csv --out a.png", "missing.csv"),
        ("plot /dev/null --out a.png", "is not a regular file"),
        ("info /dev/null", "neither a file"),
        ("train nonsense --out a", "'nonsense'"),
        ("train autoencoder", "--out"),
        ("train autoencoder --out a --cluster h:1", "--sweep"),
        ("train autoencoder --out a --sweep nothing=1:2", "nothing=1"),
        ("train autoencoder --out a --sweep ebn0_db=0:8:0", "STEP > 0"),
        ("train autoencoder --out a --sweep ebn0_db=0:x:1", "expected float"),
        ("train autoencoder --out a --sweep seed=1,b", "whole number"),
        ("train autoencoder --out a --sweep seed=1:3,seed=4", "different keys"),
        ("train autoencoder --out a --sweep k=1:2 --set k=3", "set and swept"),
        ("train autoencoder --out a --sweep seed=1:3 --seed 2", "--seed has no effect"),
        ("train autoencoder --out /proc/a --sweep seed=1", "/proc/a"),
        ("measure bpsk --out a --trust-network", "--cluster"),
        (
            "train fine_tune --out a --set recording=b --from-recording c",
            "--set recording has no effect with --from-recording",
        ),
        ("reproduce gan-fig3 --out a --quick --set k=2", "--set has no effect on --q"),
        ("reproduce gan-fig3 --out a --quick --seeds 9", "--seeds has no effect on"),
        ("reproduce arn-fig3 --out a --quick --down-to 0.5", "effect on arn-fig3"),
        ("reproduce arn-fig3 --out a --ebn0-db 3", "--ebn0-db has no effect on arn-f"),
        ("train autoencoder --out a --set k=9", "k must be in 1..8"),
        ("train autoencoder --out /nowhere/a.safetensors", "/nowhere"),
        ("bench --rounds 0", "--rounds must be at least 1, got 0"),
        ("bench --json /nowhere/b.json", "/nowhere/b.json"),
        ("bench --json=/dev/null", "not a regular file"),
        ("measure bpsk --out run.csv --first-block 1e19", "first_block"),
        ("train autoencoder --out a --set ebn0_db=4000", "4000"),
        ("train autoencoder --out a --set batch=9999999999", "batch"),
        ("train autoencoder --out .", "Is a directory"),
        ("measure bpsk --out a.json --json a.json", "another file of the command"),
        ("measure bpsk --out a --restarts 5", "give --attack"),
        ("measure bpsk --out a --attack noise_jammer --book 3", "not crafted"),
        (
            "measure-semantic semantic_mnist --out a --attack noise_jammer --steps 9",
            "--steps belongs to crafting an attack, and 'noise_jammer' is not crafted",
        ),
        ("measure bpsk --out a --engine loop --latency 7", "--latency belongs"),
        ("measure bpsk --out a --rare --latency 7", "--latency belongs"),
        ("radio tx bpsk --sink soapy --frequency 0", "--frequency must be above 0"),
        ("radio tx bpsk --sink file --args x --images a", "sends no images"),
        ("plot /dev/null --out x.pgf", "is not a regular file"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(here, words, text):
    assert text in refused(words)


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


@pytest.mark.parametrize(
    "words",
    [
        "export v --onnx ./v",
        "attack universal_fgm --link v --out v",
        "train fine_tune --set base=v --out ./v",
        "import v --out w",
    ],
)
def test_a_file_that_is_read_is_not_written(here, words):
    links.load("bpsk").write(here / "v")
    os.symlink("v", here / "w")
    before = (here / "v").read_bytes()
    assert "is another file of the command" in refused(words)
    assert (here / "v").read_bytes() == before


def test_a_full_disk_leaves_the_old_counts(here):
    words = f"measure bpsk --ebn0-db 0 {LOOP} --out run.csv --min-errors 1e9"
    done(words, "--max-blocks 1e4")
    before = (here / "run.csv").read_bytes()
    # A limit on the size of files acts like a full disk.
    limited = f"trap '' XFSZ; ulimit -f 0; exec {shlex.quote(str(ADVPHY))} {words}"
    limited += " --max-blocks 2e4"
    found = subprocess.run(["bash", "-c", limited], capture_output=True, text=True)
    assert found.returncode == 2, found.stderr
    assert "File too large" in found.stderr
    assert (here / "run.csv").read_bytes() == before
    assert [p.name for p in here.iterdir()] == ["run.csv"]


def test_without_torch_train_says_how_to_get_it(here):
    found = without_torch("train autoencoder --out a")
    assert found.returncode == 2
    assert "torch is not installed; `make environment`" in found.stderr


def test_an_error_inside_a_flowgraph_is_one_sentence(here):
    words = "measure bpsk --ebn0-db 2 --out run.csv"
    environment = os.environ | {"ADVPHY_INSTRUCTION_SET": "foo"}
    process = started(words, env=environment)  # what is read once a process
    _, said = process.communicate()
    assert (process.returncode, "instruction set 'foo'" in said) == (2, True), said
    assert len(re.findall("^advphy", said, re.MULTILINE)) == 1


def test_two_commands_do_not_write_one_file(here):
    first = started(f"measure two_simplices --ebn0-db 10 {LOOP} --out run.csv")
    wait_for_work(first, here / ".run.csv.lock")
    second = advphy(f"measure bpsk --ebn0-db 2 {LOOP} --out run.csv")
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert second.returncode == 2
    assert "another advphy is writing" in second.stderr
    assert [row.link for row in table.read("run.csv", Counts)] == ["two_simplices"]
    assert [path.name for path in here.iterdir()] == ["run.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ("measure", "a\x1b[2J", "--out", "x.csv"),
        ("measure", "x" * 5000, "--out", "x.csv"),
        ("measure", "bpsk", "--out", "x\x1b[2J/a.csv"),
        ("measure", "bpsk", "--out", "x.csv", "--channel", "y" * 3000),
        ("measure", "bpsk", "--out", "x.csv", "--seed", "1" * 3000),
        ("measure", "bpsk", "--out", "x.csv", "--ebn0-db", "z" * 3000),
        ("x\x1b[2J" * 900,),
    ],
)
def test_odd_words_are_refused_in_one_short_printable_sentence(here, words):
    found = advphy(" ".join(map(shlex.quote, words)))
    assert found.returncode == 2
    said = found.stderr.removesuffix("\n")
    assert said.isprintable()
    assert len(said) <= 300
