# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy data: what it says, what it refuses."""

import dataclasses

import pytest
from advphy_model.files import image_files

from .conftest import CLONE
from .idx_bytes import TINY, tree, write_tiny
from .test_commands import advphy
from .test_commands_refuse import refused
from .test_image_download import serving


def test_mnist_is_adopted_then_found(mnist, no_data):
    found = advphy("data", "mnist", "--from", mnist)
    assert found.stdout == f"mnist: now in {no_data / 'mnist'}, SHA-256 verified\n"
    assert found.stderr == ""
    assert tree(no_data / "mnist") == tree(mnist)
    found = advphy("data", "mnist")
    assert found.stdout == f"mnist: already in {no_data / 'mnist'}, SHA-256 verified\n"


def test_a_download_is_quiet_away_from_a_terminal(tmp_path, tiny, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(CLONE / "apps"))
    monkeypatch.setenv("no_proxy", "*")
    from advphy_commands import main

    with serving(write_tiny(tmp_path / "mirror")) as address:
        known = dataclasses.replace(image_files.DATA_SETS["tiny"], mirrors=(address,))
        monkeypatch.setitem(image_files.DATA_SETS, "tiny", known)
        assert main(["data", "tiny"]) == 0
    assert capsys.readouterr() == (f"tiny: now in {tiny}, SHA-256 verified\n", "")
    assert tree(tiny) == TINY


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["cifar", "--from", "wrong"], "'cifar' is not known; there are: mnist, fash"),
        (["mnist", "--from", "nowhere"], "nowhere: there is no such folder"),
        (["mnist", "--from", "empty"], "empty: has no train-images-idx3-ubyte"),
        (["mnist", "--from", "wrong"], "is not the train-images-idx3-ubyte of mnist"),
        (["fashion-mnist", "--from", "wrong"], "of fashion-mnist (SHA-256"),
    ],
)
def test_nonsense_is_refused_in_one_sentence(tmp_path, no_data, words, text):
    (tmp_path / "empty").mkdir()
    write_tiny(tmp_path / "wrong")
    assert text in refused("data", *words, cwd=tmp_path)
    assert not no_data.exists()


def test_a_place_that_cannot_be_is_named(tmp_path, no_data, mnist, monkeypatch):
    no_data.write_text("a file, where the folder should be")
    monkeypatch.setenv("ADVPHY_DATA", str(no_data))
    said = refused("data", "mnist", "--from", mnist)
    assert str(no_data) in said
    assert no_data.read_text().startswith("a file")
