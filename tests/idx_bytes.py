# SPDX-License-Identifier: GPL-3.0-or-later
"""Idx files made by hand: a data set of four small ones."""

import gzip

# Two images of 2 x 3 pixels: the magic number, three extents, then the pixels.
IMAGES = bytes.fromhex("00000803 00000002 00000002 00000003 0033ff010203 040506070809")
LABELS = bytes.fromhex("00000801 00000002 0709")
TINY = {
    "train-images-idx3-ubyte": IMAGES,
    "train-labels-idx1-ubyte": LABELS,
    "t10k-images-idx3-ubyte": IMAGES[:-1] + b"\xff",
    "t10k-labels-idx1-ubyte": LABELS[:-1] + b"\x03",
}


def write_tiny(folder, spelling="{file}.gz", contents=TINY):
    """Write the four files into a folder; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        name = spelling.format(file=file, dotted=file.replace("-idx", ".idx"))
        packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
        (folder / name).write_bytes(packed)
    return folder


def tree(folder):
    """Return what is in a folder, {path: bytes}; hidden files count."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
