# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of semantic links and Eves: round trips, the safetensors library, damage."""

import json
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from advphy_model.link import links, model_file, semantic_links
from advphy_model.link.safetensors_file import DataFileError, content_hash

from . import small_semantic as small

MODELS = {
    "base": (small.semantic_link, {}),
    "pair": (small.semantic_link, {"pair": ("alice", "bob")}),
    "keyed": (small.semantic_link, {"keying": "rotation", "pair": ("bob",)}),
    "eve": (small.eve, {}),
    "eve_decoder": (small.eve, {"decoder": True}),
}


def model(name):
    make, arguments = MODELS[name]
    return make(**arguments)


def load(name, path):
    read = semantic_links.load_eve if name.startswith("eve") else semantic_links.load
    return read(path)


@pytest.fixture(params=MODELS)
def written(request, tmp_path):
    """Return (name of a model, its file)."""
    path = tmp_path / "small.safetensors"
    semantic_links.write(model(request.param), path)
    return request.param, path


def test_what_is_read_is_what_was_written(written):
    name, path = written
    ours, read = model(name), load(name, path)
    assert type(read) is type(ours)
    assert read.sha256 == ours.sha256
    assert (read.name, read.recipe) == (ours.name, ours.recipe)
    assert set(read.networks) == set(ours.networks)
    for role, network in ours.networks.items():
        for a, b in zip(read.networks[role].layers, network.layers, strict=True):
            assert (a.kind, a.name, a.attributes) == (b.kind, b.name, b.attributes)
            for key, value in b.parameters.items():
                assert np.array_equal(a.parameters[key], value)
    if name.startswith("eve"):
        assert read.listened_to == ours.listened_to
    else:
        assert (read.image_shape, read.keying) == (ours.image_shape, ours.keying)
        assert read.pairing == ours.pairing
        assert read.base_sha256 == small.semantic_link().base_sha256


def test_the_safetensors_library_reads_our_files_and_we_its(written, tmp_path):
    name, path = written
    arrays = safetensors.numpy.load_file(path)
    for role, network in model(name).networks.items():
        weight = network.layers[0].parameters["weight"]
        assert np.array_equal(arrays[f"{role}.dense0.weight"], weight)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    other = tmp_path / "other.safetensors"
    safetensors.numpy.save_file(arrays, other, metadata)
    assert load(name, other).sha256 == model(name).sha256


def test_a_changed_byte_is_refused_or_changes_nothing(written, tmp_path, rng):
    name, path = written
    good, content = model(name).sha256, path.read_bytes()
    mutated, refused = tmp_path / "mutated.safetensors", 0
    for _ in range(150):
        changed = bytearray(content)
        at = int(rng.integers(len(content)))
        changed[at] ^= int(rng.integers(1, 256))
        mutated.write_bytes(changed)
        try:
            read = load(name, mutated)
        except DataFileError:
            refused += 1
        else:
            assert read.sha256 == good
    assert refused > 130


@pytest.mark.parametrize("keep", [0, 7, 9, 500, -1])
def test_a_truncated_file_is_refused(written, keep):
    name, path = written
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataFileError):
        load(name, path)


def rewrite(path, change):
    """Change the description in a file of a link, with a right hash."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header["__metadata__"]
    described = json.loads(metadata["semantic_link"])
    change(described)
    metadata["semantic_link"] = json.dumps(described)
    metadata["sha256"] = content_hash(described, safetensors.numpy.load(content))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


def forget(role):
    return lambda described: described["networks"].pop(role)


def put(key, value):
    return lambda described: described.update({key: value})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (forget("semantic_decoder"), "no layer uses.*semantic_decoder"),
        (forget("bob"), "no layer uses: bob"),
        (put("power", "E||x||^2 = 1"), "power is"),
        (put("layout", "interleaved"), "layout is"),
        (put("keying", "rotation"), "keyed link has no learned alice"),
        (put("keying", ["rotation"]), "keying"),
        (put("image_shape", [7, 7]), "wanted"),
        (put("image_shape", 56), "not a valid semantic link"),
        (put("networks", 5), "not a valid semantic link"),
        (lambda described: described.pop("recipe"), "'recipe' is missing"),
    ],
)
def test_a_description_that_cannot_be_is_refused_with_a_right_hash(
    tmp_path, change, text
):
    path = tmp_path / "small.safetensors"
    semantic_links.write(model("pair"), path)
    rewrite(path, change)
    with pytest.raises(DataFileError, match=text):
        semantic_links.load(path)


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    paths = {}
    for name in ("base", "eve"):
        paths[name] = tmp_path / f"{name}.safetensors"
        semantic_links.write(model(name), paths[name])
    paths["link"] = tmp_path / "link.safetensors"
    model_file.write(links.load("bpsk"), paths["link"])
    for read, wrong in (
        (semantic_links.load, ("eve", "link")),
        (semantic_links.load_eve, ("base", "link")),
        (model_file.read, ("base", "eve")),
    ):
        for name in wrong:
            with pytest.raises(ValueError, match=f"{name}.safetensors: .*wanted"):
                read(paths[name])


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"semantic link 'nonsense'.*semantic_mnist"):
        semantic_links.load("nonsense")
    with pytest.raises(ValueError, match=r"Eve 'semantic_mnist' is neither.*eve_mnist"):
        semantic_links.load_eve("semantic_mnist")
    for given in ("", "/nowhere", "."):
        with pytest.raises(ValueError, match="neither a file"):
            semantic_links.load(given)


def test_a_model_is_taken_as_it_is():
    link, listener = model("pair"), model("eve")
    assert semantic_links.load(link) is link
    assert semantic_links.load_eve(listener) is listener


def test_an_unwritable_place_is_named():
    with pytest.raises(OSError, match="/nowhere/m"):
        semantic_links.write(model("eve"), "/nowhere/m.safetensors")
