# SPDX-License-Identifier: GPL-3.0-or-later
"""Guides: links lead somewhere, commands exist, every example is shown."""

import argparse
import re
import shlex

import pytest
from advphy_commands import _joined, _parser

from .commands import advphy
from .conftest import CLONE

GUIDES = [*sorted(CLONE.glob("*.md")), *sorted((CLONE / "docs").glob("*.md"))]
EXAMPLES = sorted((CLONE / "examples").glob("*.grc"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def code_lines(text):
    """Return the lines of indented code, continued ones joined, without comments."""
    code = re.findall(r"^(?: {4}|\t)(.+)$", re.sub(r"\\\n\s+", " ", text), re.MULTILINE)
    return [re.split(r"\s+#\s", line)[0].strip() for line in code]


def commands(text):
    """Return the words of each `advphy` command line in code, without "advphy"."""
    found = []
    for line in code_lines(text):
        if re.match(r"(apps/)?advphy ", line):
            words = [word for word in shlex.split(line)[1:] if word != "..."]
            found.append([word for word in words if not word.startswith("[")])
    return found


def options(name):
    """Return the options of a command, those of its actions too."""
    top = _parser.parser(name)
    (subs,) = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    waiting, known = [subs.choices[name]], set()
    while waiting:
        parser = waiting.pop()
        known |= set(parser._option_string_actions)
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                waiting.extend(action.choices.values())
    return known


COMMANDS = [
    (page.name, words) for page in GUIDES for words in commands(page.read_text())
]


def test_the_guides_are_found():
    names = {page.name for page in GUIDES}
    assert {"README.md", "tutorial.md", "results.md", "conventions.md"} <= names
    assert len(COMMANDS) > 40


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    for target in LINK.findall(text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), f"{page.name}: {target}"
        if anchor and to.suffix == ".md":
            assert anchor in anchors(to.read_text()), f"{page.name}: {target}"


@pytest.mark.parametrize(("page", "words"), COMMANDS)
def test_a_command_line_is_one_that_advphy_takes(page, words, capsys):
    assert words[0] in _parser.names() or words[0].startswith("-"), page
    try:
        _parser.parser(words[0]).parse_args(_joined(words))
    except SystemExit:
        pytest.fail(f"{page}: advphy {' '.join(words)}: {capsys.readouterr().err}")


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_command_in_a_sentence_is_one_of_advphy(page):
    text = re.sub(r"^ {4}.*$", "", page.read_text(), flags=re.MULTILINE)
    for words in re.findall(r"`(?:apps/)?advphy ([^`]+)`", text):
        name, *rest = words.split()
        if name == "COMMAND":
            continue
        assert name in _parser.names(), f"{page.name}: advphy {words}"
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert given <= options(name), f"{page.name}: advphy {words}"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_gallery_shows_every_example(example):
    from pictures import pictures_of

    gallery = (CLONE / "docs" / "examples.md").read_text()
    sections = re.findall(r"^## (.+)\n\n([\s\S]+?)(?=^##|\Z)", gallery, re.MULTILINE)
    # Programs that belong together have one section: distributed_link_alice, ..._bob.
    (text,) = [
        text
        for title, text in sections
        if any(re.match(rf"{name}(_|$)", example.stem) for name in title.split(" and "))
    ]
    prose = text.partition("![")[0]
    assert len(prose.split()) >= 25
    for picture in pictures_of(example):
        assert f"](../examples/{picture.name})" in text, picture.name


def test_the_readme_is_an_entrance():
    assert len((CLONE / "README.md").read_bytes()) < 12_000


# Lines of docs/commands.md that need what a test has not: the network, a scheduler,
# a publisher, a screen, pictures and recordings of the user's own.
ELSEWHERE = ["data ", "reproduce all", "reproduce arn", "radio psr", "watch", "demo"]
ELSEWHERE += ["air lab", "plot live.csv", "doctor"]
ELSEWHERE += ["train paired_arn", "synchronism"]  # they take minutes, and have tests
FEW = {  # options with which a command takes seconds, by its first words
    "measure-burst": "--max-blocks 2e4",
    "measure-semantic": "--images mnist_sample",
    "measure bpsk autoencoder_mlp --rare": "",
    "measure": "--max-blocks 2e4 --min-errors 20",
    "adapt-eve": "--images mnist_sample --test-images mnist_sample --intercepts 50 "
    "--steps 20 --surrogate-steps 0",
    "train autoencoder --out": "--set steps=20",
    "train model_free": "--set steps=3",
    "train fine_tune": "--set steps=20",
    "attack": "--restarts 2 --steps 5",
    "evaluate": "--restarts 2 --steps 5 --max-blocks 2e4 --psr-db -6 --over-ebn0-db 8",
    "reproduce": "--ebn0-db 8 --min-errors 20 --max-blocks 2e4",
    "plot transfer-matrix": "--max-blocks 2e4",
    "certify autoencoder_mlp --radius": "",
    "certify two_simplices": "--blocks 1e5 --psr-db -6 --restarts 2 --steps 5",
    "certify": "--blocks 1e5",
}


@pytest.mark.slow
def test_the_lines_of_the_page_of_commands_run_in_order_in_one_folder(here):
    pytest.importorskip("torch", reason="trainings need torch")
    pytest.importorskip("onnxruntime", reason="imports of ONNX are compared by it")
    failed = {}
    for words in commands((CLONE / "docs" / "commands.md").read_text()):
        line = " ".join(words)
        if line.startswith(tuple(ELSEWHERE)) or "--cluster" in words:
            continue
        few = next((few for begin, few in FEW.items() if line.startswith(begin)), "")
        done = advphy(shlex.join(words), few)
        if done.returncode:
            failed[line] = done.stderr
    assert not failed
