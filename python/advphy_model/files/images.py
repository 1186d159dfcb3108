# SPDX-License-Identifier: GPL-3.0-or-later
"""Images to send: MNIST, similar data sets and the user's own idx files."""

import hashlib
import math
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from advphy_model.file_gate import FileError, reading, sentence
from advphy_model.files import image_files
from advphy_model.user_folders import user_path

SAMPLES = ("mnist_sample", "photograph")  # shipped, each in a folder of this name
_BYTES = 0x08  # code for unsigned bytes in the magic number of an idx file
_HELD = {1: "labels (bytes, 1 axis)", 3: "images (bytes, 3 axes; 4 with color)"}
_COLORS = 3  # red, green, blue
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Images:
    """A set of images of one size, gray or in color, with labels if they are known.

    Args:
        name: name of the set.
        pixels: uint8 [count, rows, columns], or [count, rows, columns, 3] in color.
        labels: uint8 [count], each in 0..classes-1; or None.
        classes: number of classes.

    Raises ValueError if types, shapes or labels are not valid.
    """

    name: str
    pixels: np.ndarray
    labels: np.ndarray | None = None
    classes: int = 10

    def __post_init__(self):
        pixels, labels = self.pixels, self.labels
        shaped = pixels.ndim == 3 or pixels.shape[3:] == (_COLORS,)
        if pixels.dtype != np.uint8 or not shaped or pixels.size == 0:
            raise ValueError(
                f"{self.name}: pixels are {pixels.dtype} of shape {pixels.shape}, "
                "expected uint8 [count, rows, columns], none of them zero, with a "
                "fourth axis of 3 for color"
            )
        if labels is None:
            return
        if labels.dtype != np.uint8 or labels.shape != pixels.shape[:1]:
            raise ValueError(
                f"{self.name}: labels are {labels.dtype} of shape {labels.shape}, "
                f"expected uint8, one for each of {len(pixels)} images"
            )
        if (most := labels.max()) >= self.classes:
            raise ValueError(
                f"{self.name}: labels must be in 0..{self.classes - 1}, got {most}; "
                "correct the label, or give more classes"
            )

    def __len__(self):
        return len(self.pixels)

    def __getstate__(self):
        """Return the fields without the floats and the hash made of them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def shape(self) -> tuple:
        """Return the rows and columns of an image; with color (rows, columns, 3)."""
        return self.pixels.shape[1:]

    @cached_property
    def sha256(self) -> str:
        """Return the hash of shape, pixels and labels, without the name."""
        digest = hashlib.sha256(f"{self.pixels.shape}".encode())
        digest.update(np.ascontiguousarray(self.pixels))
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels))
        return digest.hexdigest()

    def as_reals(self) -> np.ndarray:
        """Return the images row by row, float32 [count, rows*columns] in 0..1.

        A pixel in color has three values in turn. The array is made once and read-only.
        """
        return self._reals

    @cached_property
    def _reals(self):
        reals = self.pixels.reshape(len(self), -1).astype(np.float32)
        np.divide(reals, np.float32(255), out=reals)
        reals.setflags(write=False)
        return reals

    def labeled(self) -> np.ndarray:
        """Return the labels, uint8 [count]; ValueError if there are none."""
        if self.labels is None:
            raise ValueError(
                f"{self.name}: there are no labels; put the idx file of labels next to "
                "the images, with labels-idx1 instead of images-idx3 in its name"
            )
        return self.labels

    def take(self, which: slice) -> "Images":
        """Return a slice of at least one image, with the same name."""
        labels = None if self.labels is None else self.labels[which]
        return Images(self.name, self.pixels[which], labels, self.classes)


def require_shape(images: Images, shape) -> None:
    """Raise ValueError unless the images have the shape (rows, columns[, 3])."""
    if images.shape != tuple(shape):
        raise ValueError(
            f"{images.name}: images of {size_text(images.shape)}, expected "
            f"{size_text(shape)}; scale them, or train a link for their size"
        )


def size_text(shape) -> str:
    """Return the shape of an image as a text."""
    return f"{shape[0]} x {shape[1]} pixels{' in color' if len(shape) == 3 else ''}"


def read_idx(path, rank: int = 3) -> np.ndarray:
    """Return the array in an idx file, which may be compressed with gzip.

    The format is that of MNIST: two zero bytes, the type (8 for unsigned bytes), the
    number of axes, then the length of each axis as 32 bits, big endian. The array is
    uint8, read-only, and must have `rank` axes: 3 for images (4 in color), 1 for
    labels. Raises ValueError if it is not such a file; OSError if it cannot be read.
    """
    return _parsed(image_files.read(path), path, rank)


def _parsed(content, shown, rank):
    magic, wanted = bytes(content[:4]), bytes([0, 0, _BYTES, rank])
    with reading(shown):
        if rank == 3 and magic == bytes([0, 0, _BYTES, 4]):
            rank = 4
        elif magic != wanted:
            raise FileError(
                f"is not an idx file of {_HELD[rank]}: it begins with "
                f"{magic.hex() or 'nothing'}, expected {wanted.hex()}; scale other "
                "values to bytes in 0..255"
            )
        header = bytes(content[4 : 4 + 4 * rank]).ljust(4 * rank, b"\xff")  # too large
        shape = tuple(int(extent) for extent in np.frombuffer(header, ">u4"))
        size, pixels = math.prod(shape), content[4 + 4 * rank :]
        if (got := len(pixels)) != size:
            what = "is truncated" if got < size else "is too long"
            raise FileError(f"{what}: {got} of {size} bytes; get it again")
        return np.frombuffer(pixels, np.uint8).reshape(shape)


def names() -> list:
    """Return the names that `load` knows, whether or not the data are installed."""
    known = [*image_files.DATA_SETS, *image_files.own_sets()]
    sets = [name.replace("-", "_") for name in known]
    return [*SAMPLES, *(f"{name}_{part}" for name in sets for part in _PARTS)]


def load(name) -> Images:
    """Return images by name or from an idx file; Images are returned unchanged.

    "mnist_sample" and "photograph" (128 x 128 pixels in color) ship with the module.
    "_train" are the first five sixths of a data set's train file (50000 of MNIST [arn,
    Sec. V]), "_validation" the others, "_test" its test file. Labels of the user's own
    images are in the file with "labels-idx1" instead of "images-idx3" in its name; a
    path may omit "-images-idx3-ubyte". ValueError if it is not known or damaged.
    """
    if isinstance(name, Images):
        return name
    name = str(name)
    if name in SAMPLES:
        return _sample(name)
    if name in names():
        dataset, _, part = name.rpartition("_")
        dataset = dataset.replace("_", "-")
        files = image_files.PARTS["test" if part == "test" else "train"]
        if dataset in image_files.DATA_SETS:
            arrays = (
                _parsed(image_files.adopted(dataset, file), file, rank)
                for file, rank in zip(files, (3, 1), strict=True)
            )
            found = Images(name, *arrays)
        else:
            found = _own(name, image_files.place(dataset) / files[0])
        trained = len(found) * 5 // 6
        each = slice(None, trained), slice(trained, None), slice(None)
        return found.take(each[_PARTS.index(part)])
    path = user_path(name)
    if not path.is_file():
        path = image_files.find(path.parent, f"{path.name}-images-idx3-ubyte")
    if path is None:
        known = ", ".join(names())
        text = f"are none of: {known}; and there is no file of this name or with"
        raise ValueError(
            sentence(f"{text} -images-idx3-ubyte after it", f"images '{name}'")
        )
    return _own(name, path)


@cache
def _sample(name):
    return _own(name, Path(__file__).parents[1] / name / "images-idx3-ubyte.gz")


def _own(name, path):
    """Return the images of an idx file, with labels if their file exists."""
    pixels, labels, classes = read_idx(path), None, 10
    images_file = path.name.removesuffix(".gz").replace(".idx", "-idx")
    labels_file = images_file.replace("images-idx3", "labels-idx1")
    labels_path = image_files.find(path.parent, labels_file)
    if labels_file != images_file and labels_path is not None:
        labels = read_idx(labels_path, rank=1)
        classes = max(classes, int(labels.max(initial=0)) + 1)
    return Images(name, pixels, labels, classes)
