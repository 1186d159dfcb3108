# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sets are adopted whole and verified, or not at all."""

from pathlib import Path

import pytest
from advphy_model.files import image_files, images

from .idx_bytes import TINY, tree, write_tiny


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ADVPHY_DATA": "/d", "XDG_DATA_HOME": "/x"}, "/d/mnist"),
        ({"XDG_DATA_HOME": "/x"}, "/x/gr-advphy/mnist"),
        ({"XDG_DATA_HOME": "x"}, "/h/.local/share/gr-advphy/mnist"),
        ({"ADVPHY_DATA": ""}, "/h/.local/share/gr-advphy/mnist"),
        ({"ADVPHY_DATA": "~/d"}, "/h/d/mnist"),
    ],
)
def test_the_place_follows_the_environment(monkeypatch, variables, expected):
    for name in ("ADVPHY_DATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/h")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert image_files.place("mnist") == Path(expected)


@pytest.mark.parametrize("spelling", ["{file}", "{file}.gz", "{dotted}", "{dotted}.gz"])
def test_a_data_set_is_adopted_in_every_spelling(tmp_path, tiny, spelling):
    assert not image_files.is_adopted("tiny")
    folder = write_tiny(tmp_path / "from", spelling)
    assert image_files.adopt("tiny", folder) == tiny
    assert tree(tiny) == TINY
    assert image_files.is_adopted("tiny")


@pytest.mark.parametrize("file", TINY)
def test_a_wrong_file_is_named_and_nothing_is_copied(tmp_path, tiny, file):
    wrong = {**TINY, file: TINY[file][:-1] + b"\x01"}
    folder = write_tiny(tmp_path / "from", contents=wrong)
    with pytest.raises(
        ValueError, match=f"{folder}/{file}.gz: is not the {file} of tiny"
    ):
        image_files.adopt("tiny", folder)
    assert not tiny.parent.exists()


def test_missing_files_are_named_and_nothing_is_copied(tmp_path, tiny):
    folder = write_tiny(tmp_path / "from")
    for file in list(TINY)[2:]:
        (folder / f"{file}.gz").unlink()
    with pytest.raises(ValueError, match=r"has no t10k-images.*, t10k-labels"):
        image_files.adopt("tiny", folder)
    with pytest.raises(ValueError, match="there is no such folder"):
        image_files.adopt("tiny", tmp_path / "nowhere")
    with pytest.raises(ValueError, match="'huge' is not known; choose from mnist"):
        image_files.adopt("huge", folder)
    assert not tiny.parent.exists()


def test_damaged_and_swollen_files_are_refused(tmp_path, tiny):
    folder = write_tiny(tmp_path / "from")
    path = folder / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=f"{path}: the gzip file is damaged"):
        image_files.adopt("tiny", folder)
    with pytest.raises(ValueError, match="has more than 10 bytes"):
        image_files.read(path.with_name("train-images-idx3-ubyte.gz"), largest=10)
    assert not tiny.parent.exists()


def test_an_adopted_file_that_changed_is_refused_then_mended(tmp_path, tiny):
    folder = write_tiny(tmp_path / "from")
    image_files.adopt("tiny", folder)
    (tiny / "t10k-images-idx3-ubyte").write_bytes(TINY["train-images-idx3-ubyte"])
    assert not image_files.is_adopted("tiny")
    with pytest.raises(
        ValueError, match=r"is not the t10k-images.*run: advphy data tiny"
    ):
        image_files.adopted("tiny", "t10k-images-idx3-ubyte")
    image_files.adopt("tiny", folder)
    assert tree(tiny) == TINY


def test_fashion_mnist_is_known_by_its_hashes(no_data):
    package, folder = image_files.DATA_SETS["fashion-mnist"].package
    if not Path(folder).is_dir():
        pytest.skip(f"Fashion-MNIST is not installed: apt install {package}")
    image_files.adopt("fashion-mnist", folder)
    # A thousand images of each of ten kinds, as published; the first is an ankle boot.
    test = images.load("fashion_mnist_test")
    assert (len(test), test.labels[0]) == (10_000, 9)
