# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of every kind of model: round trips, the safetensors library, damage, names."""

import dataclasses
import errno
import json
import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from advphy_model.air.perturbation import Perturbation
from advphy_model.complex_baseband import to_reals
from advphy_model.link import any_link
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.model_file import ModelFileError, content_hash
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network.network import Layer, Network

from . import small_semantic as small
from .conftest import CLONE


def small_link(**changes):
    """Return a link of fixed random weights, k = 2 on n = 3."""
    rng = np.random.default_rng(5)
    codebook = rng.normal(size=(4, 3)) + 1j * rng.normal(size=(4, 3))
    codebook *= np.sqrt(3 / np.mean(np.sum(np.abs(codebook) ** 2, axis=1)))
    first, last = small.dense(rng, "hidden", 5, 6), small.dense(rng, "output", 4, 5)
    decoder = Network((first, Layer("elu", "elu", {}, {"alpha": 0.5}), last), (6,))
    link = LinkModel("small", 2, 3, codebook, "network", {"decoder": decoder})
    return dataclasses.replace(link, **{"recipe": {"seed": 1}} | changes)


def perturbation(**changes):
    rows = np.random.default_rng(6).normal(size=(1, 14)).view(complex)
    made = Perturbation("mine", "universal", 4, 7, rows, 8.0, {"some": "ab" * 32})
    return dataclasses.replace(made, **{"recipe": {"seed": 3}} | changes)


MODELS = {
    "link": small_link(),
    "base": small.semantic_link(),
    "pair": small.semantic_link(pair=("alice", "bob")),
    "keyed": small.semantic_link(keying="rotation", pair=("bob",)),
    "eve": small.eve(),
    "eve_decoder": small.eve(decoder=True),
    "perturbation": perturbation(),
}
KINDS = (LinkModel, SemanticLink, Eve, Perturbation)


@pytest.fixture(params=MODELS)
def written(request, tmp_path):
    """Return (a model, its file)."""
    path = tmp_path / "small.safetensors"
    MODELS[request.param].write(path)
    return MODELS[request.param], path


@pytest.fixture
def path(tmp_path):
    """Return the file of a small link model."""
    small_link().write(tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


def test_what_is_read_is_what_was_written(written):
    ours, path = written
    read = type(ours).read(path)
    assert read.sha256 == ours.sha256
    for field in dataclasses.fields(ours):
        one, other = getattr(read, field.name), getattr(ours, field.name)
        if field.name != "networks":
            assert np.array_equal(one, other), field.name
            continue
        assert set(one) == set(other)
        for role, network in other.items():
            for a, b in zip(one[role].layers, network.layers, strict=True):
                assert (a.kind, a.name, a.attributes) == (b.kind, b.name, b.attributes)
                for key, value in b.parameters.items():
                    assert np.array_equal(a.parameters[key], value)


def test_the_safetensors_library_reads_our_files_and_we_its(written, tmp_path):
    ours, path = written
    arrays = safetensors.numpy.load_file(path)
    for role, network in getattr(ours, "networks", {}).items():
        first = network.layers[0]
        stored = arrays[f"{role}.{first.name}.weight"]
        assert np.array_equal(stored, first.parameters["weight"])
    for name in {"codebook", "rows"} & arrays.keys():
        assert np.array_equal(arrays[name], to_reals(getattr(ours, name)))
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    other = tmp_path / "other.safetensors"
    safetensors.numpy.save_file(arrays, other, metadata)
    assert type(ours).read(other).sha256 == ours.sha256


def test_a_mutated_file_is_refused_or_changes_nothing(written, tmp_path, rng):
    ours, path = written
    original, mutated, refused = path.read_bytes(), tmp_path / "mutated", 0
    for i in range(200):
        content = bytearray(original)
        at = int(rng.integers(len(content)))
        some = rng.integers(0, 256, int(rng.integers(1, 9))).tolist()
        if i % 4 == 0:
            content[at] ^= 1 << int(rng.integers(8))
        elif i % 4 == 1:
            del content[at : at + len(some)]
        elif i % 4 == 2:
            content[at:at] = bytes(some)
        else:  # in the header, where structure can change
            (length,) = struct.unpack("<Q", original[:8])
            at = int(rng.integers(8, 8 + length))
            content[at] = ord(rng.choice(list('0123456789"{}[]:, ')))
        mutated.write_bytes(content)
        try:
            read = type(ours).read(mutated)
        except ModelFileError as error:
            refused += str(error).startswith(f"{mutated}: ")
        else:
            assert read.sha256 == ours.sha256
    assert refused > 180


@pytest.mark.parametrize("keep", [0, 5, 8, 100, -1])
def test_a_truncated_file_is_refused(written, keep):
    ours, path = written
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelFileError, match=r"truncated|not"):
        type(ours).read(path)


def rewrite(path, key, change):
    """Change the description in a file, with a hash made right again."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header["__metadata__"]
    described = json.loads(metadata[key])
    change(described)
    metadata[key] = json.dumps(described)
    metadata["sha256"] = content_hash(described, safetensors.numpy.load(content))
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])


def forget(role):
    return lambda described: described["networks"].pop(role)


def put(key, value):
    return lambda described: described.update({key: value})


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("link", put("k", 9), "k must be.*got 9"),
        ("link", put("k", "2"), "k must be.*got 2"),
        ("link", put("n", 4), "codebook has shape"),
        ("link", put("power", "peak"), "power is"),
        ("link", put("decision", "guess"), "'guess'"),
        ("link", put("networks", {}), "no layer uses"),
        ("link", put("networks", 5), "not a valid link"),
        ("pair", forget("semantic_decoder"), "no layer uses.*semantic_decoder"),
        ("pair", forget("bob"), "no layer uses: bob"),
        ("pair", put("power", "E||x||^2 = 1"), "power is"),
        ("pair", put("layout", "interleaved"), "layout is"),
        ("pair", put("keying", "rotation"), "keyed link has no learned alice"),
        ("pair", put("keying", ["rotation"]), "keying"),
        ("pair", put("image_shape", [7, 7]), "must map"),
        ("pair", put("image_shape", 56), "not a valid semantic link"),
        ("pair", lambda described: described.pop("recipe"), "'recipe' is missing"),
        ("eve", put("layout", "interleaved"), "layout is"),
        ("perturbation", put("kind", "loud"), "'loud' is not known"),
        ("link", put("name", "a\nSHA-256 right"), "has a line break"),
        ("link", put("name", 4000 * "a"), "4000 characters in the name.*at most 512"),
        ("eve", put("listened_to", {"a\nb": "ab"}), "has a line break"),
    ],
)
def test_a_description_that_cannot_be_is_refused_even_with_a_right_hash(
    tmp_path, name, change, text
):
    ours, path = MODELS[name], tmp_path / "changed.safetensors"
    ours.write(path)
    rewrite(path, ours.KIND.key, change)
    with pytest.raises(ModelFileError, match=f"{path}: .*{text}"):
        type(ours).read(path)


def test_what_would_not_be_read_is_not_written(tmp_path):
    for name in ("a\nb", 513 * "a"):
        with pytest.raises(ValueError, match=r"line break|at most 512"):
            small_link(name=name).write(tmp_path / "a")
    assert not list(tmp_path.iterdir())
    link = small_link(name=512 * "a", recipe={"settings": "two\nlines"})
    link.write(tmp_path / "a")
    assert LinkModel.read(tmp_path / "a").recipe == link.recipe
    with pytest.raises(ValueError, match="settings must be by name, got two lines"):
        link.settings  # noqa: B018 - it raises


def test_nan_weights_are_refused(path):
    arrays = safetensors.numpy.load_file(path)
    arrays["decoder.hidden.weight"] = arrays["decoder.hidden.weight"].copy()
    arrays["decoder.hidden.weight"][1, 2] = np.nan
    with safetensors.safe_open(path, "numpy") as file:
        safetensors.numpy.save_file(arrays, path, file.metadata())
    with pytest.raises(ModelFileError, match=r"decoder\.hidden\.weight.*not finite"):
        LinkModel.read(path)


def test_pickles_are_named(tmp_path):
    path = tmp_path / "model.pt"
    for content in (pickle.dumps({"weight": [1.0]}), b"PK\x03\x04 of torch.save"):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=r"pickle.*import_torch"):
            LinkModel.read(path)


def test_a_header_whose_length_reads_like_a_pickle_is_read(tmp_path):
    path = tmp_path / "p.safetensors"
    for letters in range(1024):
        ours = perturbation(recipe={"said": "x" * letters})
        ours.write(path)
        if path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04"):
            break
    assert path.read_bytes()[:1] == b"\x80"
    assert Perturbation.read(path).sha256 == ours.sha256


def test_other_safetensors_files_are_named(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"a": np.ones(3, np.float32)}, path)
    with pytest.raises(ModelFileError, match=r"not a link.*import_torch"):
        LinkModel.read(path)


def test_a_deep_header_does_not_crash(tmp_path):
    text = b"[" * 200_000
    path = tmp_path / "deep.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ModelFileError):
        LinkModel.read(path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"k": 9}, "k must be.*got 9"),
        ({"k": 0}, "k must be.*got 0"),
        ({"n": 4}, "codebook has shape"),
        ({"n": 0, "codebook": np.ones((4, 0))}, "n must be 1..4096.*got 0"),
        ({"n": 4097, "codebook": np.ones((4, 4097))}, "n must be 1..4096.*got 4097"),
        ({"networks": {}}, "needs a network"),
        ({"decision": "magic"}, "'magic'"),
        ({"codebook": np.full((4, 3), 2.0)}, "mean energy"),
        ({"codebook": np.full((4, 3), np.nan)}, "must be finite"),
        ({"networks": {"eve": Network((), (6,))}}, "role 'eve'"),
        ({"networks": {"decoder": Network((), (6,))}}, "the decoder maps"),
    ],
)
def test_links_that_cannot_be_are_refused(changes, text):
    with pytest.raises(ValueError, match=f"link 'small': .*{text}"):
        small_link(**changes)


def test_a_link_has_up_to_4096_channel_uses():
    codebook = np.ones((4, 4096)) * [[1], [1j], [-1], [-1j]]
    longest = LinkModel("longest", 2, 4096, codebook, "nearest_codeword", {})
    assert longest.codebook.shape == (4, 4096)


def test_a_file_of_another_kind_is_refused_by_both_formats(written):
    ours, path = written
    for kind in KINDS:
        if not isinstance(ours, kind):
            text = f"{path}: one of another kind .{ours.KIND.what}., not: "
            with pytest.raises(ModelFileError, match=text + kind.KIND.what):
                kind.load(path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_models_of_version_0_5_are_there_with_their_hashes(kind):
    said = json.loads((CLONE / "tests" / "golden" / "shipped_models.json").read_text())
    wanted = said[kind.KIND.key]
    assert len(wanted) >= 4
    assert {name: kind.load(name).sha256 for name in wanted} == wanted
    for name in said["pairing"] if kind is SemanticLink else ():
        assert kind.load(name).pairing == said["pairing"][name]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_loaded_by_name_by_file_or_as_itself(kind, tmp_path):
    name = kind.names()[0]
    shipped, path = kind.load(name), tmp_path / "copy.safetensors"
    shipped.write(path)
    assert kind.load(str(path)).sha256 == kind.load(path).sha256 == shipped.sha256
    assert kind.load(shipped) is shipped
    for nothing in ("nonsense", "", "/nowhere", "."):
        text = f"{kind.KIND.what} '{nothing}' is neither a file.*lists.*makes one"
        with pytest.raises(ValueError, match=text):
            kind.load(nothing)
    typed = f"{name[:-1]}x"  # nearest first, and no list of all
    with pytest.raises(ValueError, match=f"did you mean .*'{name}'") as refused:
        kind.load(typed)
    assert str(refused.value).count("'") <= 2 * 4


OF_ANOTHER_KIND = """if True:
    import sys
    from advphy_model.link.link_model import LinkModel
    assert "advphy_model.link.semantic_link" not in sys.modules
    for given in sys.argv[1:]:
        try:
            LinkModel.load(given)
        except ValueError as error:
            print(error)
    assert "advphy_model.air" not in sys.modules
"""


def test_a_model_of_another_kind_is_named_without_importing_it(tmp_path):
    path = tmp_path / "eve.safetensors"
    Eve.load("eve_mnist").write(path)
    given = ["paired_arn_white", "eve_mnist", "universal_pgd_gan_mlp", str(path)]
    command = [sys.executable, "-c", OF_ANOTHER_KIND, *given]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wanted = ["semantic link", "Eve", "perturbation", "Eve"]
    for line, kind in zip(said.splitlines(), wanted, strict=True):
        assert f"one of another kind ({kind}), not: link; `advphy info` lists" in line


def test_a_baseline_and_another_decision_are_loaded_by_name(path):
    assert {"bpsk", "hamming74_hard", "two_simplices"} <= set(LinkModel.names())
    assert LinkModel.load("two_simplices").n == 7
    for given in ("autoencoder_mlp", path):
        link, other = LinkModel.load(given), LinkModel.load(f"{given}:nearest_codeword")
        assert (link.decision, other.decision) == ("network", "nearest_codeword")
        assert np.array_equal(link.codebook, other.codebook)


def test_the_modem_carries_models_of_two_kinds(tmp_path):
    assert any_link.load("two_simplices:nearest_codeword").n == 7
    for name in ("autoencoder_mlp", "semantic_mnist"):
        model, path = any_link.load(name), tmp_path / f"{name}.safetensors"
        model.write(path)
        assert any_link.load(path).sha256 == model.sha256
        assert any_link.load(model) is model
    with pytest.raises(ValueError, match="link or semantic link 'nothing' is nei"):
        any_link.load("nothing")
    (tmp_path / "text").write_text("no model")
    MODELS["eve"].write(tmp_path / "eve")
    for name, text in (("text", "not a valid link"), ("eve", "kind .Eve., not: link")):
        with pytest.raises(ModelFileError, match=f"{tmp_path / name}: .*{text}"):
            any_link.load(tmp_path / name)


def test_nothing_is_half_written_on_a_full_disk(path, monkeypatch):
    before = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        small_link(name="another").write(path)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_unwritable_place_is_named():
    with pytest.raises(OSError, match="/nowhere/m"):
        small_link().write("/nowhere/m.safetensors")
