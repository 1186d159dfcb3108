# SPDX-License-Identifier: GPL-3.0-or-later
"""`advphy measure-semantic`: both engines, and nonsense refused in one sentence."""

import re

import numpy as np
import pytest
from advphy_figures import semantic_curves
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain, table
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.measure.semantic_counts import SemanticCounts

from . import small_semantic as small
from .commands import LOOP, advphy, done, refused
from .idx_bytes import write_tiny

SAMPLE, MNIST = "--images mnist_sample", "semantic_mnist"
MEASURE = f"{MNIST} {SAMPLE} --out run.csv"


@pytest.fixture
def key(here):
    """Write the file key with small.SECRET that only this user may read; return it."""
    path = here / "key"
    path.write_text(small.SECRET.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def place(here):
    """Write a folder with a small link and a wide Eve and one that fits."""
    (here / "models").mkdir()
    models = {"base": small.semantic_link(), "eve": small.eve(), "wide": small.eve(6)}
    for name, model in models.items():
        model.write(here / "models" / name)


def sums(rows):
    """Return what both engines must agree on."""
    return [
        (r.branch, r.snr_db, r.frames, r.erasures, r.correct, round(r.mse, 6))
        for r in rows
    ]


def test_a_table_and_rows_of_both_engines(here):
    words = f"paired_arn_white --eve eve_mnist --snr-db 0,10 {SAMPLE}"
    found = {}
    for engine in ("flowgraph", "loop"):
        rest = f"--frames 1300 --first-frame 7 --engine {engine} --out {engine}"
        lines = done("measure-semantic", words, rest).splitlines()
        assert lines[0].split()[:3] == ["SNR", "branch", "frames"]
        assert len(lines) == 7
        assert "accuracy 0." in lines[-1]
        found[engine] = table.read(engine, SemanticCounts)
        assert {r.engine for r in found[engine]} == {engine}
    assert sums(found["flowgraph"]) == sums(found["loop"])
    link, eve = SemanticLink.load("paired_arn_white"), Eve.load("eve_mnist")
    given = SemanticSetting(link, images.load("mnist_sample"), 10.0, 10.0, eve)
    at_10 = {r.branch: r for r in found["loop"] if r.snr_db == 10}
    assert at_10 == semantic_chain.total(given, 1300, 7)


def test_a_keyed_link_takes_its_secret_from_a_file(here, key, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)  # no terminal to ask at
    words = f"keyed_arn --snr-db 10 {SAMPLE} --key-file key {LOOP} --out run.csv"
    said = done("measure-semantic", words)
    bob, without = table.read("run.csv", SemanticCounts)
    assert (bob.branch, bob.pair) == ("bob", "rotation")
    assert bob.mse < 0.03 < 0.1 < without.mse
    assert small.SECRET.hex() not in said + (here / "run.csv").read_text()


def test_both_engines_sum_the_same_ssim(here):
    words = f"{MNIST} --snr-db 5 --ssim --frames 300 {SAMPLE} --out run.csv --engine"
    for engine in ("loop", "flowgraph"):
        assert "SSIM 0." in done("measure-semantic", words, engine)
    one, other = table.read("run.csv", SemanticCounts)
    assert one.ssim_frames == other.ssim_frames == 300
    assert one.ssim == pytest.approx(other.ssim, rel=1e-6)
    assert 0.3 < one.ssim < 0.9


def test_an_adversary_and_a_jammer_of_equal_power_at_bob(here):
    pytest.importorskip("torch", reason="attacks need torch")
    words = f"paired_arn_white --eve eve_mnist --snr-db 10 {SAMPLE} --out run.csv"
    words += " --attack universal_pgd --restarts 1 --steps 15 --pnr-db 4"
    assert (
        done("measure-semantic", words).count("accuracy") == 2
    )  # of the header, and of one row
    rows = table.read("run.csv", SemanticCounts)
    assert {r.engine for r in rows} == {"loop"}
    assert [r.attack for r in rows if r.branch == "eve"] == ["none"]
    bob = {r.attack.split()[0]: r for r in rows if r.branch == "bob"}
    assert {r.attack_psr_db for r in bob.values()} == {-6.0}  # PNR 4 dB at SNR 10 dB
    assert bob["universal_pgd"].mse > 1.2 * bob["noise_jammer"].mse
    assert bob["universal_pgd"].ssim < bob["noise_jammer"].ssim
    before = (here / "run.csv").read_bytes()
    done("measure-semantic", words)
    assert (here / "run.csv").read_bytes() == before
    assert len(list((here / "run.perturbations").iterdir())) == 1
    (kept,) = (here / "run.perturbations").iterdir()
    attack = f"--attack {kept} --out again.csv --no-alice"
    found = advphy("measure-semantic", words.partition(" --out")[0], attack)
    assert "black box: perturbation 'universal_pgd' was crafted" in found.stderr
    described = semantic_curves.describe(rows)
    assert len({curve["label"] for curve in described["mse"]}) == 4  # two branches
    with pytest.raises(ValueError, match="no link has counts of Bob and of Eve"):
        semantic_curves.describe_frontier(rows)  # of Bob without an adversary


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("nonsense", "semantic link 'nonsense' is neither"),
        ("bpsk", "'bpsk' is one of another kind"),
        ("models/eve", "one of another kind .Eve., not: semantic link"),
        (f"{MNIST} --eve nonsense", "Eve 'nonsense' is neither"),
        (
            f"{MNIST} --eve models/wide",
            "she takes 6 reals, link 'semantic_mnist' sends 23",
        ),
        (f"{MNIST} --eve models/base", "kind .semantic link., not: Eve"),
        (f"{MNIST} --snr-db loud", "--snr-db must be.*got 'loud'"),
        (f"{MNIST} --snr-db nan", "--snr-db must be.*got 'nan'"),
        (f"{MNIST} --snr-db 101", "--snr-db must be.*got '101'"),
        (f"{MNIST} --eve-snr-db near", "--eve-snr-db must be.*got 'near'"),
        (f"{MNIST} --eve-snr-db 1,2", "--eve-snr-db must be one number, got '1,2'"),
        (f"{MNIST} --frames 0", "--frames must be at least 1.*got 0"),
        (f"{MNIST} --frames 1.5", "--frames must be.*got 1.5"),
        (f"{MNIST} --frames -3", "--frames"),
        (f"{MNIST} --first-frame -1", "--first-frame"),
        (f"{MNIST} --first-frame 1e19", "first_frame"),
        (f"{MNIST} --seed -1", "seed must be.*got -1"),
        (f"{MNIST} --images nowhere", "images 'nowhere' are none of"),
        (f"{MNIST} --no-bob", "there is nothing to measure"),
        ("models/base", "28 x 28 pixels, expected 8 x 7"),
        (f"{MNIST} --key-file key", "is not keyed; omit --key-file"),
        (f"{MNIST} --no-alice --key-file key", "is not keyed"),
        ("keyed_arn --key-file missing", "missing"),
        ("keyed_arn --key-file models", "models"),
        ("keyed_arn", "no terminal to ask"),
        (f"{MNIST} --psr-db -6", "--psr-db belongs to an adversary; give --attack"),
        (f"{MNIST} --attack noise_jammer --psr-db 70", "psr_db must be.*got 70"),
        (f"{MNIST} --attack noise_jammer --psr-db 1 --pnr-db 1", "exclude each other"),
        (f"{MNIST} --attack fgm", "'fgm' is neither a file nor an attack on images"),
        (
            f"{MNIST} --attack models/base",
            "one of another kind .semantic link., not: pert",
        ),
    ],
)
def test_nonsense_is_refused(place, key, words, text, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    given = words if "--images" in words else f"{words} {SAMPLE}"
    assert re.search(text, refused("measure-semantic", given, LOOP, "--out run.csv"))


@pytest.mark.parametrize("engine", ["loop", "flowgraph"])
def test_unfit_first_frames_are_refused_by_both_engines(here, engine):
    said = refused(f"measure-semantic {MEASURE} --first-frame 3e14 --engine", engine)
    assert "first" in said


@pytest.mark.parametrize(
    ("mode", "content", "texts"),
    [
        (0o640, small.SECRET.hex(), ["mode 0640", "chmod 600"]),
        (0o600, "00ff", ["64 hexadecimal digits"]),
    ],
)
def test_an_open_or_damaged_key_file_is_refused(key, mode, content, texts):
    key.write_text(content)
    key.chmod(mode)
    said = refused(f"measure-semantic keyed_arn {SAMPLE} --key-file key --out run.csv")
    assert all(text in said for text in texts)
    assert small.SECRET.hex()[:8] not in said


def test_images_without_labels_serve_bob_and_not_eve(here):
    folder = write_tiny(here / "own", "{file}")
    (folder / "train-labels-idx1-ubyte").unlink()
    measure = f"measure-semantic {MNIST} --snr-db 10 {LOOP} --out run.csv --images"
    assert "2 x 3 pixels, expected 28 x 28" in refused(measure, folder / "train")
    pixels = images.load("mnist_sample").pixels
    header = np.array([0x803, *pixels.shape], ">u4").tobytes()
    (here / "bare-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
    measure += " bare-images-idx3-ubyte"
    assert "there are no labels" in refused(measure, "--eve eve_mnist")
    done(measure)


def test_overlap_with_what_the_csv_has_is_refused(here):
    out = here / "run.csv"
    measure = f"measure-semantic {MEASURE} --snr-db 10 {LOOP}"
    done(measure, "--frames 100")
    before = out.read_bytes()
    said = refused(measure, "--frames 50 --first-frame 60")
    assert "frames 0..99 of semantic_mnist, bob at 10 dB are counted already" in said
    assert out.read_bytes() == before
    done(measure, "--frames 50 --first-frame 100")
    (row,) = table.add_up(table.read(out, SemanticCounts))
    assert (row.first_frame, row.frames) == (0, 150)
    before = out.read_bytes()  # the same command again counts nothing anew
    done(measure, "--frames 50 --first-frame 100")
    assert out.read_bytes() == before


def test_a_csv_of_the_command_itself_is_continued_whether_half_or_whole(here):
    measure = f"measure-semantic {MEASURE} --snr-db 5:10:5 {LOOP}"
    for frames in (100, 100, 250, 250):
        done(measure, f"--frames {frames}")
    done(measure.replace("run.csv", "unbroken.csv"), "--frames 250")
    halves, unbroken = (
        table.read(here / name, SemanticCounts) for name in ("run.csv", "unbroken.csv")
    )
    assert len(halves) == len(unbroken) == 2
    for half, whole in zip(halves, unbroken, strict=True):
        for name in SemanticCounts.COLUMNS:
            found, wanted = (getattr(row, name, None) for row in (half, whole))
            if isinstance(wanted, float):  # sums of floats, in another order
                wanted = pytest.approx(wanted, rel=1e-12)
            assert found == wanted, name


@pytest.mark.parametrize(
    ("out", "text"),
    [
        ("/nowhere/run.csv", "/nowhere"),
        (".", "."),
        ("/dev/null", "/dev/null"),
        ("letters.csv", "column 'link' is missing"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_and_left_alone(here, out, text):
    (here / "letters.csv").write_text("a,b\n1,2\n")
    words = f"measure-semantic {MNIST} {SAMPLE} {LOOP} --frames 10 --out"
    assert text in refused(words, out)
    assert (here / "letters.csv").read_text() == "a,b\n1,2\n"


def test_the_help_is_there():
    assert "--eve-snr-db" in done("measure-semantic --help")
