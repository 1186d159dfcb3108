# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of strangers: each is read, or refused in one sentence, within the limits."""

import contextlib
import json
import os
import re
import resource
import signal
import time

import numpy as np
import pytest
from advphy_model import file_gate
from advphy_model.link.network_file import NetworkFile
from advphy_model.network.network import Layer, Network

from . import hostile_files as hostile
from . import hostile_kinds
from .conftest import CLONE

SEED = 20
SECONDS, MEMORY = 1.0, 256 << 20  # of one file, above its own size
ROOM = 3 << 30  # bytes of address space in addition to what is taken already
SLOW = {"onnx": 20}  # kinds of which fewer files are read
CORPUS = CLONE / "tests" / "corpus"


class TooLong(BaseException):
    """What the alarm raises, which no reader catches."""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Return the kinds of files, after each has been read, which loads libraries."""
    found, folder = hostile_kinds.kinds(), tmp_path_factory.mktemp("small")
    for kind in found.values():
        path = folder / f"a{kind.suffix}"
        path.write_bytes(kind.encode(kind.tree))
        kind.read(path)
    return found


@pytest.fixture
def limited():
    """Limit the memory, and have an alarm end what takes too long."""
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)

    def ring(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    signal.signal(signal.SIGALRM, before)


def peak():
    """Return the largest resident memory of this process since `forget`."""
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\s*(\d+)", file.read())[1]) << 10


def forget():
    """Begin to measure `peak` again; return the memory that is taken now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return peak()


def judged(kind, path):
    """Return (defect or None, refusal or None, seconds, bytes) of a reading."""
    defect, text = None, None
    before, size = forget(), path.stat().st_size if path.is_file() else 0
    signal.alarm(60)
    begun = time.process_time()
    try:
        kind.read(path)
    except (ValueError, OSError) as error:
        text = str(error)
        if type(error) is OSError and error.errno is None:
            defect = f"an OSError without a number: {text}"
        elif isinstance(error, ValueError):
            plain = text.isprintable() and len(text) <= file_gate.SENTENCE
            if not plain or re.search("A{61}", text):
                defect = f"not a plain sentence: {text[:400]!r}"
    except BaseException as error:
        defect = f"{type(error).__name__}: {str(error)[:300]}"
    seconds = time.process_time() - begun
    signal.alarm(0)
    more = peak() - before - size
    if seconds > SECONDS and kind.suffix != ".onnx":
        defect = defect or f"it takes {seconds:.2f} s"
    if more > MEMORY and kind.suffix != ".onnx":
        defect = defect or f"it takes {more >> 20} MiB"
    return defect, text, seconds, more


def place(content, kind, folder, rng):
    """Write a file, or one of another sort in its place; return its path."""
    path = folder / f"a{kind.suffix}"
    with contextlib.suppress(FileNotFoundError):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    sort = rng.integers(60)
    if sort == 0:
        os.mkfifo(path)
    elif sort == 1:
        path.mkdir()
    elif sort == 2:
        path.symlink_to(("/dev/zero", path.name, "/nowhere")[rng.integers(3)])
    else:
        if sort < 6:
            content = content[: rng.integers(len(content) + 1)]
        elif sort < 9:
            content += rng.bytes(int(rng.integers(1, 99)))
        path.write_bytes(content)
    return path


def try_many(kinds, counts, folder):
    """Return the defects of so many files of each kind; print what was measured."""
    rng, defects, table = np.random.default_rng(SEED), [], []
    for name, count in counts.items():
        kind, seen = kinds[name], []
        for i in range(count):
            tree = json.loads(json.dumps(kind.tree))
            for _ in range(1 + int(rng.integers(3))):
                hostile.change(tree, rng)
            try:
                content = kind.encode(tree)
            except Exception:  # not every tree is a file of its kind
                content = hostile.as_json(tree)
            path = place(content, kind, folder, rng)
            seen.append(judged(kind, path))
            if seen[-1][0]:
                defects.append(f"{name} {i}: {seen[-1][0]}")
                if kept := os.environ.get("ADVPHY_KEEP_FINDS"):
                    with open(f"{kept}/{name}-{i}", "wb") as file:
                        file.write(content)
        refused = sum(text is not None for _, text, _, _ in seen)
        slowest, most = max(s[2] for s in seen), max(s[3] for s in seen) >> 20
        table.append(
            f"{name}: {count} files, {refused} refused, {slowest:.2f} s, {most} MiB"
        )
    print(f"seed {SEED}", *table, sep="\n")
    return defects


def test_changed_files_are_read_or_refused_in_a_sentence(kinds, limited, tmp_path):
    counts = dict.fromkeys(kinds, 25) | {"onnx": 2}
    assert try_many(kinds, counts, tmp_path) == []


@pytest.mark.slow
def test_30_000_changed_files_are_read_or_refused(kinds, limited, tmp_path, capsys):
    each = int(os.environ.get("ADVPHY_HOSTILE_FILES", "30000")) // (len(kinds) - 1) + 1
    counts = {name: each // SLOW.get(name, 1) for name in kinds}
    with capsys.disabled():
        assert try_many(kinds, counts, tmp_path) == []


FINDS = sorted(path for path in CORPUS.glob("*/*") if "py" not in path.suffix)


@pytest.mark.parametrize(
    "find", FINDS, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_the_finds_of_all_times_are_refused(kinds, limited, tmp_path, find):
    assert find.stat().st_size <= 2048
    kind = kinds[find.parent.name.replace("_", " ")]
    path = tmp_path / f"a{kind.suffix}"
    path.write_bytes(find.read_bytes())
    defect, text, _, _ = judged(kind, path)
    assert defect is None
    assert text is not None
    assert "is missing from its metadata" not in text


def written(path, layers, shape, arrays=None):
    """Write a file of a network with a right SHA-256, whatever its layers are."""
    description = {"input_shape": shape, "layers": layers}
    described = {"name": "a", "networks": {"network": description}, "recipe": {}}
    tree = {"described": described, "header": {}, "data": "", "key": "network"}
    for name, array in (arrays or {}).items():
        begin = len(tree["data"]) // 2
        tree["data"] += array.astype("<f4").tobytes().hex()
        ends = [begin, len(tree["data"]) // 2]
        entry = {"dtype": "F32", "shape": [*array.shape], "data_offsets": ends}
        tree["header"][name] = entry
    path.write_bytes(hostile.as_model(tree | {"format": NetworkFile.KIND.format}))


def relu(i):
    return {"kind": "relu", "name": str(i), "parameters": [], "attributes": {}}


def test_layers_are_counted_before_they_are_made(kinds, limited, tmp_path):
    path, kind = tmp_path / "a.safetensors", kinds["network"]
    most = file_gate.LIMITS["layers"].most
    for count in (most, 30_000, most + 1):
        written(path, [relu(i) for i in range(count)], [4])
        defect, text, _, _ = judged(kind, path)
        assert defect is None
        assert (text is None) == (count <= most)
    assert f"has {most + 1} layers in the networks of a model file" in text


def test_taps_of_convolutions_are_counted(kinds, limited, tmp_path):
    path, kind = tmp_path / "a.safetensors", kinds["network"]
    conv = {"kind": "conv2d", "name": "a", "parameters": ["weight", "bias"]}
    for size, right in ((100, True), (1000, False)):
        arrays = {"network.a.weight": np.ones((1, 1, size, size))}
        arrays["network.a.bias"] = np.ones(1)
        written(path, [conv | {"attributes": {}}], [1, size, size], arrays)
        defect, text, _, _ = judged(kind, path)
        assert defect is None
        assert (text is None) == right
    assert "layer 'a' (conv2d): it has" in text


def test_the_largest_arrays_for_an_item_are_computed_without_them():
    # [length, width] of an item; attention has length x length scores for it.
    def attention(length, width):
        square = np.zeros((width, width), np.float32)
        names = "query key value output".split()
        parameters = dict.fromkeys(names, square)
        parameters |= dict.fromkeys(("scale", "shift"), square[0])
        return Network((Layer("self_attention", "a", parameters),), (length, width))

    assert attention(4096, 4).widest == 4096**2
    with pytest.raises(
        file_gate.FileError, match=r"'a' .self_attention.: .* at most 1677"
    ):
        attention(4097, 4)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path, size = tmp_path / "a", os.fstat
    path.write_bytes(bytes(100))

    def earlier(handle):
        found = list(size(handle))
        found[6] -= 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", earlier)
    with pytest.raises(file_gate.FileError, match=f"{path}: grew while it was read"):
        file_gate.read_bytes(path, "table")


@pytest.mark.parametrize(
    "make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)]
)
def test_what_is_no_file_is_refused_without_waiting(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(OSError, match="a"):
        file_gate.read_bytes(tmp_path / "a", "table")


def test_a_sentence_keeps_path_and_remedy_and_cuts_values():
    text = f"got '{'x' * 500}' and {'y' * 90}\n\x1b[2J; mend it"
    cut = f"/a: got '{'x' * 56}... and {'y' * 57}... \\x1b[2J; mend it"
    assert file_gate.sentence(text, "/a:") == cut
    long = file_gate.sentence("one word " * 100 + "mend it", "/a/path:")
    assert len(long) == 300
    assert long.startswith("/a/path: one word")
    assert long.endswith("mend it")


def test_the_limits_are_those_of_the_document():
    text = (CLONE / "docs" / "limits.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| ([\d ]+) \|$", text, re.M))
    found = {of: int(most.replace(" ", "")) for of, most in rows.items()}
    assert found == {limit.of: limit.most for limit in file_gate.LIMITS.values()}
