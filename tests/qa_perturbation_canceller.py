# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation canceller: whole windows, messages, forgetting, no slip."""

import numpy as np
import pmt
import pytest
from advphy_model import randomness
from advphy_model.air.adversary import Adversary
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure.burst_chain import BurstSetting
from advphy_model.measure.burst_stream import BurstStream
from advphy_model.modem.burst_adversary import BurstAdversary
from advphy_model.modem.frame import Frame
from advphy_model.receive.canceller import Canceller, CancellerSettings
from advphy_model.receive.detection import received
from gnuradio import advphy, blocks, gr

from .heard import heard
from .while_running import at_items

N = 7
MODEL = links.load("two_simplices")
RNG = np.random.default_rng(4)
P = Perturbation(
    "some", "universal", 4, N, RNG.normal(size=(1, N)) + 1j * RNG.normal(size=(1, N))
)


def corrected(y, block):
    flowgraph, messages = advphy.top_block(), heard()
    source = blocks.vector_source_c(y.ravel().tolist(), False, N)
    sink = blocks.vector_sink_c(N)
    flowgraph.connect(source, block, sink)
    flowgraph.msg_connect((block, "estimate"), (messages, "in"))
    flowgraph.run()
    # Else the block would send to who is gone, in the next flowgraph that it is in.
    flowgraph.msg_disconnect((block, "estimate"), (messages, "in"))
    return np.reshape(sink.data(), (-1, N)), messages.messages


@pytest.mark.parametrize("latency", [1, 1000, 65536])
def test_windows_are_those_of_the_model_and_the_last_part_is_not_put_out(latency):
    y = received(MODEL, 6.0, 1, 0, 10_000, Adversary(P, -6.0))
    block = advphy.perturbation_canceller(
        MODEL, adversary="signs", window=1024, sample=128, latency=latency
    )
    out, _ = corrected(y, block)
    settings = CancellerSettings(adversary="signs", window=1024, sample=128)
    expected = y[:9216].copy()
    Canceller(MODEL, settings).cancel(expected)
    assert np.array_equal(out, expected)
    assert not np.array_equal(out, y[:9216])


def test_after_a_synchronizer_it_does_what_measure_burst_does():
    """On the samples of measure-burst, with a p of its own carrier in each burst."""
    frame = Frame.of_model(MODEL)
    attack = BurstAdversary(P, frame, 0.0, where="stream", cfo="random", delay="random")
    cancelled = CancellerSettings(adversary="any", window=256)
    stream = BurstStream(
        BurstSetting(MODEL, frame, 8.0, attack=attack, canceller=cancelled), 0
    )
    samples, expected, push = [], [], stream._synchronizer.push
    stream._synchronizer.push = lambda x: samples.append(x) or push(x)
    stream._decide = lambda y, index: expected.append(y.copy())
    stream.count(16)
    expected = np.concatenate(expected)
    samples = np.concatenate(samples)

    def flowgraph(frame_of_canceller):
        flowgraph, sink = advphy.top_block(), blocks.vector_sink_c(N)
        canceller = advphy.perturbation_canceller(
            MODEL, adversary="any", window=256, frame=frame_of_canceller
        )
        synchronizer = advphy.burst_synchronizer(MODEL, frame, first_frame=0)
        source = blocks.vector_source_c(samples.tolist())
        flowgraph.connect(source, synchronizer, canceller, sink)
        flowgraph.run()
        return np.reshape(sink.data(), (-1, N)).astype(np.complex64)

    out = flowgraph(frame)
    assert len(out) >= 14 * frame.codewords
    assert np.array_equal(out, expected[: len(out)])
    assert not np.array_equal(flowgraph(None), out)


def test_a_short_burst_moves_the_layout_of_those_after_it():
    """The canceller takes bursts from tags, wherever they begin in its windows."""
    frame, rng = Frame(N, codewords=64), np.random.default_rng(6)
    begins = np.array([0, 64, 84, 148, 212, 276, 340, 404, 468])  # the second is short
    places = np.arange(512) - np.repeat(begins, np.diff([*begins, 512]))
    starts = frame.payload_at[::N]
    clean = received(MODEL, 10.0, 1, 0, 512, None)
    turns = np.repeat(rng.uniform(-0.03, 0.03, 9), np.diff([*begins, 512]))
    symbol = starts[places][:, None] + np.arange(N)
    y = clean + np.exp(2j * np.pi * turns[:, None] * symbol) * P.scaled(0.0).rows
    source = blocks.vector_source_c(
        y.astype(np.complex64).ravel().tolist(),
        False,
        N,
        [
            gr.python_to_tag((int(at), pmt.intern("frame"), pmt.PMT_T, pmt.PMT_NIL))
            for at in begins
        ],
    )
    block = advphy.perturbation_canceller(
        MODEL, adversary="periodic", window=256, sample=64, frame=frame
    )
    flowgraph, sink = advphy.top_block(), blocks.vector_sink_c(N)
    flowgraph.connect(source, block, sink)
    flowgraph.run()
    left = np.reshape(sink.data(), (-1, N)) - clean
    # p has 2 parameters per channel use and burst of 64, each of an error of the energy
    # of a codeword's symbols over 64; four times that, of an energy of 1, is allowed.
    assert np.mean(np.abs(left[148:]) ** 2) < 4 * 2 / 64


@pytest.mark.parametrize(("window", "begin"), [(4096, 8192), (256, 37 * 256)])
def test_it_publishes_what_it_found(window, begin):
    attack = Adversary(P, -6.0, off_blocks=begin, on_blocks=begin)
    y = received(MODEL, 8.0, 1, 0, 16_384, attack)
    block = advphy.perturbation_canceller(MODEL, window=window)
    _, found = corrected(y, block)
    estimates = {pmt.to_python(m)["first_block"]: m for m in found}
    before, after = (pmt.to_python(estimates[at]) for at in (0, begin))
    assert not before["detected"]
    assert before["statistic"] < before["threshold"] < after["statistic"]
    assert after["detected"]
    assert after["adversary"] == "static"
    assert after["psr_db"] == pytest.approx(-6.0, abs=0.3)
    p = pmt.c32vector_elements(
        pmt.dict_ref(estimates[begin], pmt.intern("p"), pmt.PMT_NIL)
    )
    sent = P.scaled(-6.0).rows[0]
    # Noise in the estimate: sigma^2 / sample per real dimension, 14 of them.
    assert np.linalg.norm(np.array(p) - sent) < 3 * (14 * 0.139 / 256) ** 0.5
    assert block.estimate().detected


def test_disabled_it_passes_everything_through():
    y = received(MODEL, 6.0, 1, 0, 4096, Adversary(P, 0.0))
    out, found = corrected(y, advphy.perturbation_canceller(MODEL, enabled=False))
    assert np.array_equal(out, y)
    for said in map(pmt.to_python, found):
        assert (said["detected"], said["settings"]["enabled"]) == (False, False)
        assert "psr_db" not in said


def test_forgetting_makes_the_estimate_better_and_follows_a_change():
    attack = Adversary(P, -6.0)
    y = received(MODEL, 6.0, 1, 0, 30 * 1024, attack)
    block = advphy.perturbation_canceller(MODEL, window=1024, sample=16, forgetting=0.9)
    alone = advphy.perturbation_canceller(MODEL, window=1024, sample=16)
    corrected(y, block), corrected(y, alone)
    sent = attack.scaled.rows[0]

    def error(b):
        return float(np.linalg.norm(b.estimate().p[0] - sent) ** 2)

    # 1/(1 - 0.9) = 10 windows count, so the error falls tenfold in the mean.
    assert error(block) < error(alone) / 2
    y[15 * 1024 :] -= 2 * sent  # now -p arrives
    corrected(y, block)
    assert np.linalg.norm(block.estimate().p[0] + sent) < 0.5


def test_bad_samples_neither_spread_nor_are_lost():
    sent = randomness.messages(1, 0, 4096, 4)
    y = received(MODEL, 8.0, 1, 0, 4096, Adversary(P, 0.0))
    y[::64] = np.nan  # on the sampled blocks, too
    y[32, 3] = 1e30
    out, _ = corrected(y, advphy.perturbation_canceller(MODEL))
    fine = np.isfinite(y).all(axis=1) & (np.abs(y) < 1e20).all(axis=1)
    distance = np.abs(out[:, None] - MODEL.codebook[None]) ** 2
    assert np.array_equal(distance.sum(2).argmin(1)[fine], sent[fine])
    assert np.isnan(out[::64]).all()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"components": 0}, "components must be.*got 0"),
        ({"components": True}, "components must be.*got True"),
        ({"components": 2, "adversary": "signs"}, "components must be.*got 2"),
        ({"adversary": "rotations"}, "'rotations' is not known"),
        ({"window": 1000}, "window must be.*got 1000"),
        ({"window": 131_072}, "window must be.*got 131072"),
        ({"sample": 8192}, "sample must be.*got 8192"),
        ({"forgetting": 1.0}, "forgetting must be.*got 1"),
        ({"false_alarm": 0.0}, "false_alarm must be.*got 0"),
        ({"latency": 0}, "latency"),
        ({"frame": Frame(8)}, "frame.*does not fit"),
        ({"frame": Frame(N, codewords=100)}, "multiple of the frame's 100.*got 4096"),
    ],
)
def test_bad_parameters_are_refused_at_construction(settings, text):
    with pytest.raises(ValueError, match=text):
        advphy.perturbation_canceller(MODEL, **settings)


def test_switching_it_opens_a_segment_so_that_no_count_mixes_both():
    attack = Adversary(P, -6.0)
    y = received(MODEL, 8.0, 1, 0, 32_768, attack)
    block = advphy.perturbation_canceller(MODEL, latency=8192)
    at_items(block, {8192: lambda: block.set_enabled(False)})
    source = blocks.vector_source_c(y.ravel().tolist(), False, N)
    counter, flowgraph = advphy.error_counter(MODEL), advphy.top_block()
    flowgraph.connect(source, block, advphy.decoder(MODEL), counter)
    flowgraph.run()
    with_it, without = counter.segments()
    assert with_it.settings == {"canceller": "canceller, drawn sample"}
    assert without.settings == {"canceller": "none"}
    assert without.first_block == with_it.blocks >= 8192
    assert with_it.blocks + without.blocks == 32_768
    assert block.estimate() is None
