# SPDX-License-Identifier: GPL-3.0-or-later
"""A codeword of one channel use in every block: GNU Radio's vectors of length 1."""

import numpy as np
import pytest
from advphy_model.air.perturbation import jammer
from advphy_model.link import links
from advphy_model.modem.frame import Frame
from advphy_model.receive.canceller import CancellerSettings
from gnuradio import advphy, blocks

from .counting import counted, streamed
from .qa_burst_modem import total
from .small_semantic import SECRET, eve, images, semantic_link

QPSK = links.load("qpsk")
P = advphy.Perturbation("p", "universal", 2, 1, np.array([[0.4 + 0.3j]]))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"channel": "rayleigh_block + cfo(frequency=0.01) + phase_noise"},
        {"attack": advphy.Adversary(P, -6.0, sign="random", phase="random")},
        {"attack": advphy.Adversary(jammer(2, 1, 0.0), -3.0)},
        {
            "attack": advphy.Adversary(P, -3.0),
            "canceller": CancellerSettings(window=1024),
        },
    ],
)
def test_the_flowgraph_counts_qpsk_as_the_loop_does(settings):
    loop = counted(QPSK, 4.0, 100_000, threads=2, **settings)
    assert loop.block_errors > 100
    for latency in (65536, 1000):
        assert counted(QPSK, 4.0, 100_000, engine=streamed(latency), **settings) == loop


def test_qpsk_goes_over_the_air():
    flowgraph, counter = advphy.top_block(), advphy.error_counter(QPSK)
    source, head = advphy.message_source(QPSK), blocks.head(1, 20 * 128)
    flowgraph.connect(source, head, advphy.encoder(QPSK), advphy.burst_modulator(QPSK))
    flowgraph.connect(
        flowgraph._connected[-1],
        advphy.sample_channel("cfo(frequency=0.001)", snr_db=15.0),
        advphy.burst_synchronizer(QPSK),
        advphy.decoder(QPSK),
        counter,
    )
    flowgraph.run()
    assert (total(counter, "frames"), total(counter, "block_errors")) == (20, 0)


def test_a_constellation_of_one_channel_use_is_kept():
    flowgraph, sink = advphy.top_block(), advphy.constellation_sink(QPSK, points=10)
    x = blocks.vector_source_c(QPSK.codebook.ravel().tolist(), True)
    sink.record.newest()
    flowgraph.connect(x, blocks.head(8, 1000), sink)
    flowgraph.run()
    assert sink.record.newest().shape == (10, 1)


@pytest.mark.parametrize("keying", ["none", "rotation"])
def test_a_semantic_link_of_one_channel_use(keying):
    pair = () if keying == "rotation" else ("alice", "bob")
    secret = SECRET if keying == "rotation" else None
    link, flowgraph = semantic_link(2, pair, keying), advphy.top_block()
    assert link.n == 1
    meter, labels = advphy.distortion_meter(images()), advphy.accuracy_counter(images())
    eves = advphy.eve(eve(2, decoder=True))
    source, head = advphy.image_source(images()), blocks.head(4 * 56, 300)
    channel = advphy.snr_channel(link, 20.0)
    flowgraph.connect(source, head, advphy.semantic_encoder(link))
    flowgraph.connect(flowgraph._connected[-1], advphy.alice_arn(link, secret=secret))
    flowgraph.connect(flowgraph._connected[-1], channel)
    flowgraph.connect(channel, advphy.bob_arn(link, secret=secret))
    flowgraph.connect(flowgraph._connected[-1], advphy.semantic_decoder(link), meter)
    flowgraph.connect(channel, eves, labels)
    flowgraph.connect((eves, 1), blocks.null_sink(4 * 56))
    flowgraph.run()
    assert (meter.total()["frames"], meter.total()["erasures"]) == (300, 0)
    assert labels.total()["frames"] == 300


def test_a_burst_of_one_channel_use_has_a_layout():
    assert len(Frame.of_model(QPSK).payload_at) == 128
