# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of PNG and JPEG files as data sets of small images."""

import math
import re

import numpy as np

from advphy_model.file_gate import open_file, reading, require_within
from advphy_model.files import image_files
from advphy_model.user_folders import user_path

ENDINGS = (".png", ".jpg", ".jpeg")
LARGEST_SIZE = 256  # pixels in each direction
_LABELS = 256
_TEST = 7  # one image of seven is for tests, as in MNIST


def adopt(folder, name="", size=32, color=False, tiles=False) -> tuple:
    """Store a folder's pictures as a data set in `image_files.place(name)`.

    Return (place, images, names of the labels, files of other kinds that are left out).
    Labels are numbers of the sorted sub-folders, if there are any. The images are
    shuffled, equally each time; one of seven is for tests. Transparent becomes white.

    Args:
        folder: folder with PNG or JPEG files, which may be in sub-folders.
        name: name of the data set; empty: that of the folder.
        size: rows and columns of an image, 7..256.
        color: True: red, green and blue; False: gray.
        tiles: True: all squares of `size` pixels that fit beside each other in a
            picture; False: its largest middle square, scaled down.

    Raises ValueError if there are too few pictures or too many sub-folders, or a
    picture is damaged, too small or has 16 bits for a pixel; OSError if a file cannot
    be written; ImportError if Pillow is not installed.
    """
    folder = user_path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    name = name or folder.resolve().name.lower()
    if not re.fullmatch(r"[a-z0-9-]+", name) or name in image_files.DATA_SETS:
        raise ValueError(
            f"name '{name}' must have lower-case letters, digits and '-' only, and be "
            f"none of {', '.join(image_files.DATA_SETS)}; give another with --name"
        )
    if not 7 <= size <= LARGEST_SIZE:
        raise ValueError(f"size must be in 7..{LARGEST_SIZE}, got {size}")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    pictures = [path for path in files if path.suffix.lower() in ENDINGS]
    of_class = [path.relative_to(folder).parts[0] for path in pictures]
    classes = sorted(set(of_class))
    loose = [path for path in pictures if path.parent == folder]
    if loose and len(loose) < len(pictures):
        raise ValueError(
            f"{folder}: has pictures beside its sub-folders ({loose[0].name}), which "
            "have no label; put them into a sub-folder, too"
        )
    if len(classes) > _LABELS and not loose:
        raise ValueError(f"{folder}: has more than {_LABELS} sub-folders of pictures")
    pixels, labels = [], []
    for path, name_of_class in zip(pictures, of_class, strict=True):
        found = _squares(path, size, color, tiles)
        pixels += found
        total = len(pixels) * size**2 * (3 if color else 1)
        require_within("pictures", total, f"{folder}:")
        labels += [0 if loose else classes.index(name_of_class)] * len(found)
    if len(pixels) < _TEST:
        raise ValueError(
            f"{folder}: has {len(pixels)} images in PNG or JPEG files, needs at least "
            f"{_TEST}"
        )
    order = np.random.default_rng(0).permutation(len(pixels))
    pixels, labels = np.array(pixels)[order], np.array(labels, np.uint8)[order]
    tests = len(pixels) // _TEST
    for part, which in (("test", slice(tests)), ("train", slice(tests, None))):
        of_images, of_labels = image_files.PARTS[part]
        image_files.write(name, of_images, pixels[which])
        image_files.write(name, of_labels, None if loose else labels[which])
    others = len(files) - len(pictures)
    return image_files.place(name), len(pixels), [] if loose else classes, others


def _squares(path, size, color, tiles) -> list:
    """Return the images of a picture, each uint8 [size, size] or [size, size, 3]."""
    from PIL import Image, ImageOps

    with open_file(path) as file, reading(path, "cannot be read as a picture: "):
        with Image.open(file, formats=("PNG", "JPEG")) as opened:
            require_within("pixels", math.prod(opened.size))
            loaded = ImageOps.exif_transpose(opened)
            opened.close()  # its memory, too
        if loaded.mode[0] in "IF":
            raise ValueError("has more than 8 bits for a pixel; convert it to 8")
        picture = Image.new("RGB" if color else "L", loaded.size)
        for top in range(0, loaded.height, 256):
            end = min(top + 256, loaded.height)
            part = loaded.crop((0, top, loaded.width, end)).convert("RGBA")
            white = Image.new("RGBA", part.size, "white")
            white.alpha_composite(part)
            picture.paste(white.convert(picture.mode), (0, top))
    if min(picture.size) < size:
        raise ValueError(
            f"{path}: is smaller than {size} x {size} pixels; leave it out, or give a "
            "smaller --size"
        )
    if not tiles:
        square = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS)
        return [np.asarray(square)]
    whole = np.asarray(picture)
    return [
        whole[row : row + size, column : column + size]
        for row in range(0, whole.shape[0] - size + 1, size)
        for column in range(0, whole.shape[1] - size + 1, size)
    ]
