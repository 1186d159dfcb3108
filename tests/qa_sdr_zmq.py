# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for one receiver (zmq) and for many (zmq_pub) in other flowgraphs."""

import struct
import threading

import numpy as np
import pmt
import pytest
import zmq
from gnuradio import advphy, blocks, gr, zeromq
from gnuradio.advphy.air import standin

from .left_open import descriptors, threads
from .while_running import until

REMEDY = r"for one receiver.* use driver = 'zmq_pub' at both ends"


@pytest.fixture
def endpoint(tmp_path):
    return f"ipc://{tmp_path}/samples"


@pytest.fixture
def running():
    """Return a function that starts a flowgraph; all are stopped at the end."""
    started = []

    def start(*parts):
        flowgraph = gr.top_block()
        flowgraph.kept = parts
        flowgraph.connect(*parts)
        flowgraph.start()
        started.append(flowgraph)
        return flowgraph

    yield start
    for flowgraph in started:
        flowgraph.stop()
    for flowgraph in started:
        flowgraph.wait()
    started.clear()  # pytest holds the function until all is looked at


def sending(running, driver, endpoint, rate=1e6):
    """Start to send 0, 1, 2, ... for ever; return the sink."""
    numbers = np.arange(2**16).astype(np.complex64) / 2**17
    sink = advphy.sdr_sink(driver, endpoint, armed=True, time_limit=1e4)
    source = blocks.vector_source_c(numbers.tolist(), True)
    running(source, blocks.throttle(8, rate), sink)
    return sink


def receiving(running, driver, endpoint):
    """Start to receive; return the source and the sink of its samples."""
    source, found = advphy.sdr_source(driver, endpoint), blocks.vector_sink_c()
    running(source, found)
    return source, found


def gaps(found):
    """Return in how many places the numbers do not go on."""
    numbers = np.rint(np.array(found.data()).real * 2**17).astype(int)
    assert len(numbers)
    return int(np.count_nonzero(np.diff(numbers) % 2**16 != 1))


def test_a_second_receiver_of_zmq_is_refused_at_both_ends(running, endpoint, caplog):
    sending(running, "zmq", endpoint)
    source, found = receiving(running, "zmq", endpoint)
    until(lambda: source.events()["samples"] > 10_000)
    second = advphy.top_block()
    late = advphy.sdr_source("zmq", endpoint)
    second.connect(late, blocks.null_sink(8))
    with pytest.raises(ValueError, match=REMEDY):
        second.run()
    assert late.events()["samples"] == 0
    assert "refused a receiver" in caplog.text
    before = source.events()["samples"]
    until(lambda: source.events()["samples"] > before + 100_000)
    assert gaps(found) == 0  # the first one has them all


def test_a_receiver_of_another_program_gets_no_sample_and_is_reported(
    running, endpoint, caplog
):
    sending(running, "zmq", endpoint)
    source, found = receiving(running, "zmq", endpoint)
    until(lambda: source.events()["samples"] > 10_000)
    plain = zeromq.req_source(8, 1, endpoint, 100, True)
    running(plain, blocks.null_sink(8))
    until(lambda: "refused a receiver" in caplog.text)
    assert plain.nitems_written(0) == 0
    assert gaps(found) == 0
    assert caplog.text.count("refused a receiver") == 1


def test_the_next_receiver_goes_on_where_the_first_one_ended(running, endpoint):
    sending(running, "zmq", endpoint)
    for _ in range(3):
        source = advphy.sdr_source("zmq", endpoint)
        flowgraph, found = gr.top_block(), blocks.vector_sink_c()
        flowgraph.connect(source, found)
        flowgraph.start()
        until(lambda source=source: source.events()["samples"] > 10_000)
        flowgraph.stop()
        flowgraph.wait()
        assert gaps(found) == 0
        flowgraph.disconnect_all()
        del source, flowgraph  # ends its relay, and the server lets the next one in


def test_a_receiver_of_another_program_may_be_the_one(running, endpoint):
    sending(running, "zmq", endpoint)
    found = blocks.vector_sink_c()
    plain = zeromq.req_source(8, 1, endpoint, 100, True)
    running(plain, found)
    until(lambda: plain.nitems_written(0) > 10_000)
    assert gaps(found) == 0


@pytest.mark.parametrize("request_", [b"", b"\1", b"\xff" * 4, bytes(4), b"x" * 10**6])
def test_a_request_that_is_none_changes_nothing(running, endpoint, request_):
    sending(running, "zmq", endpoint)
    context = zmq.Context()
    mad = context.socket(zmq.REQ)
    mad.connect(endpoint)
    mad.send(request_)  # gr-zeromq alone would end with a segmentation fault
    assert not mad.poll(300)
    honest = context.socket(zmq.REQ)
    honest.connect(endpoint)
    honest.send((100).to_bytes(4, "little"))
    assert len(honest.recv()) > 19  # bytes of gr-zeromq's header
    context.destroy(linger=0)


def tagged(value, key=b"\2\0\1k", tags=1):
    """Return a reply of a sample with a tag: the header of gr-zeromq, then pmt's."""
    header = struct.pack("<HBQQ", 0x5FF0, 1, 0, tags)
    return [header + bytes(8) + key + value + b"\6" + bytes(8)]


TAGS = {  # value of a tag: a kind of pmt_serial_tags.h, and what it holds
    "symbol that is cut": tagged(b"\2\xff\xff"),
    "vector of 2^32 - 1 objects": tagged(b"\x08\xff\xff\xff\xff"),
    "vector of 2^31 numbers": tagged(b"\x0a\x0b\x80\0\0\0\0"),
    "100 000 pairs in each other": tagged(b"\7" * 100_000 + b"\0" * 100_001),
    "unknown kind": tagged(b"\xee"),
    "dictionary without pairs": tagged(b"\t\0\0"),
    "key that is a number": tagged(b"\0", b"\3\0\0\0\1"),
    "more than there are": tagged(b"\0", tags=2**64 - 1),
}


@pytest.mark.parametrize(
    "reply", [[b""], [b"x" * 19], [b"a", b"b"], *TAGS.values()], ids=[*"abc", *TAGS]
)
def test_a_reply_that_is_no_samples_ends_the_flowgraph(endpoint, reply):
    context = zmq.Context()
    mad = context.socket(zmq.REP)
    mad.bind(endpoint)
    flowgraph = advphy.top_block()
    parts = advphy.sdr_source("zmq", endpoint), blocks.null_sink(8)
    flowgraph.connect(*parts)
    flowgraph.start()
    mad.recv()
    mad.send_multipart(reply)
    with pytest.raises(ValueError, match="no samples of an SDR Sink"):
        flowgraph.wait()
    context.destroy(linger=0)


def test_tags_of_all_kinds_arrive(running, endpoint):
    values = {"a": 1, "b": {"c": [1.5, 2j]}, "d": np.ones(3, np.complex64), "e": 2**40}
    values |= {"f": None, "g": (True, "x"), "h": np.ones(2, np.uint8), "i": "x" * 1024}
    tags = [
        gr.tag_utils.python_to_tag((100, pmt.intern(key), pmt.to_pmt(value)))
        for key, value in values.items()
    ]
    sink = advphy.sdr_sink("zmq", endpoint, armed=True, time_limit=1e4)
    samples = blocks.vector_source_c([0j] * 10_000, False, 1, tags)
    running(samples, blocks.throttle(8, 1e6), sink)
    _, found = receiving(running, "zmq", endpoint)
    until(lambda: len(found.tags()) == len(tags))
    got = {pmt.symbol_to_string(tag.key): tag.value for tag in found.tags()}
    assert {tag.offset for tag in found.tags()} == {100}
    for tag in tags:
        assert pmt.equal(got[pmt.symbol_to_string(tag.key)], tag.value)


def test_many_receivers_of_zmq_pub_get_the_same_samples(running, endpoint):
    sink = sending(running, "zmq_pub", endpoint)
    both = [receiving(running, "zmq_pub", endpoint) for _ in range(3)]
    until(lambda: all(s.events()["samples"] > 100_000 for s, _ in both))
    for source, found in both:
        assert gaps(found) == 0
        assert source.events()["overruns"] == 0
        sent = [t for t in found.tags() if pmt.to_python(t.key) == "sent"]
        assert sent
        # The tag has the number of the sample, which the sample has, too.
        data = np.array(found.data()[: sent[-1].offset + 1]).real * 2**17
        for tag in sent:
            assert round(data[tag.offset]) == pmt.to_python(tag.value) % 2**16
    assert sink.events()["underruns"] is None


def test_gaps_of_a_slow_receiver_are_overruns():
    from gnuradio.advphy.air.sdr_source import _stream_watch
    from gnuradio.advphy.air.stream_events import StreamEvents

    events = StreamEvents("source", "zmq_pub", samples=0)
    tags = []
    # 500 and 20 samples are lost before the third and the fifth; then the sender
    # starts again.
    for offset, number in ((0, 70), (100, 170), (200, 770), (300, 870), (400, 990)):
        tags.append((offset, number))
    tags += [(500, 0), (600, 100)]
    made = []
    for offset, number in tags:
        tag = gr.tag_t()
        tag.offset, tag.key = offset, pmt.intern("sent")
        tag.value = pmt.from_long(number)
        made.append(tag)
    flowgraph = advphy.top_block()
    source = blocks.vector_source_c([0j] * 1000, False, 1, made)
    flowgraph.connect(source, _stream_watch("zmq_pub", events))
    flowgraph.run()
    assert events.counts()["overruns"] == 2


def test_a_server_ends_with_its_sink(endpoint):
    before = threading.active_count()
    sink = advphy.sdr_sink("zmq", endpoint, armed=True)
    assert threading.active_count() == before + 1
    del sink
    assert threading.active_count() == before


def test_an_address_that_is_taken_is_refused():
    # libzmq replaces a file of ipc, but not an address of tcp.
    with zmq.Context() as context, context.socket(zmq.REP) as taken:
        taken.linger = 0
        port = taken.bind_to_random_port("tcp://127.0.0.1")
        for driver in ("zmq", "zmq_pub"):
            with pytest.raises(ValueError, match=r"cannot bind .*that is free"):
                advphy.sdr_sink(driver, f"tcp://127.0.0.1:{port}", armed=True)


def run_once(driver, sent, heard):
    flowgraph, numbers = gr.top_block(), blocks.vector_source_c([0.5 + 0j], True)
    sink = advphy.sdr_sink(driver, sent, armed=True)
    source, found = advphy.sdr_source(driver, heard), blocks.null_sink(8)
    flowgraph.connect(numbers, sink)
    flowgraph.connect(source, found)
    flowgraph.start()
    flowgraph.stop()
    flowgraph.wait()


@pytest.mark.parametrize("driver", ["zmq", "zmq_pub", "file", "standin"])
def test_graphs_that_are_dropped_leave_nothing(driver, endpoint, tmp_path):
    if driver == "standin" and standin.plugin_folder() is None:
        pytest.skip("no stand-in radio: libsoapysdr-dev is missing (make test has it)")
    sent = {"file": f"{tmp_path}/sent", "standin": "id=dropped"}.get(driver, endpoint)
    heard = f"{tmp_path}/heard" if driver == "file" else sent
    (tmp_path / "heard").write_bytes(bytes(80_000))
    run_once(driver, sent, heard)
    before = len(descriptors()), len(threads())
    for _ in range(30):
        run_once(driver, sent, heard)
    until(lambda: (len(descriptors()), len(threads())) <= before)
