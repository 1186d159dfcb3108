# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: what a set of them is, idx files, and what loads under which name."""

import gzip
import importlib.util

import numpy as np
import pytest
from advphy_model.files import images
from advphy_model.files.images import Images

from .idx_bytes import IMAGES, LABELS, write_tiny

PIXELS = np.array([[[0, 51, 255], [1, 2, 3]], [[4, 5, 6], [7, 8, 9]]], np.uint8)


def test_pixels_become_reals_row_by_row():
    reals = Images("two", PIXELS).as_reals()
    assert reals.dtype == np.float32
    assert reals.shape == (2, 6)
    np.testing.assert_allclose(reals[0, :4], [0, 0.2, 1, 1 / 255], rtol=1e-6)


def test_the_hash_is_of_the_content_and_not_of_the_name():
    labels = np.array([7, 9], np.uint8)
    whole = Images("one", PIXELS, labels)
    assert whole.sha256 == Images("other", PIXELS.copy(), labels.copy()).sha256
    others = [
        Images("one", PIXELS),
        Images("one", PIXELS, labels[::-1]),
        Images("one", PIXELS.reshape(2, 3, 2), labels),
        Images("one", PIXELS[:, ::-1], labels),
        whole.take(slice(1)),
    ]
    assert len({whole.sha256, *(other.sha256 for other in others)}) == 6


def test_some_images_are_taken_with_their_labels():
    found = Images("two", PIXELS, np.array([7, 9], np.uint8)).take(slice(1, 2))
    assert len(found) == 1
    np.testing.assert_array_equal(found.pixels, PIXELS[1:])
    assert found.labeled().tolist() == [9]
    with pytest.raises(ValueError, match="none of them zero"):
        found.take(slice(0))


@pytest.mark.parametrize(
    ("pixels", "labels", "text"),
    [
        (PIXELS.astype(float), None, "pixels are float64"),
        (PIXELS[..., None], None, r"a fourth axis of 3 for color"),
        (PIXELS[0], None, r"shape \(2, 3\)"),
        (PIXELS, np.array([1], np.uint8), "one for each of 2 images"),
        (PIXELS, np.array([1, 2]), "labels are int64"),
        (PIXELS, np.array([1, 10], np.uint8), "labels must be in 0..9, got 10"),
    ],
)
def test_what_does_not_fit_together_is_refused(pixels, labels, text):
    with pytest.raises(ValueError, match=text):
        Images("bad", pixels, labels)


def test_missing_labels_are_named_with_the_remedy():
    with pytest.raises(ValueError, match="mine: there are no labels; put"):
        Images("mine", PIXELS).labeled()


def test_images_of_another_size_are_refused_with_both_sizes():
    images.require_shape(Images("mine", PIXELS), (2, 3))
    with pytest.raises(
        ValueError, match="mine: images of 2 x 3 pixels, expected 28 x 28"
    ):
        images.require_shape(Images("mine", PIXELS), (28, 28))


@pytest.mark.parametrize("content", [IMAGES, gzip.compress(IMAGES, mtime=0)])
@pytest.mark.parametrize("name", ["a-idx3-ubyte", "a-idx3-ubyte.gz"])
def test_an_idx_file_is_read_whatever_its_name_says(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    found = images.read_idx(tmp_path / name)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, PIXELS)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "begins with nothing, expected 00000803"),
        (b"\x89PNG" + IMAGES, "is not an idx file .*: it begins with 89504e47"),
        (IMAGES[:-1], "is truncated"),
        (IMAGES[:9], "is truncated"),
        (IMAGES + b"\0", "is too long: 13 of 12 bytes"),
        (b"\0\0\x0d\x03" + IMAGES[4:], "begins with 00000d03, expected 00000803"),
        (LABELS, r"of images .*: it begins with 00000801"),
        (IMAGES[:4] + b"\xff" * 12, "is truncated: 0 of"),
        (gzip.compress(IMAGES, mtime=0)[:-9], "is damaged"),
        (gzip.compress(IMAGES, mtime=0)[:-8] + b"\0" * 8, "is damaged"),
        (gzip.compress(IMAGES + b"\0", mtime=0), "is too long"),
        (gzip.compress(IMAGES[:-1]) + 3 * gzip.compress(b""), "follows its end"),
    ],
)
def test_a_bad_idx_file_is_refused_by_name(tmp_path, content, text):
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}.*{text}"):
        images.read_idx(path)


@pytest.mark.parametrize("spelling", ["{file}", "{file}.gz", "{dotted}", "{dotted}.gz"])
def test_images_of_the_users_own_load_with_their_labels(tmp_path, spelling):
    write_tiny(tmp_path, spelling)
    found = images.load(tmp_path / "train")
    np.testing.assert_array_equal(found.pixels, PIXELS)
    assert found.labeled().tolist() == [7, 9]
    (path,) = tmp_path.glob("train-images*")
    assert images.load(path).sha256 == found.sha256


def test_images_of_the_users_own_load_without_labels(tmp_path):
    (tmp_path / "scans").write_bytes(IMAGES)
    (tmp_path / "x-images-idx3-ubyte").write_bytes(IMAGES)
    for name in ("scans", "x"):
        assert images.load(tmp_path / name).labels is None


def test_more_than_ten_classes_are_counted(tmp_path):
    (tmp_path / "x-images-idx3-ubyte").write_bytes(IMAGES)
    (tmp_path / "x-labels-idx1-ubyte").write_bytes(LABELS[:-1] + b"\x19")
    assert images.load(tmp_path / "x").classes == 26


@pytest.mark.parametrize("part", ["train", "validation", "test"])
@pytest.mark.parametrize("kind", ["mnist", "fashion_mnist"])
def test_absent_images_name_the_command_that_brings_them(no_data, kind, part):
    command = f"run: advphy data {kind.replace('_', '-')}"
    with pytest.raises(ValueError, match=f"{no_data}.*{command}"):
        images.load(f"{kind}_{part}")


def test_unknown_images_list_the_names(tmp_path):
    with pytest.raises(
        ValueError, match=r"mnist_sample, photograph, mnist_train.*and there is no file"
    ):
        images.load(tmp_path / "nonsense")


def test_the_sample_is_balanced_wherever_it_ends(no_data):
    sample = images.load("mnist_sample")
    assert sample.pixels.shape == (1000, 28, 28)
    for m in range(1, 101):
        assert np.bincount(sample.labels[: 10 * m]).tolist() == [m] * 10


def test_mnist_is_split_as_published(mnist):
    train, validation = images.load("mnist_train"), images.load("mnist_validation")
    test = images.load("mnist_test")
    assert (len(train), len(validation), len(test)) == (50_000, 10_000, 10_000)
    # How often each digit is in the train file and in the test file.
    both = np.bincount(np.concatenate([train.labels, validation.labels]))
    assert both[[0, 1, 9]].tolist() == [5923, 6742, 5949]
    assert np.bincount(test.labels)[[0, 1, 9]].tolist() == [980, 1135, 1009]
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_the_sample_is_made_again_by_its_script(clone, mnist, tmp_path):
    path = clone / "setup" / "mnist_sample.py"
    spec = importlib.util.spec_from_file_location("mnist_sample_script", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path)
    for file in script.FILES:
        shipped = clone / "python" / "advphy_model" / "mnist_sample" / file
        again = (tmp_path / file).read_bytes()
        # Compressed bytes may differ between versions of zlib, the content may not.
        assert gzip.decompress(again) == gzip.decompress(shipped.read_bytes())
        assert again[4:8] == shipped.read_bytes()[4:8] == bytes(4)  # no time in it
