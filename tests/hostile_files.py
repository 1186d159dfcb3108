# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of structure that a stranger might make in a file, as bytes to write."""

import copy
import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib

import numpy as np
from advphy_model.link.model_file import content_hash

# Marks of texts that the json module does not write.
RAW = {"@deep@": "[" * 3000 + "]" * 3000, "@big@": "1e400", "@nan@": "NaN"}
RAW |= {"@deeper@": '{"a":' * 10**5 + "1" + "}" * 10**5, "@digits@": "9" * 5000}
ODD = [*RAW, None, True, False, 0, -1, 1, 2, 7, 255, 4097, 10**6, 2**31, 2**40, 2**70]
ODD += [-(2**70), 1.5, -0.0, 1e300, "", "x", "A" * 50_000, "a\n\x1b[2J\x00b\r"]
ODD += ["\ud800", "\u202egnp", "'; {x}", [], {}, [1], {"a": 1}, [1] * 3000, [-1, -1]]
ODD += [[10**6] * 3, [2**30] * 40, list(range(40)), "relu", "conv2d", "pad", "expand"]
REPEATS = 1, 9, 3000, 30_000


def _odd(rng):
    return copy.deepcopy(ODD[rng.integers(len(ODD))])


def _places(tree):
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, each in inside:
        yield tree, key
        if isinstance(each, (dict, list)):
            yield from _places(each)


def change(tree, rng):
    """Change one value of a tree of dictionaries and lists."""
    found = list(_places(tree))
    if not found:
        return
    at, key = found[rng.integers(len(found))]
    kind = rng.integers(9)
    if kind == 0:
        del at[key]
    elif kind == 1 and isinstance(at, list):
        more = [copy.deepcopy(at[key]) for _ in range(REPEATS[rng.integers(4)])]
        for i, each in enumerate(more):
            if isinstance(each, dict) and "name" in each:
                each["name"] = f"{each['name']}{i}"
        at += more
    elif kind == 1:
        at[str(_odd(rng))[:1000]] = at[key]
    elif kind == 2:
        other, place = found[rng.integers(len(found))]
        other[place] = copy.deepcopy(at[key])
    elif kind == 3 and type(at[key]) in (int, float):
        at[key] = at[key] * (-1, 2, 10, 10**4, 10**9)[rng.integers(5)] + 1
    else:
        at[key] = _odd(rng)


def as_json(tree) -> bytes:
    text = json.dumps(tree)
    for mark, raw in RAW.items():
        text = text.replace(f'"{mark}"', raw)
    return text.encode("utf-8", "replace")


def as_toml(tree) -> bytes:
    """Return a table [[scene]] or keys, with inline values."""
    tree = tree if isinstance(tree, dict) else {"x": tree}
    scenes = tree.get("scene") if isinstance(tree.get("scene"), list) else []
    lines = [
        b"%s = %s" % (str(k)[:99].encode("utf-8", "replace"), as_json(v))
        for k, v in tree.items()
        if not scenes or k != "scene"
    ]
    for each in scenes:
        lines += [b"[[scene]]", as_toml(each)]
    return b"\n".join(lines).replace(b'": ', b'" = ')


def as_csv(rows) -> bytes:
    rows = [row if isinstance(row, list) else [row] for row in rows]
    texts = ([RAW.get(str(v), str(v)) for v in row] for row in rows)
    lines = (",".join(row) + "\n" for row in texts)
    return "".join(lines).encode("utf-8", "replace")


def as_bands(tree) -> bytes:
    lines = []
    for name, keys in tree.items():
        keys = keys if isinstance(keys, dict) else {"first_hz": keys}
        keys = [f"{key} = {RAW.get(str(v), v)}" for key, v in keys.items()]
        lines += [f"[{name}]", *keys]
    return "\n".join(lines).encode("utf-8", "replace")


def as_idx(tree) -> bytes:
    """Return an idx file of {"head": numbers, "body": values, "packed": bool}."""
    head = [v if isinstance(v, int) else 2**31 for v in list(tree.get("head", ""))]
    body = [v if isinstance(v, int) else 0 for v in list(tree.get("body") or "")]
    content = np.array([v % 2**32 for v in head], ">u4").tobytes() + bytes(
        v % 256 for v in body
    )
    return gzip.compress(content, 1, mtime=0) if tree.get("packed") else content


def as_archive(members) -> bytes:
    """Return a tar of members [name, content, size or None, type], right or not."""
    file = io.BytesIO()
    for member in members:
        name, content, size, kind = (
            *(member if isinstance(member, list) else [0]),
            0,
            0,
            0,
            0,
        )[:4]
        content = as_json(content) if isinstance(content, dict) else bytes(64)
        info = tarfile.TarInfo(str(name)[:90].replace("\0", ""))
        info.size = abs(size) % 2**60 if type(size) is int else len(content)
        info.type = str(kind).encode("ascii", "replace")[:1]
        head = info.tobuf(tarfile.GNU_FORMAT, errors="replace")
        file.write(head + content + bytes(-len(content) % 512))
    return file.getvalue()


def model_tree(model) -> dict:
    """Return the tree of a model file, for `as_model`."""
    described, arrays = model.describe()
    header, data = {}, b""
    for name, array in arrays.items():
        ends = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": "F32", "shape": [*array.shape], "data_offsets": ends}
        data += array.tobytes()
    kind = model.KIND
    return {
        "described": described,
        "header": header,
        "data": data.hex(),
        "format": kind.format,
        "key": kind.key,
    }


def as_model(tree) -> bytes:
    """Return a model file; its SHA-256 is right where there can be one."""
    try:
        data = bytes.fromhex(tree["data"])
    except (ValueError, TypeError, KeyError):
        data = b"\xff" * 8
    header, text = tree.get("header"), as_json(tree.get("described")).decode()
    header, found = header if isinstance(header, dict) else {"a": header}, {}
    try:
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            found[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
        sha256 = content_hash(json.loads(text), found)
    except Exception:  # no reader gets that far
        sha256 = "0" * 64
    metadata = {"format": tree.get("format"), "sha256": sha256}
    metadata[str(tree.get("key"))] = text
    head = as_json({"__metadata__": metadata, **header})
    return len(head).to_bytes(8, "little") + head + data


def as_npy(tree):
    shape, dtype = tree.get("shape"), tree.get("dtype")
    head = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    head = head.replace("[]", "()").replace("[", "(").replace("]", ",)")
    head = head.encode("ascii", "replace")
    length = struct.pack("<H", len(head) % 65536)
    try:  # as many bytes as it says, if that is possible
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        size = size if size < 10**4 else 64
    except Exception:
        size = 64
    data = "me".encode("utf-32-le")[:size].ljust(size, b"\0")
    return b"\x93NUMPY\x01\0" + length + head + data


def as_npz(tree):
    file = io.BytesIO()
    packed = zipfile.ZIP_DEFLATED if tree.get("packed") else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", packed) as parts:
        for name, array in tree.items():
            if name != "packed":
                name = f"{name[:99]}.npy".encode("utf-8", "replace").decode()
                content = as_npy(array if isinstance(array, dict) else {})
                parts.writestr(zipfile.ZipInfo(name), content, packed)
    return file.getvalue()


def as_png(tree):
    """Return a gray PNG; the checksums are right."""
    width, height, depth, color = tree["head"]
    head = struct.pack(">IIBB", width % 2**32, height % 2**32, depth % 256, color % 256)
    rows = zlib.compress(bytes(10) * (tree["rows"] % 10**7))
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in ((b"IHDR", head + bytes(3)), (b"IDAT", rows), (b"IEND", b"")):
        checksum = struct.pack(">I", zlib.crc32(name + data))
        content += struct.pack(">I", len(data)) + name + data + checksum
    return content
