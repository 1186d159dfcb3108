# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs with hier blocks that publish leave no descriptor, thread or memory."""

import gc
import os

import pytest
from gnuradio import advphy, blocks

from .standin_link import needs_standin, own_air

GRAPHS = 100
FEW = 10  # the first graph may open something for the process


def left_open():
    """Return how many descriptors and threads the process has."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def resident_mib():
    """Return the memory of the process that is in use, in MiB."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def sent_and_received(sender, receiver):
    """Start and stop a flowgraph with a sink and a source."""
    flowgraph = advphy.top_block()
    source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
    flowgraph.connect(source, advphy.sdr_sink(*sender, armed=True))
    flowgraph.connect(advphy.sdr_source(*receiver), blocks.null_sink(8))
    flowgraph.start()
    flowgraph.stop()
    flowgraph.wait()


@pytest.mark.parametrize(
    "driver", ["file", "zmq", pytest.param("standin", marks=needs_standin)]
)
def test_a_hundred_flowgraphs_leave_no_descriptor_and_no_thread(driver, tmp_path):
    (tmp_path / "sent").write_bytes(bytes(800))
    before = left_open()
    for number in range(GRAPHS):
        if driver == "file":
            ends = ("file", str(tmp_path / "air")), ("file", str(tmp_path / "sent"))
        elif driver == "zmq":
            ends = 2 * (("zmq", f"ipc://{tmp_path}/{number}"),)
        else:
            ends = 2 * (("standin", own_air(record=tmp_path / "record")),)
        sent_and_received(*ends)
    after = left_open()
    assert after[0] - before[0] < FEW
    assert after[1] - before[1] < FEW


def test_links_leave_no_memory():
    def run():
        flowgraph = advphy.top_block()
        flowgraph.connect(
            advphy.link("autoencoder_mlp", stop=advphy.stop_rule(min_errors=10))
        )
        flowgraph.run()

    run()
    before = resident_mib()
    for _ in range(10):
        run()
    assert resident_mib() - before < 50  # the buffers of one link: 20 MiB
