# SPDX-License-Identifier: GPL-3.0-or-later
"""`advphy measure-semantic`: both engines, and nonsense refused in one sentence."""

import importlib

import pytest
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain, table
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.measure.semantic_counts import SemanticCounts

from . import small_semantic as small
from .conftest import CLONE
from .idx_bytes import write_tiny
from .test_commands import advphy

SAMPLE = ("--images", "mnist_sample")


@pytest.fixture
def key(tmp_path):
    """Return a file with small.SECRET that only this user may read."""
    path = tmp_path / "key"
    path.write_text(small.SECRET.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def place(tmp_path):
    """Return a folder with a small link, a keyed one, and Eves."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name, model in {
        "pair": small.semantic_link(pair=("alice", "bob")),
        "base": small.semantic_link(),
        "keyed": small.semantic_link(keying="rotation"),
        "eve": small.eve(),
        "wide_eve": small.eve(6),
    }.items():
        model.write(folder / f"{name}.safetensors")
    return folder


def sums(rows):
    """Return what both engines must agree on."""
    return [
        (r.branch, r.snr_db, r.frames, r.erasures, r.correct, round(r.mse, 6))
        for r in rows
    ]


def test_a_table_and_rows_of_both_engines(tmp_path):
    found = {}
    for engine in ("flowgraph", "loop"):
        out = tmp_path / f"{engine}.csv"
        done = advphy(
            "measure-semantic",
            "paired_arn_white",
            "--eve",
            "eve_mnist",
            "--snr-db",
            "0,10",
            *SAMPLE,
            "--frames",
            1300,
            "--first-frame",
            7,
            "--engine",
            engine,
            "--out",
            out,
        )
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0].split()[:3] == ["SNR", "branch", "frames"]
        assert len(lines) == 7
        assert "accuracy 0." in lines[-1]
        found[engine] = table.read(out, SemanticCounts)
        assert {r.engine for r in found[engine]} == {engine}
    assert sums(found["flowgraph"]) == sums(found["loop"])
    given = SemanticSetting(
        SemanticLink.load("paired_arn_white"),
        images.load("mnist_sample"),
        10.0,
        10.0,
        Eve.load("eve_mnist"),
    )
    expected = semantic_chain.total(given, 1300, 7)
    at_10 = {r.branch: r for r in found["loop"] if r.snr_db == 10}
    assert at_10 == expected


def test_a_keyed_link_takes_its_secret_from_a_file(tmp_path, key):
    out = tmp_path / "run.csv"
    words = (
        "measure-semantic",
        "keyed_arn",
        "--snr-db",
        "10",
        *SAMPLE,
        "--key-file",
        key,
        "--engine",
        "loop",
        "--out",
        out,
    )
    done = advphy(*words, stdin=-3)  # no terminal to ask at
    assert done.returncode == 0, done.stderr
    bob, without = table.read(out, SemanticCounts)
    assert (bob.branch, bob.pair) == ("bob", "rotation")
    assert bob.mse < 0.03 < 0.1 < without.mse
    assert small.SECRET.hex() not in done.stdout + out.read_text()


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Return a function that runs what must fail, and returns its one sentence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(CLONE / "apps"))
    main = importlib.import_module("advphy_commands").main

    def refuse(*words):
        before = sorted(tmp_path.rglob("*"))
        try:
            code = main(["measure-semantic", *map(str, words)])
        except SystemExit as end:  # argparse has its own way
            code = end.code
        said = capsys.readouterr().err
        assert code == 2, said
        lines = [line for line in said.splitlines() if line.startswith("advphy")]
        assert len(lines) == 1, said
        assert "Traceback" not in said
        assert sorted(tmp_path.rglob("*")) == before  # nothing half-written
        return lines[0]

    return refuse


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("nonsense",), "semantic link 'nonsense' is neither"),
        (("bpsk",), "semantic link 'bpsk' is neither"),
        (("models/eve.safetensors",), "wanted 'gr-advphy semantic link"),
        (("semantic_mnist", "--eve", "nonsense"), "Eve 'nonsense' is neither"),
        (
            ("semantic_mnist", "--eve", "models/wide_eve.safetensors"),
            "she takes 6 reals, link 'semantic_mnist' sends 23",
        ),
        (("semantic_mnist", "--eve", "models/base.safetensors"), "wanted 'gr-advphy e"),
        (("semantic_mnist", "--snr-db", "loud"), "--snr-db 'loud'"),
        (("semantic_mnist", "--snr-db", "nan"), "--snr-db 'nan'"),
        (("semantic_mnist", "--snr-db", "101"), "--snr-db '101'"),
        (("semantic_mnist", "--eve-snr-db", "near"), "--eve-snr-db 'near'"),
        (("semantic_mnist", "--eve-snr-db", "1,2"), "--eve-snr-db '1,2': wanted one"),
        (("semantic_mnist", "--frames", "0"), "--frames 0: wanted at least 1"),
        (("semantic_mnist", "--frames", "1.5"), "--frames 1.5"),
        (("semantic_mnist", "--frames", "-3"), "--frames"),
        (("semantic_mnist", "--first-frame", "-1"), "--first-frame"),
        (("semantic_mnist", "--first-frame", "1e19"), "first_frame"),
        (("semantic_mnist", "--seed", "-1"), "seed = -1"),
        (("semantic_mnist", "--images", "nowhere"), "images 'nowhere' are none of"),
        (("semantic_mnist", "--no-bob"), "there is nothing to measure"),
        (("models/base.safetensors",), "28 x 28 pixels; wanted 8 x 7"),
        (("semantic_mnist", "--key-file", "key"), "is not keyed; omit --key-file"),
        (("semantic_mnist", "--no-alice", "--key-file", "key"), "is not keyed"),
        (("keyed_arn", "--key-file", "missing"), "missing"),
        (("keyed_arn", "--key-file", "models"), "models"),
        (("keyed_arn",), "no terminal to ask"),
    ],
)
def test_nonsense_is_refused(refused, place, key, words, text, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    given = words if "--images" in words else (*words, *SAMPLE)
    assert text in refused(*given, "--engine", "loop", "--out", "run.csv")


@pytest.mark.parametrize("engine", ["loop", "flowgraph"])
def test_unfit_first_frames_are_refused_by_both_engines(refused, engine):
    said = refused(
        "semantic_mnist",
        *SAMPLE,
        "--first-frame",
        "3e14",
        "--engine",
        engine,
        "--out",
        "run.csv",
    )
    assert "first" in said


def test_a_key_file_that_others_may_read_is_refused(refused, key):
    key.chmod(0o640)
    said = refused("keyed_arn", *SAMPLE, "--key-file", key, "--out", "run.csv")
    assert "mode 0640" in said
    assert "chmod 600" in said
    assert small.SECRET.hex()[:8] not in said


def test_a_damaged_key_file_is_refused(refused, key):
    key.write_text("00ff")
    said = refused("keyed_arn", *SAMPLE, "--key-file", key, "--out", "run.csv")
    assert "64 hexadecimal digits" in said


def test_images_without_labels_serve_bob_and_not_eve(tmp_path, refused):
    folder = write_tiny(tmp_path / "own", "{file}")
    (folder / "train-labels-idx1-ubyte").unlink()
    said = refused("semantic_mnist", "--images", folder / "train", "--out", "run.csv")
    assert "2 x 3 pixels; wanted 28 x 28" in said
    sample = images.load("mnist_sample")
    bare = tmp_path / "bare-images-idx3-ubyte"
    header = bytes.fromhex("00000803") + b"".join(
        n.to_bytes(4, "big") for n in sample.pixels.shape
    )
    bare.write_bytes(header + sample.pixels.tobytes())
    words = ("semantic_mnist", "--images", bare, "--snr-db", "10", "--engine", "loop")
    said = refused(*words, "--eve", "eve_mnist", "--out", "run.csv")
    assert "there are no labels" in said
    done = advphy("measure-semantic", *words, "--out", tmp_path / "run.csv")
    assert done.returncode == 0, done.stderr


def test_overlap_with_what_the_csv_has_is_refused(tmp_path, refused):
    out = tmp_path / "run.csv"
    words = (
        "semantic_mnist",
        *SAMPLE,
        "--snr-db",
        "10",
        "--engine",
        "loop",
        "--out",
        out,
    )
    assert advphy("measure-semantic", *words, "--frames", 100).returncode == 0
    before = out.read_bytes()
    said = refused(*words, "--frames", 50, "--first-frame", 60)
    assert "frames 0..99 of semantic_mnist, bob at 10 dB are counted already" in said
    assert out.read_bytes() == before
    more = (*words, "--frames", 50, "--first-frame", 100)
    assert advphy("measure-semantic", *more).returncode == 0
    (row,) = table.add_up(table.read(out, SemanticCounts))
    assert (row.first_frame, row.frames) == (0, 150)
    before = out.read_bytes()  # the same command again counts nothing anew
    assert advphy("measure-semantic", *more).returncode == 0
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("out", "text"),
    [("/nowhere/run.csv", "/nowhere"), (".", "."), ("/dev/null", "/dev/null")],
)
def test_a_place_that_cannot_be_written_is_named(refused, out, text):
    words = ("semantic_mnist", *SAMPLE, "--engine", "loop", "--frames", 10)
    assert text in refused(*words, "--out", out)


def test_another_csv_is_refused_and_left_alone(tmp_path, refused):
    out = tmp_path / "run.csv"
    out.write_text("a,b\n1,2\n")
    words = ("semantic_mnist", *SAMPLE, "--engine", "loop", "--frames", 10)
    assert "column 'link' is missing" in refused(*words, "--out", out)
    assert out.read_text() == "a,b\n1,2\n"


def test_the_help_is_there():
    done = advphy("measure-semantic", "--help")
    assert done.returncode == 0
    assert "--eve-snr-db" in done.stdout
