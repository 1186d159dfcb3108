# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files: round trips, the safetensors library, damage of every kind."""

import errno
import json
import os
import pickle
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links, model_file
from advphy_model.link.link_model import LinkModel
from advphy_model.link.model_file import ModelFileError
from advphy_model.network.network import Layer, Network


def small_link(**changes):
    """Return a link of fixed random weights, k = 2 on n = 3."""
    rng = np.random.default_rng(5)
    codebook = rng.normal(size=(4, 3)) + 1j * rng.normal(size=(4, 3))
    codebook *= np.sqrt(3 / np.mean(np.sum(np.abs(codebook) ** 2, axis=1)))
    decoder = Network(
        (
            Layer(
                "dense",
                "hidden",
                {"weight": rng.normal(size=(5, 6)), "bias": rng.normal(size=5)},
            ),
            Layer("elu", "elu", {}, {"alpha": 0.5}),
            Layer(
                "dense",
                "output",
                {"weight": rng.normal(size=(4, 5)), "bias": rng.normal(size=4)},
            ),
        ),
        (6,),
    )
    arguments = {
        "name": "small",
        "k": 2,
        "n": 3,
        "codebook": codebook,
        "decision": "network",
        "networks": {"decoder": decoder},
        "recipe": {"seed": 1},
    }
    return LinkModel(**{**arguments, **changes})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "small.safetensors"
    model_file.write(small_link(), path)
    return path


def same(one, other):
    return one.sha256 == other.sha256 and np.array_equal(one.codebook, other.codebook)


def test_what_is_read_is_what_was_written(path):
    ours = small_link()
    read = model_file.read(path)
    assert same(read, ours)
    assert (read.name, read.k, read.n, read.recipe) == ("small", 2, 3, {"seed": 1})
    for a, b in zip(
        read.networks["decoder"].layers, ours.networks["decoder"].layers, strict=True
    ):
        assert (a.kind, a.name, a.attributes) == (b.kind, b.name, b.attributes)
        for key, value in b.parameters.items():
            assert np.array_equal(a.parameters[key], value.astype(np.float32))


def test_the_safetensors_library_reads_our_files(path):
    model = model_file.read(path)
    arrays = safetensors.numpy.load_file(path)
    assert np.array_equal(arrays["codebook"], to_reals(model.codebook))
    weight = model.networks["decoder"].layers[0].parameters["weight"]
    assert np.array_equal(arrays["decoder.hidden.weight"], weight)


def test_we_read_files_of_the_safetensors_library(path, tmp_path):
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    other = tmp_path / "other.safetensors"
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), other, metadata)
    assert other.read_bytes() != path.read_bytes()  # another order of the arrays
    assert same(model_file.read(other), model_file.read(path))


def test_a_thousand_mutated_files_are_refused_or_identical(path, tmp_path, rng):
    original, good = path.read_bytes(), model_file.read(path)
    mutated = tmp_path / "mutated.safetensors"
    identical = refused = 0
    for i in range(1000):
        content = bytearray(original)
        kind = i % 5
        at = int(rng.integers(len(content)))
        if kind == 0:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            content[at] = int(rng.integers(256))
        elif kind == 2:
            del content[at : at + int(rng.integers(1, 9))]
        elif kind == 3:
            content[at:at] = bytes(
                rng.integers(0, 256, int(rng.integers(1, 9))).tolist()
            )
        else:  # in the header, where structure can change
            at = int(rng.integers(8, len(content) - 300))
            content[at] = ord(rng.choice(list('0123456789"{}[]:, ')))
        mutated.write_bytes(content)
        try:
            read = model_file.read(mutated)
        except ModelFileError:
            refused += 1
        else:
            assert same(read, good)
            identical += 1
    assert refused > 900
    assert refused + identical == 1000


def rewrite(path, change, fix_hash=False):
    """Change the header of a file, with a hash made right again if asked for."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    change(header)
    if fix_hash:
        arrays = safetensors.numpy.load(content)
        metadata = header["__metadata__"]
        from advphy_model.link.link_model import content_hash

        metadata["sha256"] = content_hash(json.loads(metadata["link"]), arrays)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


def edit_link(key, value):
    def change(header):
        link = json.loads(header["__metadata__"]["link"])
        link[key] = value
        header["__metadata__"]["link"] = json.dumps(link)

    return change


def test_a_changed_description_is_noticed(path):
    rewrite(path, edit_link("name", "another"))
    with pytest.raises(ModelFileError, match="SHA-256"):
        model_file.read(path)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("k", 9, "k = 9"),
        ("n", 4, "codebook has shape"),
        ("power", "peak", "power is"),
        ("decision", "guess", "'guess'"),
        ("networks", {}, "no layer uses"),
        ("networks", 5, "not a valid link model"),
        ("k", "2", "k = 2"),
    ],
)
def test_a_description_that_cannot_be_is_refused_even_with_a_right_hash(
    path, key, value, text
):
    rewrite(path, edit_link(key, value), fix_hash=True)
    with pytest.raises(ModelFileError, match=text):
        model_file.read(path)


def test_nan_weights_are_refused(path, tmp_path):
    arrays = safetensors.numpy.load_file(path)
    arrays["decoder.hidden.weight"] = arrays["decoder.hidden.weight"].copy()
    arrays["decoder.hidden.weight"][1, 2] = np.nan
    with safetensors.safe_open(path, "numpy") as file:
        safetensors.numpy.save_file(arrays, path, file.metadata())
    with pytest.raises(ModelFileError, match=r"decoder\.hidden\.weight.*not finite"):
        model_file.read(path)


def test_pickles_are_named(tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps({"weight": [1.0]}))
    with pytest.raises(ModelFileError, match=r"pickle.*import_torch"):
        model_file.read(path)
    path.write_bytes(b"PK\x03\x04 the zip of torch.save")
    with pytest.raises(ModelFileError, match="pickle"):
        model_file.read(path)


@pytest.mark.parametrize("keep", [0, 5, 8, 100, -1])
def test_truncated_files_are_refused(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelFileError, match=r"truncated|behind|not"):
        model_file.read(path)


def test_other_safetensors_files_are_named(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"a": np.ones(3, np.float32)}, path)
    with pytest.raises(ModelFileError, match=r"not a link model"):
        model_file.read(path)


def test_a_deep_header_does_not_crash(tmp_path):
    text = b"[" * 200_000
    path = tmp_path / "deep.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ModelFileError):
        model_file.read(path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"k": 9}, "k = 9"),
        ({"k": 0}, "k = 0"),
        ({"n": 4}, "codebook has shape"),
        ({"networks": {}}, "needs a network"),
        ({"decision": "magic"}, "'magic'"),
        ({"codebook": np.full((4, 3), 2.0)}, "mean energy"),
        ({"codebook": np.full((4, 3), np.nan)}, "not finite"),
        ({"networks": {"eve": Network((), (6,))}}, "role 'eve'"),
        ({"networks": {"decoder": Network((), (6,))}}, "the decoder maps"),
    ],
)
def test_links_that_cannot_be_are_refused(changes, text):
    with pytest.raises(ValueError, match=text):
        small_link(**changes)


def test_a_link_that_is_not_there_is_refused_with_the_names():
    with pytest.raises(ValueError, match=r"'nonsense'.*hamming74_hard"):
        links.load("nonsense")


def test_nothing_is_half_written_on_a_full_disk(path, monkeypatch):
    before = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        model_file.write(small_link(name="another"), path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_unwritable_place_is_named():
    with pytest.raises(OSError, match="/nowhere/m"):
        model_file.write(small_link(), "/nowhere/m.safetensors")
