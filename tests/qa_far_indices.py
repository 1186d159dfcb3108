# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams that begin at a large index count as at 0, and end at the last one."""

import numpy as np
import pytest
from advphy_model import power
from advphy_model.link import links
from advphy_model.randomness import messages, noise
from gnuradio import advphy, blocks

LAST = 2**48
FAR = [0, 2**32 - 1000, 2**40, LAST - 10**6]
BLOCKS, SEED, EBN0_DB = 20_000, 3, 4.0


@pytest.mark.parametrize("first", FAR)
def test_a_link_counts_as_the_formula_says(first):
    link = links.load("hamming74_ml")
    sent = messages(SEED, first, BLOCKS, link.k)
    sigma = power.noise_sigma(EBN0_DB, link.rate)
    y = link.codebook[sent] + np.float32(sigma) * noise(SEED, first, BLOCKS, link.n)
    nearest = (y @ link.codebook.conj().T).real.argmax(axis=1)
    expected = int((nearest != sent).sum())

    source = advphy.message_source(link, SEED, first, blocks=BLOCKS)
    channel = advphy.channel(link, EBN0_DB, SEED, first)
    counter = advphy.error_counter(link, SEED, first)
    flowgraph = advphy.top_block()
    encoder, decoder = advphy.encoder(link), advphy.decoder(link)
    flowgraph.connect(source, encoder, channel, decoder, counter)
    flowgraph.run()
    (segment,) = counter.segments()
    assert (segment.blocks, segment.first_block) == (BLOCKS, first)
    assert abs(segment.block_errors - expected) <= 1  # a tie within rounding
    assert expected > 100


@pytest.mark.parametrize("first", FAR)
def test_images_are_those_of_their_index(first):
    source, sink = advphy.image_source(first_frame=first, frames=300), None
    pixels = source.out_sig().port_types(1)[0].shape[0]
    sink = blocks.vector_sink_f(pixels)
    flowgraph = advphy.top_block()
    flowgraph.connect(source, sink)
    flowgraph.run()
    images = source._pixels
    wanted = images[[(first + i) % len(images) for i in range(300)]]
    assert np.array_equal(np.reshape(sink.data(), (300, pixels)), wanted)


@pytest.mark.parametrize("first", FAR[1:])
def test_a_burst_of_the_perturbation_turns_on_where_its_index_says(first):
    p, off, on = "universal_pgd_gan_mlp", 700, 300
    schedule = {"off_blocks": off, "on_blocks": on, "first_block": first}
    source = advphy.perturbation_source("gan_mlp", p, **schedule)
    head, sink = blocks.head(56, 5000), blocks.vector_sink_c(7)
    flowgraph = advphy.top_block()
    flowgraph.connect(source, head, sink)
    flowgraph.run()
    sent = np.abs(np.reshape(sink.data(), (-1, 7))).any(axis=1)
    assert sent.tolist() == [(first + i) % (off + on) >= off for i in range(5000)]


INDEXED = {
    "message_source": lambda at: [advphy.message_source("gan_mlp", first_block=at)],
    "channel": lambda at: [
        blocks.null_source(56),
        advphy.channel("gan_mlp", first_block=at),
    ],
    "snr_channel": lambda at: [
        blocks.null_source(8 * 12),
        advphy.snr_channel("paired_arn_white", first_block=at),
    ],
    "sample_channel": lambda at: [
        blocks.null_source(8),
        advphy.sample_channel(first_sample=at),
    ],
    "alice_arn": lambda at: [
        blocks.null_source(8 * 12),
        advphy.alice_arn("paired_arn_white", first_frame=at),
    ],
    "bob_arn": lambda at: [
        blocks.null_source(8 * 12),
        advphy.bob_arn("paired_arn_white", first_frame=at),
    ],
    "image_source": lambda at: [advphy.image_source(first_frame=at)],
    "perturbation_source": lambda at: [
        advphy.perturbation_source("gan_mlp", "universal_pgd_gan_mlp", first_block=at)
    ],
    "error_counter": lambda at: [
        blocks.null_source(1),
        advphy.error_counter("gan_mlp", first_block=at),
    ],
    "accuracy_counter": lambda at: [
        blocks.null_source(1),
        advphy.accuracy_counter(first_frame=at),
    ],
}


@pytest.mark.parametrize("name", INDEXED)
def test_a_stream_beyond_the_last_index_ends_with_a_sentence(name):
    chain = INDEXED[name](LAST - 100)
    outputs = chain[-1].to_basic_block().output_signature()
    if outputs.max_streams():
        chain.append(blocks.null_sink(outputs.sizeof_stream_item(0)))
    flowgraph = advphy.top_block()
    flowgraph.connect(*chain)
    text = rf"{name}: the stream goes beyond index 2\^48, the last one; begin it at"
    with pytest.raises(ValueError, match=text):
        flowgraph.run()


def test_a_stream_may_end_at_the_last_index():
    source = advphy.message_source("gan_mlp", first_block=LAST - 99, blocks=100)
    sink = blocks.vector_sink_b()
    flowgraph = advphy.top_block()
    flowgraph.connect(source, sink)
    flowgraph.run()
    assert sink.data() == messages(1, LAST - 99, 100, 4).tolist()
