# SPDX-License-Identifier: GPL-3.0-or-later
"""The block sample_channel, and the guard around blocks with general_work."""

import numpy as np
import pytest
from advphy_model.air.sample_channel import SampleChannel
from gnuradio import advphy, blocks

KINDS = [
    "awgn",
    "cfo(frequency=0.01) + phase_noise",
    "two_rays(delay=5) + clock_offset(ppm=-1000, carrier=100)",
    "clock_offset(ppm=700)",
]


@pytest.fixture
def samples(rng):
    return rng.standard_normal((100_000, 2)).astype(np.float32).view(np.complex64)[:, 0]


def passed(samples, channel):
    sink = blocks.vector_sink_c()
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), channel, sink)
    flowgraph.run()
    return np.array(sink.data(), np.complex64)


@pytest.mark.parametrize("latency", [1, 37, 65536])
@pytest.mark.parametrize("kind", KINDS)
def test_the_block_gives_the_samples_of_the_model(kind, latency, samples):
    if latency == 1:
        samples = samples[:2000]
    wanted = SampleChannel(kind, seed=3, snr_db=7.0, first_sample=11).process(samples)
    found = passed(samples, advphy.sample_channel(kind, 7.0, 3, 11, latency))
    assert len(wanted) - 1 <= len(found) <= len(wanted)
    assert np.array_equal(found, wanted[: len(found)])


def test_without_noise_and_impairments_nothing_changes(samples):
    assert np.array_equal(passed(samples, advphy.sample_channel(snr_db=None)), samples)


def test_a_flowgraph_may_be_run_again_from_the_beginning(samples):
    flowgraph, sink = advphy.top_block(), blocks.vector_sink_c()
    source = blocks.vector_source_c(samples[:1000].tolist())
    channel = advphy.sample_channel("two_rays + cfo")
    flowgraph.connect(source, channel, sink)
    flowgraph.run()
    first = sink.data()
    source.rewind()
    sink.reset()
    flowgraph.run()
    assert sink.data() == first


def test_the_snr_may_change_while_running():
    channel = advphy.sample_channel(snr_db=0.0)
    assert channel.snr_db() == 0.0
    channel.set_snr_db(None)
    with pytest.raises(ValueError, match=r"snr_db must be.*got 1000"):
        channel.set_snr_db(1000)
    assert channel.snr_db() is None


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"kind": "rician"}, "'rician' is not known"),
        ({"kind": "rayleigh_block"}, "coherence = 0"),
        ({"snr_db": float("nan")}, "snr_db must be.*got nan"),
        ({"seed": -1}, "seed must be.*got -1"),
        ({"first_sample": 0.5}, "first_sample must be.*got 0.5"),
        ({"latency": 0}, "latency must be.*got 0"),
    ],
)
def test_bad_parameters_are_refused_at_construction(settings, text):
    with pytest.raises(ValueError, match=text):
        advphy.sample_channel(**settings)


class faulty(advphy.guarded_general_block):
    """Pass samples on until 10 000, then do what `fault` says."""

    def __init__(self, fault):
        advphy.guarded_general_block.__init__(
            self, "faulty", [np.complex64], [np.complex64]
        )
        self._fault = fault

    def general_work(self, input_items, output_items):
        size = min(len(input_items[0]), len(output_items[0]))
        output_items[0][:size] = input_items[0][:size]
        self.consume(0, size)
        return size if self.nitems_written(0) < 10_000 else self._fault(size)


def explode(_):
    raise ZeroDivisionError("in general_work")


@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        (explode, ZeroDivisionError, "in general_work"),
        (lambda size: None, TypeError, "returned None"),
        (lambda size: 10**9, ValueError, "room for"),
    ],
)
def test_a_fault_in_general_work_reaches_the_caller(fault, kind, text):
    flowgraph, block = advphy.top_block(), faulty(fault)
    flowgraph.connect(blocks.null_source(8), block, blocks.null_sink(8))
    with pytest.raises(kind, match=text) as caught:
        flowgraph.run()
    assert block.error is caught.value
