# SPDX-License-Identifier: GPL-3.0-or-later
"""Error counter: settings by a parameter, where no tag of a channel says them."""

from functools import partial

import pytest
from advphy_model import randomness
from gnuradio import advphy, blocks

from .qa_blocks import settings_tag
from .while_running import at_items


def counted(counter, after, tags=()):
    sent = randomness.messages(1, 0, 200_000, 4)
    source = blocks.vector_source_b(sent.tolist(), False, 1, list(tags))
    flowgraph = advphy.top_block()
    counter.set_max_noutput_items(10_000)
    at_items(counter, {50_000: lambda: counter.set_settings(after)})
    flowgraph.connect(source, counter)
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


def test_the_oldest_of_thousands_of_segments_are_added_up():
    counter = advphy.error_counter("bpsk")
    tags = [settings_tag(at, float(at // 100)) for at in range(0, 200_000, 100)]
    oldest, *newest = counted(counter, None, tags)
    assert (oldest.first_block, oldest.blocks, oldest.settings) == (0, 100_100, {})
    assert [s.settings["ebn0_db"] for s in newest] == [*range(1001, 2000)]


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
    meter.set_max_noutput_items(10_000)
    at_items(meter, {50_000: lambda: meter.set_settings({"snr_db": 5.0})})
    flowgraph.connect(source, meter)
    flowgraph.run()
    segments = meter.segments()
    assert [s.settings for s in segments] == [
        {"snr_db": 10.0},
        {"snr_db": 10.0, "ebn0_db": 4.0},
        {"snr_db": 5.0, "ebn0_db": 4.0},
    ]
    assert sum(s.sums["frames"] for s in segments) == 200_000


CIRCLE = {}
CIRCLE["a"] = CIRCLE


@pytest.mark.parametrize("value", [CIRCLE, 2**70, "\udc80", {1}, b"x", object()])
def test_settings_that_no_message_holds_are_refused_at_once(value):
    counter = advphy.error_counter("bpsk")
    for given in (counter.set_settings, partial(advphy.error_counter, "bpsk", 1, 0)):
        wanted = {"settings": {"a": value}}
        with pytest.raises(ValueError, match=r"^settings must be [ -~]*$") as why:
            given(**wanted)
        assert len(str(why.value)) <= 300
