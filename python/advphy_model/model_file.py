# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write link models as safetensors files.

A file is 8 bytes (length of the header, little endian), the header (JSON: name ->
dtype, shape, offsets; `__metadata__`: text to text) and raw float32. Our metadata holds
the link's description and the SHA-256 over description and arrays, so that a file that
was changed anywhere is refused. No code can hide in it; every framework reads it.
"""

import json
import math
import struct
from pathlib import Path

import numpy as np

from advphy_model.atomic_file import atomic_file
from advphy_model.link_model import LinkModel, content_hash, describe, from_description

FORMAT = "gr-advphy link model 1"
_LARGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors format


class ModelFileError(ValueError):
    """A file is not a link model, or not one that can be trusted."""


def write(model: LinkModel, path) -> None:
    """Write a link model; the file appears whole or not at all.

    Raises:
        OSError: when the place cannot be written.
    """
    description, arrays = describe(model)
    header = {
        "__metadata__": {
            "format": FORMAT,
            "link": json.dumps(description),
            "sha256": content_hash(description, arrays),
        }
    }
    offset = 0
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


def read(path) -> LinkModel:
    """Read a link model.

    Raises:
        ModelFileError: naming the file, what is wrong and the remedy.
        OSError: when the file cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        return _parse(content)
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ModelFileError(f"{path}: not a valid link model: {what}") from error


def _parse(content):
    if content[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise ModelFileError(
            "this is a pickle (torch.save), which can run code when read; import it "
            "with advphy_training.import_torch and write a link model"
        )
    if len(content) < 8:
        raise ModelFileError("truncated: it is shorter than 8 bytes")
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(len(content) - 8, _LARGEST_HEADER):
        raise ModelFileError(
            "not a safetensors file, or truncated: the header does not fit; "
            "get it again"
        )
    try:
        header = json.loads(content[8 : 8 + length].decode())
        metadata = header.pop("__metadata__")
        if metadata["format"] != FORMAT:
            raise ModelFileError(f"format '{metadata['format']}', wanted '{FORMAT}'")
        description = json.loads(metadata["link"])
    except (UnicodeDecodeError, json.JSONDecodeError, AttributeError) as error:
        raise ModelFileError(f"the header is not readable: {error}") from None
    except KeyError as error:
        raise ModelFileError(
            f"a safetensors file, but not a link model: {error} is missing from its "
            "metadata; advphy_training.import_torch makes one of your own network"
        ) from None
    arrays = _arrays(header, content[8 + length :])
    if content_hash(description, arrays) != metadata["sha256"]:
        raise ModelFileError(
            "SHA-256 differs from the one in the header: the file is damaged or was "
            "changed; get it again"
        )
    return from_description(description, arrays)


def _arrays(header, data):
    """Return a header's arrays, which must cover the data without gap or overlap."""
    arrays, end = {}, 0
    entries = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    for name, entry in entries:
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] != "F32":
            raise ModelFileError(
                f"array '{name}' has dtype {entry.get('dtype')}, not F32"
            )
        shape = entry["shape"]
        if not all(type(s) is int and 0 < s < 2**31 for s in shape):
            raise ModelFileError(f"array '{name}' has shape {shape}")
        begin, stop = entry["data_offsets"]
        if begin != end or stop - begin != 4 * math.prod(shape):
            raise ModelFileError(
                f"array '{name}' has offsets that do not fit its shape"
            )
        end = stop
        if end > len(data):
            raise ModelFileError(f"truncated in array '{name}'; get the file again")
        arrays[name] = np.frombuffer(data, "<f4", math.prod(shape), begin).reshape(
            shape
        )
        if not np.all(np.isfinite(arrays[name])):
            raise ModelFileError(
                f"array '{name}' has a value that is not finite; train or export again"
            )
    if end != len(data):
        raise ModelFileError(f"{len(data) - end} bytes behind the last array")
    return arrays
