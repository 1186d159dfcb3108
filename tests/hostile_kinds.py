# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of files that are read: a small one of each, how it is written, its reader."""

import collections
import json
from types import SimpleNamespace

import numpy as np
import pytest
from advphy_model import file_gate
from advphy_model.air.perturbation import Perturbation
from advphy_model.files import images, picture_folder, recording_reader
from advphy_model.files.recording_contents import Origin
from advphy_model.link import links, secret_file
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.network_file import NetworkFile
from advphy_model.link.semantic_link import BASE, SemanticLink
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.semantic_counts import SemanticCounts
from advphy_model.modem import transmit_limits
from advphy_model.modem.frame import Frame
from advphy_model.network.network import Layer, Network

from . import hostile_files as hostile
from . import small_semantic as small

Kind = collections.namedtuple("Kind", "suffix tree encode read")


def every_layer():
    """Return a network with the layers whose outputs can be larger than inputs."""
    rng = np.random.default_rng(3)
    weight, bias = rng.normal(size=(1, 1, 3, 3)), np.zeros(1)
    layers = [
        Layer("reshape", "a", {}, {"shape": [1, 2, 2]}),
        Layer("zero_stuffing", "b", {}, {"stride": [2, 2]}),
        Layer("pad", "c", {}, {"padding": [0, 0, 0, 0, 1, 1, 1, 1]}),
        Layer("conv2d", "d", {"weight": weight, "bias": bias}, {"stride": [2, 2]}),
        Layer("flatten", "e"),
        Layer("relu", "f", inputs=("e",)),
        Layer("concatenation", "g", inputs=("e", "f")),
        Layer("pick", "h", {}, {"axis": 1, "indices": [0, 1]}),
        Layer("reshape", "i", {}, {"shape": [2, 1]}),
        Layer("expand", "j", {}, {"shape": [-1, 2, 3]}),
        Layer("mean", "k", {}, {"axes": [2]}),
        Layer("add", "l", {"y": np.ones((1, 2))}),
    ]
    return NetworkFile("all", {"network": Network(tuple(layers), (4,))})


def tiny(reals=1):
    """Return a network of as many outputs as inputs."""
    return Network(
        (small.dense(np.random.default_rng(1), "a", reals, reals),), (reals,)
    )


def link():
    rng = np.random.default_rng(5)
    decoder = Network((small.dense(rng, "a", 5, 2), small.dense(rng, "b", 2, 5)), (2,))
    book = np.array([[1], [-1]])
    return LinkModel("small", 1, 1, book, "network", {"decoder": decoder}, {"seed": 1})


def recording(tmp_path=None):
    """Return the tree of a .sigmf-meta for 100 samples."""
    model = links.load("bpsk")
    frame = Frame.of_model(model, codewords=8)
    own = {f"advphy:{k}": v for k, v in vars(Origin.of(model, frame)).items()}
    fields = {"core:datatype": "cf32_le", "core:sample_rate": 1e6, "core:version": "1"}
    note = {"core:sample_start": 3, "advphy:attack": "jammer", "advphy:psr_db": -3.0}
    captures = [{"core:sample_start": 0, "core:frequency": 1e9}]
    tree = {"global": fields | own, "captures": captures, "annotations": [note]}
    return json.loads(json.dumps(tree))


def read_recording(path):
    if path.suffix == ".sigmf-meta":
        path.with_suffix(".sigmf-data").write_bytes(bytes(800))
    found = recording_reader.read(path)
    sum(map(len, found.pieces()))
    if found.origin is not None:
        Frame.restore(found.origin.frame)


def read_secret(path):
    if path.is_file():
        path.chmod(0o600)
    secret_file.read(path)


def read_bands(path):
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(transmit_limits, "allow_list_path", lambda: path)
            transmit_limits.read_allow_list()
    except ValueError as error:  # an example of several lines follows
        raise ValueError(str(error).partition("; an example:")[0]) from None


def read_settings(path):
    from advphy_commands import train
    from advphy_training import schemes

    given = train._from_file(SimpleNamespace(settings=str(path)))
    schemes.settings(schemes.scheme("autoencoder"), given)


def read_codebook(path):
    with file_gate.reading(path):
        file_gate.npy_array(file_gate.read_bytes(path, "codebook"))


def read_state(path):
    import torch
    from advphy_training import training_state

    parameter = torch.zeros(4, requires_grad=True)
    scheme = SimpleNamespace(state=dict)
    link = path.with_name(path.name.removesuffix(".state.npz"))
    training_state.resume(link, "me", scheme, torch.optim.Adam([parameter]), 2**48)


def read_onnx(path):
    from advphy_training.import_onnx import network_from_onnx

    network_from_onnx(path)


def read_picture(path):
    picture_folder._squares(path, 7, False, False)


def read_scenes(path):
    from gnuradio.advphy.display import scenes

    names = SimpleNamespace(require=lambda name, value: None)
    scenes.read(str(path), names, path.parent)


def onnx_tree():
    """Return a small ONNX model as a tree, or None without the package."""
    onnx = pytest.importorskip("onnx")
    from google.protobuf import json_format

    tensors = [onnx.helper.make_tensor("w", 1, [4, 4], np.eye(4).ravel())]
    tensors.append(onnx.helper.make_tensor("s", 7, [2], [2, 4]))
    sizes = ["batch", 4]
    ends = [onnx.helper.make_tensor_value_info(name, 1, sizes) for name in "xy"]
    value = onnx.helper.make_tensor("v", 1, [1], [1.0])
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "w"], ["a"]),
        onnx.helper.make_node("ConstantOfShape", ["s"], ["b"], value=value),
        onnx.helper.make_node("MatMul", ["b", "w"], ["c"]),
        onnx.helper.make_node("ReduceMean", ["c"], ["d"], axes=[0], keepdims=1),
        onnx.helper.make_node("Add", ["a", "d"], ["y"]),
    ]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    opset = [onnx.helper.make_opsetid("", 13)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    return json_format.MessageToDict(model)


def as_onnx(tree):
    import onnx
    from google.protobuf import json_format

    model = json_format.ParseDict(tree, onnx.ModelProto(), True)
    return model.SerializeToString()


def of_model(model):
    return Kind(
        ".safetensors", hostile.model_tree(model), hostile.as_model, type(model).read
    )


def of_table(schema, **values):
    row = schema(**values)
    rows = [list(schema.COLUMNS), [*map(str, row.columns().values())]]
    read = lambda path: table.read(path, schema)  # noqa: E731
    return Kind(
        ".csv",
        {"rows": rows},
        lambda tree: hostile.as_csv(tree.get("rows") or []),
        read,
    )


def kinds():
    rows = np.random.default_rng(6).normal(size=(1, 4)).view(complex)
    p = Perturbation(
        "mine", "universal", 1, 2, rows, 8.0, {"some": "ab" * 32}, {}, {"a": 1}
    )
    sums = dict.fromkeys("erasures squared_error correct".split(), 0)
    energy = dict.fromkeys("signal transmit perturbation".split(), 1.0)
    energy = {f"{name}_energy": value for name, value in energy.items()}
    both = {"link": "a", "engine": "loop", "seed": 1, "model_sha256": "ab" * 32}
    counts = {
        "erasures": 0,
        "ebn0_db": 3.0,
        "first_block": 0,
        "blocks": 9,
        "block_errors": 1,
    }
    semantic = {
        "images": "i",
        "branch": "bob",
        "pair": "none",
        "snr_db": 1.0,
        "pixels": 4,
    }
    semantic |= {"reals": 2, "first_frame": 0, "frames": 9} | sums | energy
    head = [0x00000803, 2, 2, 3]
    scene = {"caption": "a", "seconds": 3, "set": {"psr_db": -9}}
    array = {"shape": [4], "dtype": "<f4"}
    parts = {name: array | {} for name in ("value0", "mean0", "square0")}
    text, number = {"shape": [], "dtype": "<U2"}, {"shape": [], "dtype": "<i8"}
    state = {"identity": text, "step": number, **parts}
    meta = recording()
    few = meta | {"global": {"core:datatype": "ci8", "core:sample_rate": 1e6}}
    members = [["a.sigmf-meta", few, None, "0"], ["a.sigmf-data", 0, None, "0"]]
    return {
        "link": of_model(link()),
        "semantic link": of_model(
            SemanticLink("a", (1, 1), dict.fromkeys(BASE, tiny()))
        ),
        "eve": of_model(Eve("a", {"classifier": tiny(2)})),
        "perturbation": of_model(p),
        "network": of_model(every_layer()),
        "counts": of_table(Counts, **both, **counts),
        "semantic counts": of_table(SemanticCounts, **both, **semantic),
        "recording": Kind(".sigmf-meta", meta, hostile.as_json, read_recording),
        "archive": Kind(
            ".sigmf",
            {"m": members},
            lambda t: hostile.as_archive(t.get("m") or []),
            read_recording,
        ),
        "images": Kind(
            "-idx3-ubyte",
            {"head": head, "body": [1] * 12, "packed": 0},
            hostile.as_idx,
            images.load,
        ),
        "packed images": Kind(
            "-idx3-ubyte",
            {"head": head, "body": [1] * 12, "packed": 1},
            hostile.as_idx,
            images.load,
        ),
        "secret": Kind(
            "",
            {"a": "ab" * 32},
            lambda t: str(t.get("a")).encode("utf-8", "replace"),
            read_secret,
        ),
        "bands": Kind(
            ".ini",
            {"433": {"first_hz": 1.0, "last_hz": 2.0}},
            hostile.as_bands,
            read_bands,
        ),
        "settings": Kind(
            ".toml",
            {"k": 4, "n": 7, "ebn0_db": 7.0},
            hostile.as_toml,
            read_settings,
        ),
        "picture": Kind(
            ".png", {"head": [9, 8, 8, 0], "rows": 8}, hostile.as_png, read_picture
        ),
        "scenes": Kind(".toml", {"scene": [scene]}, hostile.as_toml, read_scenes),
        "state": Kind(".state.npz", state, hostile.as_npz, read_state),
        "onnx": Kind(".onnx", onnx_tree(), as_onnx, read_onnx),
        "codebook": Kind(
            ".npy", {"shape": [2, 4], "dtype": "<c8"}, hostile.as_npy, read_codebook
        ),
    }
