# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion: what the shells offer, driven without a terminal."""

import importlib
import resource
import shutil
import subprocess

import pytest

from .conftest import CLONE

DRIVER = """
source "$1"; shift
complete -p advphy >/dev/null || exit 3
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
_advphy
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Return the place of the script for bash."""
    bash = importlib.import_module("advphy_commands._completion.bash")
    path = tmp_path_factory.mktemp("completion") / "advphy"
    path.write_text(bash.script())
    return path


@pytest.fixture
def offered(script, tmp_path):
    """Return a function from the words of a line to what bash offers for the last."""
    for name in ("run.csv", "a b.csv", "p.safetensors", "x.txt", "r.sigmf-meta"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()

    def offered(*words):
        done = subprocess.run(
            ["bash", "--norc", "-c", DRIVER, "bash", script, "advphy", *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return sorted(filter(None, done.stdout.splitlines()))

    return offered


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["meas"], ["measure", "measure-burst", "measure-semantic"]),
        (["--"], ["--help", "--version"]),
        (["radio", ""], ["check", "rx", "tx"]),
        (["measure", "gan"], ["gan_cnn", "gan_mlp"]),
        (["measure", "bpsk", "hamming"], ["hamming74_hard", "hamming74_ml"]),
        (
            ["measure", "bpsk", "--ebn0-db", "0", ":", "8", ":", "1", "two"],
            ["two_simplices"],
        ),
        (["measure", "bpsk", "--engi"], ["--engine"]),
        (["measure", "bpsk", "--engine", ""], ["flowgraph", "loop"]),
        (["measure", "bpsk", "--engine", "=", "l"], ["loop"]),
        (["measure", "bpsk", "--engine", "="], ["flowgraph", "loop"]),
        (["measure", "bpsk", "--channel", "ra"], ["rayleigh_block"]),
        (
            ["measure", "bpsk", "--attack", "p"],
            ["p.safetensors", "per_message_pgd", "per_sample_pgd"],
        ),
        (["measure", "bpsk", "--cancel", "s"], ["shifts", "signs"]),
        (["measure", "bpsk", "--out", ""], ["a b.csv", "folder", "run.csv"]),
        (["measure", "bpsk", "--seed", ""], []),
        (["attack", "universal"], ["universal_fgm", "universal_pgd"]),
        (["attack", "fgm", "--link", "max"], ["max_margin"]),
        (["train", "pool"], ["pool_defence"]),
        (["reproduce", "arn"], ["arn-fig3", "arn-fig4"]),
        (
            ["measure-semantic", "semantic"],
            ["semantic_mnist", "semantic_mnist_per_message"],
        ),
        (["measure-semantic", "x", "--eve", "eve_mnist_s"], ["eve_mnist_snr"]),
        (["measure-semantic", "x", "--images", "mnist_s"], ["mnist_sample"]),
        (["info", "cha"], ["channels"]),
        (["rescore", "r"], ["r.sigmf-meta"]),
        (["radio", "tx", "max_margin", "--sink", "s"], ["soapy", "standin"]),
        (["radio", "tx", "x", "--sink", "file", "--perm"], ["--permitted"]),
        (["evaluate", "bpsk", "--out", ""], ["folder"]),
        (["measure", "max_margin", ":", "nea"], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
        (["nonsense", ""], []),
    ],
)
def test_bash_offers(offered, words, wanted):
    assert offered(*words) == wanted


def test_every_option_of_every_command_is_offered(offered):
    parser = importlib.import_module("advphy_commands._parser")
    for name, leaf in parser.leaves(parser.parser()):
        known = {each for each in leaf._option_string_actions if each.startswith("--")}
        assert set(offered(*name.split(), "--")) == known, name


def test_a_tab_starts_nothing_and_is_quick(script, offered):
    text = script.read_text()
    assert "python" not in text
    assert "$(advphy" not in text
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    offered("measure", "")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    assert spent < 0.3  # seconds, bash's own start included


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_takes_its_script(shell, tmp_path):
    module = importlib.import_module(f"advphy_commands._completion.{shell}")
    path = tmp_path / "script"
    path.write_text(module.script())
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed; apt install {shell}")
    no = ["--no-execute"] if shell == "fish" else ["-n"]
    done = subprocess.run([shell, *no, path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_fish_knows_options_words_and_files():
    script = importlib.import_module("advphy_commands._completion.fish").script()
    seen = "complete -c advphy -n '__fish_seen_subcommand_from "
    assert "__fish_use_subcommand -a measure -d 'measure block error" in script
    assert f"{seen}radio; and not __fish_seen_subcommand_from tx rx check'" in script
    engine = next(
        line
        for line in script.splitlines()
        if line.startswith(f"{seen}measure' -l engine")
    )
    assert engine.endswith("-x -a 'flowgraph loop'")
    out = next(
        line
        for line in script.splitlines()
        if line.startswith(f"{seen}measure' -l out")
    )
    assert out.endswith("(__fish_complete_suffix .csv)'")


@pytest.mark.slow
def test_installing_puts_scripts_where_shells_look(script, tmp_path):
    words = ["cmake", "--install", CLONE / "build", "--prefix", tmp_path / "usr"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    share = tmp_path / "usr" / "share"
    bash = share / "bash-completion" / "completions" / "advphy"
    assert bash.read_text() == script.read_text()
    zsh = share / "zsh" / "site-functions" / "_advphy"
    assert zsh.read_text().startswith("#compdef advphy")
    assert (share / "fish" / "vendor_completions.d" / "advphy.fish").is_file()


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("mesure", "did you mean measure?"),
        ("atack", "did you mean attack?"),
        ("rep", "did you mean reproduce?"),
        ("xyzzy", "`advphy --help` lists"),
    ],
)
def test_a_command_that_is_not_known_is_guessed(refuse, word, guess):
    said = refuse(word)
    assert said.startswith(f"advphy: command '{word}' is not known; ")
    assert guess in said


def test_help_lists_every_command_in_the_order_of_work(capsys):
    parser = importlib.import_module("advphy_commands._parser")
    main = importlib.import_module("advphy_commands").main
    assert main([]) == 2
    lines = capsys.readouterr().out.splitlines()
    begun = [line.split()[0] for line in lines if line[:3].strip() and line[:2] == "  "]
    assert [word for word in begun if word in parser.names()] == parser.names()
    assert begun.index("train") < begun.index("measure") < begun.index("plot")
    assert "more:" not in lines  # where a command stands that is in no group
