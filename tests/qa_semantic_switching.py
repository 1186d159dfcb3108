# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules inserted and bypassed, SNRs changed, while a semantic flowgraph runs."""

import queue
import threading
from functools import partial

import numpy as np
import pmt
import pytest
from advphy_model import randomness
from advphy_model.measure import semantic_chain
from gnuradio import advphy, blocks
from gnuradio.advphy.semantic_engine import semantic_flowgraph

from . import small_semantic as small
from .heard import heard
from .qa_semantic_blocks import codes, rows_of, source
from .test_packed_network import by_hand
from .test_semantic_chain import PAIR, setting
from .while_running import at_items, before_calls

FRAMES = 6000
LINK = small.semantic_link(pair=PAIR)


class chain:
    """Encoder's codes -> Alice -> Bob's channel -> Bob -> decoder -> meter; Eve's."""

    def __init__(self, alice, frames=FRAMES, insert="follow", latency=64):
        found = small.images()
        self.alice, self.x = alice, codes(LINK, frames)
        self.bobs_channel = advphy.snr_channel(LINK, 8.0, 5, latency=latency)
        self.eves_channel = advphy.snr_channel(LINK, 3.0, 6, latency=latency)
        self.bob = advphy.bob_arn(LINK, insert, latency=latency)
        self.meter = advphy.distortion_meter(found, ssim_every=0)
        self.counter = advphy.accuracy_counter(found)
        self.sent, self.undone = blocks.vector_sink_c(3), blocks.vector_sink_c(3)
        reader = advphy.eve(small.eve(), latency)
        flow = self.flowgraph = advphy.top_block()
        flow.connect(source(self.x), alice, self.bobs_channel, self.bob)
        flow.connect(self.bob, advphy.semantic_decoder(LINK, latency), self.meter)
        flow.connect(alice, self.eves_channel, reader, self.counter)
        flow.connect(alice, self.sent)
        flow.connect(self.bob, self.undone)

    def changes(self):
        """Return [(item, whether Alice's module is in)], from her tags."""
        return [
            (tag.offset, pmt.to_python(tag.value)["inserted"])
            for tag in self.sent.tags()
        ]

    def inserted(self):
        """Return for each item whether Alice's module is in."""
        state = np.zeros(len(self.x), bool)
        for offset, value in self.changes():
            state[offset:] = value
        return state

    def hold(self):
        """Assert that Alice's items, and Bob's at the very same place, are right."""
        state, x = self.inserted(), self.x
        assert 0 < state.sum() < len(x)
        sent, undone = rows_of(self.sent, 3), rows_of(self.undone, 3)
        assert len(sent) == len(undone) == len(x)
        assert np.array_equal(sent[~state], x[~state])
        added = x + by_hand(LINK.networks["alice"], x, True, True)
        assert np.allclose(sent[state], added[state], atol=1e-5)
        noise = 10 ** (-8 / 20) * randomness.noise(5, 0, len(x), 3)
        y = (sent + noise).astype(np.complex64)
        taken = y - by_hand(LINK.networks["bob"], y, True, True)
        # Bob's module moves every item by far more than the tolerance.
        assert np.abs(taken - y).max(axis=1).min() > 1e-3
        expected = np.where(state[:, None], taken, y)
        assert np.allclose(undone, expected, atol=2e-5)

    def hold_segments(self):
        """Assert that each segment is what the loop engine says of its range."""
        for meter, branch in ((self.meter, "bob"), (self.counter, "eve")):
            segments = meter.segments()
            assert [s.first_frame for s in segments] == [c for c, _ in self.changes()]
            assert sum(s.sums["frames"] for s in segments) == len(self.x)
            for segment in segments:
                alice, frames = segment.settings["inserted"], segment.sums["frames"]
                assert segment.settings["pairing"] == LINK.pairing
                assert segment.settings["pair"] == ("learned" if alice else "none")
                given = setting(LINK, alice=alice)
                row = semantic_chain.total(given, frames, segment.first_frame)[branch]
                assert segment.sums["erasures"] == 0
                if branch == "eve":
                    assert segment.sums["correct"] == row.correct
                else:
                    mse = meter.figures(segment.sums)["mse"]
                    assert mse == pytest.approx(row.mse, abs=1e-6)


def test_bob_follows_alice_at_the_very_same_item():
    alice = advphy.alice_arn(LINK, False, latency=64)
    # The last changes nothing.
    steps = {1000: True, 2000: False, 2500: True, 5000: True}
    at_items(alice, {at: partial(alice.set_inserted, to) for at, to in steps.items()})
    made = chain(alice)
    made.flowgraph.run()
    assert [value for _, value in made.changes()] == [False, True, False, True]
    made.hold()
    made.hold_segments()


def test_another_thread_may_insert_and_bypass():
    alice = advphy.alice_arn(LINK, True, latency=64)
    made, asked, done = chain(alice), queue.Queue(), queue.Queue()

    def switch():
        while asked.get():
            alice.set_inserted(not alice.inserted())
            done.put(True)

    def ask(index):
        asked.put(True)
        if index < 1000:  # later on it is while Alice works
            done.get()

    before_calls(alice, ask)
    thread = threading.Thread(target=switch)
    thread.start()
    made.flowgraph.run()
    asked.put(False)
    thread.join()
    assert len(made.changes()) > 3
    made.hold()
    made.hold_segments()


def test_bypassed_items_are_bit_for_bit_those_of_the_base():
    made = chain(advphy.alice_arn(LINK, False, latency=64), frames=300)
    made.flowgraph.run()
    y = rows_of(made.undone, 3).astype(np.complex64)
    channel, sink = advphy.snr_channel(LINK, 8.0, 5), blocks.vector_sink_c(3)
    flowgraph = advphy.top_block()
    flowgraph.connect(source(made.x), channel, sink)  # no module anywhere
    flowgraph.run()
    assert np.array_equal(y, rows_of(sink, 3).astype(np.complex64))
    assert made.changes() == [(0, False)]


@pytest.mark.parametrize("insert", ["always", "never"])
def test_bob_may_ignore_what_alice_says(insert):
    made = chain(advphy.alice_arn(LINK, insert == "never", latency=64), 300, insert)
    made.flowgraph.run()
    y = rows_of(made.sent, 3) + 10 ** (-8 / 20) * randomness.noise(5, 0, 300, 3)
    if insert == "always":
        y = y - by_hand(LINK.networks["bob"], y, True, True)
    assert np.allclose(rows_of(made.undone, 3), y, atol=2e-5)


def test_alice_of_another_pair_ends_the_flowgraph_and_both_are_named():
    other = small.semantic_link(pair=PAIR, seed=99, name="another")
    made = chain(advphy.alice_arn(other))
    with pytest.raises(ValueError, match=f"{other.pairing}.*'small'.*{LINK.pairing}"):
        made.flowgraph.run()


def test_a_renamed_link_is_no_other_pair():
    renamed = small.semantic_link(pair=PAIR, name="renamed")
    made = chain(advphy.alice_arn(renamed), frames=300)
    made.flowgraph.run()
    assert made.meter.total()["frames"] == 300


def test_a_change_of_snr_opens_a_segment_of_that_receiver_alone():
    alice = advphy.alice_arn(LINK, latency=64)
    made = chain(alice)
    channel = made.eves_channel
    steps = {1500: 20.0, 4000: 3.0}
    at_items(channel, {at: partial(channel.set_snr_db, db) for at, db in steps.items()})
    made.flowgraph.run()
    (bobs,) = made.meter.segments()
    assert (bobs.settings["snr_db"], bobs.sums["frames"]) == (8.0, FRAMES)
    eves = made.counter.segments()
    assert [s.settings["snr_db"] for s in eves] == [3.0, 20.0, 3.0]
    assert sum(s.sums["frames"] for s in eves) == FRAMES
    for segment in eves:
        given = setting(LINK, eve_snr_db=segment.settings["snr_db"])
        at = segment.sums["frames"], segment.first_frame
        assert (
            segment.sums["correct"] == semantic_chain.total(given, *at)["eve"].correct
        )


def test_a_flowgraph_may_be_stopped_and_started_again():
    given = setting(LINK)
    flowgraph = semantic_flowgraph(given, 700, 10, 100)
    for _ in range(2):
        flowgraph.run()
    for meter in flowgraph.meters.values():
        first, second = meter.segments()
        assert first.settings == second.settings
        assert first.sums == pytest.approx(second.sums)
        assert first.first_frame == second.first_frame
        assert (first.first_frame, first.sums["frames"]) == (10, 700)


def test_segments_are_published_as_they_end():
    alice, messages = advphy.alice_arn(LINK, latency=64), heard()
    at_items(alice, {3000: lambda: alice.set_inserted(False)})
    made = chain(alice)
    made.flowgraph.msg_connect((made.meter, "distortion"), (messages, "in"))
    made.flowgraph.run()
    first = made.meter.segments()[0]
    (ended,) = [m for m in messages.said() if m["frames"] == first.sums["frames"]]
    said = ended["settings"]
    assert (said["inserted"], said["snr_db"], ended["first_frame"]) == (True, 8.0, 0)
    assert ended["mse"] == pytest.approx(
        first.sums["squared_error"] / ended["frames"] / 56
    )
