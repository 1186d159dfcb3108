# SPDX-License-Identifier: GPL-3.0-or-later
"""SDR sink and source without a radio: files, ZMQ, dry runs, what is refused."""

import os
import re
import socket
import subprocess
import sys

import numpy as np
import pmt
import pytest
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air import radio, standard_error, standin, stream_events

from .qa_grc import ENVIRONMENT, compile_example
from .standin_link import needs_standin, on_air, own_air, run_for, tones


@pytest.fixture
def no_allow_list(tmp_path, monkeypatch):
    """Have no allow-list during a test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def sent_through(sink, samples):
    """Run a flowgraph that sends samples; return the sink."""
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), sink)
    run_for(flowgraph, 20)
    return sink


def test_a_file_holds_what_is_sent_and_gives_it_back(rng, tmp_path):
    sent = tones(rng, 50_000)
    path = str(tmp_path / "air.c64")
    sink = sent_through(advphy.sdr_sink("file", path, armed=True), sent)
    assert np.array_equal(np.fromfile(path, np.complex64), sent)
    assert sink.events()["samples"] == 50_000
    flowgraph = advphy.top_block()
    source, found = advphy.sdr_source("file", path), blocks.vector_sink_c()
    flowgraph.connect(source, found)
    run_for(flowgraph, 20)
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


@pytest.mark.parametrize("driver", ["uhd", "hackrf", "soapy", "osmosdr", "standin"])
def test_a_dry_run_opens_no_device(driver, monkeypatch, no_allow_list):
    monkeypatch.setattr(radio, "Radio", None)  # to call it would raise
    sink = advphy.sdr_sink(driver, adversary="yes")
    sent_through(sink, np.zeros(10, np.complex64))
    assert f"driver={driver}) - not armed" in sink.plan()
    sink.set_gain(3)
    sink.set_frequency(1e9)
    assert "1000 MHz, gain 3 dB" in sink.plan()


def test_the_time_limit_ends_a_file_too(tmp_path):
    path = str(tmp_path / "air.c64")
    sink = advphy.sdr_sink("file", path, sample_rate=1e5, armed=True, time_limit=0.1)
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c([0.1 + 0j] * 100, True), sink)
    run_for(flowgraph, 20)
    assert os.path.getsize(path) == 8 * 10_000


RADIATES = ["uhd", "hackrf", "soapy", "osmosdr"]


@pytest.mark.parametrize("driver", RADIATES)
def test_no_radio_is_opened_without_an_allow_list(driver, monkeypatch, no_allow_list):
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match="there is no allow-list"):
        advphy.sdr_sink(driver, armed=True)


@pytest.mark.parametrize(
    ("driver", "args"),
    [
        ("standin", "driver=hackrf"),
        ("soapy", "driver=advphy_standin,driver=hackrf"),
        ("soapy", "driver=advphy_standin,remote:driver=hackrf"),
        ("osmosdr", "soapy=0,driver=advphy_standin,hackrf=0"),
        ("osmosdr", "soapy=0,driver=advphy_standin hackrf=0"),
        ("osmosdr", "driver=advphy_standin,uhd"),
        ("osmosdr", "file=/tmp/x,rate=1e6"),
        ("hackrf", "driver=advphy_standin"),
        ("uhd", "driver=advphy_standin"),
    ],
)
def test_what_only_looks_like_the_stand_in_is_a_radio(
    driver, args, monkeypatch, no_allow_list
):
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match="there is no allow-list"):
        advphy.sdr_sink(driver, args, armed=True)


@pytest.mark.parametrize("driver", RADIATES)
def test_an_adversary_opens_no_radio_unless_permitted(driver, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "gr-advphy").mkdir()
    (tmp_path / "gr-advphy/transmit.ini").write_text(
        "[cable]\nfirst_hz=400e6\nlast_hz=500e6\nmax_gain_db=10\n"
    )
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match="permitted = 'cabled' or 'licensed'"):
        advphy.sdr_sink(driver, gain=5, armed=True, adversary="yes")
    with pytest.raises(ValueError, match="wanted at most 10 dB"):
        advphy.sdr_sink(
            driver, gain=11, armed=True, adversary="yes", permitted="cabled"
        )
    with pytest.raises(TypeError, match="NoneType"):  # now it would be opened
        advphy.sdr_sink(driver, gain=5, armed=True, adversary="yes", permitted="cabled")


@needs_standin
def test_an_adversary_may_use_the_stand_in(tmp_path, no_allow_list):
    sink = advphy.sdr_sink(
        "standin", own_air(record=tmp_path / "air"), armed=True, adversary="yes"
    )
    sent_through(sink, np.full(100, 0.5, np.complex64))
    air, _ = on_air(tmp_path / "air")
    assert np.array_equal(air[:100], np.full(100, 0.5, np.complex64))


@needs_standin
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"driver": "rtl"}, r"driver = 'rtl' is not known; there are: uhd, .*zmq"),
        ({"args": "cof=1"}, "'cof' is not one of its arguments"),
        ({"args": "cfo=x"}, "cfo = 'x', wanted a number"),
        ({"args": "delay=-1"}, "delay = '-1', wanted a whole number"),
        ({"frequency": 10e9}, r"frequency = 1e\+10, but the device"),
        ({"frequency": float("nan")}, "frequency = nan, wanted a finite"),
        ({"sample_rate": 1e3}, r"sample_rate = 1000, but .*100000...2e\+07"),
        ({"sample_rate": -1}, "sample_rate = -1, wanted"),
        ({"gain": 61}, "gain = 61, but the device .* has 0...60 dB"),
        ({"antenna": "TX/RX"}, "antenna = 'TX/RX', but the device has: stand-in"),
        ({"channel": 1}, "channel = 1, but driver = 'standin' opens only 0"),
    ],
)
def test_what_the_device_does_not_have_is_one_sentence(arguments, said):
    arguments = {"driver": "standin"} | arguments
    for made, more in ((advphy.sdr_sink, {"armed": True}), (advphy.sdr_source, {})):
        with pytest.raises(ValueError, match=said) as found:
            made(**arguments, **more)
        assert "\n" not in str(found.value)


@pytest.mark.parametrize("driver", ["uhd", "hackrf", "soapy"])
def test_without_a_device_one_sentence_says_so(driver):
    with pytest.raises(ValueError, match="no such device can be opened") as found:
        advphy.sdr_source(driver, "driver=none" if driver == "soapy" else "")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("driver", ["uhd", "soapy", "osmosdr"])
def test_a_driver_that_is_not_installed_is_named_with_its_remedy(driver, monkeypatch):
    name = driver if driver == "osmosdr" else f"gnuradio.{driver}"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=f"gr-{driver} is not installed; apt install"):
        advphy.sdr_source(driver)


def test_files_and_endpoints_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="wanted the path of a file"):
        advphy.sdr_sink("file", armed=True)
    with pytest.raises(ValueError, match="cannot be written"):
        advphy.sdr_sink("file", str(tmp_path / "no" / "x"), armed=True)
    with pytest.raises(ValueError, match="cannot be read"):
        advphy.sdr_source("file", str(tmp_path / "x"))
    (tmp_path / "x").write_bytes(b"123")
    with pytest.raises(ValueError, match="no complex64 sample"):
        advphy.sdr_source("file", str(tmp_path / "x"))
    with pytest.raises(ValueError, match="zmq cannot bind"):
        advphy.sdr_sink("zmq", "nonsense", armed=True)
    with pytest.raises(ValueError, match="zmq cannot connect"):
        advphy.sdr_source("zmq", "nonsense")


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
    sender = subprocess.Popen([sys.executable, "-c", SENDER, endpoint], env=ENVIRONMENT)
    try:
        flowgraph = advphy.top_block()
        found = blocks.vector_sink_c()
        flowgraph.connect(
            advphy.sdr_source("zmq", endpoint), blocks.head(8, 100_000), found
        )
        run_for(flowgraph, 20)
    finally:
        sender.kill()
    sent = (0.5 * np.exp(0.01j * np.arange(100_000))).astype(np.complex64)
    assert np.array_equal(np.array(found.data(), np.complex64), sent)
    tags = [
        (t.offset, pmt.to_python(t.key), pmt.to_python(t.value)) for t in found.tags()
    ]
    assert (1234, "frame", 7) in tags


def test_events_are_published_and_none_is_what_a_driver_does_not_tell(tmp_path):
    flowgraph = advphy.top_block()
    sink = advphy.sdr_sink("hackrf")
    heard = blocks.message_debug()
    flowgraph.connect(blocks.vector_source_c([2 + 0j] * 1000), sink)
    flowgraph.msg_connect((sink, "stream_events"), (heard, "store"))
    run_for(flowgraph, 20)
    assert heard.num_messages() >= 1
    said = pmt.to_python(heard.get_message(heard.num_messages() - 1))
    # The last one may come when its receiver has ended already.
    assert 0 < said["samples"] == said["clipped"] <= 1000
    assert sink.events()["samples"] == sink.events()["clipped"] == 1000
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
    run_for(flowgraph, 20)
    assert events.counts()["overruns"] == 3


def test_marks_on_standard_error_are_counted_and_passed_on(capfd):
    found = []
    counter = standard_error.MarkCounter(b"sO", found.append)
    counter.start()
    os.write(2, b"sOsO and")
    os.write(2, b" then s")
    os.write(2, b"O.")
    counter.stop()
    os.write(2, b" sO later")
    counter.stop()  # once more does nothing
    assert sum(found) == 3
    assert capfd.readouterr().err == "sOsO and then sO. sO later"


def test_two_listeners_hear_the_same(capfd):
    first, second = [], []
    one = standard_error.MarkCounter(b"sO", first.append)
    two = standard_error.MarkCounter(b"sO", second.append)
    one.start()
    os.write(2, b"sO")
    two.start()
    os.write(2, b"sO")
    one.stop()
    os.write(2, b"sO")
    two.stop()
    assert sum(first) == 2
    assert 2 <= sum(second) <= 3  # the first one may be still on its way
    assert capfd.readouterr().err == "sOsOsO"


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
    assert "False, 'no', None, 0.8, 10.0)" in made["uhd"]
    assert re.sub("'uhd'", "'hackrf'", made["uhd"]) == made["hackrf"]
