# SPDX-License-Identifier: GPL-3.0-or-later
"""However a transmission ends, zeros are on the air and the transmitter is off."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import advphy, blocks, gr

from .commands import heed_signals
from .qa_grc import ENVIRONMENT
from .qa_radio_grc import program
from .standin_link import WAYS, happened, needs_standin, on_air, own_air
from .while_running import until

pytestmark = needs_standin

# The sink's tail has 131 072 zeros. A paced stand-in queues half of them, as a radio
# does, and does not send what it has queued once it is off; gr-osmosdr's sink leaves
# the last few samples of a stream.
ZEROS = 65_536 - 16
MANY = 400_000  # samples that cannot all be in queues and buffers: some are on the air


def assert_silent_at_the_end(record):
    """Return how many samples were on the air in front of the zeros."""
    air, lines = on_air(record)
    assert lines[0] == "tx on 0"
    assert lines[-1] == f"tx off {len(air)}"
    assert len(air) >= ZEROS
    assert not air[-ZEROS:].any()
    return int(np.flatnonzero(air)[-1]) + 1 if air.any() else 0


def endless(driver, record, **settings):
    """Return a flowgraph that transmits 0.5 for ever."""
    flowgraph = gr.top_block()  # as GNU Radio Companion makes it
    flowgraph.source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
    flowgraph.sink = advphy.sdr_sink(
        driver, own_air(driver, record=record, **settings), armed=True
    )
    flowgraph.connect(flowgraph.source, flowgraph.sink)
    return flowgraph


def started(flowgraph):
    """Start a flowgraph; return when samples of it are on the air."""
    flowgraph.start()
    until(lambda: flowgraph.sink.events()["samples"] > MANY)


@pytest.mark.parametrize("driver", WAYS)
@pytest.mark.parametrize("paced", [0, 1])
def test_stop(driver, paced, tmp_path):
    flowgraph = endless(driver, tmp_path / "air", paced=paced)
    started(flowgraph)
    flowgraph.stop()
    flowgraph.wait()
    assert assert_silent_at_the_end(tmp_path / "air") > 10_000


def test_started_again_it_ends_in_zeros_again(tmp_path):
    flowgraph = endless("standin", tmp_path / "air", paced=1)
    for turn in (1, 2):
        started(flowgraph)
        flowgraph.stop()
        flowgraph.wait()
        air, lines = on_air(tmp_path / "air")
        assert lines[-1] == f"tx off {len(air)}"
        assert [line[:5] for line in lines if line[:2] == "tx"] == [
            "tx on",
            "tx of",
        ] * turn
        assert not air[-ZEROS:].any()
        assert air[-3 * ZEROS :].any()


class failing(gr.sync_block):
    """Send ones, then raise."""

    def __init__(self, base=gr.sync_block):
        gr.sync_block.__init__(self, "failing", [], [np.complex64])

    def work(self, input_items, output_items):
        if self.nitems_written(0) > 50_000:
            raise RuntimeError("upstream failed")
        output_items[0][:] = 0.5
        return len(output_items[0])


class guarded_failing(advphy.guarded_block):
    """Send ones, then raise."""

    def __init__(self):
        advphy.guarded_block.__init__(self, "failing", [], [np.complex64])

    def work(self, input_items, output_items):
        return failing.work(self, input_items, output_items)


def test_an_exception_upstream(tmp_path):
    flowgraph = advphy.top_block()
    flowgraph.connect(
        guarded_failing(),
        advphy.sdr_sink("standin", own_air(record=tmp_path / "air"), armed=True),
    )
    with pytest.raises(RuntimeError, match="upstream failed"):
        flowgraph.run()
    assert assert_silent_at_the_end(tmp_path / "air") > 10_000


def test_a_block_that_dies_without_a_guard_leaves_zeros_then_no_transmitter(tmp_path):
    """GNU Radio lets such a flowgraph stand: the time limit turns it off."""
    record = tmp_path / "air"
    flowgraph = gr.top_block()
    source = failing()
    sink = advphy.sdr_sink(
        "standin", own_air(record=record, paced=1), armed=True, time_limit=2.0
    )
    flowgraph.connect(source, sink)
    flowgraph.start()
    until(lambda: sink.events()["pauses"])
    until(lambda: happened(record)[-1].startswith("tx off"))
    assert sink.events()["pauses"] == 1
    assert_silent_at_the_end(record)
    flowgraph.stop()
    flowgraph.wait()
    assert_silent_at_the_end(record)


def test_the_time_limit(tmp_path):
    flowgraph = advphy.top_block()
    sink = advphy.sdr_sink(
        "standin", own_air(record=tmp_path / "air"), armed=True, time_limit=0.1
    )
    flowgraph.connect(blocks.vector_source_c([0.5 + 0j] * 1000, True), sink)
    flowgraph.run()
    assert assert_silent_at_the_end(tmp_path / "air") == 100_000  # 0.1 s at 1 Msample/s


def test_silence_on_request_ends_the_stream(tmp_path):
    flowgraph = endless("standin", tmp_path / "air", paced=1)
    started(flowgraph)
    flowgraph.sink.silence()
    assert_silent_at_the_end(tmp_path / "air")  # before the flowgraph is stopped
    flowgraph.wait()  # ends by itself


def test_an_end_does_not_wait_for_a_receiver_that_never_starts(tmp_path):
    args = own_air(record=tmp_path / "air")
    receiver = advphy.sdr_source("standin", args)
    flowgraph = gr.top_block()
    source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
    sink = advphy.sdr_sink("standin", args, armed=True)
    flowgraph.connect(source, sink)
    flowgraph.start()
    until(lambda: happened(tmp_path / "air"))
    flowgraph.stop()
    flowgraph.wait()
    air, lines = on_air(tmp_path / "air")
    assert lines[-1] == "tx off 0"
    assert not air.size
    assert receiver.events()["samples"] == 0


PROGRAM = """
import sys, threading, time
from gnuradio import advphy, blocks, gr
flowgraph = advphy.top_block()
source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
sink = advphy.sdr_sink("standin", sys.argv[1], armed=True)
flowgraph.connect(source, sink)

def say_on():
    while sink.events()["samples"] < int(sys.argv[2]):
        time.sleep(0.001)
    print("on", flush=True)

"""
ENDS = {
    "run": "threading.Thread(target=say_on).start(); flowgraph.run()",
    "sleeps": "flowgraph.start(); say_on(); time.sleep(60)",
    "raises": "flowgraph.start(); say_on(); 1 / 0",
    "returns": "flowgraph.start(); say_on()",
}


@contextlib.contextmanager
def running(words):
    """Give the process of a program of Python, and kill it if it is still there."""
    process = subprocess.Popen(
        [sys.executable, *words],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def transmitting(end, folder):
    """Give a process that has samples on the air and ends in some manner."""
    air = own_air(record=folder / "air", paced=1)
    with running(["-c", PROGRAM + ENDS[end], air, str(MANY)]) as process:
        assert process.stdout.readline() == "on\n"
        yield process


@pytest.mark.parametrize("end", ENDS)
def test_a_process_that_is_interrupted_or_ends(end, tmp_path):
    with transmitting(end, tmp_path) as process:
        if end in ("run", "sleeps"):
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    # No crash: Python ends so after an exception or an interrupt that nobody catches.
    assert process.returncode in (0, 1, -signal.SIGINT), said
    assert assert_silent_at_the_end(tmp_path / "air") > 10_000


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_terminated(how, tmp_path):
    with transmitting("sleeps", tmp_path) as process:
        process.send_signal(how)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 128 + how, said
    assert assert_silent_at_the_end(tmp_path / "air") > 10_000


@pytest.fixture(scope="module")
def companions(tmp_path_factory):
    """Compile a transmitter with a window and one without; return their folder."""
    folder = tmp_path_factory.mktemp("companions")
    program("over_the_air_tx", folder)
    program("radio_loopback", folder, ("id=loopback", f"record={folder}/window"))
    return folder


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["over_the_air_tx", "radio_loopback"])
def test_a_program_that_companion_wrote(name, how, companions, tmp_path):
    words, record = [], companions / "window"
    if name == "over_the_air_tx":
        record = tmp_path / "air"
        words = ["--driver", "standin", "--device", f"record={record},paced=1"]
        words += ["--armed", "1", "--seconds", "600"]
    for earlier in (record, Path(f"{record}.events")):
        earlier.unlink(missing_ok=True)
    with running([str(companions / f"{name}.py"), *words]) as process:
        until(lambda: record.is_file() and record.stat().st_size > 8 * MANY)
        process.send_signal(how)
        _, said = process.communicate(timeout=300)
    # Companion's programs start before they handle an interrupt.
    assert process.returncode in (0, 128 + how, -signal.SIGINT), said
    assert assert_silent_at_the_end(record) > 10_000
