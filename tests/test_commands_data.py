# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy data: what it says, what it refuses."""

import dataclasses

import pytest
from advphy_model.files import image_files

from .commands import advphy, done, refused
from .idx_bytes import TINY, tree, write_tiny
from .test_image_download import serving


def test_mnist_is_adopted_then_found(mnist, no_data):
    found, place = advphy("data mnist --from", mnist), no_data / "mnist"
    assert found.stdout == f"mnist: now in {place}, SHA-256 verified\n"
    assert found.stderr == ""
    assert tree(place) == tree(mnist)
    assert done("data mnist") == f"mnist: already in {place}, SHA-256 verified\n"


def test_a_download_is_quiet_away_from_a_terminal(tmp_path, tiny, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving(write_tiny(tmp_path / "mirror")) as address:
        known = dataclasses.replace(image_files.DATA_SETS["tiny"], mirrors=(address,))
        monkeypatch.setitem(image_files.DATA_SETS, "tiny", known)
        found = advphy("data tiny")
    assert found.stdout == f"tiny: now in {tiny}, SHA-256 verified\n"
    assert (found.returncode, found.stderr) == (0, "")
    assert tree(tiny) == TINY


def test_an_installed_package_is_used_without_a_network(tmp_path, tiny, monkeypatch):
    package = ("dataset-tiny", str(write_tiny(tmp_path / "package")))
    known = dataclasses.replace(image_files.DATA_SETS["tiny"], package=package)
    monkeypatch.setitem(image_files.DATA_SETS, "tiny", known)
    assert done("data tiny") == f"tiny: now in {tiny}, SHA-256 verified\n"
    assert tree(tiny) == TINY


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("cifar --from wrong", "'cifar' is not known; choose from mnist, fash"),
        ("mnist --from nowhere", "nowhere: there is no such folder"),
        ("mnist --from empty", "empty: has no train-images-idx3-ubyte"),
        ("mnist --from wrong", "is not the train-images-idx3-ubyte of mnist"),
        ("fashion-mnist --from wrong", "of fashion-mnist (SHA-256"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(here, no_data, words, text):
    (here / "empty").mkdir()
    write_tiny(here / "wrong")
    assert text in refused("data", words)
    assert not no_data.exists()


def test_a_place_that_cannot_be_is_named(here, no_data, mnist, monkeypatch):
    no_data.write_text("a file, where the folder should be")
    monkeypatch.setenv("ADVPHY_DATA", str(no_data))
    said = refused("data mnist --from", mnist)
    assert str(no_data) in said
    assert no_data.read_text().startswith("a file")
