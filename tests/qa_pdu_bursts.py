# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs become bursts, with times or without, as far as a fake of gr-uhd's sink."""

import numpy as np
import pmt
import pytest
from advphy_model.link import links
from advphy_model.measure.scoring import Scorer
from gnuradio import advphy, blocks

from .fake_usrp import LINK, RATE, at, installed, sink
from .while_running import until


@pytest.fixture
def devices(monkeypatch, tmp_path):
    yield from installed(monkeypatch, tmp_path)


def pdu(vector, seconds=None):
    about = pmt.make_dict()
    if seconds is not None:
        about = pmt.dict_add(about, pmt.intern("tx_time"), at(seconds))
    kinds = {"u": pmt.init_u8vector, "c": pmt.init_c32vector}
    return pmt.cons(about, kinds[vector.dtype.kind](len(vector), vector.tolist()))


def modulated(pdus, count, block=None, **settings):
    """Return the samples of a burst modulator's PDUs, or another block's, and tags."""
    block = block or advphy.burst_modulator(LINK, pdus=True, **settings)
    found, flowgraph = blocks.vector_sink_c(), advphy.top_block()
    flowgraph.connect(block, found)
    for one in pdus:
        block.to_basic_block()._post(pmt.intern("pdus"), one)
    flowgraph.start()
    until(lambda: len(found.data()) >= count or getattr(block, "error", None))
    flowgraph.stop()
    flowgraph.wait()
    tags = {(t.offset, str(t.key), str(t.value)) for t in found.tags()}
    tags = {tag for tag in tags if tag[1] != "advphy_model"}
    return np.array(found.data(), np.complex64), tags


def test_pdus_of_messages_are_bursts_that_are_decided(rng):
    link = links.load(LINK)
    frame = advphy.Frame.of_model(link)
    sizes = [128, 300, 5]  # one burst; two and a shorter one; a shorter one
    messages = [rng.integers(0, 16, size).astype(np.uint8) for size in sizes]
    lengths = [
        sum(frame.samples(min(128, size - at)) for at in range(0, size, 128))
        for size in sizes
    ]
    wanted, begin = set(), 0
    times = (2.5, None, 3.25)
    for length, seconds in zip(lengths, times, strict=True):
        wanted |= {(begin, "tx_sob", "#t"), (begin + length - 1, "tx_eob", "#t")}
        if seconds is not None:
            wanted.add((begin, "tx_time", str(at(seconds))))
        begin += length
    pdus = list(map(pdu, messages, times))
    samples, tags = modulated(pdus, sum(lengths))
    assert tags == wanted
    codewords = (link.codebook[one].ravel() for one in messages)
    again, tags = modulated(list(map(pdu, codewords, times)), sum(lengths))
    assert np.array_equal(again, samples)
    assert tags == wanted
    scorer = Scorer(link, frame, 1)
    scorer.push(np.concatenate([samples, np.zeros(4000, np.complex64)]))
    assert scorer.counts["received"] == 5
    assert scorer.counts["blocks"] == sum(sizes)


def test_the_tags_are_those_of_gnu_radio():
    pdus = pytest.importorskip("gnuradio.pdu")
    messages = np.arange(16, dtype=np.uint8)
    size = advphy.Frame.of_model(LINK).samples(16)
    samples, tags = modulated([pdu(messages, 7.75)], size)
    theirs = pdus.pdu_to_stream_c(pdus.EARLY_BURST_APPEND)
    assert modulated([pdu(samples, 7.75)], size, theirs)[1] == tags


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (pdu(np.array([3, 16], np.uint8)), "takes messages below 16"),
        (pdu(np.array([], np.uint8)), "has 0 items, but link"),
        (pdu(np.ones(8, np.complex64)), "whole codewords of 7 symbols"),
        (pmt.intern("x"), "and a u8vector or a c32vector, got x"),
        (pmt.cons(pmt.to_pmt({"key": 1}), pmt.init_u8vector(1, [1])), "'alice' or"),
    ],
)
def test_a_pdu_that_does_not_fit_ends_the_flowgraph(message, text):
    with pytest.raises(ValueError, match=text):
        modulated([message], 100)


def test_pdus_arrive_at_gr_uhd_as_bursts(devices):
    frame = advphy.Frame.of_model(LINK)
    block = advphy.burst_modulator(LINK, frame, pdus=True)
    made = sink(bandwidth=frame.occupied_width * RATE)
    flowgraph = advphy.top_block()
    flowgraph.connect(block, made)
    for seconds in (1000.2, 1000.3):
        one = pdu(np.arange(128, dtype=np.uint8) % 16, seconds)
        block.to_basic_block()._post(pmt.intern("pdus"), one)
    flowgraph.start()
    until(lambda: made.events()["bursts"] == 2)
    flowgraph.stop()
    flowgraph.wait()
    times = [sum(v) for _, key, v in devices[0].tags if key == "tx_time"]
    assert times == pytest.approx([1000.2, 1000.3])
    scorer = Scorer(links.load(LINK), frame, 1)
    scorer.push(devices[0].samples())
    assert scorer.counts["received"] == 2


# Companion
