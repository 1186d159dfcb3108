# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands attack, measure --attack and evaluate, and the nonsense they refuse."""

import json
import math
import subprocess
import sys

import pytest
from advphy_model.air import perturbation
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import curves, table
from advphy_model.measure.link_chain import Counts

from .conftest import CLONE
from .test_commands import LOOP, advphy
from .test_commands_refuse import refused

SHORT = ("--restarts", 4, "--steps", 10)
FGM = ("fgm", "--link", "bpsk", "--out", "p")


@pytest.fixture(scope="module")
def crafted(tmp_path_factory):
    """Return a perturbation file crafted against autoencoder_mlp_8p5db."""
    path = tmp_path_factory.mktemp("crafted") / "p.safetensors"
    words = ("--link", "autoencoder_mlp_8p5db", *SHORT, "--out", path)
    found = advphy("attack", "universal_pgd", *words)
    assert found.returncode == 0, found.stderr
    return path, found.stdout


def test_attack_writes_a_file_that_names_its_victim(crafted):
    path, said = crafted
    p, victim = Perturbation.read(path), links.load("autoencoder_mlp_8p5db")
    assert p.victims == {victim.name: victim.sha256}
    assert (p.psr_db, p.ebn0_db) == (pytest.approx(-6), 8.0)
    assert p.knowledge == {
        "weights": "white box",
        "message": "unknown",
        "timing": "known",
        "phase": "known",
        "noise": "unknown",
    }
    assert "attacked: BLER" in said
    shown = advphy("info", path).stdout
    for text in (p.sha256, victim.sha256, perturbation.CONVENTION, "8 dB", "-6.00 dB"):
        assert text in shown


def test_measure_takes_a_file_and_says_so_in_the_counts(crafted, tmp_path):
    path, _ = crafted
    out = tmp_path / "run.csv"
    words = ("--attack", path, "--psr-db", "-6,-2", "--ebn0-db", 8, *LOOP, "--out", out)
    found = advphy("measure", "autoencoder_mlp_8p5db", *words)
    assert found.returncode == 0, found.stderr
    assert "black box" not in found.stderr
    label = f"universal_pgd {Perturbation.read(path).sha256[:8]}"
    rows = table.read(out, Counts)
    assert [(r.attack, r.psr_db) for r in rows] == [(label, -6.0), (label, -2.0)]
    assert rows[0].failures / rows[0].blocks < rows[1].failures / rows[1].blocks
    again = advphy("measure", "autoencoder_mlp_8p5db", *words)
    assert again.stdout.count("resumed") == 2


def test_both_engines_count_the_same_under_attack(crafted, tmp_path):
    path, _ = crafted
    out = tmp_path / "run.csv"
    for engine in ("loop", "flowgraph"):
        words = (
            "--attack",
            path,
            "--shift",
            "random",
            "--cancel",
            "shifts",
            "--ebn0-db",
            6,
            "--engine",
            engine,
            "--max-blocks",
            2e5,
        )
        found = advphy("measure", "two_simplices", *words, "--out", out)
        assert found.returncode == 0, found.stderr
        assert found.stderr.count("black box: perturbation 'universal_pgd'") == 1
        for name in ("autoencoder_mlp_8p5db", "two_simplices"):
            assert links.load(name).sha256[:12] in found.stderr
    one, other = table.read(out, Counts)
    assert one.canceller == other.canceller == "canceller, adversary shifts"
    assert one.attack == other.attack
    assert (one.blocks, one.failures) == (other.blocks, other.failures)


def test_measure_crafts_for_each_point_and_keeps_it(tmp_path):
    out = tmp_path / "run.csv"
    words = ("--attack", "universal_fgm", *SHORT, "--ebn0-db", "4,8", *LOOP)
    found = advphy("measure", "autoencoder_mlp", *words, "--out", out)
    assert found.returncode == 0, found.stderr
    kept = [Perturbation.read(p) for p in (tmp_path / "run.perturbations").iterdir()]
    assert sorted(p.ebn0_db for p in kept) == [4.0, 8.0]
    assert {r.attack.split()[1] for r in table.read(out, Counts)} == {
        p.sha256[:8] for p in kept
    }
    # One curve, though two perturbations.
    (label,) = curves.curves(table.read(out, Counts))
    assert label == "autoencoder_mlp, universal_fgm at PSR -6 dB"


def test_a_jammer_needs_no_torch(tmp_path):
    out = tmp_path / "run.csv"
    words = [
        "measure",
        "hamming74_ml",
        "--attack",
        "noise_jammer",
        "--psr-db",
        "-3",
        "--ebn0-db",
        "2",
        *LOOP,
        "--max-blocks",
        "1e6",
        "--out",
        str(out),
    ]
    assert without_torch(words).returncode == 0
    (row,) = table.read(out, Counts)
    # Noise of variance sigma^2 + 10^(-3/10) / 2 is noise at a lower Eb/N0.
    sigma2 = 7 / 8 / 10**0.2 + 10**-0.3 / 2
    same = 10 * math.log10(7 / 8 / sigma2)
    expected = links.theory("hamming74_ml")[1](same)  # the union bound, close here
    assert row.failures / row.blocks == pytest.approx(expected, rel=0.5)
    plain = advphy(
        "measure",
        "hamming74_ml",
        "--ebn0-db",
        f"{same:.9f}",
        *LOOP,
        "--max-blocks",
        "1e6",
        "--out",
        tmp_path / "plain.csv",
    )
    assert plain.returncode == 0
    (clean,) = table.read(tmp_path / "plain.csv", Counts)
    apart = abs(row.failures / row.blocks - clean.failures / clean.blocks)
    assert apart < 5 * math.sqrt(expected * (1 / row.blocks + 1 / clean.blocks))


def test_evaluate_writes_a_report_that_can_be_made_again(tmp_path):
    words = (
        *SHORT,
        "--psr-db",
        "-6",
        "--over-ebn0-db",
        "8",
        "--min-errors",
        200,
        "--max-blocks",
        "1e5",
    )
    found = advphy("evaluate", "autoencoder_mlp", *words, "--out", tmp_path / "r")
    assert found.returncode == 0, found.stderr
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert report["model_sha256"] == links.load("autoencoder_mlp").sha256
    bler = {
        r["role"]: r["bler"] for r in report["results"] if r["psr_db"] in (None, -6)
    }
    assert bler["clean"] < bler["noise_jammer"] < bler["universal_pgd"]
    assert bler["universal_pgd"] < bler["per_message_pgd"] < bler["per_sample_pgd"]
    assert bler["canceller"] < bler["universal_pgd"] / 10
    text = (tmp_path / "r" / "report.md").read_text()
    assert text.startswith("# Robustness of autoencoder_mlp")
    for check in report["checks"]:
        assert check["name"] in text
        assert check["why"] in text
    for name in ("over_psr.png", "over_ebn0.png"):
        assert name in text
        assert (tmp_path / "r" / name).read_bytes().startswith(b"\x89PNG")
    again = report["command"].split()[1:]
    assert advphy(*again[:-1], tmp_path / "again").returncode == 0
    repeated = json.loads((tmp_path / "again" / "report.json").read_text())
    assert repeated["results"] == report["results"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["attack", "nonsense", "--link", "bpsk", "--out", "p"], "'nonsense' is"),
        (["attack", "fgm", "--link", "nonsense", "--out", "p"], "'nonsense' is"),
        (["attack", "fgm", "--link", "bpsk", "--out", "/nowhere/p"], "/nowhere/p"),
        (["attack", *FGM, "--psr-db", "nan"], "psr_db"),
        (["attack", *FGM, "--restarts", "0"], "restarts"),
        (["attack", *FGM, "--ebn0-db", "inf"], "ebn0_db"),
        (["attack", *FGM, "--black-box"], "no shipped substitute with k = 4 and n = 4"),
        (["attack", *FGM, "--substitute", "two_simplices"], "does not have the k and"),
        (["attack", "per_sample_pgd", *FGM[1:]], "knows the noise"),
        (["measure", "bpsk", "--out", "r.csv", "--attack", "nonsense"], "'nonsense'"),
        (
            [
                "measure",
                "bpsk",
                "--out",
                "r.csv",
                "--attack",
                "noise_jammer",
                "--psr-db",
                "70",
            ],
            "psr_db = 70",
        ),
        (
            [
                "measure",
                "bpsk",
                "--out",
                "r.csv",
                "--attack",
                "noise_jammer",
                "--shift",
                "9",
            ],
            "shift = 9",
        ),
        (
            [
                "measure",
                "bpsk",
                "--out",
                "r.csv",
                "--attack",
                "noise_jammer",
                "--phase",
                "left",
            ],
            "--phase 'left'",
        ),
        (
            [
                "measure",
                "bpsk",
                "--out",
                "r.csv",
                "--attack",
                "noise_jammer",
                "--fading",
                "rice",
            ],
            "fading 'rice'",
        ),
        (["measure", "bpsk", "--out", "r.csv", "--cancel", "0"], "components"),
        (["measure", "bpsk", "--out", "r.csv", "--cancel", "all"], "adversary 'all'"),
        (["measure", "bpsk", "--out", "r.csv", "--shift", "1"], "give --attack"),
        (
            [
                "measure",
                "bpsk",
                "--out",
                "r.csv",
                "--attack",
                "noise_jammer",
                "--full-scale",
                "0.1",
            ],
            "would clip",
        ),
        (["evaluate", "nonsense", "--out", "r"], "'nonsense' is neither"),
        (["evaluate", "bpsk", "--out", "r", "--psr-db", "0:99:1"], "psr_db = 61"),
        (["evaluate", "bpsk", "--out", "/nowhere/r"], "/nowhere"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(tmp_path, words, text):
    assert text in refused(*words, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_perturbation_of_another_n_is_refused(crafted, tmp_path):
    out = tmp_path / "run.csv"
    said = refused("measure", "bpsk", "--attack", crafted[0], *LOOP, "--out", out)
    assert "n = 7 channel uses, link 'bpsk' has n = 4" in said
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_perturbation_is_refused(crafted, tmp_path):
    damaged = tmp_path / "p.safetensors"
    content = crafted[0].read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    words = ("--attack", damaged, *LOOP, "--out", tmp_path / "run.csv")
    assert "SHA-256 differs" in refused("measure", "autoencoder_mlp", *words)


@pytest.mark.parametrize("command", ["attack", "measure", "evaluate"])
def test_without_torch_the_remedy_is_said(command, tmp_path):
    words = {
        "attack": ["fgm", "--link", "bpsk", "--out", str(tmp_path / "p")],
        "measure": ["bpsk", "--attack", "fgm", *LOOP, "--out", str(tmp_path / "r.csv")],
        "evaluate": ["bpsk", "--out", str(tmp_path / "r")],
    }[command]
    found = without_torch([command, *words])
    assert found.returncode == 2
    assert "torch is not installed; `make environment`" in found.stderr
    assert list(tmp_path.iterdir()) == []


def without_torch(words):
    """Run a command where torch cannot be imported."""
    program = (
        "import sys; sys.modules['torch'] = None\n"
        f"sys.path[:0] = {[str(CLONE / 'apps'), *sys.path]!r}\n"
        "from advphy_commands import main\n"
        f"sys.exit(main({words!r}))\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
