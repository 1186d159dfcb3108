# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of pictures as data sets: gray or in color, in tiles, with labels."""

import numpy as np
import pytest
from advphy_model.files import images
from advphy_model.link.semantic_link import SemanticLink
from PIL import Image

from .commands import done, refused


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Keep the data sets of a test to itself."""
    monkeypatch.setenv("ADVPHY_DATA", str(tmp_path / "data"))


def write(path, pixels, **ways):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **ways)


def squares(folder, count, value=lambda i: 10 * i, size=8):
    for i in range(count):
        write(folder / f"{i:03d}.png", np.full((size, size, 3), value(i), np.uint8))


def loaded(name):
    """Return all images of a data set."""
    return [images.load(f"{name}_{part}") for part in ("train", "validation", "test")]


def test_more_folders_than_there_are_labels_are_refused(here):
    for i in range(257):
        squares(here / "mine" / f"{i:03d}", 1)
    assert "more than 256 sub-folders" in refused("data images --from mine --size 8")


def test_colors_and_labels_come_from_the_folders(here):
    squares(here / "mine" / "dark", 10, lambda i: (i, 0, 200))
    squares(here / "mine" / "light", 11, lambda i: (255, i, 100))
    (here / "mine" / "notes.txt").write_text("left out")
    said = done("data images --from mine --size 8 --color")
    assert "labels: 0 = dark, 1 = light" in said
    assert "left out: 1 files" in said
    parts = loaded("mine")
    assert [len(part) for part in parts] == [15, 3, 3]
    assert {part.shape for part in parts} == {(8, 8, 3)}
    seen = []
    for part in parts:
        for picture, label in zip(part.pixels, part.labeled(), strict=True):
            assert (picture == picture[0, 0]).all()
            seen.append((label, *picture[0, 0]))
    assert sorted(seen) == sorted(
        [(0, i, 0, 200) for i in range(10)] + [(1, 255, i, 100) for i in range(11)]
    )


def test_tiles_are_the_squares_of_a_picture(here, rng):
    whole = rng.integers(0, 256, (17, 33), dtype=np.uint8)
    write(here / "mine" / "one.png", whole)
    assert "labels: none" in done("data images --from mine --name cut --size 8 --tiles")
    found = np.concatenate([part.pixels for part in loaded("cut")])
    expected = {
        whole[r : r + 8, c : c + 8].tobytes() for r in (0, 8) for c in (0, 8, 16, 24)
    }
    assert {picture.tobytes() for picture in found} == expected
    assert loaded("cut")[0].labels is None


def test_a_picture_is_scaled_turned_and_laid_on_white(here):
    half = np.zeros((40, 20, 4), np.uint8)  # above: transparent, below: black
    half[20:, :, 3] = 255
    for i in range(7):
        exif = Image.Exif()
        exif[0x0112] = 3  # turned by half a turn
        write(here / "mine" / f"{i}.PNG", half, exif=exif)
    done("data images --from mine --size 10")
    (picture, *_) = loaded("mine")[0].pixels
    assert (picture[:4] < 20).all()
    assert (picture[6:] > 235).all()


def test_a_link_for_color_is_trained_and_measured(here):
    squares(here / "mine" / "a", 14)
    squares(here / "mine" / "b", 14, lambda i: (0, 10 * i, 255))
    done("data images --from mine --size 8 --color")
    small = "--set batch=4 --set steps=3 --set features=8 --set reals=5"
    done(f"train semantic --set images=mine_train {small} --out link.safetensors")
    link = SemanticLink.load("link.safetensors")
    assert (link.image_shape, link.pixels) == ((8, 8, 3), 192)
    assert "8 x 8 pixels in color" in done("info link.safetensors")
    measure = "measure-semantic link.safetensors --snr-db 10 --ssim --out at.csv"
    assert "SSIM" in done(measure, "--images mine_test")
    said = refused(measure, "--images mnist_sample")
    assert "28 x 28 pixels, expected 8 x 8 pixels in color" in said


@pytest.mark.parametrize(
    ("prepare", "words", "text"),
    [
        (lambda at: squares(at, 3), "", "has 3 images in PNG or JPEG files"),
        (lambda at: squares(at, 9), "--size 9", "000.png: is smaller than 9 x 9"),
        (lambda at: squares(at, 9), "--size 5", "size must be in 7..256, got 5"),
        (lambda at: squares(at, 9), "--name Mine", "name 'Mine' must have"),
        (lambda at: squares(at, 9), "--name mnist", "name 'mnist' must have"),
        (lambda at: squares(at, 9), "--name ../up", "name '../up' must have"),
        (
            lambda at: (squares(at, 9), squares(at / "sub", 9)),
            "",
            "has pictures beside its sub-folders",
        ),
        (
            lambda at: (at / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more"),
            "",
            "bad.png: cannot be read as a picture",
        ),
        (
            lambda at: write(at / "deep.png", np.full((9, 9), 4000, np.uint16)),
            "",
            "deep.png: cannot be read as a picture: has more than 8 bits",
        ),
    ],
)
def test_a_folder_that_makes_no_data_set_is_refused(here, prepare, words, text):
    (here / "mine").mkdir()
    prepare(here / "mine")
    assert text in refused("data images --from mine --size 8", words)
    assert not (here / "data").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("images", "give it with --from DIR"),
        ("images --from nowhere", "nowhere: there is no such folder"),
        ("mnist --color", "are for: advphy data images"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(here, words, text):
    assert text in refused("data", words)
