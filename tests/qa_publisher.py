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

from . import small_semantic as small

ANY = "tcp://127.0.0.1:*"


class Reader:
    """A subscriber that keeps what it received."""

    def __init__(self, address):
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.connect(address)
        self.socket.setsockopt(zmq.SUBSCRIBE, b"")
        self.found = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._context.destroy(linger=0)

    def read(self, seconds=0.3, until=lambda message: False):
        end = time.monotonic() + seconds
        while self.socket.poll(max(0, int(1000 * (end - time.monotonic())))):
            new = published.decode(self.socket.recv())
            self.found += new
            if any(map(until, new)):
                break
        return self.found


def said(kind="counts", name="mine", block="error_counter0", **more):
    figures = {
        "link": "bpsk",
        "model_sha256": "ab" * 32,
        "seed": 1,
        "first_block": 0,
        "blocks": 10,
        "block_errors": 1,
        "erasures": 0,
        "bler": 0.1,
    }
    return pmt.to_pmt(
        {
            "kind": kind,
            "name": name,
            "block": block,
            "time": 5.0,
            "settings": {},
            **figures,
            **more,
        }
    )


class Silent(gr.sync_block):
    """A block with a message port that says nothing."""

    def __init__(self):
        gr.sync_block.__init__(self, "silent", [np.uint8], None)
        self.message_port_register_out(pmt.intern("out"))

    def work(self, input_items, output_items):
        time.sleep(0.005)
        return len(input_items[0])


def posted(*messages, seconds=0.15):
    """Return a running flowgraph and its publisher, to which messages were posted."""
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    silent = Silent()
    flowgraph.connect(blocks.null_source(1), silent)
    flowgraph.msg_connect((silent, "out"), (publisher, "in"))
    flowgraph.start()
    for message in messages:
        publisher.to_basic_block()._post(pmt.intern("in"), message)
    time.sleep(seconds)
    return flowgraph, publisher


def link_flowgraph(blocks_=200_000, address=ANY, **settings):
    flowgraph, publisher = advphy.top_block(), advphy.publisher(address, "demo")
    link = advphy.link(
        "autoencoder_mlp", 3.0, stop=StopRule(None, blocks_), latency=4096, **settings
    )
    flowgraph.connect(link)
    flowgraph.msg_connect((link, "counts"), (publisher, "in"))
    return flowgraph, link, publisher


def test_the_last_counts_arrive_and_are_those_of_the_segment():
    flowgraph, link, publisher = link_flowgraph(name="mine")
    with Reader(publisher.address()) as reader:
        time.sleep(0.2)
        flowgraph.run()
        last = reader.read()[-1]
    (segment,) = link.segments()
    assert (last["kind"], last["name"], last["flowgraph"]) == ("counts", "mine", "demo")
    assert last["link"] == "autoencoder_mlp"
    assert (last["blocks"], last["block_errors"]) == (200_000, segment.block_errors)
    assert last["settings"]["ebn0_db"] == 3.0
    assert abs(last["time"] - time.time()) < 5


def test_a_stream_that_ends_by_itself_has_its_last_counts_published_too():
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    counters = [
        advphy.error_counter("bpsk", 1, name=f"of {n}") for n in (10, 5_000_000)
    ]
    for counter, size in zip(counters, (10, 5_000_000), strict=True):
        source = advphy.message_source("bpsk", 1, blocks=size, latency=4096)
        flowgraph.connect(source, counter)
        flowgraph.msg_connect((counter, "counts"), (publisher, "in"))
    with Reader(publisher.address()) as reader:
        time.sleep(0.2)
        flowgraph.run()  # GNU Radio tells the publisher to end when the first does
        last = {message["name"]: message for message in reader.read()}
    assert {name: m["blocks"] for name, m in last.items()} == {
        "of 10": 10,
        "of 5000000": 5_000_000,
    }
    assert all(message["block_errors"] == 0 for message in last.values())


@pytest.mark.parametrize("finite", [True, False])
def test_every_block_that_measures_is_published_with_its_settings(finite):
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    model = "two_simplices"
    rows = np.full((1, 7), 0.5 + 0.25j)
    adversary = advphy.perturbation_source(
        model, Perturbation("some", "universal", 4, 7, rows), -6.0, latency=4096
    )
    source = advphy.message_source(
        model, latency=4096, blocks=40_960 if finite else None
    )
    channel, canceller = (
        advphy.channel(model, 8.0),
        advphy.perturbation_canceller(model),
    )
    counter = advphy.error_counter(model)
    flowgraph.connect(
        source,
        advphy.encoder(model),
        channel,
        canceller,
        advphy.decoder(model),
        counter,
    )
    flowgraph.connect(adversary, (channel, 1))
    for block, port in (
        (counter, "counts"),
        (canceller, "estimate"),
        (adversary, "psr"),
    ):
        flowgraph.msg_connect((block, port), (publisher, "in"))
    with Reader(publisher.address()) as reader:
        time.sleep(0.2)
        flowgraph.start()
        if not finite:
            time.sleep(0.3)
            flowgraph.stop()
        flowgraph.wait()
        last = {message["kind"]: message for message in reader.read()}
    assert publisher.counts()["refused"] == 0
    assert {k: m["name"] for k, m in last.items()} == {
        "counts": model,
        "estimate": "canceller",
        "psr": "adversary",
    }
    sent = np.array(last["psr"]["p"]) @ (1, 1j)
    # ||p||^2 = n 10^(PSR/10), in the direction of the rows
    assert np.allclose(sent, rows[0] * (10**-0.6 / np.mean(abs(rows) ** 2)) ** 0.5)
    found = np.array(last["estimate"]["p"]) @ (1, 1j)
    assert last["estimate"]["detected"]
    assert np.linalg.norm(found - sent) < 0.3 * np.linalg.norm(sent)
    settings = last["counts"]["settings"]
    assert settings["canceller"] == "canceller"
    assert settings["psr_db"] == pytest.approx(-6.0)
    assert last["counts"]["blocks"] == counter.segments()[-1].blocks
    if finite:
        assert last["counts"]["blocks"] == 40_960


def test_images_eves_labels_and_alices_power_are_published():
    found = small.images()
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    meter = advphy.distortion_meter(found, ssim_every=0, name="Bob")
    pixels = found.as_reals()
    sent = np.concatenate([pixels, pixels]).astype(np.float32)
    flowgraph.connect(blocks.vector_source_f(sent.ravel(), False, sent.shape[1]), meter)
    labels = advphy.accuracy_counter(found, name="Eve")
    flowgraph.connect(blocks.vector_source_b(found.labelled().tolist()), labels)
    for block, port in ((meter, "distortion"), (labels, "accuracy")):
        flowgraph.msg_connect((block, port), (publisher, "in"))
    with Reader(publisher.address()) as reader:
        time.sleep(0.2)
        flowgraph.run()
        last = {message["name"]: message for message in reader.read()}
    assert (last["Bob"]["frames"], last["Bob"]["mse"]) == (len(sent), 0.0)
    assert last["Eve"]["accuracy"] == 1.0
    assert last["Eve"]["frames"] == len(found.labelled())


def test_who_joins_late_gets_what_each_block_said_last():
    flowgraph, publisher = posted(
        said(name="a", block="a0", blocks=10),
        said(name="b", block="b0", blocks=20),
        said(name="a", block="a0", blocks=30, first_block=10),
    )
    with Reader(publisher.address()) as reader:
        found = reader.read(until=lambda m: m["name"] == "a")
    flowgraph.stop()
    flowgraph.wait()
    assert sorted((m["name"], m["blocks"]) for m in found) == [("a", 30), ("b", 20)]


def test_numbers_of_messages_have_no_gaps_and_a_run_its_own_name():
    flowgraph, _, publisher = link_flowgraph(500_000)
    runs = []
    for _ in range(2):
        with Reader(publisher.address()) as reader:
            flowgraph.start()
            flowgraph.wait()
            found = reader.read()
        numbers = [message["sequence"] for message in found]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        runs.append({message["run"] for message in found})
    assert len(runs[0]) == len(runs[1]) == 1
    assert runs[0] != runs[1]


def test_a_flowgraph_stops_and_starts_again_at_the_same_port_at_once():
    flowgraph, _, publisher = link_flowgraph(10**9)
    address = publisher.address()
    for _ in range(5):
        flowgraph.start()
        time.sleep(0.05)
        begun = time.monotonic()
        flowgraph.stop()
        flowgraph.wait()
        assert time.monotonic() - begun < 1.0
        with socket.socket() as free:  # stop() has closed it: no SO_REUSEADDR
            free.bind(("127.0.0.1", int(address.rpartition(":")[2])))
    assert publisher.address() == address


def test_two_publishers_in_one_flowgraph():
    flowgraph, link, publisher = link_flowgraph()
    other = advphy.publisher(ANY, "other")
    flowgraph.msg_connect((link, "counts"), (other, "in"))
    with Reader(publisher.address()) as a, Reader(other.address()) as b:
        time.sleep(0.2)
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
    assert publisher.counts()["refused"] == 6
    assert publisher.counts()["published"] == 1
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
    flowgraph, publisher = posted(
        *(said(name=f"n{i}", block=f"b{i}") for i in range(300)), seconds=0.4
    )
    with Reader(publisher.address()) as reader:
        found = reader.read(until=lambda m: m["name"] == "n299")
    flowgraph.stop()
    flowgraph.wait()
    assert [m["name"] for m in found] == [f"n{i}" for i in range(44, 300)]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        "tcp://",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:70000",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:http",
        "udp://127.0.0.1:5570",
        "ipc://",
        "inproc://x",
        "tcp://127.0.0.1:5570\n",
        "tcp://no such host:5570",
        5570,
        None,
        "tcp://192.0.2.1:5570",
        "tcp://localhost.invalid:5570",
        "ipc:///no/such/folder/x",
        "ipc:///tmp/" + "x" * 200,
    ],
)
def test_addresses_that_cannot_be_bound_are_one_sentence(address):
    with pytest.raises(ValueError, match=r"^address = .*wanted tcp://HOST:PORT") as it:
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
    with Reader(publisher.address()) as reader:
        time.sleep(0.2)
        flowgraph.run()
        assert reader.read()[-1]["blocks"] == 200_000


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
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    seed = 2**64 - 1
    counter = advphy.error_counter("bpsk", seed)
    flowgraph.connect(advphy.message_source("bpsk", seed, blocks=1000), counter)
    flowgraph.msg_connect((counter, "counts"), (publisher, "in"))
    with Reader(publisher.address()) as reader:
        time.sleep(0.2)
        flowgraph.run()
        assert reader.read()[-1]["seed"] == seed


def test_a_block_that_fails_ends_the_flowgraph_and_the_publisher_with_it():
    flowgraph, publisher = advphy.top_block(), advphy.publisher(ANY)
    settings = {"gain": object()}  # no message can carry it
    counter = advphy.error_counter("bpsk", 1, settings=settings)
    flowgraph.connect(advphy.message_source("bpsk", 1, latency=4096), counter)
    flowgraph.msg_connect((counter, "counts"), (publisher, "in"))
    begun = time.monotonic()
    with pytest.raises(ValueError, match="object"):
        flowgraph.run()
    assert time.monotonic() - begun < 5
