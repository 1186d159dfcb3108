# SPDX-License-Identifier: GPL-3.0-or-later
"""Data sets are adopted whole and verified, or not at all."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from advphy_model.file_gate import LIMITS
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
    assert not tiny.parent.exists()


def test_an_unpacked_file_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(LIMITS, "unpacked", LIMITS["unpacked"]._replace(most=10))
    path = write_tiny(tmp_path) / "train-images-idx3-ubyte.gz"
    with pytest.raises(ValueError, match=f"{path}: it has 28 bytes in an unpacked"):
        image_files.read(path)


def test_an_own_file_that_is_damaged_is_refused_by_its_checksum(no_data):
    name, file = "own", image_files.PARTS["test"][0]
    for part in image_files.PARTS["test"]:
        image_files.write(
            name, part, np.zeros((2, 3, 4)[: 3 if "3" in part else 1], "u1")
        )
    assert len(images.load("own_test")) == 2
    folder = image_files.place(name)
    subprocess.run(["sha256sum", "-c", image_files.SUMS], cwd=folder, check=True)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[:-1] + b"\1")
    sums = folder / image_files.SUMS
    for _ in range(2):
        with pytest.raises(ValueError, match=f"{file}: is damaged: SHA256SUMS has"):
            images.load("own_test")
        sums.write_text(sums.read_text().replace("  ", "  ./"))  # of `sha256sum ./*`
    (folder / file).write_bytes(content)
    (folder / image_files.SUMS).write_text("no checksums\n")
    with pytest.raises(ValueError, match=r"SHA256SUMS: must have lines as .sha256sum"):
        images.load("own_test")
    (folder / image_files.SUMS).unlink()  # a set of version 0.5
    assert len(images.load("own_test")) == 2


@pytest.mark.parametrize("name", images.SAMPLES)
def test_the_files_of_shipped_images_have_checksums(clone, name):
    folder = clone / "python" / "advphy_model" / name
    text = (folder / image_files.SUMS).read_text()
    assert {line.split()[1] for line in text.splitlines()} == {
        path.name for path in folder.glob("*.gz")
    }
    subprocess.run(["sha256sum", "-c", image_files.SUMS], cwd=folder, check=True)


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
