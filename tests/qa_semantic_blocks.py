# SPDX-License-Identifier: GPL-3.0-or-later
"""Each semantic block alone and the chain, against the kernels and the loop engine."""

import math

import numpy as np
import pmt
import pytest
from advphy_model import randomness
from advphy_model.air import perturbation
from advphy_model.air.image_adversary import ImageAdversary
from advphy_model.link.arn import AliceModule
from advphy_model.measure import semantic_chain
from advphy_model.network.network import run as run_network
from advphy_model.network.packed_network import PackedNetwork
from gnuradio import advphy, blocks
from gnuradio.advphy import semantic_engine as streamed

from . import small_semantic as small
from .test_packed_network import by_hand
from .test_semantic_chain import KINDS, PAIR, setting

LATENCIES = [1, 37, 1000, 8192]


def stream(*chain):
    """Run a chain of blocks to its end."""
    flowgraph = advphy.top_block()
    flowgraph.connect(*chain)
    flowgraph.run()


def source(data, tags=()):
    """Return a source of the rows of complex or float data."""
    made = (
        blocks.vector_source_c
        if data.dtype == np.complex64
        else (blocks.vector_source_f)
    )
    return made(data.ravel().tolist(), False, data.shape[1], list(tags))


def rows_of(sink, length):
    return np.reshape(sink.data(), (-1, length))


def codes(link, count, first=0):
    pixels = small.images().as_reals()[np.arange(first, first + count) % 61]
    x = np.empty((count, link.n), np.complex64)
    PackedNetwork(link.encoder, complex_output=True).run(pixels, x)
    return x


@pytest.mark.parametrize("latency", LATENCIES)
def test_image_source_wraps_and_ends(latency):
    sink, found = blocks.vector_sink_f(56), small.images()
    stream(advphy.image_source(found, 50, 1000, latency), sink)
    expected = found.as_reals()[(50 + np.arange(1000)) % 61]
    assert np.array_equal(rows_of(sink, 56).astype(np.float32), expected)


@pytest.mark.parametrize("frames", [0, 1, 61, 62])
def test_image_source_sends_as_many_frames_as_are_wanted(frames):
    sink = blocks.vector_sink_f(56)
    stream(advphy.image_source(small.images(), 0, frames), sink)
    assert len(sink.data()) == 56 * frames


def test_image_source_goes_on_without_an_end():
    sink = blocks.vector_sink_f(56)
    head = blocks.head(4 * 56, 500)
    stream(advphy.image_source(small.images(), 60, latency=100), head, sink)
    expected = small.images().as_reals()[(60 + np.arange(500)) % 61]
    assert np.array_equal(rows_of(sink, 56).astype(np.float32), expected)


@pytest.mark.parametrize("reals", [5, 6])
def test_encoder_and_decoder_are_their_networks(reals):
    link, pixels = small.semantic_link(reals), small.images().as_reals()
    sink = blocks.vector_sink_c(link.n)
    stream(source(pixels), advphy.semantic_encoder(link, 20), sink)
    expected = by_hand(link.encoder, pixels, False, True)
    assert np.allclose(rows_of(sink, link.n), expected, atol=1e-5)
    y = (expected + randomness.noise(3, 0, 61, link.n)).astype(np.complex64)
    y[7, 1] = np.nan
    sink = blocks.vector_sink_f(56)
    stream(source(y), advphy.semantic_decoder(link, 20), sink)
    found, fine = rows_of(sink, 56), np.arange(61) != 7
    assert np.allclose(
        found[fine], by_hand(link.decoder, y, True, False)[fine], atol=1e-5
    )
    assert np.isnan(found[7]).all()


@pytest.mark.parametrize("latency", LATENCIES)
def test_snr_channel_adds_noise_of_that_snr(latency):
    link = small.semantic_link()
    x = codes(link, 3000)
    sink = blocks.vector_sink_c(3)
    stream(source(x), advphy.snr_channel(link, 6.0, 8, 1000, latency=latency), sink)
    noise = rows_of(sink, 3) - x
    expected = 10 ** (-6 / 20) * randomness.noise(8, 1000, 3000, 3)
    assert np.allclose(noise, expected, atol=1e-6)
    assert np.var(noise.real) == pytest.approx(10**-0.6, rel=0.05)  # per real dimension
    (tag,) = sink.tags()
    assert (tag.offset, pmt.symbol_to_string(tag.key)) == (0, "channel")
    said = pmt.to_python(tag.value)
    assert (said["snr_db"], said["kind"]) == (6.0, "awgn")
    assert said["noise_variance"] == pytest.approx(10**-0.6)


def test_snr_channel_adds_a_perturbation_behind_the_noise():
    link = small.semantic_link()
    x, p = codes(link, 100), codes(link, 100, 30)
    sink, channel = blocks.vector_sink_c(3), advphy.snr_channel(link, 6.0)
    flowgraph = advphy.top_block()
    flowgraph.connect(source(x), (channel, 0))
    flowgraph.connect(source(p), (channel, 1))
    flowgraph.connect(channel, sink)
    flowgraph.run()
    expected = x + 10 ** (-6 / 20) * randomness.noise(1, 0, 100, 3) + p
    assert np.allclose(rows_of(sink, 3), expected, atol=1e-6)


@pytest.mark.parametrize("images_too", [True, False])
def test_eve_reads_labels_and_perhaps_images(images_too):
    listener = small.eve(decoder=True)
    y = codes(small.semantic_link(), 500) + randomness.noise(3, 0, 500, 3)
    y[[0, 77, 499], 1] = np.nan
    block, labels = advphy.eve(listener, 100), blocks.vector_sink_b()
    pictures = blocks.vector_sink_f(56)
    flowgraph = advphy.top_block()
    flowgraph.connect(source(y), block)
    flowgraph.connect((block, 0), labels)
    if images_too:
        flowgraph.connect((block, 1), pictures)
    flowgraph.run()
    reals = np.concatenate([y.real, y.imag], axis=1)[:, :5].astype(np.float64)
    expected = run_network(listener.networks["classifier"], reals).argmax(axis=1)
    expected[[0, 77, 499]] = 255
    assert np.array_equal(labels.data(), expected)
    if images_too:
        found, fine = rows_of(pictures, 56), expected != 255
        wanted = run_network(listener.networks["image_decoder"], reals)
        assert np.allclose(found[fine], wanted[fine], atol=1e-5)
        assert np.isnan(found[~fine]).all()


def test_an_eve_without_a_decoder_has_one_output():
    assert advphy.eve(small.eve()).output_signature().max_streams() == 1
    assert advphy.eve(small.eve(decoder=True)).output_signature().max_streams() == 2


def heard_by_the_loop(given, frames, first):
    """Return the label that Eve reads of each frame, by the loop engine's means."""
    y = semantic_chain.record(given, frames, first)
    reals = np.concatenate([y.real, y.imag], axis=1)[:, :5].astype(np.float64)
    return run_network(given.eve.networks["classifier"], reals).argmax(axis=1)


def streamed_rows(given, flowgraph, first):
    """Return {branch: row} of what has streamed."""
    pairs = zip(given.rows("flowgraph", first), flowgraph.totals(), strict=True)
    return {row.branch: row.plus(totals) for row, totals in pairs}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("latency", LATENCIES)
def test_flowgraph_and_loop_agree(kind, latency):
    link = small.semantic_link(**KINDS[kind])
    given = setting(link, secret=None if link.keying == "none" else small.SECRET)
    frames = 150 if latency == 1 else 3000
    loop = semantic_chain.total(given, frames, 33)
    flowgraph = streamed.semantic_flowgraph(given, frames, 33, latency)
    (eve,) = [b for b in flowgraph._connected if isinstance(b, advphy.eve)]
    sink = blocks.vector_sink_b()
    flowgraph.connect((eve, 0), sink)
    flowgraph.run()
    assert np.array_equal(sink.data(), heard_by_the_loop(given, frames, 33))
    rows = streamed_rows(given, flowgraph, 33)
    assert set(rows) == set(loop)
    for branch, row in rows.items():
        assert (row.frames, row.first_frame, row.erasures) == (frames, 33, 0)
        assert row.correct == loop[branch].correct
        assert row.mse == pytest.approx(loop[branch].mse, abs=1e-6)
        if kind != "base":  # without Alice's module nothing measures power
            for name in ("signal_energy", "perturbation_energy", "transmit_energy"):
                expected = getattr(loop[branch], name)
                assert getattr(row, name) == pytest.approx(expected, rel=1e-5)


def test_a_recording_is_the_same_from_both_engines():
    given = setting(small.semantic_link(keying="rotation"), secret=small.SECRET)
    recorded = streamed.record(given, 700, 9)
    assert np.array_equal(recorded, semantic_chain.record(given, 700, 9))
    sent = np.empty((700, 3), np.complex64)
    AliceModule(given.link, small.SECRET).run(codes(given.link, 700, 9), 9, sent)
    noise = randomness.noise(6, 9, 700, 3)  # Eve's seed is one more than Bob's
    assert np.allclose(recorded, sent + 10 ** (-3 / 20) * noise, atol=1e-6)


def test_every_block_of_the_flowgraph_keeps_to_the_latency():
    sizes = {}

    def spied(block):
        work = block.work

        def spy(input_items, output_items):
            sizes.setdefault(block.name(), []).append(len(output_items[0]))
            return work(input_items, output_items)

        return spy

    flowgraph = streamed.semantic_flowgraph(setting(), 2000, 0, 50)
    for block in flowgraph._connected:
        if not hasattr(block, "segments"):  # meters put nothing out
            block.work = spied(block)
    flowgraph.run()
    assert len(sizes) == 7
    assert {max(found) for found in sizes.values()} == {50}


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: advphy.image_source("nonsense"), "'nonsense'"),
        (
            lambda: advphy.image_source(small.images(), -1),
            "first_frame must be.*got -1",
        ),
        (
            lambda: advphy.image_source(small.images(), 0, 1.5),
            "frames must be.*got 1.5",
        ),
        (
            lambda: advphy.image_source(small.images(), latency=0),
            "latency must be.*got 0",
        ),
        (lambda: advphy.semantic_encoder("nonsense"), "'nonsense' is neither"),
        (lambda: advphy.semantic_decoder("bpsk"), "'bpsk' is one of another kind"),
        (
            lambda: advphy.eve("semantic_mnist"),
            "'semantic_mnist' is one of another kind",
        ),
        (
            lambda: advphy.snr_channel(small.semantic_link(), math.nan),
            "snr_db must be.*got nan",
        ),
        (
            lambda: advphy.snr_channel(small.semantic_link(), seed=-1),
            "seed must be.*got -1",
        ),
        (lambda: advphy.snr_channel(small.semantic_link(), kind="x"), "'x'"),
        (lambda: advphy.alice_arn(small.semantic_link()), "no module for Alice"),
        (lambda: advphy.bob_arn(small.semantic_link()), "no module for Bob"),
        (lambda: advphy.alice_arn(small.semantic_link(keying="signs")), "is keyed"),
        (lambda: advphy.bob_arn(small.semantic_link(pair=PAIR), "maybe"), "'maybe'"),
        (lambda: advphy.accuracy_counter(small.images(labeled=False)), "no labels"),
        (
            lambda: advphy.distortion_meter(small.images(), 0, -1),
            "ssim_every must be.*got -1",
        ),
        (
            lambda: advphy.distortion_meter(small.images(shape=(2, 3))),
            "2 x 3 pixels.*ssim_every=0",
        ),
    ],
)
def test_bad_parameters_are_refused_at_construction(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_an_attack_on_images_is_not_left_out_in_silence():
    jammer = ImageAdversary(perturbation.jammer(0, 3, -6.0))
    with pytest.raises(ValueError, match="needs the loop engine"):
        streamed.semantic_flowgraph(setting(attack=jammer), 10)
