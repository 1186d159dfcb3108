# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that readers once took too much time or memory for, or refused otherwise.

PYTHONPATH=build/test_modules:apps python -m tests.corpus.make_corpus writes them again.
"""

import copy
from pathlib import Path

from tests import hostile_kinds


def put(*keys, value):
    """Return a change of a tree: the value at keys."""

    def change(tree):
        for key in keys[:-1]:
            tree = tree[key]
        tree[keys[-1]] = value

    return change


def layer(at, key, value):
    way = ("described", "networks", "network", "layers", at, "attributes", key)
    return put(*way, value=value)


def outer(tree):
    """Add a column of 65 536 numbers to a row of as many."""
    column = {"kind": "reshape", "name": "column", "parameters": [], "attributes": {}}
    row = copy.deepcopy(column) | {"name": "row", "inputs": [""]}
    column["attributes"]["shape"], row["attributes"]["shape"] = [65536, 1], [1, 65536]
    both = {"kind": "add", "name": "sum", "parameters": [], "attributes": {}}
    layers = [column, row, both | {"inputs": ["column", "row"]}]
    network = {"input_shape": [65536], "layers": layers}
    tree |= {"header": {}, "data": ""}
    tree["described"]["networks"] = {"network": network}


def constant_shape(tree):
    (shape,) = (t for t in tree["graph"]["initializer"] if t["name"] == "s")
    shape["int64Data"] = ["1099511627776", "4"]


DEEP = 0
for _ in range(40):
    DEEP = [DEEP]
OWN = ("global", "advphy:frame")
CHANGES = {
    "network": {
        "padding": layer(2, "padding", [0, 0, 0, 0, 10**6, 10**6, 10**6, 10**6]),
        "negative_padding": layer(2, "padding", [0, 0, 0, 0, -1, -1, -1, -1]),
        "stuffing": layer(1, "stride", [10**6, 10**6]),
        "no_stride": layer(3, "stride", [0, 0]),
        "repeated": layer(9, "shape", [-1, 2**30, 2**30]),
        "text_as_number": layer(2, "value", "A" * 200),
        "picked_outside": layer(7, "indices", [2**62]),
        "outer_sum": outer,
        "input": put("described", "networks", "network", "input_shape", value=[2**40]),
        "axes": put("described", "networks", "network", "input_shape", value=[1] * 40),
    },
    "link": {
        "k_true": put("described", "k", value=True),
        "k_huge": put("described", "k", value=2**70),
        "escape": put("described", "name", value="a\x1b[2J\nb"),
        "nested": put("described", "recipe", value={"a": DEEP}),
        "infinite": put("described", "recipe", value={"a": "@big@"}),
        "no_number": put("described", "recipe", value={"a": "@nan@"}),
        "shape": put("header", "codebook", "shape", value=[2**31 - 1] * 4),
        "axes": put("header", "codebook", "shape", value=[1] * 200),
        "offset": put("header", "codebook", "data_offsets", value=[2**70, 2**71]),
    },
    "perturbation": {
        "k": put("described", "k", value=10**12),
        "victim": put("described", "victims", value={"a": 5}),
    },
    "eve": {"listened_to": put("described", "listened_to", value={"a": 5})},
    "semantic link": {"image_shape": put("described", "image_shape", value=["8", 7.5])},
    "counts": {
        "digits": put("rows", 1, 9, value="9" * 1500),
        "escape": put("rows", 1, 0, value="a\x1b[2Jb"),
        "twice": lambda tree: [row.append(row[3]) for row in tree["rows"]],
    },
    "recording": {
        "rate": put("global", "core:sample_rate", value=True),
        "nested": put("global", "a", value=DEEP),
        "escape": put("global", "core:datatype", value="\x1b[2J"),
        "frame": put(*OWN, "codewords", value="A" * 500),
        "infinite": put("global", "core:offset", value="@big@"),
    },
    "archive": {
        "size": put("m", 0, 2, value=2**50),
        "sparse": put("m", 1, 3, value="S"),
    },
    "images": {
        "extents": put("head", value=[0x803, *[2**32 - 1] * 3]),
        "zero": put("head", value=[0x803, 0, 2**32 - 1, 2**32 - 1]),
    },
    "packed images": {"swollen": put("body", value=[0] * 200_000)},
    "picture": {"pixels": put("head", value=[60_000, 60_000, 8, 0])},
    "bands": {"infinite": put("433", "last_hz", value="@big@")},
    "settings": {"nested": put("k", value=DEEP), "text": put("k", value="A" * 1500)},
    "scenes": {
        "nested": put("scene", 0, "set", value={"a": DEEP}),
        "key": put("scene", 0, "A" * 500, value=1),
    },
    "state": {
        "shape": put("value0", "shape", value=[2**40]),
        "one": put("mean0", "shape", value=[1]),
        "object": put("step", "dtype", value="|O"),
    },
    "codebook": {
        "shape": put("shape", value=[2**31, 2**31]),
        "object": put("dtype", value="|O"),
    },
    "onnx": {"constant": constant_shape},
}


def main(folder):
    for name, changes in CHANGES.items():
        kind = hostile_kinds.kinds()[name]
        for what, change in changes.items():
            tree = copy.deepcopy(kind.tree)
            change(tree)
            path = folder / name.replace(" ", "_") / f"{what}{kind.suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(kind.encode(tree))


if __name__ == "__main__":
    main(Path(__file__).parent)
