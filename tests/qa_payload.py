# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes over a link: exact for every k, in their places when bursts are lost; PDUs."""

import time
import zlib

import numpy as np
import pmt
import pytest
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.modem import payload
from advphy_model.modem.modulator import Modulator
from gnuradio import advphy, blocks, gr

from .qa_burst_modem import dropper
from .while_running import until

RNG = np.random.default_rng(1)
BYTES = RNG.integers(0, 256, 8400, np.uint8)  # whole messages for every k


def random_link(k, n=3):
    """Return a link of k bits with random codewords."""
    codebook = RNG.normal(size=(2**k, n)) + 1j * RNG.normal(size=(2**k, n))
    codebook *= np.sqrt(n / np.mean(np.sum(np.abs(codebook) ** 2, axis=1)))
    return LinkModel("random", k, n, codebook, "nearest_codeword")


def sent(data, *chain):
    """Send bytes through a chain of blocks; return what arrives and its tags."""
    flowgraph, sink = advphy.top_block(), blocks.vector_sink_b()
    flowgraph.connect(blocks.vector_source_b(list(data)), *chain, sink)
    flowgraph.run()
    tags = [(t.offset, pmt.symbol_to_string(t.key), t.value) for t in sink.tags()]
    return np.array(sink.data(), np.uint8), tags


def lost_of(tags, size):
    """Return which of `size` bytes are tagged as lost."""
    lost = np.zeros(size, bool)
    for offset, key, value in tags:
        if key == "lost":
            lost[offset : offset + pmt.to_long(value)] = True
    return lost


@pytest.mark.parametrize("latency", [1, 50, 65536])
@pytest.mark.parametrize("k", range(1, 9))
def test_bytes_arrive_as_they_were_for_every_k(k, latency):
    link = random_link(k)
    ends = [made(link, latency=latency) for made in (advphy.encoder, advphy.decoder)]
    first = advphy.bytes_to_messages(link, latency=latency)
    got, tags = sent(BYTES, first, *ends, advphy.messages_to_bytes(link))
    assert np.array_equal(got, BYTES)
    assert not tags


def test_bits_are_grouped_as_by_hand_and_messages_equally_frequent():
    bits = np.unpackbits(np.array([0b10110011, 0b01000111, 0b11110000], np.uint8))
    by_hand = [0b101, 0b100, 0b110, 0b100, 0b011, 0b111, 0b110, 0b000]
    assert payload.grouped(bits, 3).tolist() == by_hand
    assert np.array_equal(payload.bits_of(np.array(by_hand, np.uint8), 3), bits)
    got, _ = sent(np.zeros(50_000, int), advphy.bytes_to_messages("bpsk"))
    counts = np.bincount(got, minlength=16)  # of 100 000 messages: sigma is 77
    assert np.abs(counts - 100_000 / 16).max() < 5 * 77


def test_bits_that_fill_no_message_are_reported(caplog):
    got, _ = sent(b"four", advphy.bytes_to_messages(random_link(5)))
    assert len(got) == 6
    assert "last 2 bits of the bytes do not fill a message of 5 bits" in caplog.text


def modem(link, frame, *between, first=0, first_frame=None):
    """Return the blocks from bytes to bytes, with a modem between them.

    first is the number of the first burst, first_frame the one that is expected first.
    """
    at = first * frame.codewords
    return [
        advphy.bytes_to_messages(link, first_block=at),
        advphy.encoder(link),
        advphy.burst_modulator(link, frame, first),
        *between,
        advphy.burst_synchronizer(link, frame, first_frame=first_frame),
        advphy.decoder(link),
        advphy.messages_to_bytes(link, first_block=at, fill=7),
    ]


@pytest.mark.parametrize("k", range(1, 9))
def test_lost_bursts_are_filled_and_later_bytes_stay_at_their_places(k):
    link = random_link(k, 8)
    frame = advphy.Frame.of_model(link, codewords=21)  # no whole number of bytes
    lost = dropper([(b * frame.samples(), (b + 2) * frame.samples()) for b in (5, 11)])
    got, tags = sent(BYTES[: 20 * 21], *modem(link, frame, lost, first=3))
    wanted, missing = BYTES[: len(got)], lost_of(tags, len(got))
    assert np.array_equal(got[~missing], wanted[~missing])
    assert (got[missing] == 7).all()
    bits = np.zeros(8 * len(got), bool)
    for burst in (5, 6, 11, 12):
        bits[burst * 21 * k : (burst + 1) * 21 * k] = True
    assert np.array_equal(missing, bits.reshape(-1, 8).any(axis=1))


@pytest.mark.parametrize(("expected", "begin"), [(0, 0), (None, 2 * 21 * 3 // 8)])
def test_bytes_before_the_first_burst_are_filled_if_they_are_expected(expected, begin):
    link = random_link(3, 8)
    frame = advphy.Frame.of_model(link, codewords=21)
    late = dropper([(0, 2 * frame.samples())])
    got, tags = sent(BYTES[:400], *modem(link, frame, late, first_frame=expected))
    assert [(o, pmt.to_long(v)) for o, key, v in tags if key == "byte"] == [(0, begin)]
    missing, wanted = lost_of(tags, len(got)), BYTES[begin : begin + len(got)]
    assert np.array_equal(got[~missing], wanted[~missing])
    # Two bursts are 126 bits: 15 bytes and a part of the next one.
    assert np.flatnonzero(missing).tolist() == list(range(16 - begin))


def test_a_sender_that_begins_anew_is_followed():
    link, x = random_link(4, 8), blocks.vector_sink_c()
    frame, flowgraph = advphy.Frame.of_model(link), advphy.top_block()
    source, *chain = modem(link, frame)
    data = list(BYTES[:320])  # five bursts
    flowgraph.connect(blocks.vector_source_b(data), source, *chain[:2], x)
    flowgraph.run()
    again, sink = advphy.top_block(), blocks.vector_sink_b()
    twice = blocks.vector_source_c(list(x.data()) * 2)
    again.connect(twice, *modem(link, frame)[3:], sink)
    again.run()
    assert list(sink.data()) == 2 * data
    tags = [(t.offset, pmt.to_long(t.value)) for t in sink.tags()]
    assert tags == [(0, 0), (320, 0)]


@pytest.mark.parametrize("stray", [2, 4_000_000])
def test_a_burst_of_another_place_moves_no_other_bytes(stray):
    link, x = random_link(4, 8), blocks.vector_sink_c()
    frame, flowgraph = advphy.Frame.of_model(link), advphy.top_block()
    source, *chain = modem(link, frame)
    data = list(BYTES[:512])  # eight bursts
    flowgraph.connect(blocks.vector_source_b(data), source, *chain[:2], x)
    flowgraph.run()
    samples = np.reshape(x.data(), (-1, frame.samples()))
    foreign = Modulator(frame, link, first_frame=stray)
    other = foreign.modulate(link.codebook[np.zeros(frame.codewords, int)])
    again, sink = advphy.top_block(), blocks.vector_sink_b()
    stream = np.concatenate([*samples[:5], other, *samples[5:]])
    again.connect(blocks.vector_source_c(stream), *modem(link, frame)[3:], sink)
    again.run()
    got = list(sink.data())
    assert got[:320] + got[384:] == data
    tags = [(t.offset, pmt.to_long(t.value)) for t in sink.tags()]
    assert tags == [(0, 0), (320, 64 * stray), (384, 320)]


def test_bytes_that_were_not_decided_are_lost_bytes():
    link, spoiled = links.load("hamming74_ml"), [8, 9, 9, 31]
    flowgraph, x = advphy.top_block(), blocks.vector_sink_c(7)
    first = advphy.bytes_to_messages(link)
    flowgraph.connect(blocks.vector_source_b(list(range(20))), first)
    flowgraph.connect(first, advphy.encoder(link), x)
    flowgraph.run()
    received = np.reshape(x.data(), (-1, 7))
    received[spoiled, 2] = np.nan
    again, sink = advphy.top_block(), blocks.vector_sink_b()
    source = blocks.vector_source_c(received.ravel().tolist(), False, 7)
    decoder, last = advphy.decoder(link, 3), advphy.messages_to_bytes(link, fill=99)
    again.connect(source, decoder, last, sink)
    again.run()
    wanted = [99 if byte in (4, 15) else byte for byte in range(20)]
    assert list(sink.data()) == wanted


class collector(gr.basic_block):
    """Keep the PDUs that arrive: number of the burst, bytes."""

    def __init__(self):
        gr.basic_block.__init__(self, "collector", None, None)
        self.pdus = []
        self.message_port_register_in(pmt.intern("pdus"))
        self.set_msg_handler(pmt.intern("pdus"), self.keep)

    def keep(self, message):
        data = bytes(pmt.u8vector_elements(pmt.cdr(message)))
        self.pdus.append((pmt.to_python(pmt.car(message))["number"], data))


def pdu(data):
    return pmt.cons(pmt.PMT_NIL, pmt.init_u8vector(len(data), list(data)))


def pdus(link, frame, data, *between, count):
    """Send PDUs over a modem until `count` bursts were seen; return what arrives."""
    flowgraph, seen = advphy.top_block(), collector()
    source, *chain, _ = modem(link, frame, *between)
    source = advphy.bytes_to_messages(link, frame)
    last = advphy.messages_to_bytes(link, frame)
    flowgraph.connect(source, *chain, last)
    flowgraph.msg_connect(last, "pdus", seen, "pdus")
    for one in data:
        source.to_basic_block()._post(pmt.intern("pdus"), one)
    flowgraph.start()
    end = time.monotonic() + 20
    while sum(last.counts().values()) < count and time.monotonic() < end:
        if source.error is not None:
            break
        time.sleep(0.02)
    time.sleep(0.1)  # for the last message
    flowgraph.stop()
    flowgraph.wait()
    return seen.pdus, last.counts()


@pytest.mark.parametrize("k", [3, 4, 8])
def test_pdus_arrive_whole_or_not_at_all(k):
    link = random_link(k, 12)
    frame = advphy.Frame.of_model(link, codewords=50)
    most = 50 * k // 8 - 6
    data = [BYTES[:size].tobytes() for size in (0, 1, most, 5, 6, 7, most, 0)]
    lost = dropper([(3 * frame.samples(), 4 * frame.samples())])
    found, counts = pdus(link, frame, map(pdu, data), lost, count=7)
    assert found == [(n, data[n]) for n in (0, 1, 2, 4, 5, 6, 7)]
    assert counts == {"received": 7, "wrong": 0}


def test_each_pdu_is_sent_when_it_comes():
    link = random_link(8, 12)
    source = advphy.bytes_to_messages(link, advphy.Frame.of_model(link, codewords=50))
    flowgraph, sink = advphy.top_block(), blocks.vector_sink_b()
    flowgraph.connect(source, sink)
    flowgraph.start()
    begun = time.monotonic()
    for number in range(10):
        source.to_basic_block()._post(pmt.intern("pdus"), pdu(b"now"))
        until(lambda before=50 * number: len(sink.data()) > before)
    assert time.monotonic() - begun < 5
    flowgraph.stop()
    flowgraph.wait()


def test_a_burst_with_a_wrong_decision_gives_no_pdu():
    link = links.load("hamming74_ml")
    frame = advphy.Frame.of_model(link)
    data = [bytes([n]) * 58 for n in range(40)]
    air = advphy.sample_channel(snr_db=-2.0)
    found, counts = pdus(link, frame, map(pdu, data), air, count=20)
    assert counts["wrong"] > 5
    assert counts["received"] == len(found)
    assert all(data[number] == one for number, one in found)


def test_a_pdu_in_a_burst_is_laid_out_as_described():
    frame = advphy.Frame.of_model("qpsk", codewords=48)
    messages = payload.wrapped(b"hi", frame, 2)
    content = b"\0\2hi" + zlib.crc32(b"\0\2hi").to_bytes(4, "big") + bytes(4)
    assert np.packbits(payload.bits_of(messages, 2)).tobytes() == content
    assert payload.unwrapped(messages, 2) == b"hi"
    for at in range(32):
        wrong = messages.copy()
        wrong[at] ^= 1
        assert payload.unwrapped(wrong, 2) is None


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (
            pdu(bytes(59)),
            "has 59 bytes, but .* of 128 messages of 4 bits has",
        ),
        (
            pmt.intern("hello"),
            "a pair of a dictionary and a u8vector, got hello",
        ),
    ],
)
def test_a_message_that_is_no_pdu_ends_the_flowgraph(message, text):
    link = links.load("hamming74_ml")
    with pytest.raises(ValueError, match=text):
        pdus(link, advphy.Frame.of_model(link), [message], count=1)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: advphy.bytes_to_messages("bpsk", frame=4), "frame must be.*got 4"),
        (
            lambda: advphy.bytes_to_messages(
                "bpsk", advphy.Frame.of_model("bpsk", codewords=8)
            ),
            "raise codewords to at least 14",
        ),
        (lambda: advphy.bytes_to_messages("bpsk", first_block=-1), "first_block must"),
        (lambda: advphy.bytes_to_messages("bpsk", latency=0), "latency must be.*got 0"),
        (lambda: advphy.messages_to_bytes("bpsk", fill=256), "fill must be.*got 256"),
        (lambda: advphy.messages_to_bytes("bpsk", fill="a"), "fill must be.*got 'a'"),
    ],
)
def test_bad_parameters_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()
