# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in the safetensors format: named float32 arrays and text, but no code.

A file has 8 bytes (length of the header, little endian), the header (JSON: name ->
dtype, shape, offsets; `__metadata__`: text -> text) and raw float32 values.
"""

import json
import math
import struct

import numpy as np

from advphy_model.atomic_file import atomic_file
from advphy_model.file_gate import json_value, require_within, shown


def write(path, metadata: dict, arrays: dict) -> None:
    """Write a file, which appears complete or not at all; OSError if it fails."""
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
    require_within("model", 8 + len(text) + offset)  # or nobody could read it
    require_within("description", len(text))
    with atomic_file(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.astype("<f4").tobytes())


def parse(content: bytes) -> tuple:
    """Return (metadata, array descriptions, data); ValueError if another format."""
    # The length 0x380 looks like the start of a pickle, but a brace follows it.
    pickles = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    if content[:2] in pickles and content[8:9] != b"{":
        raise ValueError(
            "the file is a pickle (torch.save), which can run code when it is read; "
            "import it with advphy_training.import_torch and write a link model"
        )
    if len(content) < 8:
        raise ValueError("the file is truncated: it has fewer than 8 bytes")
    (length,) = struct.unpack("<Q", content[:8])
    if length > len(content) - 8:
        raise ValueError(
            "not a safetensors file, or truncated: the header is longer than the file; "
            "get the file again"
        )
    try:
        header = json_value(content[8 : 8 + length].decode(), "description")
        metadata = header.pop("__metadata__", {})
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"the header is not readable: {error}") from None
    require_within("arrays", len(header))
    return metadata, header, memoryview(content)[8 + length :]


def arrays(header: dict, data) -> dict:
    """Return the arrays by name; ValueError if not finite, with a gap or overlap."""
    found, end = {}, 0
    entries = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    for name, entry in entries:
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] != "F32":
            kind = shown(entry.get("dtype"))
            raise ValueError(f"array '{name}' has dtype {kind}, expected F32")
        shape = entry["shape"]
        require_within("axes", len(shape), f"array '{shown(name)}'")
        if not all(type(s) is int and 0 < s < 2**31 for s in shape):
            raise ValueError(f"array '{name}' has shape {shape}, expected numbers > 0")
        begin, stop = entry["data_offsets"]
        if begin != end or stop - begin != 4 * math.prod(shape):
            raise ValueError(f"array '{name}' has offsets that do not match its shape")
        end = stop
        if end > len(data):
            raise ValueError(f"truncated in array '{name}'; get the file again")
        values = np.frombuffer(data, "<f4", math.prod(shape), begin)
        if not np.all(np.isfinite(values)):
            raise ValueError(f"array '{name}' is not finite; train or export it again")
        found[name] = values.reshape(shape)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes follow the last array, expected 0")
    return found
