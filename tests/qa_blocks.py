# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block alone and the chain, against the kernels and the loop engine."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pmt
import pytest
from advphy_model import randomness
from advphy_model.air import channels
from advphy_model.link import decision, links
from advphy_model.measure.error_rate import StopRule
from advphy_model.power import noise_variance
from gnuradio import advphy, blocks, gr

from .counting import counted, streamed
from .heard import heard
from .while_running import at_items

LATENCIES = [1, 37, 4096, 65536]


def stream(*chain):
    """Run a chain of blocks to its end."""
    flowgraph = advphy.top_block()
    flowgraph.connect(*chain)
    flowgraph.run()


def codewords(model, count, seed=1):
    return model.codebook[randomness.messages(seed, 0, count, model.k)]


def vectors(data, tags=()):
    return blocks.vector_source_c(
        data.ravel().tolist(), False, data.shape[1], list(tags)
    )


@pytest.mark.parametrize("latency", LATENCIES)
def test_message_source_sends_what_the_counter_will_re_create(latency):
    sink = blocks.vector_sink_b()
    stream(advphy.message_source("bpsk", 5, 11, 10_000, latency), sink)
    assert np.array_equal(sink.data(), randomness.messages(5, 11, 10_000, 4))


def test_encoder_looks_codewords_up():
    model = links.load("two_simplices")
    sent = randomness.messages(1, 0, 5000, 4)
    sink = blocks.vector_sink_c(7)
    stream(blocks.vector_source_b(sent.tolist()), advphy.encoder(model), sink)
    assert np.array_equal(np.reshape(sink.data(), (-1, 7)), model.codebook[sent])


KIND = "two_rays(delay=2) + rician_block(coherence=21) + cfo + phase_noise + clipping"


@pytest.mark.parametrize("kind", ["awgn", KIND])
@pytest.mark.parametrize("latency", LATENCIES)
def test_channel_is_a_function_of_seed_and_index(latency, kind):
    model = links.load("two_simplices")
    x, sink = codewords(model, 5000), blocks.vector_sink_c(7)
    stream(vectors(x), advphy.channel(model, 3.0, 8, 1000, kind, latency), sink)
    expected, at = np.empty_like(x), {"seed": 8, "first_block": 1000}
    variance = noise_variance(3.0, 4 / 7)
    channels.channel(kind)(x, expected, **at, noise_variance=variance)
    assert np.array_equal(np.reshape(sink.data(), (-1, 7)), expected)
    (tag,) = sink.tags()
    assert (tag.offset, pmt.symbol_to_string(tag.key)) == (0, "channel")
    said = pmt.to_python(tag.value)
    assert (said["ebn0_db"], said["kind"]) == (3.0, kind)
    assert said["noise_variance"] == pytest.approx(0.43853, rel=1e-4)


def totals(row):
    return row.blocks, row.block_errors, row.erasures


@pytest.mark.parametrize("kind", [KIND, "clock_offset(ppm=100, recovered=700)"])
def test_flowgraph_and_loop_agree_under_impairments(kind):
    model = links.load("hamming74_ml")
    loop = counted(model, 2.0, 200_000, channel=kind, threads=2)
    for latency in (65536, 1000):
        engine = streamed(latency)
        assert counted(model, 2.0, 200_000, channel=kind, engine=engine) == loop


@pytest.mark.parametrize("name", [*links.names(), "bpsk:nearest_codeword"])
def test_decoder_decides_as_the_kernels_do(name):
    model = links.load(name)
    y = codewords(model, 5000) + 0.7 * randomness.noise(2, 0, 5000, model.n)
    sink = blocks.vector_sink_b()
    stream(vectors(y), advphy.decoder(name, 100), sink)
    expected, erased = np.empty(5000, np.uint8), np.empty(5000, np.uint8)
    decision.decider(model).decide(y, expected, erased)
    assert np.array_equal(sink.data(), expected)
    assert not sink.tags()


def test_erasures_are_tagged_counted_apart_and_the_next_block_is_decoded():
    model = links.load("hamming74_ml")
    sent = randomness.messages(1, 0, 1000, 4)
    y = model.codebook[sent].copy()
    for i in (0, 10, 11, 12, 500, 999):
        y[i, 3] = np.nan if i % 2 else complex(0, np.inf)
    sink, counter = blocks.vector_sink_b(), advphy.error_counter(model, 1)
    decoder = advphy.decoder(model, 7)  # seven items a call: runs are cut
    counter.set_max_noutput_items(11)
    flowgraph = advphy.top_block()
    flowgraph.connect(vectors(y), decoder, sink)
    flowgraph.connect(decoder, counter)
    flowgraph.run()
    runs = sum(pmt.to_long(tag.value) for tag in sink.tags())
    assert runs == 6
    decided = np.array(sink.data())
    fine = np.isfinite(y).all(axis=1)
    assert np.array_equal(decided[fine], sent[fine])
    assert np.all(decided[~fine] == 0)
    (segment,) = counter.segments()
    assert (segment.blocks, segment.block_errors, segment.erasures) == (1000, 0, 6)
    assert counter.bler() == pytest.approx(6e-3)


@pytest.mark.parametrize("wire", [False, True])
def test_counter_counts_with_and_without_a_wire_for_the_sent_messages(wire):
    sent = randomness.messages(4, 20, 3000, 4)
    decided = sent.copy()
    decided[::7] ^= 1
    counter = advphy.error_counter("bpsk", 99 if wire else 4, 20)
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_b(decided.tolist()), (counter, 0))
    if wire:
        flowgraph.connect(blocks.vector_source_b(sent.tolist()), (counter, 1))
    flowgraph.run()
    (segment,) = counter.segments()
    assert (segment.first_block, segment.blocks, segment.block_errors) == (
        20,
        3000,
        429,
    )


def settings_tag(offset, ebn0_db):
    tag = gr.tag_t()
    tag.offset, tag.key = offset, pmt.intern("channel")
    tag.value = pmt.to_pmt({"ebn0_db": ebn0_db})
    return tag


def test_no_count_mixes_two_settings():
    sent = randomness.messages(1, 0, 1000, 4)
    decided = sent.copy()
    decided[300:310] ^= 3  # the last of the first segment
    decided[310:330] ^= 5  # the first of the second
    tags = [settings_tag(0, 4.0), settings_tag(310, 6.0), settings_tag(900, 4.0)]
    counter, messages = advphy.error_counter("bpsk", 1), heard()
    flowgraph = advphy.top_block()
    source = blocks.vector_source_b(decided.tolist(), False, 1, tags)
    flowgraph.connect(source, counter)
    flowgraph.msg_connect((counter, "counts"), (messages, "in"))
    flowgraph.run()
    assert [
        (s.settings["ebn0_db"], s.first_block, s.blocks, s.block_errors)
        for s in counter.segments()
    ] == [(4.0, 0, 310, 10), (6.0, 310, 590, 20), (4.0, 900, 100, 0)]
    published = messages.said()
    assert [m["blocks"] for m in published] == [310, 590, 100]
    assert published[1]["bler"] == pytest.approx(20 / 590)


@pytest.mark.parametrize("latency", [1, 100, 50_000])
def test_latency_bounds_what_one_call_carries(latency):
    sizes = []

    class spy(advphy.encoder):
        def work(self, input_items, output_items):
            sizes.append(len(output_items[0]))
            return super().work(input_items, output_items)

    stream(
        advphy.message_source("two_simplices", blocks=200_000 if latency > 1 else 500),
        spy("two_simplices", latency),
        blocks.null_sink(56),
    )
    assert max(sizes) <= latency
    if latency == 50_000:
        assert max(sizes) > 10_000  # GNU Radio's own buffer holds 1170


def test_a_flowgraph_may_be_stopped_and_started_again():
    flowgraph = advphy.top_block()
    link = advphy.link("hamming74_hard", 8.0, stop=StopRule(None, 500_000))
    flowgraph.connect(link)
    for _ in range(2):
        flowgraph.run()
    first, second = link.segments()
    assert (first.blocks, first.settings["ebn0_db"]) == (500_000, 8.0)
    assert first == second


def test_changing_ebn0_while_running_gives_the_counts_of_each_setting():
    model, blocks_ = links.load("hamming74_hard"), 400_000
    channel = advphy.channel(model, 0.0, latency=512)
    steps = {100_000: 2.0, 200_000: 4.0, 300_000: 0.0}
    at_items(
        channel, {at: partial(channel.set_ebn0_db, db) for at, db in steps.items()}
    )
    source = advphy.message_source(model, blocks=blocks_)
    counter = advphy.error_counter(model)
    stream(source, advphy.encoder(model), channel, advphy.decoder(model), counter)
    segments = counter.segments()
    assert [s.settings["ebn0_db"] for s in segments] == [0.0, 2.0, 4.0, 0.0]
    assert sum(s.blocks for s in segments) == blocks_
    for s in segments:  # each segment equals what the loop counts over the same blocks
        row = counted(model, s.settings["ebn0_db"], s.blocks, first=s.first_block)
        assert (s.blocks, s.block_errors, 0) == totals(row)


@pytest.mark.parametrize("rule", [StopRule(300), StopRule(None, 100_000)])
def test_the_stop_rule_ends_the_flowgraph_where_the_loop_ends(rule):
    flowgraph = advphy.top_block()
    link = advphy.link("hamming74_hard", 3.0, stop=rule, latency=5000)
    flowgraph.connect(link)
    flowgraph.run()
    (segment,) = link.segments()
    expected = totals(counted(links.load("hamming74_hard"), 3.0, rule))
    assert (segment.blocks, segment.block_errors, segment.erasures) == expected
    assert link.bler() == expected[1] / expected[0]


@pytest.mark.parametrize("name", links.names())
def test_flowgraph_and_loop_agree_on_many_blocks(name):
    model, blocks = links.load(name), 250_000
    expected = counted(model, 2.0, blocks, threads=2)
    assert expected.blocks == blocks
    assert counted(model, 2.0, blocks, threads=1) == expected
    for latency in (65536, 1000):
        assert counted(model, 2.0, blocks, engine=streamed(latency)) == expected


@pytest.mark.parametrize("ebn0_db", range(9))
@pytest.mark.parametrize("name", ["bpsk", "hamming74_hard"])
def test_closed_forms_within_three_and_a_half_sigma(name, ebn0_db):
    p, n = links.theory(name)[1](ebn0_db), 4_000_000
    row = counted(links.load(name), ebn0_db, n, engine=streamed(65536), seed=22)
    assert row.blocks == n
    assert abs(row.block_errors - n * p) < 3.5 * (n * p * (1 - p)) ** 0.5


def test_a_hier_block_passes_the_counts_on():
    flowgraph, messages = advphy.top_block(), heard()
    link = advphy.link("bpsk", 3.0, stop=StopRule(None, 10_000))
    flowgraph.connect(link)
    flowgraph.msg_connect((link, "counts"), (messages, "in"))
    flowgraph.run()
    last = messages.said()[-1]
    assert last["blocks"] == 10_000
    assert last["settings"]["ebn0_db"] == 3.0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: advphy.message_source("nonsense"), "'nonsense'"),
        (lambda: advphy.message_source("bpsk", seed=-1), "seed must be.*got -1"),
        (lambda: advphy.message_source("bpsk", blocks=-1), "blocks must be.*got -1"),
        (
            lambda: advphy.message_source("bpsk", first_block=0.5),
            "first_block must be.*got 0.5",
        ),
        (lambda: advphy.encoder("bpsk", latency=0), "latency must be.*got 0"),
        (lambda: advphy.channel("bpsk", float("nan")), "ebn0_db must be.*got nan"),
        (lambda: advphy.channel("bpsk", kind="rician"), "'rician'"),
        (lambda: advphy.decoder("/nowhere/x.safetensors"), "neither a file"),
        (lambda: advphy.error_counter("bpsk", seed=2**64), "seed"),
        (
            lambda: advphy.error_counter("bpsk", first_block=-1),
            "first_block must be.*got -1",
        ),
        (lambda: advphy.error_counter("bpsk", stop=200), "stop must be.*got 200"),
        (
            lambda: advphy.error_counter("bpsk", stop=SimpleNamespace(next_check=1)),
            "stop must be.*next_check=1",
        ),
        (lambda: advphy.channel("bpsk", first_block=-1), "first_block must be.*got -1"),
        (lambda: advphy.channel("bpsk", -4000.0), "ebn0_db must be.*got -4000"),
    ],
)
def test_bad_parameters_are_refused_at_construction(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_blocks_of_another_n_cannot_be_connected():
    flowgraph = advphy.top_block()
    with pytest.raises(ValueError, match=r"itemsize mismatch: .*56.*32"):
        flowgraph.connect(advphy.encoder("hamming74_ml"), advphy.decoder("bpsk"))
