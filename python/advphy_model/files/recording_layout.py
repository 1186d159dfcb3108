# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the samples of a SigMF recording are, and what their bytes mean."""

import dataclasses
import os
import re
import tarfile
from pathlib import Path

import numpy as np

from advphy_model.file_gate import (
    FileError,
    open_file,
    read_bytes,
    require_within,
    shown,
)
from advphy_model.files.recording_contents import DATA, META, paths
from advphy_model.randomness import checked_index
from advphy_model.user_folders import user_path

ARCHIVE = ".sigmf"
PIECE = 2**18  # samples read at once


@dataclasses.dataclass(frozen=True)
class Stored:
    """Bytes of a data file, which may be part of an archive."""

    path: Path  # file to read
    at: int  # index of the first byte
    size: int  # number of bytes

    def pieces(self, at=0, size=None):
        """Yield `size` bytes from `at` on, by default all, in pieces."""
        left = self.size if size is None else size
        with open_file(self.path) as file:
            file.seek(self.at + at)
            while left > 0:
                data = file.read(min(left, 8 * PIECE))
                if not data:
                    raise ValueError(
                        f"{self.path}: became shorter while it was read; read it again"
                    )
                left -= len(data)
                yield data


def stored(path) -> tuple:
    """Return (bytes of the metadata, function name -> Stored data).

    `path` is a .sigmf-meta, a .sigmf-data or a .sigmf archive of one recording. The
    name is that of core:dataset, or None. Raises ValueError if an archive does not hold
    one recording; OSError if a file cannot be read.
    """
    path = user_path(path)
    if path.suffix != ARCHIVE:
        meta, data = paths(path)

        def beside(name):
            file = meta.with_name(name or data.name)
            with open_file(file) as opened:
                return Stored(file, 0, os.fstat(opened.fileno()).st_size)

        return read_bytes(meta, "description"), beside
    try:
        with open_file(path) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            files = {}
            for count, member in enumerate(tar, 1):
                require_within("members", count)
                if member.isfile() and not member.issparse():
                    files[member.name] = member
            metas = [name for name in files if name.endswith(META)]
            if len(metas) != 1:
                raise FileError(
                    f"holds {len(metas)} recordings, expected one; unpack it and give "
                    "a .sigmf-meta"
                )
            require_within("description", files[metas[0]].size)
            content = tar.extractfile(metas[0]).read()
    except tarfile.TarError:
        raise FileError(
            "is not a tar archive, or is compressed; unpack it and give the .sigmf-meta"
        ) from None

    def inside(name):
        own = metas[0].removesuffix(META) + DATA
        member = files.get(str(Path(own).with_name(name)) if name else own)
        if member is None:
            at = f"{path}: {name or own}"
            raise FileNotFoundError(2, "is not in the archive", at)
        return Stored(path, member.offset_data, member.size)

    return content, inside


def kind_of(datatype) -> np.dtype:
    """Return the type of a real or imaginary part; ValueError if it is not known."""
    found = re.fullmatch(r"c(f32|f64|[iu](?:32|16|8))(_le|_be)?", str(datatype))
    if found is None or (found[2] is None and found[1][1:] != "8"):
        raise ValueError(
            f"core:datatype is {shown(datatype)}, expected complex samples such as "
            "cf32_le, ci16_le, ci8 or cu8; convert the samples"
        )
    order = ">" if found[2] == "_be" else "<"
    return np.dtype(f"{order}{found[1][0]}{int(found[1][1:]) // 8}")


def samples_of(data, kind) -> np.ndarray:
    """Return complex64; integers are scaled to -1..1, as receivers do for floats."""
    values = np.frombuffer(data, kind)
    if kind.kind != "f":
        scale = 2.0 ** (8 * kind.itemsize - 1)
        values = (values - (scale if kind.kind == "u" else 0.0)) / scale
    with np.errstate(over="ignore"):  # infinities are counted as not finite
        return np.ascontiguousarray(values, np.float32).view(np.complex64)


def places(fields, captures, size, item) -> list:
    """Return [(first byte, samples)] of the captures, in order.

    Samples before the first capture belong to none. `size` are the bytes of the data
    file, `item` those of a sample. ValueError if a capture does not begin after the one
    before.
    """
    offset = checked_index("core:offset", fields.get("core:offset", 0))
    end = size - checked_index("trailing_bytes", fields.get("core:trailing_bytes", 0))

    def value(number, capture, key):
        return checked_index(f"{key} of capture {number}", capture.get(key, 0))

    begins, ends, headers, last = [], [], 0, offset - 1
    for at in enumerate(captures, 1):
        start = value(*at, "core:sample_start")
        if start <= last:
            what = f"core:sample_start of capture {at[0]}"
            raise ValueError(f"{what} is {start}, expected more than {last}")
        last = start
        ends.append((start - offset) * item + headers)
        headers += value(*at, "core:header_bytes")
        begins.append((start - offset) * item + headers)
    found = zip(begins, [*ends[1:], end], strict=True)
    return [(at, max(0, min(end, stop) - at) // item) for at, stop in found]
