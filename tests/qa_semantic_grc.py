# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion and the semantic blocks: ports, a chain compiled and run."""

import json
from itertools import pairwise

import numpy as np
import pmt
import pytest
import yaml
from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from gnuradio import advphy

from . import small_semantic as small
from .conftest import CLONE
from .qa_grc import compile_example, ran

LINK = small.semantic_link(5, ("alice", "bob"))
SIZES = {"complex": 8, "float": 4, "byte": 1}
MADE = {
    "image_source": lambda: advphy.image_source("mnist_sample"),
    "semantic_encoder": lambda: advphy.semantic_encoder(LINK),
    "alice_arn": lambda: advphy.alice_arn(LINK),
    "snr_channel": lambda: advphy.snr_channel(LINK),
    "bob_arn": lambda: advphy.bob_arn(LINK),
    "semantic_decoder": lambda: advphy.semantic_decoder(LINK),
    "eve": lambda: advphy.eve(small.eve(5, decoder=True)),
    "distortion_meter": lambda: advphy.distortion_meter("mnist_sample"),
    "accuracy_counter": lambda: advphy.accuracy_counter("mnist_sample"),
}


@pytest.mark.parametrize("name", MADE)
def test_ports_are_those_of_the_block(name):
    text = (CLONE / "grc" / f"advphy_{name}.block.yml").read_text()
    described, made = yaml.safe_load(text), MADE[name]()
    values = {
        "advphy": advphy,
        "images": "mnist_sample",
        "model": small.eve(5, decoder=True) if name == "eve" else LINK,
    }
    for direction, signature in (
        ("inputs", made.input_signature()),
        ("outputs", made.output_signature()),
    ):
        streams = [p for p in described.get(direction, []) if p["domain"] == "stream"]
        assert len(streams) == signature.max_streams()
        required = [p for p in streams if not p.get("optional")]
        assert len(required) == signature.min_streams()
        for i, port in enumerate(streams):
            vlen = eval(str(port.get("vlen", 1)).strip("${} "), values)
            size = SIZES[port["dtype"]] * vlen
            assert size == signature.sizeof_stream_item(i), port["label"]
    messages = {
        p["id"] for p in described.get("outputs", []) if p["domain"] == "message"
    }
    published = made.to_basic_block().message_ports_out()
    names = {str(name) for name in _listed(published)} - {"system"}
    assert messages == names


def _listed(vector):
    return [
        pmt.symbol_to_string(pmt.vector_ref(vector, i))
        for i in range(pmt.length(vector))
    ]


BLOCKS = {
    "link": ("variable_advphy_semantic_link", {"model": "paired_arn_white"}),
    "listener": ("variable_advphy_eve_model", {"model": "eve_mnist"}),
    "inserted": ("variable", {"value": "True"}),
    "snr_db": ("variable", {"value": "10.0"}),
    "source": ("advphy_image_source", {"frames": "1500", "first_frame": "20"}),
    "encoder": ("advphy_semantic_encoder", {"model": "link"}),
    "alice": (
        "advphy_alice_arn",
        {"model": "link", "inserted": "inserted", "first_frame": "20"},
    ),
    "to_bob": (
        "advphy_snr_channel",
        {"model": "link", "snr_db": "snr_db", "first_block": "20"},
    ),
    "to_eve": (
        "advphy_snr_channel",
        {"model": "link", "snr_db": "3.0", "seed": "2", "first_block": "20"},
    ),
    "bob": ("advphy_bob_arn", {"model": "link", "first_frame": "20"}),
    "decoder": ("advphy_semantic_decoder", {"model": "link"}),
    "distortion": ("advphy_distortion_meter", {"first_frame": "20"}),
    "eve": ("advphy_eve", {"model": "listener"}),
    "accuracy": ("advphy_accuracy_counter", {"first_frame": "20"}),
}
CHAINS = (
    "source encoder alice to_bob bob decoder distortion",
    "alice to_eve eve accuracy",
)
WIRES = [wire for chain in CHAINS for wire in pairwise(chain.split())]
RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import semantic_chain
from gnuradio import advphy
flowgraph = semantic_chain.semantic_chain()
advphy.run(flowgraph)
flowgraph.set_inserted(False)
flowgraph.set_snr_db(4.0)
flowgraph.set_link(flowgraph.link)
print(json.dumps([flowgraph.distortion.total(), flowgraph.accuracy.total(),
                  flowgraph.alice.inserted(), flowgraph.to_bob.snr_db()]))
"""


def chain_file(folder, **changes):
    """Write the chain as Companion keeps it; changes are of parameters by block."""
    options = {"id": "semantic_chain", "generate_options": "no_gui"}
    options |= {"output_language": "python", "run_options": "run"}
    found = {
        "options": {"parameters": options, "states": {}},
        "blocks": [
            {
                "name": name,
                "id": kind,
                "states": {"state": "enabled"},
                "parameters": parameters | changes.get(name, {}),
            }
            for name, (kind, parameters) in BLOCKS.items()
        ],
        "connections": [[a, "0", b, "0"] for a, b in WIRES],
        "metadata": {"file_format": 1},
    }
    path = folder / "semantic_chain.grc"
    path.write_text(yaml.safe_dump(found))
    return path


def test_a_chain_made_in_companion_runs_and_measures(tmp_path):
    done = compile_example(chain_file(tmp_path), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = ran("-c", RUN, tmp_path)
    distortion, accuracy, inserted, snr_db = json.loads(done.stdout.splitlines()[-1])
    link, eve = SemanticLink.load("paired_arn_white"), Eve.load("eve_mnist")
    given = SemanticSetting(link, images.load("mnist_sample"), 10.0, 3.0, eve)
    rows = semantic_chain.total(given, 1500, 20)
    assert (distortion["frames"], accuracy["frames"]) == (1500, 1500)
    expected = rows["bob"].squared_error
    assert distortion["squared_error"] == pytest.approx(expected, rel=1e-6)
    assert accuracy["correct"] == rows["eve"].correct
    # What Companion does when a variable changes reaches the blocks.
    assert (inserted, snr_db) == (False, 4.0)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"source": {"images": "nowhere"}}, "nowhere"),
        ({"link": {"model": "nonsense"}}, "nonsense"),
        ({"encoder": {"latency": "0"}}, "latency"),
        ({"listener": {"model": "small"}}, "does not match"),
    ],
)
def test_companion_refuses_what_does_not_fit(tmp_path, changes, text):
    if "listener" in changes:  # an Eve of 5 reals hears a link of 23
        path = tmp_path / "small.safetensors"
        small.eve(5).write(path)
        changes = {"listener": {"model": str(path)}}
    done = compile_example(chain_file(tmp_path, **changes), tmp_path)
    assert done.returncode != 0
    assert text in done.stdout + done.stderr


def test_a_width_is_that_of_the_data_set():
    assert advphy.image_pixels("mnist_sample") == 784
    assert np.prod(images.load("mnist_sample").shape) == 784
