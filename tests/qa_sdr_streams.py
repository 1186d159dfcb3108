# SPDX-License-Identifier: GPL-3.0-or-later
"""SDR sink and source without a radio: files, ZMQ, dry runs, counts of losses."""

import importlib
import os
import re
import socket
import subprocess
import sys
import time

import numpy as np
import pmt
import pytest
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air import standin, stream_events
from gnuradio.advphy.air.radio_drivers import METHODS

from .qa_grc import ENVIRONMENT, compile_example
from .standin_link import sent_through, tones
from .while_running import until


def test_a_file_holds_what_is_sent_and_gives_it_back(rng, tmp_path):
    sent = tones(rng, 50_000)
    path = str(tmp_path / "air.c64")
    sink = sent_through(advphy.sdr_sink("file", path, armed=True), sent)
    assert np.array_equal(np.fromfile(path, np.complex64), sent)
    assert sink.events()["samples"] == 50_000
    flowgraph = advphy.top_block()
    source, found = advphy.sdr_source("file", path), blocks.vector_sink_c()
    flowgraph.connect(source, found)
    flowgraph.run()
    assert np.array_equal(np.array(found.data(), np.complex64), sent)
    assert source.events()["overruns"] == 0


def test_a_dry_run_sends_nothing_and_says_what_it_would(tmp_path, rng, caplog):
    path = tmp_path / "air.c64"
    sink = advphy.sdr_sink("file", str(path), 433.92e6, 1e6, 20)
    sent_through(sink, np.full(12_000, 0.9, np.complex64))
    assert not path.exists()
    wanted = (
        "would send 12000 samples, 0.012 s at 1 Msample/s, 433.92 MHz, gain 20 dB, "
        "peak amplitude 0.8 (driver=file) - not armed"
    )
    assert sink.plan() == wanted
    assert wanted in caplog.text
    assert sink.events()["clipped"] == 12_000


def test_the_time_limit_ends_a_file_too(tmp_path):
    path = str(tmp_path / "air.c64")
    sink = advphy.sdr_sink("file", path, sample_rate=1e5, armed=True, time_limit=0.1)
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c([0.1 + 0j] * 100, True), sink)
    flowgraph.run()
    assert os.path.getsize(path) == 8 * 10_000


SENDER = """
import sys, numpy as np, pmt
from gnuradio import advphy, blocks, gr
tag = gr.tag_t()
tag.offset, tag.key, tag.value = 1234, pmt.intern("frame"), pmt.from_long(7)
n = np.arange(120000)  # more than is fetched: a head block ends at the next sample
sent = (0.5 * np.exp(0.01j * n)).astype(np.complex64)
flowgraph = advphy.top_block()
flowgraph.connect(blocks.vector_source_c(sent.tolist(), False, 1, [tag]),
                  advphy.sdr_sink("zmq", sys.argv[1], armed=True))
flowgraph.run()
"""


def test_zmq_carries_samples_and_tags_between_two_processes():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-c", SENDER, endpoint]
    with subprocess.Popen(command, env=ENVIRONMENT) as sender:
        flowgraph = advphy.top_block()
        found = blocks.vector_sink_c()
        flowgraph.connect(
            advphy.sdr_source("zmq", endpoint), blocks.head(8, 100_000), found
        )
        flowgraph.run()
        sender.kill()
    sent = (0.5 * np.exp(0.01j * np.arange(100_000))).astype(np.complex64)
    assert np.array_equal(np.array(found.data(), np.complex64), sent)
    tags = [
        (t.offset, pmt.to_python(t.key), pmt.to_python(t.value)) for t in found.tags()
    ]
    assert (1234, "frame", 7) in tags


ENDLESS = """
import sys
from gnuradio import advphy, blocks
flowgraph = advphy.top_block()
flowgraph.connect(blocks.vector_source_c([0.5] * 1000, True), blocks.throttle(8, 1e6),
                  advphy.sdr_sink("zmq", sys.argv[1], armed=True))
flowgraph.start()
print("up", flush=True)
flowgraph.wait()
"""


@pytest.mark.parametrize("kind", ["tcp", "ipc"])
def test_samples_of_a_sender_that_is_killed_and_started_again(kind, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    endpoint = endpoint if kind == "tcp" else f"ipc://{tmp_path}/samples"
    source = advphy.sdr_source("zmq", endpoint)
    flowgraph = advphy.top_block()
    flowgraph.connect(source, blocks.null_sink(8))
    flowgraph.start()
    seconds = []
    try:
        for _ in range(3):
            command = [sys.executable, "-c", ENDLESS, endpoint]
            pipe = {"stdout": subprocess.PIPE, "env": ENVIRONMENT}
            with subprocess.Popen(command, **pipe) as sender:
                before = source.events()["samples"]
                assert sender.stdout.readline() == b"up\n"
                since = time.monotonic()
                until(
                    lambda before=before: source.events()["samples"] > before + 10_000
                )
                seconds.append(time.monotonic() - since)
                sender.kill()
    finally:
        flowgraph.stop()
        flowgraph.wait()
    assert max(seconds) < 3


def test_ipv6_is_sent_and_received_and_gr_zeromq_is_named_where_it_cannot():
    with socket.socket(socket.AF_INET6) as free:
        try:
            free.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        endpoint = f"tcp://[::1]:{free.getsockname()[1]}"
    flowgraph = advphy.top_block()
    flowgraph.connect(
        blocks.vector_source_c([0.5 + 0j] * 1000, True),
        advphy.sdr_sink("zmq", endpoint, armed=True),
    )
    source = advphy.sdr_source("zmq", endpoint)
    flowgraph.connect(source, blocks.null_sink(8))
    flowgraph.start()
    until(lambda: source.events()["samples"] > 10_000)
    flowgraph.stop()
    flowgraph.wait()
    with pytest.raises(ValueError, match=r"gr-zeromq does not know IPv6.*127"):
        advphy.sdr_sink("zmq_pub", endpoint, armed=True)


def test_events_are_published_and_none_is_what_a_driver_does_not_tell(tmp_path):
    flowgraph = advphy.top_block()
    sink = advphy.sdr_sink("hackrf")
    heard = blocks.message_debug()
    source = blocks.vector_source_c([2 + 0j] * 1000, True)
    flowgraph.connect(source, blocks.throttle(8, 1e5), sink)
    flowgraph.msg_connect((sink, "stream_events"), (heard, "store"))
    flowgraph.start()
    until(heard.num_messages)
    flowgraph.stop()
    flowgraph.wait()
    said = pmt.to_python(heard.get_message(0))
    assert 0 < said["samples"] == said["clipped"]
    assert sink.events()["samples"] == sink.events()["clipped"] >= said["samples"]
    assert {said["underruns"], said["overruns"], said["late"]} == {None}
    assert said["since"] > 1.7e9


def test_messages_of_gr_uhd_are_counted():
    events = stream_events.StreamEvents("sink", "uhd")
    messages = stream_events.uhd_messages(events)
    for codes in (["underflow"], ["time_error", "underflow_in_packet"], ["burst_ack"]):
        symbols = pmt.list1(pmt.intern(codes[0]))
        for code in codes[1:]:
            symbols = pmt.list_add(symbols, pmt.intern(code))
        value = pmt.dict_add(pmt.make_dict(), pmt.intern("event_code"), symbols)
        messages.handle(pmt.cons(pmt.intern("uhd_async_msg"), value))
    found = events.counts()
    assert (found["underruns"], found["late"], found["overruns"]) == (2, 1, None)


def test_tags_of_time_behind_the_first_are_overruns_of_gr_uhd():
    from gnuradio.advphy.air.sdr_source import _stream_watch

    events = stream_events.StreamEvents("source", "uhd", samples=0)
    watch = _stream_watch("uhd", events)
    tags = []
    for offset in (0, 500, 900, 950):
        tag = gr.tag_t()
        tag.offset, tag.key = offset, pmt.intern("rx_time")
        tags.append(tag)
    source = blocks.vector_source_c([0j] * 1000, False, 1, tags)
    flowgraph = advphy.top_block()
    flowgraph.connect(source, watch)
    flowgraph.run()
    assert events.counts()["overruns"] == 3


def test_the_stand_in_is_found_in_a_build_tree_only(monkeypatch, tmp_path):
    folder = standin.plugin_folder()
    assert folder is None or (folder / "advphyStandIn.so").is_file()
    monkeypatch.setattr(standin, "__file__", str(tmp_path / "a/b/c/d/e.py"))
    assert standin.plugin_folder() is None


FLOWGRAPH = """
options:
  parameters: {id: radio_loop, generate_options: no_gui, output_language: python,
    run_options: prompt, title: Radio loop}
  states: {coordinate: [0, 0], rotation: 0, state: enabled}
blocks:
- name: sink
  id: advphy_sdr_sink
  parameters: {driver: DRIVER, gain: '10'}
  states: {coordinate: [300, 0], rotation: 0, state: enabled}
- name: source
  id: advphy_sdr_source
  parameters: {driver: DRIVER, gain: '10'}
  states: {coordinate: [0, 0], rotation: 0, state: enabled}
connections:
- [source, '0', sink, '0']
metadata: {file_format: 1}
"""


def test_companion_differs_by_one_parameter_between_radios(tmp_path):
    made = {}
    for driver in ("uhd", "hackrf"):
        example = tmp_path / f"{driver}.grc"
        example.write_text(FLOWGRAPH.replace("DRIVER", driver))
        found = compile_example(example, tmp_path)
        assert found.returncode == 0, found.stdout + found.stderr
        made[driver] = (tmp_path / "radio_loop.py").read_text()
    assert "advphy.sdr_sink('uhd', '', " in made["uhd"]
    assert "False, 'no', None, 0.8, 10.0, None, '', 1)" in made["uhd"]
    assert re.sub("'uhd'", "'hackrf'", made["uhd"]) == made["hackrf"]


@pytest.mark.parametrize("package", sorted(METHODS))
@pytest.mark.parametrize("direction", ["sink", "source"])
def test_every_driver_has_the_methods_that_it_is_called_by(package, direction):
    if package == "osmosdr":
        made = getattr(
            pytest.importorskip("osmosdr", reason="gr-osmosdr lacks"), direction
        )
    else:
        name = f"usrp_{direction}" if package == "uhd" else direction
        made = getattr(importlib.import_module(f"gnuradio.{package}"), name)
    names = METHODS[package]
    for method in [*names["get"].values(), *names["set"].values()]:
        assert hasattr(made, method), method
    assert set(names["get"]) >= {
        "frequency",
        "sample_rate",
        "gain",
        "antenna",
        "antennas",
        "frequency range",
        "sample_rate range",
        "gain range",
        "gain names",
    }
    assert set(names["set"]) == {"frequency", "sample_rate", "gain", "antenna"}
