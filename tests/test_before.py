# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of version 0.5 in golden/before: counted again, continued, read the same."""

import csv
import importlib
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from advphy_model.modem.frame import Frame

from .commands import refused
from .conftest import CLONE
from .published_messages import publisher

BEFORE = CLONE / "tests" / "golden" / "before"
GNURADIO = {"radio", "doctor", "bench", "flowgraph"}
TORCH = {"train", "attack", "evaluate", "adapt-eve", "synchronism", "reproduce"}
TORCH |= {"universal_pgd"}
SLOW = {"evaluate", "synchronism", "reproduce", "doctor", "bench"}
MACHINE = {"data", "completion", "doctor", "bench"}  # of these, the keys alone
VARY = {"version", "torch", "messages_per_second"}  # keys and columns
# Only the keys of these are compared.
TEXT = {"is", "described", "why", "numbers", "core:datetime"}
# It is as it was typed from 0.6 on; tests/test_commands_attack.py runs it.
TYPED = ("report", "command")
# A recipe has what the attack uses, after 0.5.
UNUSED = {("recipe", name) for name in ("steps", "shift", "phase")}
# From 0.6 on the canceller draws its sample: another label, and other counts.
CORRECTED = {"canceller", "frames", "blocks", "block_errors", "erasures"}
CORRECTED |= {"bler", "aligned_bler", "low", "high"}
DERIVED = {"bler", "low", "high", "sha256"}  # follow from counts and weights
# Sums differ in their last bits between instruction sets. What torch trains and crafts
# differs more between processors, and its counts then do so by less than their spread.
SUMS, WEIGHTS, SPREAD = 1e-5, 1e-3, 0.03


def commands():
    """Return the commands of 0.5, a list of words each, for parametrize."""
    text = (BEFORE / "commands.sh").read_text().replace("\\\n", " ")
    lines = re.findall("^advphy (.*)", text, re.MULTILINE)
    return [
        pytest.param(words, id=words[-1], marks=[pytest.mark.slow] * (words[0] in SLOW))
        for words in map(shlex.split, lines)
    ]


def command_of(file):
    return next(each.values[0] for each in commands() if file in each.values[0])


def leaves(value, path=()):
    """Yield (keys, value) of all that a document holds, but for what may vary."""
    if isinstance(value, dict):
        corrected = str(value.get("canceller", "none")) != "none"
        for key in value.keys() - VARY:
            told = key not in TEXT and not (corrected and key in CORRECTED)
            told &= (*path, key) != TYPED
            yield from leaves(value[key] if told else None, (*path, key))
    elif isinstance(value, list):
        for place, each in zip(places(value), value, strict=True):
            yield from leaves(each, (*path, place))
    else:
        yield path, value


def places(values):
    """Return the names of the entries of a list if all have one, else their numbers."""
    names = [each.get("name") for each in values if isinstance(each, dict)]
    named = len(values) == len(set(names) - {None})
    return names if named else range(len(values))


def cell(text):
    """Return what a cell of a CSV says: a count, a sum, or the text itself."""
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", text) else text


def contents(path):
    """Return what a file says, as {keys: value}; of other files, their numbers."""
    if path.suffix in (".json", ".sigmf-meta"):
        return dict(leaves(json.loads(path.read_text())))
    if path.suffix == ".csv":
        rows = csv.DictReader(path.read_text().splitlines())
        return dict(leaves([{k: cell(v) for k, v in row.items()} for row in rows]))
    data = path.read_bytes()
    if path.suffix == ".cf32":  # bursts; from 0.6 on their headers check the seed
        frame = Frame(7, codewords=8)
        bursts = np.frombuffer(data, np.float32).reshape(-1, 2 * frame.samples())
        begin, end = frame.header_at[[0, -1]] + [-frame.span // 2, frame.span // 2 + 1]
        step = 2 * frame.samples_per_symbol
        return np.delete(bursts, slice(begin * step, end * step), axis=1)
    if path.suffix == ".safetensors":
        data = data[8 + int.from_bytes(data[:8], "little") :]
    return np.frombuffer(data, np.float32)


def equal(new, old, crafted):
    """Return whether a value is that of 0.5; counts are, exactly, unless crafted."""
    if isinstance(old, float):
        return new == pytest.approx(old, rel=SPREAD if crafted else SUMS, abs=SUMS)
    if not crafted:
        return new == old
    if isinstance(old, str):  # an attack's label ends with its hash
        return re.sub(r" [0-9a-f]{8}\b", "", new) == re.sub(r" [0-9a-f]{8}\b", "", old)
    return new == (pytest.approx(old, rel=SPREAD, abs=3) if old is not None else None)


def require_same(file, words):
    """Compare a file in this folder with the one that 0.5 wrote by this command."""
    new, old = contents(Path.cwd() / file), contents(BEFORE / file)
    if isinstance(old, np.ndarray):
        np.testing.assert_allclose(new, old, rtol=WEIGHTS, atol=WEIGHTS)
    elif words[0] in MACHINE:
        new, old = ({keys[:1] + keys[2:] for keys in each} for each in (new, old))
        assert new >= old
    else:
        crafted = not TORCH.isdisjoint(words)
        assert new.keys() >= old.keys() - UNUSED  # there may be more
        compared = [key for key in old if not (crafted and key[-1] in DERIVED)]
        compared = [key for key in compared if key in new]
        wrong = [key for key in compared if not equal(new[key], old[key], crafted)]
        assert {key: (new[key], old[key]) for key in wrong} == {}


def keep(kept, name, version):
    """Have a CSV or a folder of 0.5 here, its CSVs as if this version wrote them."""
    path = Path.cwd() / name
    copy = shutil.copytree if (BEFORE / kept).is_dir() else shutil.copy
    copy(BEFORE / kept, path)
    for each in path.rglob("*.csv") if path.is_dir() else [path]:
        each.write_text(each.read_text().replace(",0.5.0", f",{version}"))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command next to `old`, the files of 0.5."""
    main = importlib.import_module("advphy_commands").main
    shutil.copytree(BEFORE, tmp_path / "old")
    (tmp_path / "old" / "secret.key").chmod(0o600)
    (tmp_path / "golden").symlink_to(BEFORE.parent)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["advphy", *words])  # reports repeat it
        code = main(list(words))
        said, remarks = capsys.readouterr()
        assert code == 0, remarks
        return said

    return run


@pytest.mark.parametrize("words", commands())
def test_a_command_of_0_5_writes_the_same(words, run, request):
    for module, needed in {"torch": TORCH, "gnuradio": GNURADIO}.items():
        if not needed.isdisjoint(words):
            pytest.importorskip(module, reason=f"{words[0]} needs {module} here")
    if words[0] == "data":
        request.getfixturevalue("mnist")
    for word in set(words):
        if (BEFORE / word).is_dir():  # which the command continues
            keep(word, word, run("--version").split()[-1])
    run(*words)
    files = [word for word in words if (BEFORE / word).is_file()]
    assert files
    for file in files:
        require_same(file, words)


@pytest.mark.parametrize("patches", [0, 1])
@pytest.mark.parametrize("part", ["", "half_"])
@pytest.mark.parametrize("name", ["measure", "burst", "semantic"])
def test_a_csv_of_0_5_is_continued(name, part, patches, run):
    minor, patch = run("--version").split()[-1].rsplit(".", 1)
    keep(f"{part}{name}.csv", f"{name}.csv", f"{minor}.{int(patch) + patches}")
    words = command_of(f"{name}.csv")
    run(*words)
    require_same(f"{name}.csv", words)


def test_a_training_that_0_5_began_is_refused_not_passed_off_as_one_of_now(here):
    pytest.importorskip("torch", reason="training needs torch")
    shutil.copy(BEFORE / "trained.safetensors.state.npz", here)
    said = refused(" ".join(command_of("train.json")))
    assert "state of another training (autoencoder Settings(k=2" in said
    assert "remove it or choose another --out" in said


def test_what_0_5_published_is_understood(run):
    lines = (BEFORE / "published.jsonl").read_text().splitlines()
    said = [json.loads(line) for line in lines]
    with publisher(*said) as (address, _):
        shown = run("watch", address, "--once", "--json").splitlines()
    assert [json.loads(line) for line in shown] == said
