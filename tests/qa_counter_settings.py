# SPDX-License-Identifier: GPL-3.0-or-later
"""Error counter: settings by a parameter, where no tag of a channel says them."""

import numpy as np
from advphy_model import randomness
from gnuradio import advphy, blocks, gr

from .qa_blocks import settings_tag


class turner(gr.sync_block):
    """Pass messages in pieces; give the counter other settings at an item."""

    def __init__(self, counter, at, settings):
        gr.sync_block.__init__(self, "turner", [np.uint8], [np.uint8])
        self._counter, self._at, self._settings = counter, at, settings

    def work(self, input_items, output_items):
        size = len(output_items[0])
        if self.nitems_written(0) >= self._at:
            self._counter.set_settings(self._settings)
        output_items[0][:] = input_items[0][:size]
        return size


def counted(counter, after, tags=()):
    sent = randomness.messages(1, 0, 200_000, 4)
    source = blocks.vector_source_b(sent.tolist(), False, 1, list(tags))
    flowgraph = advphy.top_block()
    flowgraph.connect(source, turner(counter, 50_000, after), counter)
    flowgraph.run()
    segments = counter.segments()
    assert sum(s.blocks for s in segments) == 200_000
    assert sum(s.failures for s in segments) == 0
    return segments


def test_a_change_of_the_settings_opens_a_segment():
    counter = advphy.error_counter("bpsk", 1, settings={"tx_gain_db": 20.0})
    first, second = counted(counter, {"tx_gain_db": 25.0})
    assert (first.settings, second.settings) == (
        {"tx_gain_db": 20.0},
        {"tx_gain_db": 25.0},
    )
    assert second.first_block == first.blocks


def test_the_same_settings_again_open_none():
    counter = advphy.error_counter("bpsk", 1, settings={"tx_gain_db": 20.0})
    (only,) = counted(counter, {"tx_gain_db": 20.0})
    assert only.first_block == 0


def test_settings_stand_beside_those_of_tags():
    counter = advphy.error_counter("bpsk", 1, settings={"tx_gain_db": 20.0})
    segments = counted(counter, {"tx_gain_db": 25.0}, [settings_tag(0, 4.0)])
    assert [s.settings for s in segments] == [
        {"tx_gain_db": 20.0, "ebn0_db": 4.0},
        {"tx_gain_db": 25.0, "ebn0_db": 4.0},
    ]


def test_a_meter_takes_settings_as_a_counter_does():
    meter = advphy.accuracy_counter("mnist_sample", settings={"snr_db": 10.0})
    source = blocks.vector_source_b([0] * 200_000, False, 1, [settings_tag(7, 4.0)])
    flowgraph = advphy.top_block()
    flowgraph.connect(source, turner(meter, 50_000, {"snr_db": 5.0}), meter)
    flowgraph.run()
    segments = meter.segments()
    assert [s.settings for s in segments] == [
        {"snr_db": 10.0},
        {"snr_db": 10.0, "ebn0_db": 4.0},
        {"snr_db": 5.0, "ebn0_db": 4.0},
    ]
    assert sum(s.sums["frames"] for s in segments) == 200_000
