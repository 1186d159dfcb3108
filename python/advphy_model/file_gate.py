# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of all files that are read: limits, and errors in one sentence.

A file may come from a stranger. A reader opens it with `read_bytes` or `open_file`,
compares what it describes with LIMITS before it allocates or computes anything, and
does so within `reading`, so that it raises ValueError or OSError only.
"""

import contextlib
import errno
import io
import json
import math
import os
import re
import stat
from typing import NamedTuple

import numpy as np

from advphy_model.user_folders import user_path


class Limit(NamedTuple):
    """A limit of files that are read."""

    most: int
    of: str  # plural noun with its unit


# The one table of limits, which docs/limits.md shows. Within them, reading takes 1 s
# and 256 MiB above the size of the file; samples and images of more than 256 MiB,
# whose checksums are verified, take a second for each 256 MiB.
LIMITS = {
    "model": Limit(128 << 20, "bytes in a model file"),
    "description": Limit(2 << 20, "bytes in the JSON of a model file or a recording"),
    "nesting": Limit(32, "levels of nested values in JSON and TOML"),
    "items": Limit(2**18, "keys and values in JSON or TOML"),
    "whole": Limit(2**64, "as magnitude of whole numbers in JSON, TOML and CSV"),
    "text": Limit(4096, "characters in a text of JSON, TOML or CSV"),
    "name": Limit(512, "characters in the name of a model"),
    "arrays": Limit(16384, "arrays in a model file"),
    "axes": Limit(8, "axes of an array or of an item"),
    "layers": Limit(8192, "layers in the networks of a model file"),
    "values": Limit(2**24, "values in the largest array for one item of a network"),
    "steps": Limit(2**15, "steps of a network; a convolution has two for each tap"),
    "imported": Limit(2**23, "values in all arrays for one item of an imported model"),
    "constants": Limit(
        2**24, "values in the constants that an ONNX model computes, and their operands"
    ),
    "onnx": Limit(64 << 20, "bytes in an ONNX model"),
    "state": Limit(512 << 20, "bytes in the state of a training"),
    "codebook": Limit(32 << 20, "bytes in an .npy file of a codebook"),
    "table": Limit(8 << 20, "bytes in a CSV"),
    "rows": Limit(10000, "rows in a CSV"),
    "settings": Limit(16 << 10, "bytes in a file of settings, scenes or bands"),
    "members": Limit(64, "files in a .sigmf archive"),
    "images": Limit(1 << 30, "bytes in an idx file of images or labels"),
    "unpacked": Limit(128 << 20, "bytes in an unpacked idx file that ends in .gz"),
    "pixels": Limit(25_000_000, "pixels of a picture"),
    "pictures": Limit(256 << 20, "bytes in all images of a picture folder"),
}
SENTENCE, SHOWN = 300, 60  # characters of an error text, and of a value in it
# Values in an error text that are longer than SHOWN: quoted, in brackets, or one word.
_LONG = re.compile(
    r"(?<!\w)'[^']{59,}'(?!\w)|\"[^\"]{59,}\"|\[[^\]]{59,}\]|\{[^}]{59,}\}|[^\s/]{61,}"
)
_UNSAFE = re.compile(  # what a terminal obeys, and what is no character
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
    "|\r(?!\n)"
)
_DOTTED = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]+\s*\.\s*){33}")


class FileError(ValueError):
    """Error for a file; its text is a sentence within SENTENCE."""

    placed = False  # whether the text begins with the path


@contextlib.contextmanager
def reading(path, wrong: str = "", kind=FileError):
    """Turn any error of a reader into one sentence, of a kind of FileError.

    The sentence begins with the path. Then comes `wrong`, unless the reader raised a
    FileError itself. An OSError of the system is not changed.
    """
    try:
        yield
        return
    except FileError as error:
        text = str(error) if error.placed else sentence(str(error), f"{path}:")
        raised = (type(error) if isinstance(error, kind) else kind)(text)
    except Exception as error:  # whatever a library raises for damaged bytes
        if isinstance(error, OSError) and error.errno is not None:
            raise
        text = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        if isinstance(error, (TypeError, AttributeError)):
            text = f"a value is of another type than it must be ({text})"
        if isinstance(error, RecursionError):
            text = "it is nested too deeply"
        text = text or type(error).__name__
        raised = kind(sentence(f"{wrong}{text}", f"{path}:"))
    raised.placed = True
    raise raised from None


def sentence(text: str, begin: str = "") -> str:
    """Return an error text within SENTENCE, after its beginning, such as a path."""
    begin, text = f"{_printable(begin)} " if begin else "", _printable(text)
    text = _LONG.sub(lambda long: shown(long[0]), text)
    room = max(SENTENCE - len(begin), SENTENCE // 2)
    if len(text) > room:  # the remedy is at the end
        text = f"{text[: room - 85]} ... {text[-80:]}"
    whole = f"{begin}{text}"
    return whole if len(whole) <= SENTENCE else f"...{whole[3 - SENTENCE :]}"


def shown(value) -> str:
    """Return a value from a file for an error text, within SHOWN."""
    if isinstance(value, int) and abs(value) > LIMITS["whole"].most:
        return f"a number of {value.bit_length()} bits"
    text = _printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _printable(text):
    text = " ".join(text[: 1 << 16].split())
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def require_within(name: str, found, what: str = "it") -> None:
    """Raise FileError if there is more than LIMITS allows; `what` begins the text."""
    most, of = LIMITS[name]
    if found > most:
        found = f"{found:.0f}" if found < 10**15 else "far too many"
        raise FileError(f"{what} has {found} {of}, at most {most}")


def nonblocking(path, flags):
    """Open a file as `opener` of open(); opening a FIFO would block."""
    return os.open(path, flags | os.O_NONBLOCK)


def open_file(path):
    """Open a regular file for reading; OSError if it is another one, such as a FIFO."""
    file = open(user_path(path), "rb", opener=nonblocking)  # noqa: SIM115 - returned
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return file


def read_bytes(path, name: str) -> bytes:
    """Return the content of a file within the limit of a name."""
    with open_file(path) as file, reading(path):
        size = os.fstat(file.fileno()).st_size
        require_within(name, size)
        content = file.read(size + 1)
        if len(content) > size:
            raise FileError("grew while it was read; wait until it is complete")
        return content


def npy_array(content: bytes) -> np.ndarray:
    """Return the array in the content of an .npy file; ValueError if it is no such."""
    file, format = io.BytesIO(content), np.lib.format
    headers = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}
    shape, by_columns, dtype = getattr(format, headers[format.read_magic(file)])(file)
    data = memoryview(content)[file.tell() :]
    require_within("axes", len(shape))
    if dtype.hasobject or len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{len(data)} bytes do not fit shape {shape} of {dtype}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


def json_value(text: str, longest="text"):
    """Return the value of a JSON text; ValueError unless it is within the limits.

    `longest` is the limit of the texts in it.
    """
    require_within("description", len(text))
    value = strict_json(text)
    require_plain(value, longest)
    return value


def strict_json(text):
    """Return the value of a JSON text; ValueError for what only Python takes."""
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def toml_value(path) -> dict:
    """Return the content of a TOML file; ValueError unless it is within the limits."""
    import tomllib  # from Python 3.11 on

    text = read_bytes(path, "settings").decode()
    if _DOTTED.search(text):  # quadratic in time and memory
        raise ValueError("a key has more than 32 dots")
    value = tomllib.loads(text)
    require_plain(value)
    return value


def _finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{shown(text)} is not a number of JSON, or too large")
    return value


def require_plain(value, longest="text", lines=True) -> None:
    """Raise ValueError for a value of JSON or TOML that is beyond LIMITS.

    A text must not have control characters, which a terminal would obey, nor several
    lines unless `lines`: what is printed as a name must not look like a line of ours.
    """
    level, depth, count = [value], 0, 0
    while level:
        require_within("nesting", depth)
        require_within("items", count := count + len(level))
        depth, inner = depth + 1, []
        for each in level:
            if isinstance(each, dict):
                inner += each
                inner += each.values()
            elif isinstance(each, list):
                inner += each
            elif isinstance(each, str):
                require_within(longest, len(each))
                if _UNSAFE.search(each) or ("\n" in each and not lines):
                    what = "a line break or another control character; remove it"
                    raise ValueError(f"the text '{shown(each)}' has {what}")
            elif isinstance(each, int):
                require_whole(each)
        level = inner


def require_whole(value: int) -> int:
    """Return a whole number; ValueError if its magnitude is beyond LIMITS."""
    if abs(value) > LIMITS["whole"].most:
        raise ValueError(f"{shown(value)} is beyond -2^64..2^64")
    return value
