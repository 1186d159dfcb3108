# SPDX-License-Identifier: GPL-3.0-or-later
"""Which flowgraph a picture was made of: a text in the PNG, the comment of a GIF."""

import hashlib

from PIL import Image, PngImagePlugin

KEY = "flowgraph-sha256"
# Companion and the windows draw few colors; the file has a third of the bytes. An
# octree keeps those of few pixels, such as a curve's.
COLORS = 96


def flowgraph_sha256(path):
    """Return the SHA-256 of a flowgraph's file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stamped(path, sha256):
    """Write into a PNG file which flowgraph it was made of, and make it smaller."""
    said = PngImagePlugin.PngInfo()
    said.add_text(KEY, sha256)
    with Image.open(path) as drawn:
        few = drawn.convert("RGB").quantize(COLORS, method=Image.Quantize.FASTOCTREE)
    few.save(path, optimize=True, pnginfo=said)


def stamp(path):
    """Return the SHA-256 that a picture carries, or None."""
    with Image.open(path) as drawn:
        film = drawn.format == "GIF"
        said = drawn.info.get("comment", b"").decode() if film else drawn.text.get(KEY)
        return said or None
