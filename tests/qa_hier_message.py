# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs with hier blocks that publish leave nothing behind."""

import pytest
from gnuradio import advphy, blocks, gr

from .left_open import buffers, descriptors, threads
from .qa_block_errors import build
from .standin_link import needs_standin, own_air

GRAPHS, FEW = 20, 5  # the first graph may open something for the process


def sent_and_received(sender, receiver):
    """Return a flowgraph with a sink and a source."""
    flowgraph = advphy.top_block()
    source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
    flowgraph.connect(source, advphy.sdr_sink(*sender, armed=True))
    flowgraph.connect(advphy.sdr_source(*receiver), blocks.null_sink(8))
    return flowgraph


def file(folder, number):
    (folder / "sent").write_bytes(bytes(800))
    return sent_and_received(
        ("file", str(folder / "a")), ("file", str(folder / "sent"))
    )


def zmq(folder, number):
    return sent_and_received(*2 * [("zmq", f"ipc://{folder}/{number}")])


def standin(folder, number):
    return sent_and_received(*2 * [("standin", own_air(record=folder / "air"))])


def link(folder, number):
    flowgraph = advphy.top_block()
    flowgraph.connect(advphy.link("bpsk"))
    return flowgraph


def temporaries(folder, number):
    flowgraph = gr.top_block()
    build(flowgraph)
    return flowgraph


@pytest.mark.parametrize(
    "made", [file, zmq, link, temporaries, pytest.param(standin, marks=needs_standin)]
)
def test_many_flowgraphs_leave_nothing_behind(made, tmp_path):
    before = len(descriptors()), len(threads()), len(buffers())
    for number in range(GRAPHS):
        flowgraph = made(tmp_path, number)
        flowgraph.start()
        flowgraph.stop()
        flowgraph.wait()
        del flowgraph
    assert len(descriptors()) < before[0] + FEW
    assert len(threads()) < before[1] + FEW
    assert len(buffers()) == before[2]
