# SPDX-License-Identifier: GPL-3.0-or-later
"""Described arrays as safetensors files: what model and perturbation files share.

A file is 8 bytes (length of the header, little endian), the header (JSON: name ->
dtype, shape, offsets; `__metadata__`: text to text) and raw float32. Our metadata holds
a description and the SHA-256 over description and arrays, so that a file that was
changed anywhere is refused. No code can hide in it; every framework reads it.
"""

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advphy_model.atomic_file import atomic_file

_LARGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors format


class DataFileError(ValueError):
    """A file is not of the kind wanted, or not one that can be trusted."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Args:
        format: text in the metadata that says kind and version.
        key: of the description in the metadata.
        what: the kind in a sentence, such as "link model".
        remedy: how to get such a file.
    """

    format: str
    key: str
    what: str
    remedy: str


def content_hash(description: dict, arrays: dict) -> str:
    """Return SHA-256 over the sorted description and all names, shapes, bytes."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], "<f4")
        digest.update(f"\n{name} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write(kind: Kind, description: dict, arrays: dict, path) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: when the place cannot be written.
    """
    header = {
        "__metadata__": {
            "format": kind.format,
            kind.key: json.dumps(description),
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


def read(kind: Kind, path, make):
    """Return make(description, arrays) of a file.

    Raises:
        DataFileError: naming the file, what is wrong and the remedy.
        OSError: when the file cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        return make(*_parse(kind, content))
    except DataFileError as error:
        raise DataFileError(f"{path}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise DataFileError(f"{path}: not a valid {kind.what}: {what}") from error


def _parse(kind, content):
    # A header of 0x380 bytes begins as a pickle does; but a brace follows its length.
    pickles = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
    if content[:2] in pickles and content[8:9] != b"{":
        raise DataFileError(
            "this is a pickle (torch.save), which can run code when read; import it "
            "with advphy_training.import_torch and write a link model"
        )
    if len(content) < 8:
        raise DataFileError("truncated: it is shorter than 8 bytes")
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(len(content) - 8, _LARGEST_HEADER):
        raise DataFileError(
            "not a safetensors file, or truncated: the header does not fit; "
            "get it again"
        )
    try:
        header = json.loads(content[8 : 8 + length].decode())
        metadata = header.pop("__metadata__")
        if metadata["format"] != kind.format:
            raise DataFileError(
                f"format '{metadata['format']}', wanted '{kind.format}'"
            )
        description = json.loads(metadata[kind.key])
    except (UnicodeDecodeError, json.JSONDecodeError, AttributeError) as error:
        raise DataFileError(f"the header is not readable: {error}") from None
    except KeyError as error:
        raise DataFileError(
            f"a safetensors file, but not a {kind.what}: {error} is missing from its "
            f"metadata; {kind.remedy}"
        ) from None
    arrays = _arrays(header, content[8 + length :])
    if content_hash(description, arrays) != metadata["sha256"]:
        raise DataFileError(
            "SHA-256 differs from the one in the header: the file is damaged or was "
            "changed; get it again"
        )
    return description, arrays


def _arrays(header, data):
    """Return a header's arrays, which must cover the data without gap or overlap."""
    arrays, end = {}, 0
    entries = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    for name, entry in entries:
        if set(entry) != {"dtype", "shape", "data_offsets"} or entry["dtype"] != "F32":
            raise DataFileError(
                f"array '{name}' has dtype {entry.get('dtype')}, not F32"
            )
        shape = entry["shape"]
        if not all(type(s) is int and 0 < s < 2**31 for s in shape):
            raise DataFileError(f"array '{name}' has shape {shape}")
        begin, stop = entry["data_offsets"]
        if begin != end or stop - begin != 4 * math.prod(shape):
            raise DataFileError(f"array '{name}' has offsets that do not fit its shape")
        end = stop
        if end > len(data):
            raise DataFileError(f"truncated in array '{name}'; get the file again")
        arrays[name] = np.frombuffer(data, "<f4", math.prod(shape), begin).reshape(
            shape
        )
        if not np.all(np.isfinite(arrays[name])):
            raise DataFileError(
                f"array '{name}' has a value that is not finite; train or export again"
            )
    if end != len(data):
        raise DataFileError(f"{len(data) - end} bytes behind the last array")
    return arrays
