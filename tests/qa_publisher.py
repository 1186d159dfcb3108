# SPDX-License-Identifier: GPL-3.0-or-later
"""The publisher: what it sends, late joiners, restarts, the last word, addresses."""

import gc
import logging
import socket
import time

import numpy as np
import pmt
import pytest
import zmq
from advphy_model.air.perturbation import Perturbation
from advphy_model.measure import published
from advphy_model.measure.error_rate import StopRule
from gnuradio import advphy, blocks, gr
from zmq.utils.monitor import recv_monitor_message

from . import published_messages
from . import small_semantic as small
from .while_running import until

ANY = "tcp://127.0.0.1:*"


class Reader:
    """A subscriber that has joined; what it received."""

    def __init__(self, publisher):
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        events = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED
        self.monitor = self.socket.get_monitor_socket(events)
        self.socket.connect(publisher.address())
        self.socket.setsockopt(zmq.SUBSCRIBE, b"")
        recv_monitor_message(self.monitor)
        # Its subscription arrives after the handshake, perhaps after a short run.
        while publisher._thread is None and not self.socket.poll(1):
            publisher._socket.send(b"")
            publisher._socket.turn(0.001)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.destroy(linger=0)

    def read(self, until=lambda message: False):
        """Return what comes until some message, or until the publisher has ended."""
        found, new = [], []
        while not any(map(until, new)):
            if self.socket.poll(10):
                data = self.socket.recv()
                new = published.decode(data) if data else []
                found += new
            elif self.monitor.poll(0):
                break
        return found


def said(kind="counts", name="mine", block="error_counter0", **more):
    message = published_messages.said(name, 10, 1, {}, block=block, time=5.0)
    return pmt.to_pmt(message | {"kind": kind} | more)


class Silent(gr.sync_block):
    """A block with a message port that says nothing."""

    def __init__(self):
        gr.sync_block.__init__(self, "silent", [np.uint8], None)
        self.message_port_register_out(pmt.intern("out"))

    def work(self, input_items, output_items):
        time.sleep(0.005)
        return len(input_items[0])


def posted(*messages):
    """Return a running flowgraph and its publisher, which has dealt with messages."""
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    silent = Silent()
    flowgraph.connect(blocks.null_source(1), silent)
    flowgraph.msg_connect((silent, "out"), (publisher, "in"))
    flowgraph.start()
    for message in messages:
        publisher.to_basic_block()._post(pmt.intern("in"), message)
    until(lambda: sum(publisher.counts().values()) == len(messages))
    return flowgraph, publisher


def publishing(*ports, address=ANY, name=""):
    """Return (a flowgraph, its publisher of ports of blocks)."""
    flowgraph, publisher = advphy.top_block(), advphy.publisher(address, name)
    for port in ports:
        flowgraph.msg_connect(port, (publisher, "in"))
    return flowgraph, publisher


def link_flowgraph(blocks_=200_000, address=ANY, **settings):
    stop = StopRule(None, blocks_)
    link = advphy.link("autoencoder_mlp", 3.0, stop=stop, latency=4096, **settings)
    flowgraph, publisher = publishing(address=address, name="demo")
    flowgraph.connect(link)
    flowgraph.msg_connect((link, "counts"), (publisher, "in"))
    return flowgraph, link, publisher


def last_of_a_run(flowgraph, publisher):
    """Run a flowgraph; return what each block said last."""
    with Reader(publisher) as reader:
        flowgraph.run()
        return {message["name"]: message for message in reader.read()}


def test_the_last_counts_arrive_and_are_those_of_the_segment():
    flowgraph, link, publisher = link_flowgraph(name="mine")
    last = last_of_a_run(flowgraph, publisher)["mine"]
    (segment,) = link.segments()
    assert (last["kind"], last["flowgraph"]) == ("counts", "demo")
    assert last["link"] == "autoencoder_mlp"
    assert (last["blocks"], last["block_errors"]) == (200_000, segment.block_errors)
    assert last["settings"]["ebn0_db"] == 3.0
    assert abs(last["time"] - time.time()) < 600


def test_a_stream_that_ends_by_itself_has_its_last_counts_published_too():
    sizes = {"few": 10, "many": 5_000_000}
    counters = {name: advphy.error_counter("bpsk", 1, name=name) for name in sizes}
    flowgraph, publisher = publishing(*((c, "counts") for c in counters.values()))
    for name, size in sizes.items():
        source = advphy.message_source("bpsk", 1, blocks=size, latency=4096)
        flowgraph.connect(source, counters[name])
    # GNU Radio tells the publisher to end when the first does.
    last = last_of_a_run(flowgraph, publisher)
    assert {name: m["blocks"] for name, m in last.items()} == sizes
    assert all(message["block_errors"] == 0 for message in last.values())


@pytest.mark.parametrize("finite", [True, False])
def test_every_block_that_measures_is_published_with_its_settings(finite):
    model, rows = "two_simplices", np.full((1, 7), 0.5 + 0.25j)
    attack = Perturbation("some", "universal", 4, 7, rows)
    adversary = advphy.perturbation_source(model, attack, -6.0, latency=4096)
    count = 40_960 if finite else None
    source = advphy.message_source(model, latency=4096, blocks=count)
    channel, canceller = (
        advphy.channel(model, 8.0),
        advphy.perturbation_canceller(model),
    )
    counter, encoder = advphy.error_counter(model), advphy.encoder(model)
    flowgraph, publisher = publishing(
        (counter, "counts"), (canceller, "estimate"), (adversary, "psr")
    )
    flowgraph.connect(source, encoder, channel, canceller)
    flowgraph.connect(canceller, advphy.decoder(model), counter)
    flowgraph.connect(adversary, (channel, 1))
    with Reader(publisher) as reader:
        flowgraph.start()
        if not finite:
            until(lambda: counter.segments()[-1].blocks > 40_960)
            flowgraph.stop()
        flowgraph.wait()
        last = {message["kind"]: message for message in reader.read()}
    assert publisher.counts()["refused"] == 0
    names = {"counts": model, "estimate": "canceller", "psr": "adversary"}
    assert {k: m["name"] for k, m in last.items()} == names
    sent = np.array(last["psr"]["p"]) @ (1, 1j)
    # ||p||^2 = n 10^(PSR/10), in the direction of the rows
    assert np.allclose(sent, rows[0] * (10**-0.6 / np.mean(abs(rows) ** 2)) ** 0.5)
    found = np.array(last["estimate"]["p"]) @ (1, 1j)
    assert last["estimate"]["detected"]
    assert np.linalg.norm(found - sent) < 0.3 * np.linalg.norm(sent)
    settings = last["counts"]["settings"]
    assert settings["canceller"] == "canceller, drawn sample"
    assert settings["psr_db"] == pytest.approx(-6.0)
    assert last["counts"]["blocks"] == counter.segments()[-1].blocks
    if finite:
        assert last["counts"]["blocks"] == 40_960


def test_images_eves_labels_and_alices_power_are_published():
    found = small.images()
    meter = advphy.distortion_meter(found, ssim_every=0, name="Bob")
    labels = advphy.accuracy_counter(found, name="Eve")
    flowgraph, publisher = publishing((meter, "distortion"), (labels, "accuracy"))
    sent = np.tile(found.as_reals(), (2, 1)).astype(np.float32)
    flowgraph.connect(blocks.vector_source_f(sent.ravel(), False, sent.shape[1]), meter)
    flowgraph.connect(blocks.vector_source_b(found.labeled().tolist()), labels)
    last = last_of_a_run(flowgraph, publisher)
    assert (last["Bob"]["frames"], last["Bob"]["mse"]) == (len(sent), 0.0)
    assert last["Eve"]["accuracy"] == 1.0
    assert last["Eve"]["frames"] == len(found.labeled())


def test_who_joins_late_gets_what_each_block_said_last():
    flowgraph, publisher = posted(
        said(name="a", block="a0", blocks=10),
        said(name="b", block="b0", blocks=20),
        said(name="a", block="a0", blocks=30, first_block=10),
    )
    with Reader(publisher) as reader:
        found = reader.read(until=lambda m: m["name"] == "a")
    flowgraph.stop()
    flowgraph.wait()
    assert sorted((m["name"], m["blocks"]) for m in found) == [("a", 30), ("b", 20)]


def test_numbers_of_messages_have_no_gaps_and_a_run_its_own_name():
    flowgraph, _, publisher = link_flowgraph(10**9)
    runs = []
    for _ in range(2):
        flowgraph.start()
        with Reader(publisher) as reader:
            found = reader.read(until=lambda m: m["sequence"] > 5)
            flowgraph.stop()
            flowgraph.wait()
            found += reader.read()
        found = found[1:]  # without the state that who joins is told
        numbers = [message["sequence"] for message in found]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        runs.append({message["run"] for message in found})
    assert len(runs[0]) == len(runs[1]) == 1
    assert runs[0] != runs[1]


def test_a_flowgraph_stops_and_starts_again_at_the_same_port_at_once():
    flowgraph, link, publisher = link_flowgraph(10**9)
    address = publisher.address()
    for _ in range(5):
        flowgraph.start()
        until(lambda: link.segments()[-1].blocks)
        flowgraph.stop()
        flowgraph.wait()
        with socket.socket() as free:  # stop() has closed it: no SO_REUSEADDR
            free.bind(("127.0.0.1", int(address.rpartition(":")[2])))
    assert publisher.address() == address


def test_two_publishers_in_one_flowgraph():
    flowgraph, link, publisher = link_flowgraph()
    other = advphy.publisher(ANY, "other")
    flowgraph.msg_connect((link, "counts"), (other, "in"))
    with Reader(publisher) as a, Reader(other) as b:
        flowgraph.run()
        first, second = a.read()[-1], b.read()[-1]
    assert (first["flowgraph"], second["flowgraph"]) == ("demo", "other")
    assert first["blocks"] == second["blocks"] == 200_000


def test_messages_that_are_none_are_counted_and_change_nothing(caplog):
    with caplog.at_level(logging.WARNING):
        flowgraph, publisher = posted(
            pmt.intern("text"),
            pmt.PMT_NIL,
            pmt.to_pmt({"kind": "keys", "wrong": 1}),
            pmt.to_pmt({1: 2}),
            said(blocks=-1),
            said(name="x" * 81),
            said(),
        )
    assert publisher.counts() == {"published": 1, "refused": 6, "dropped": 0}
    assert publisher.error is None
    assert sum("not published" in r.message for r in caplog.records) == 1
    flowgraph.stop()
    flowgraph.wait()


def test_more_messages_than_there_is_room_for_drop_the_oldest():
    publisher = advphy.publisher(ANY)
    for number in range(3000):
        publisher._take(said(first_block=number))
    assert publisher.counts()["dropped"] == 3000 - 1024
    assert len(publisher._waiting) == 1024


def test_of_more_blocks_than_are_kept_the_newest_states_stay():
    messages = [said(name=f"n{i}", block=f"b{i}") for i in range(300)]
    flowgraph, publisher = posted(*messages)
    with Reader(publisher) as reader:
        found = reader.read(until=lambda m: m["name"] == "n299")
    flowgraph.stop()
    flowgraph.wait()
    assert [m["name"] for m in found] == [f"n{i}" for i in range(44, 300)]


NO_ADDRESSES = (  # the first is empty
    " nonsense tcp:// tcp://127.0.0.1 tcp://127.0.0.1:70000 tcp://127.0.0.1:-1 "
    "tcp://127.0.0.1:http udp://127.0.0.1:5570 ipc:// inproc://x "
    "tcp://192.0.2.1:5570 tcp://localhost.invalid:5570 ipc:///no/such/folder/x"
)
ODD_ADDRESSES = "tcp://127.0.0.1:5570\n", "tcp://no such host:5570", 5570, None


@pytest.mark.parametrize(
    "address", [*NO_ADDRESSES.split(" "), *ODD_ADDRESSES, "ipc:///tmp/" + "x" * 200]
)
def test_addresses_that_cannot_be_bound_are_one_sentence(address):
    with pytest.raises(
        ValueError, match=r"^address = .*expected tcp://HOST:PORT"
    ) as it:
        advphy.publisher(address, insecure=True)
    assert "\n" not in str(it.value)


def test_a_port_in_use_says_so():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ValueError, match="in use, perhaps by another publisher"):
            advphy.publisher(address)
    publisher = advphy.publisher(address)
    with pytest.raises(ValueError, match="in use"):
        advphy.publisher(address)
    del publisher
    gc.collect()
    assert advphy.publisher(address).address() == address


def test_two_publishers_of_this_computer_take_two_of_the_usual_ports(caplog):
    first, second = (advphy.publisher(published.HERE[0]) for _ in range(2))
    assert {first.address(), second.address()} < set(published.HERE)
    assert first.address() != second.address()
    assert f"the publisher is at {second.address()} instead" in caplog.text


def test_files_are_no_sockets_and_are_left_alone(tmp_path):
    file = tmp_path / "precious"
    file.write_text("kept")
    with pytest.raises(ValueError, match="is a file, and no socket"):
        advphy.publisher(f"ipc://{file}")
    assert file.read_text() == "kept"
    publisher = advphy.publisher(f"ipc://{tmp_path}/s")
    with pytest.raises(ValueError, match="in use"):
        advphy.publisher(f"ipc://{tmp_path}/s")
    flowgraph, _, publisher = link_flowgraph(address=f"ipc://{tmp_path}/t")
    (last,) = last_of_a_run(flowgraph, publisher).values()
    assert last["blocks"] == 200_000


@pytest.mark.parametrize("host", ["0.0.0.0", "*", "[::]", "localhost.localdomain"])
def test_an_address_that_others_reach_wants_keys_or_consent(host):
    with pytest.raises(ValueError, match=r"publish-keys FOLDER.*insecure=True"):
        advphy.publisher(f"tcp://{host}:*")
    if host != "localhost.localdomain":
        assert advphy.publisher(f"tcp://{host}:*", insecure=True).address()


@pytest.mark.parametrize("name", [3, "a\tb", "x" * 81])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: advphy.publisher(ANY, name),
        lambda name: advphy.error_counter("bpsk", name=name),
        lambda name: advphy.link("bpsk", name=name),
        lambda name: advphy.perturbation_canceller("bpsk", name=name),
        lambda name: advphy.distortion_meter("mnist_sample", name=name),
        lambda name: advphy.burst_synchronizer("bpsk", name=name),
    ],
)
def test_names_are_checked_where_they_are_given(make, name):
    with pytest.raises(ValueError, match=r"^name "):
        make(name)


def test_a_seed_of_64_bits_is_published_as_it_is():
    seed = 2**64 - 1
    counter = advphy.error_counter("bpsk", seed, name="mine")
    flowgraph, publisher = publishing((counter, "counts"))
    flowgraph.connect(advphy.message_source("bpsk", seed, blocks=1000), counter)
    assert last_of_a_run(flowgraph, publisher)["mine"]["seed"] == seed


def test_a_block_that_fails_ends_the_flowgraph_and_the_publisher_with_it(monkeypatch):
    counter = advphy.error_counter("bpsk", 1)
    monkeypatch.setitem(counter._given, "gain", object())  # no message can carry it
    flowgraph, _ = publishing((counter, "counts"))
    flowgraph.connect(advphy.message_source("bpsk", 1, latency=4096), counter)
    with pytest.raises(ValueError, match="object"):
        flowgraph.run()


def test_a_publisher_that_fails_ends_the_flowgraph(monkeypatch):
    counter = advphy.error_counter("bpsk", 1)
    flowgraph, publisher = publishing((counter, "counts"))
    flowgraph.connect(advphy.message_source("bpsk", 1, latency=4096), counter)

    def fail():
        raise OSError("no room")

    monkeypatch.setattr(publisher, "_publish", fail)
    with pytest.raises(OSError, match="no room"):
        flowgraph.run()
