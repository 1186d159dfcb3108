# SPDX-License-Identifier: GPL-3.0-or-later
"""The safetensors format: named float32 arrays and a header of text, no code.

A file is 8 bytes (length of the header, little endian), the header (JSON: name ->
dtype, shape, offsets; `__metadata__`: text to text) and raw float32. Every framework
reads it.
"""

import json
import math
import struct

import numpy as np

from advphy_model.atomic_file import atomic_file

_LARGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors format


def write(path, metadata: dict, arrays: dict) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: when the place cannot be written.
    """
    header, offset = {"__metadata__": metadata}, 0
    for name, array in arrays.items():
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with atomic_file(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.astype("<f4").tobytes())


def parse(content: bytes) -> tuple:
    """Return (metadata, array descriptions, bytes of the arrays) of a file's content.

    Raises:
        ValueError: when it is no safetensors file; the text says why.
    """
    # A header of 0x380 bytes begins as a pickle does; but a brace follows its length.
    pickles = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    if content[:2] in pickles and content[8:9] != b"{":
        raise ValueError(
            "this is a pickle (torch.save), which can run code when it is read; import "
            "it with advphy_training.import_torch and write a link model"
        )
    if len(content) < 8:
        raise ValueError("truncated: it is shorter than 8 bytes")
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(len(content) - 8, _LARGEST_HEADER):
        raise ValueError(
            "not a safetensors file, or truncated: the header does not fit; "
            "get it again"
        )
    try:
        header = json.loads(content[8 : 8 + length].decode())
        return header.pop("__metadata__", {}), header, content[8 + length :]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"the header is not readable: {error}") from None


def arrays(header: dict, data: bytes) -> dict:
    """Return the arrays, which must cover the data without gap or overlap.

    Raises:
        ValueError: naming the array that does not fit, or is not finite.
    """
    found, end = {}, 0
    entries = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    for name, entry in entries:
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] != "F32":
            raise ValueError(f"array '{name}' has dtype {entry.get('dtype')}, not F32")
        shape = entry["shape"]
        if not all(type(s) is int and 0 < s < 2**31 for s in shape):
            raise ValueError(f"array '{name}' has shape {shape}")
        begin, stop = entry["data_offsets"]
        if begin != end or stop - begin != 4 * math.prod(shape):
            raise ValueError(f"array '{name}' has offsets that do not fit its shape")
        end = stop
        if end > len(data):
            raise ValueError(f"truncated in array '{name}'; get the file again")
        values = np.frombuffer(data, "<f4", math.prod(shape), begin)
        if not np.all(np.isfinite(values)):
            raise ValueError(
                f"array '{name}' has a value that is not finite; train or export again"
            )
        found[name] = values.reshape(shape)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes follow the last array")
    return found
