# SPDX-License-Identifier: GPL-3.0-or-later
"""Latency of a receiver, with blocks that hold samples or codewords for a while."""

import json
import re
import time

import numpy as np
import pytest
from advphy_model.link import links
from advphy_model.measure import published, radio_check
from advphy_model.modem.frame import Frame
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air.arrival_times import ArrivalTimes
from gnuradio.advphy.measure.latency import Latency
from gnuradio.advphy.over_the_air import receiver

from .commands import done
from .heard import heard

MODEL = links.load("two_simplices")
FRAME = Frame.of_model(MODEL)
HELD = 0.03  # seconds


class holding(gr.sync_block):
    """Pass items on, after HELD seconds for each call."""

    def __init__(self, item, most):
        gr.sync_block.__init__(self, "holding", [item], [item])
        self.set_max_noutput_items(most)

    def work(self, input_items, output_items):
        time.sleep(HELD)
        output_items[0][:] = input_items[0]
        return len(output_items[0])


def sent(tmp_path, bursts):
    """Write bursts into a file, which a receiver takes as fast as it can."""
    samples, _ = radio_check.frames_of(MODEL, FRAME, bursts, 1)
    samples = np.concatenate([samples, np.zeros(4096, np.complex64)])
    samples.tofile(tmp_path / "x")
    return str(tmp_path / "x")


def test_times_are_those_of_the_first_note_that_has_the_sample(monkeypatch):
    clock = iter([10.0, 11.0, 12.0, 99.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    times = ArrivalTimes()
    for samples in (100, 200, 300):
        times.note(samples)
    assert [times.of(sample) for sample in (0, 99, 100, 250)] == [10, 10, 11, 12]
    assert times.of(300) == 99  # not noted yet: now
    times.clear()


def test_figures_are_median_and_99th_percentile(monkeypatch):
    latency = Latency()
    assert latency.figures() == {}
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    for milliseconds in range(1, 102):
        latency.note({"arrived": 100 - milliseconds / 1000})
    latency.note({})  # a tag without a time, of another program
    found = latency.figures()
    assert found["latency_median"] == pytest.approx(0.051)
    assert found["latency_99_percent"] == pytest.approx(0.100)


@pytest.mark.parametrize("where", ["samples", "codewords"])
def test_what_holds_a_burst_is_in_its_latency_and_published(where, tmp_path):
    source = advphy.sdr_source("file", sent(tmp_path, 12))
    synchronizer = advphy.burst_synchronizer(MODEL, FRAME)
    if where == "samples":
        synchronizer.set_arrivals(source.arrivals)
    parts = [
        *(source, synchronizer),
        *(advphy.decoder(MODEL), advphy.error_counter(MODEL)),
    ]
    if where == "samples":  # a burst goes through in one call
        parts.insert(1, holding(np.complex64, 16384))
    else:
        parts.insert(2, holding((np.complex64, (MODEL.n,)), 4096))
    flowgraph, found = advphy.top_block(), heard()
    flowgraph.connect(*parts)
    flowgraph.msg_connect((parts[-1], "counts"), (found, "in"))
    flowgraph.run()
    message = found.said()[-1]
    assert message["blocks"] == 12 * 128
    assert HELD < message["latency_median"] <= message["latency_99_percent"] < 10
    report = message | {"settings": {}}
    assert published.measurement(report, "", "0" * 16, 0)["latency_median"] > HELD


def test_the_receiver_counts_what_waits_before_the_synchronizer(tmp_path):
    source = advphy.sdr_source("file", sent(tmp_path, 12))
    flowgraph = receiver(MODEL, source, FRAME)
    flowgraph.run()
    found = flowgraph.meter.latency.figures()
    assert 0 < found["latency_median"] <= found["latency_99_percent"] < 10
    assert flowgraph.synchronizer.last()["number"] == 11
    flowgraph = receiver(MODEL, blocks.null_source(8), FRAME, samples=10_000)
    flowgraph.run()  # a source that notes no times, and no burst
    assert flowgraph.meter.latency.figures() == {}


def test_images_have_a_latency_too_and_the_command_prints_it(here):
    done("radio tx paired_arn_white --sink file --args x --frames 2 --arm")
    said = done("radio rx paired_arn_white --source file --args x --json run.json")
    found = re.search(r"latency +median (\S+) ms, 99 % (\S+) ms, last sample", said)
    median, most = map(float, found.groups())
    assert 0 < median <= most
    written = json.loads((here / "run.json").read_text())["latency_seconds"]
    assert written["latency_median"] * 1000 == pytest.approx(median, rel=0.01)
    assert written["latency_99_percent"] * 1000 == pytest.approx(most, rel=0.01)
