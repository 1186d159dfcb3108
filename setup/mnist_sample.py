#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the shipped sample of MNIST into a folder, given as the argument.

The first 100 images of each digit in the test file, in turn 0, 1, ..., 9, 0, ...: the
first 10 m images have m of each digit. Needs the whole of MNIST (advphy data mnist) and
PYTHONPATH=build/test_modules.
"""

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from advphy_model.atomic_file import atomic_file
from advphy_model.files import images

EACH = 100
FILES = ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz")


def idx(array) -> bytes:
    """Return an array of uint8 as an idx file, compressed; the same at any time."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes(), 9, mtime=0)


def interleaved(labels) -> np.ndarray:
    """Return the places of the first EACH images of each digit, one digit in turn."""
    places = [np.flatnonzero(labels == digit)[:EACH] for digit in range(10)]
    return np.stack(places, axis=1).reshape(-1)


def main(folder):
    """Write the two files."""
    whole = images.load("mnist_test")
    which = interleaved(whole.labels)
    for file, array in zip(FILES, (whole.pixels, whole.labels), strict=True):
        with atomic_file(Path(folder) / file, "wb") as out:
            out.write(idx(array[which]))


if __name__ == "__main__":
    main(sys.argv[1])
