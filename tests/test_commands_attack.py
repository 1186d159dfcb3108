# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands attack, measure --attack and evaluate, and the nonsense they refuse."""

import json
import math

import pytest
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import curves, table
from advphy_model.measure.burst_chain import BurstCounts
from advphy_model.measure.link_chain import Counts

from .commands import LOOP, advphy, done, refused, without_torch
from .counting import counted

SHORT = "--restarts 4 --steps 10"
FGM = "attack fgm --link bpsk --out p"
MEASURE = "measure bpsk --out r.csv"
JAM = f"{MEASURE} --attack noise_jammer"


@pytest.fixture(scope="module")
def crafted(tmp_path_factory):
    """Return a perturbation file crafted against autoencoder_mlp_8p5db."""
    path = tmp_path_factory.mktemp("crafted") / "p.safetensors"
    said = done(
        f"attack universal_pgd --link autoencoder_mlp_8p5db {SHORT} --out", path
    )
    return path, said


def test_attack_writes_a_file_that_names_its_victim(crafted):
    path, said = crafted
    p, victim = Perturbation.read(path), links.load("autoencoder_mlp_8p5db")
    assert p.victims == {victim.name: victim.sha256}
    assert (p.psr_db, p.ebn0_db) == (pytest.approx(-6), 8.0)
    unknown = dict.fromkeys(("message", "noise"), "unknown")
    known = {"weights": "white box", "timing": "known", "phase": "known"}
    assert p.knowledge == known | unknown
    assert "attacked: BLER" in said
    shown = done("info", path)
    for text in (p.sha256, victim.sha256, perturbation.CONVENTION, "8 dB", "-6.00 dB"):
        assert text in shown


def test_measure_takes_a_file_and_says_so_in_the_counts(crafted, here):
    path, _ = crafted
    words = f"--psr-db -6,-2 --ebn0-db 8 {LOOP} --out run.csv --attack", path
    found = advphy("measure autoencoder_mlp_8p5db", words)
    assert (found.returncode, "black box" in found.stderr) == (0, False)
    label = f"universal_pgd {Perturbation.read(path).sha256[:8]}"
    rows = table.read("run.csv", Counts)
    assert [(r.attack, r.psr_db) for r in rows] == [(label, -6.0), (label, -2.0)]
    assert rows[0].failures / rows[0].blocks < rows[1].failures / rows[1].blocks
    assert done("measure autoencoder_mlp_8p5db", words).count("resumed") == 2


def test_both_engines_count_the_same_under_attack(crafted, here):
    words = "--shift random --cancel shifts --ebn0-db 6 --max-blocks 2e5 --out run.csv"
    for engine in ("loop", "flowgraph"):
        at = "--engine", engine, "--attack", crafted[0]
        found = advphy("measure two_simplices", words, at)
        assert found.returncode == 0, found.stderr
        assert found.stderr.count("black box: perturbation 'universal_pgd'") == 1
        for name in ("autoencoder_mlp_8p5db", "two_simplices"):
            assert links.load(name).sha256[:12] in found.stderr
    one, other = table.read("run.csv", Counts)
    assert (
        one.canceller == other.canceller == "canceller, drawn sample, adversary shifts"
    )
    assert one.attack == other.attack
    assert (one.blocks, one.failures) == (other.blocks, other.failures)


def test_an_adversary_hops_and_holds(crafted, here):
    other = "universal_pgd_autoencoder_mlp_8p5db"
    words = f"--hop {other} --hold 3 --sign alternate --off-blocks 2 --on-blocks 9"
    at = f"--ebn0-db 6 {LOOP} --out run.csv --attack"
    done("measure autoencoder_mlp_8p5db", words, at, crafted[0])
    (row,) = table.read("run.csv", Counts)
    book = perturbation.book([Perturbation.load(crafted[0]), Perturbation.load(other)])
    attack = Adversary(
        book, -6.0, sign="alternate", off_blocks=2, on_blocks=9, hold=3, seed=row.seed
    )
    assert row.attack == attack.label
    assert row.psr_db == pytest.approx(-6)
    found = counted(links.load("autoencoder_mlp_8p5db"), 6.0, row.blocks, attack=attack)
    assert row.failures == found.failures > 0


def test_window_sample_and_iterations_are_those_of_the_canceller(here):
    words = "--window 512 --sample 64 --iterations 7"
    at = f"--cancel any {words} --ebn0-db 6 --max-blocks 1e4 {LOOP} --out run.csv"
    done("measure two_simplices", at)
    (row,) = table.read("run.csv", Counts)
    assert row.canceller == (
        "canceller, drawn sample, window 512, sample 64, iterations 7, adversary any"
    )
    for name, value in (("window", 512), ("sample", 64), ("iterations", 7)):
        said = refused(
            f"measure two_simplices --ebn0-db 6 --out b.csv --{name} {value}"
        )
        assert f"--{name} belongs to the canceller; give --cancel, too" in said
    said = refused(
        "measure two_simplices --ebn0-db 6 --out b.csv --cancel --sample 100"
    )
    assert "sample must be a power of two" in said


def test_only_universal_perturbations_hop(here):
    jammed = f"measure two_simplices --ebn0-db 6 {LOOP} --out run.csv --hop"
    said = refused(jammed, "universal_pgd_pool_mlp --attack noise_jammer")
    assert "kind 'jammer' with n = 7 cannot be in a book" in said


def test_measure_crafts_for_each_point_and_keeps_it(here):
    words = f"--attack universal_fgm --restarts 4 --ebn0-db 4,8 {LOOP}"
    done("measure autoencoder_mlp --out run.csv", words)
    kept = [Perturbation.read(p) for p in (here / "run.perturbations").iterdir()]
    assert sorted(p.ebn0_db for p in kept) == [4.0, 8.0]
    rows = table.read("run.csv", Counts)
    assert {r.attack.split()[1] for r in rows} == {p.sha256[:8] for p in kept}
    # One curve, though two perturbations.
    (label,) = curves.curves(rows)
    assert label == "autoencoder_mlp, universal_fgm at PSR -6 dB"


def test_a_jammer_needs_no_torch(here):
    measure = f"measure hamming74_ml {LOOP} --max-blocks 1e6"
    jammer = "--attack noise_jammer --psr-db -3 --ebn0-db 2 --out"
    assert without_torch(measure, jammer, here / "run.csv").returncode == 0
    (row,) = table.read("run.csv", Counts)
    # Noise of variance sigma^2 + 10^(-3/10) / 2 is noise at a lower Eb/N0.
    sigma2 = 7 / 8 / 10**0.2 + 10**-0.3 / 2
    same = 10 * math.log10(7 / 8 / sigma2)
    expected = links.theory("hamming74_ml")[1](same)  # the union bound, close here
    assert row.failures / row.blocks == pytest.approx(expected, rel=0.5)
    done(measure, f"--ebn0-db {same:.9f} --out plain.csv")
    (clean,) = table.read("plain.csv", Counts)
    apart = abs(row.failures / row.blocks - clean.failures / clean.blocks)
    assert apart < 5 * math.sqrt(expected * (1 / row.blocks + 1 / clean.blocks))


def test_a_jammer_at_pnr_0_db_doubles_the_noise(here):
    jam = f"measure bpsk {LOOP} --attack noise_jammer --max-blocks 1e6 --out run.csv"
    done(jam, "--pnr-db 0 --min-errors 1e9 --ebn0-db 4,6")
    for row in table.read("run.csv", Counts):
        assert row.psr_db == pytest.approx(-row.ebn0_db, abs=1e-4)  # the rate is 1
        half = 10 ** (row.ebn0_db / 10) / 2
        bit = math.erfc(math.sqrt(half)) / 2
        expected = 1 - (1 - bit) ** 4  # k = 4
        sigma = math.sqrt(expected * (1 - expected) / row.blocks)
        assert abs(row.failures / row.blocks - expected) < 4.5 * sigma


def test_pnr_is_psr_plus_snr_in_every_command(crafted, here):
    snr_db = 6 + 10 * math.log10(4 / 7)
    given = "two_simplices --pnr-db 1 --ebn0-db 6 --max-blocks 1e4 --out {}.csv"
    attack = "--attack", crafted[0]
    done("measure", given.format("measure"), LOOP, attack)
    done("measure-burst", given.format("burst"), attack)
    (row,) = table.read("measure.csv", Counts)
    (burst,) = table.read("burst.csv", BurstCounts)
    assert row.psr_db == pytest.approx(1 - snr_db, abs=1e-4)
    assert burst.psr_db == pytest.approx(1 - snr_db, abs=1e-4)
    fgm = "attack universal_fgm --restarts 1 --link two_simplices --ebn0-db 6"
    done(fgm, "--pnr-db 1 --out p.safetensors")
    made = Perturbation.read("p.safetensors")
    assert made.psr_db == pytest.approx(1 - snr_db, abs=1e-4)
    for command in (fgm, f"measure bpsk {LOOP} --attack noise_jammer"):
        said = refused(command, "--psr-db -6 --pnr-db 1 --out q")
        assert "--psr-db and --pnr-db exclude each other" in said


def test_evaluate_writes_a_report_that_can_be_made_again(here, monkeypatch):
    pytest.importorskip("torch", reason="attacks need torch")
    from advphy_training.evaluate import schedules

    from . import short_trainings

    short_trainings.judge_little(monkeypatch)
    monkeypatch.setattr(schedules, "BOOK", 4)
    monkeypatch.setattr(schedules, "DRAWN", 6)
    monkeypatch.setattr(schedules, "MORE_BLOCKS", 2**16)
    words = f"{SHORT} --psr-db -6 --over-ebn0-db 8 --min-errors 200 --max-blocks 1e5"
    words += " --cancel --window 1024"
    said = " ".join(done("evaluate autoencoder_mlp", words, "--out r").split())
    report = json.loads((here / "r" / "report.json").read_text())
    assert report["model_sha256"] == links.load("autoencoder_mlp").sha256
    bler = {
        r["role"]: r["bler"] for r in report["results"] if r["psr_db"] in (None, -6)
    }
    assert bler["clean"] < bler["noise_jammer"] < bler["universal_pgd"]
    assert bler["universal_pgd"] < bler["per_message_pgd"] < bler["per_sample_pgd"]
    assert bler["canceller"] < bler["universal_pgd"] / 10
    text = (here / "r" / "report.md").read_text()
    assert text.startswith("# Robustness of autoencoder_mlp")
    for name in ("clean", "p hops", *schedules.schedules(7, 1024)):
        assert f"| {name}, canceller | " in text
    for check in report["checks"]:
        assert check["name"] in text
        assert check["why"] in text
        assert (check["why"] in said) == (not check["passed"])
    for name in ("over_psr.png", "over_ebn0.png"):
        assert name in text
        assert (here / "r" / name).read_bytes().startswith(b"\x89PNG")
    again = report["command"].split()[1:]
    done(" ".join(again[:-1]), "again")
    repeated = json.loads((here / "again" / "report.json").read_text())
    assert repeated["results"] == report["results"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("attack nonsense --link bpsk --out p", "'nonsense' is"),
        ("attack fgm --link nonsense --out p", "'nonsense' is"),
        ("attack fgm --link bpsk --out /nowhere/p", "/nowhere/p"),
        (f"{FGM} --psr-db nan", "psr_db"),
        (f"{FGM} --restarts 0", "restarts"),
        (f"{FGM} --ebn0-db inf", "ebn0_db"),
        (f"{FGM} --steps 3", "--steps has no effect on fgm; omit it"),
        ("attack noise_jammer --link bpsk --out p --black-box", "no effect on noise_j"),
        (f"{FGM} --unknown shift", "--unknown has no effect on fgm"),
        (f"{FGM} --black-box --substitute qpsk", "no effect with --substitute"),
        (
            "attack generator --link bpsk --out p --restarts 4",
            "--restarts must be at most 3 for generator",
        ),
        (f"{MEASURE} --attack universal_fgm --steps 3", "--steps has no effect on"),
        (f"{FGM} --black-box", "no shipped substitute with k = 4 and n = 4"),
        (f"{FGM} --substitute two_simplices", "does not have the k and"),
        ("attack per_sample_pgd --link bpsk --out p", "knows the noise"),
        (f"{MEASURE} --attack nonsense", "'nonsense'"),
        (f"{JAM} --psr-db 70", "psr_db must be a number in -100..60 dB, got 70"),
        (f"{JAM} --shift 9", "shift must be 0..3 channel uses or 'random', got 9"),
        (f"{JAM} --phase left", "--phase must be a number or 'random', got 'left'"),
        (f"{JAM} --fading rice", "fading 'rice'"),
        (f"{JAM} --full-scale 0.1", "would clip"),
        (f"{MEASURE} --cancel 0", "components"),
        (f"{MEASURE} --cancel all", "adversary 'all'"),
        (f"{MEASURE} --shift 1", "give --attack"),
        ("evaluate nonsense --out r", "'nonsense' is neither"),
        ("evaluate bpsk --out r --window 64", "--window belongs to the canceller"),
        ("evaluate bpsk --out r --cancel --window 100", "window must be a power of"),
        (
            "evaluate bpsk --out r --psr-db 0:99:1",
            "psr_db must be a number in -100..60 dB, got 61",
        ),
        ("evaluate bpsk --out /nowhere/r", "/nowhere"),
        ("evaluate bpsk --out r --min-errors 0", "min_errors must be"),
        (
            f"evaluate bpsk --out r --seed {2**64 - 1}",
            f"2^32, as torch draws, got {2**64 - 1}",
        ),
    ],
)
def test_nonsense_is_refused_in_one_sentence(here, words, text):
    assert text in refused(words)


def test_a_perturbation_of_another_n_is_refused(crafted, here):
    said = refused(f"{MEASURE} {LOOP} --attack", crafted[0])
    assert "n = 7 channel uses, link 'bpsk' has n = 4" in said


def test_a_damaged_perturbation_is_refused(crafted, here):
    content = crafted[0].read_bytes()
    (here / "p").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    said = refused(f"measure autoencoder_mlp --attack p {LOOP} --out run.csv")
    assert "SHA-256 differs" in said


@pytest.mark.parametrize(
    "words", [FGM, f"{MEASURE} --attack fgm {LOOP}", "evaluate bpsk --out r"]
)
def test_without_torch_the_remedy_is_said(words, here):
    found = without_torch(words)
    assert found.returncode == 2
    assert "torch is not installed; `make environment`" in found.stderr
    assert list(here.iterdir()) == []
