# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion: what the shells offer, driven without a terminal."""

import importlib
import shutil
import subprocess

import pytest

from .commands import advphy, refused
from .conftest import CLONE

DRIVER = """
source "$1"; shift
complete -p advphy >/dev/null || exit 3
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
_shtab_advphy
printf '%s\\n' "${COMPREPLY[@]}"
"""
REGISTERED = """
autoload -U compinit; compinit -u -D; eval "$(cat "$1")"; print $_comps[advphy]
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Return the places of the scripts, by shell."""
    completion = importlib.import_module("advphy_commands.completion")
    folder = tmp_path_factory.mktemp("completion")
    for shell in completion.SHELLS:
        (folder / shell).write_text(completion.script_of(shell))
    return {shell: folder / shell for shell in completion.SHELLS}


@pytest.fixture
def offered(scripts, tmp_path):
    """Return a function from the words of a line to what bash offers for the last."""
    for name in ("run.csv", "a b.csv", "p.safetensors", "x.txt", "r.sigmf-meta"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()

    def offered(*words):
        driver = ["bash", "--norc", "-c", DRIVER, "bash", scripts["bash"], "advphy"]
        done = subprocess.run(
            [*driver, *words], capture_output=True, text=True, cwd=tmp_path
        )
        assert (done.returncode, done.stderr) == (0, "")
        return sorted(set(filter(None, done.stdout.splitlines())))

    return offered


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("meas", "measure measure-burst measure-semantic"),
        ("--", "--help --version"),
        ("radio ", "check psr rx tx"),
        ("measure gan", "gan_cnn gan_mlp"),
        ("measure bpsk --ebn0-db 0 : 8 : 1 two", "two_simplices"),
        ("measure bpsk --engi", "--engine"),
        ("measure bpsk --engine ", "flowgraph loop"),
        ("measure bpsk --channel ra", "rayleigh_block"),
        ("measure bpsk --attack p", "p.safetensors per_message_pgd per_sample_pgd"),
        ("measure bpsk --attack universal_pgd_g", "universal_pgd_gan_mlp"),
        ("plot gan_mlp --perturbation universal_pgd_g", "universal_pgd_gan_mlp"),
        ("measure bpsk --cancel s", "shifts signs"),
        ("measure bpsk --seed ", ""),
        ("measure --json gan", "gan_cnn gan_mlp"),
        ("attack fgm --link max", "max_margin"),
        ("train pool", "pool_defence"),
        ("reproduce arn", "arn-fig3 arn-fig4"),
        ("measure-semantic semantic", "semantic_mnist semantic_mnist_per_message"),
        ("measure-semantic --no-bob x --eve eve_mnist_s", "eve_mnist_snr"),
        ("measure-semantic x --images mnist_s", "mnist_sample"),
        ("info cha", "channels"),
        ("rescore r", "r.sigmf-meta"),
        ("radio tx max_margin --sink s", "soapy standin"),
        ("radio tx x --sink file --perm", "--permitted"),
        ("evaluate bpsk --out ", "folder"),
        ("completion ", "bash zsh"),
    ],
)
def test_bash_offers(offered, words, wanted):
    assert offered(*words.split(" ")) == wanted.split()


def test_files_with_blanks_are_offered_by_their_ending(offered):
    assert offered("measure", "bpsk", "--out", "") == ["a b.csv", "folder", "run.csv"]


def test_every_option_of_every_command_is_offered(offered):
    parser = importlib.import_module("advphy_commands._parser")
    for name, each in parser.parsers(parser.parser()):
        known = {each for each in each._option_string_actions if each[:2] == "--"}
        assert set(offered(*name.split(), "--")) == known, name


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_shell_takes_its_script_and_a_tab_starts_no_python(scripts, shell):
    text = scripts[shell].read_text()
    assert "python" not in text
    assert "$(advphy" not in text
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed; apt install {shell}")
    words = [shell, "-n", scripts[shell]]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_zsh_may_evaluate_its_script(scripts):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed; apt install zsh")
    words = ["zsh", "-f", "-c", REGISTERED, "zsh", scripts["zsh"]]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("_advphy\n", "")


def test_another_shell_is_told_which_there_are():
    said = refused("completion fish")
    assert "'fish' (choose from bash, zsh)" in said.replace(
        "'bash', 'zsh'", "bash, zsh"
    )


@pytest.mark.slow
def test_installing_puts_scripts_where_shells_look(scripts, tmp_path):
    words = ["cmake", "--install", CLONE / "build", "--prefix", tmp_path / "usr"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    share = tmp_path / "usr" / "share"
    for shell, place in (
        ("bash", "bash-completion/completions/advphy"),
        ("zsh", "zsh/site-functions/_advphy"),
    ):
        assert (share / place).read_text() == scripts[shell].read_text()


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("mesure", "did you mean measure?"),
        ("rep", "did you mean reproduce?"),
        ("xyzzy", "`advphy --help` lists"),
    ],
)
def test_a_command_that_is_not_known_is_guessed(word, guess):
    said = refused(word)
    assert said.startswith(f"advphy: command '{word}' is not known; ")
    assert guess in said


def test_help_lists_every_command_in_the_order_of_work():
    parser = importlib.import_module("advphy_commands._parser")
    lines = advphy().stdout.splitlines()
    begun = [line.split()[0] for line in lines if line[:3].strip() and line[:2] == "  "]
    assert [word for word in begun if word in parser.names()] == parser.names()
    assert begun.index("train") < begun.index("measure") < begun.index("plot")
    assert "more:" not in lines  # where a command stands that is in no group
