# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem in flowgraphs: what follows a channel follows the modem, unchanged."""

import numpy as np
import pmt
import pytest
from advphy_model import kernels
from advphy_model.link import links
from advphy_model.measure import radio_check
from advphy_model.measure.error_rate import interval
from advphy_model.modem.frame import Frame
from advphy_model.modem.header import Header, encode
from advphy_model.modem.modulator import Modulator
from advphy_model.randomness import messages
from gnuradio import advphy, blocks, fec, gr
from gnuradio.advphy.over_the_air import receiver

from .small_semantic import OTHER_SECRET, PIXELS, SECRET, images, semantic_link

MODEL = links.load("two_simplices")


class dropper(gr.basic_block):
    """Pass samples on, but for some ranges of them."""

    def __init__(self, ranges):
        gr.basic_block.__init__(self, "dropper", [np.complex64], [np.complex64])
        self._ranges = ranges

    def general_work(self, input_items, output_items):
        count = min(len(input_items[0]), len(output_items[0]))
        index = self.nitems_read(0) + np.arange(count)
        keep = np.ones(count, bool)
        for begin, end in self._ranges:
            keep &= (index < begin) | (index >= end)
        kept = input_items[0][:count][keep]
        output_items[0][: len(kept)] = kept
        self.consume(0, count)
        return len(kept)


def over_the_air(
    frames, *between, frame=None, first_frame=0, after=(), runs=1, own=None, **receiver
):
    """Send frames of messages; return the error counter and the synchronizer."""
    frame = frame or Frame.of_model(MODEL)
    flowgraph, first = advphy.top_block(), first_frame * frame.codewords
    source = advphy.message_source(MODEL, first_block=first)
    head = blocks.head(1, frames * frame.codewords)
    own = receiver.get("secret") if own is None else own
    modulator = advphy.burst_modulator(MODEL, frame, first_frame, secret=own)
    synchronizer = advphy.burst_synchronizer(MODEL, frame, **receiver)
    counter, decoder = advphy.error_counter(MODEL), advphy.decoder(MODEL)
    flowgraph.connect(source, head, advphy.encoder(MODEL), modulator)
    flowgraph.connect(modulator, *between, synchronizer, *after, decoder, counter)
    for _ in range(runs):
        flowgraph.run()
    return counter, synchronizer


def total(counter, name):
    return sum(getattr(segment, name) for segment in counter.segments())


def test_keyed_bursts_are_decided_and_each_start_is_a_new_session():
    counter, synchronizer = over_the_air(50, secret=SECRET)
    assert total(counter, "blocks") == 50 * 128
    assert total(counter, "block_errors") == 0
    counts = synchronizer.counts()
    assert (counts["received"], counts["forged"], counts["replayed"]) == (50, 0, 0)
    modulator = advphy.burst_modulator(MODEL, secret=SECRET)
    first = modulator._modulator.names.nonce
    modulator.start()
    assert modulator._modulator.names.nonce != first


def test_a_synchronizer_without_the_secret_finds_no_keyed_burst(caplog):
    for secret in (None, OTHER_SECRET):
        _, synchronizer = over_the_air(80, own=SECRET, secret=secret)
        assert synchronizer.counts()["received"] == 0
        assert "if its bursts are keyed" in synchronizer.estimates(1e6)
        assert "if its bursts are keyed" in caplog.text
        caplog.clear()


@pytest.mark.parametrize("block", ["burst_modulator", "burst_synchronizer"])
def test_a_secret_of_wrong_length_is_refused_at_construction(block):
    with pytest.raises(ValueError, match="secret must be 32 bytes, got 5 bytes"):
        getattr(advphy, block)(MODEL, secret=b"short")


def test_what_was_sent_is_decided():
    counter, synchronizer = over_the_air(50, first_frame=3)
    assert total(counter, "blocks") == 50 * 128
    assert total(counter, "block_errors") == 0
    assert total(counter, "frames") == 50
    assert counter.segments()[0].first_block == 0
    counts = synchronizer.counts()
    assert (counts["received"], counts["missed"]) == (50, 0)


def test_frames_lost_on_the_way_are_missed_and_no_block_errors():
    frame = Frame.of_model(MODEL)
    size = frame.samples()
    lost = dropper([(2 * size, 3 * size), (7 * size - 30, 9 * size + 20)])
    counter, synchronizer = over_the_air(20, lost, first_frame=0)
    missed = total(counter, "missed_frames")
    assert missed == 3  # the end of a frame and its beginning are silence
    assert total(counter, "frames") + missed == 20
    assert total(counter, "block_errors") == 0
    assert synchronizer.counts()["missed"] == missed


@pytest.mark.parametrize("latency", [50, 1000, 8192])
def test_buffers_change_nothing(latency):
    found = []
    for size in (latency, 65536):
        channel = advphy.sample_channel("cfo(frequency=0.003)", snr_db=1.0)
        channel.set_max_noutput_items(size)
        counter, synchronizer = over_the_air(10, channel)
        found.append((counter.segments()[0].block_errors, synchronizer.counts()))
    assert found[0] == found[1]
    assert found[0][0] > 0


def test_tags_tell_what_is_known_of_a_frame():
    frame = Frame.of_model(MODEL, codewords=16)
    sent = MODEL.codebook[np.zeros(64, int)]
    x = Modulator(frame, MODEL, first_frame=7).modulate(sent)
    x = x * np.exp(2j * np.pi * 0.002 * np.arange(len(x)))
    flowgraph = advphy.top_block()
    sink = blocks.vector_sink_c(MODEL.n)
    synchronizer = advphy.burst_synchronizer(MODEL, frame)
    flowgraph.connect(blocks.vector_source_c(x.tolist()), synchronizer, sink)
    flowgraph.run()
    tags = [t for t in sink.tags() if pmt.symbol_to_string(t.key) == "frame"]
    assert [tag.offset for tag in tags] == [0, 16, 32, 48]
    for number, tag in enumerate(tags, 7):
        said = pmt.to_python(tag.value)
        assert said["number"] == number
        assert said["index"] == 16 * number
        assert said["codewords"] == 16
        assert said["missed"] == 0
        assert said["intact"]
        assert said["cfo"] == pytest.approx(0.002, abs=1e-5)
        assert said["snr_db"] > 25


def test_bursts_of_another_link_or_seed_are_left_out(caplog):
    other, frame = links.load("autoencoder_mlp"), Frame.of_model(MODEL)
    zeros = np.zeros(frame.codewords, int)
    foreign = Modulator(Frame.of_model(other), other).modulate(other.codebook[zeros])
    alice, parts = Modulator(frame, MODEL, seed=1), [foreign]
    for first in range(0, 3 * frame.codewords, frame.codewords):
        sent = messages(1, first, frame.codewords, MODEL.k)
        parts += [alice.modulate(MODEL.codebook[sent]), foreign]
    forger = Modulator(frame, MODEL, first_frame=3, seed=2)
    parts.append(forger.modulate(MODEL.codebook[zeros]))
    source = blocks.vector_source_c(np.concatenate(parts).tolist())
    bob = receiver(MODEL, source, frame)
    bob.run()
    counts = bob.counts()
    assert (counts["received"], counts["foreign"], counts["missed"]) == (4, 4, 0)
    assert counts["of_another_seed"] == 1
    assert (counts["blocks"], counts["block_errors"]) == (3 * frame.codewords, 0)
    assert f"is of the link model {other.sha256[:8]}" in caplog.text


@pytest.mark.parametrize("sent", [None, 1, 2])
def test_messages_of_another_seed_are_refused_and_not_counted(sent):
    frame, flowgraph = Frame.of_model(MODEL), advphy.top_block()
    head = blocks.head(1, 4 * frame.codewords)
    source, counter = (
        advphy.message_source(MODEL, sent or 1),
        advphy.error_counter(MODEL, 1),
    )
    flowgraph.connect(
        *(source, head, advphy.encoder(MODEL)),
        advphy.burst_modulator(MODEL, frame, seed=sent),
        *(advphy.burst_synchronizer(MODEL, frame), advphy.decoder(MODEL), counter),
    )
    if sent == 2:
        with pytest.raises(ValueError, match=r"seed must be.*got 1.*probably seed 2"):
            flowgraph.run()
        return
    flowgraph.run()
    assert (total(counter, "blocks"), total(counter, "block_errors")) == (512, 0)


def test_with_the_sent_messages_at_hand_no_seed_is_asked():
    frame, flowgraph = Frame.of_model(MODEL), advphy.top_block()
    sent = advphy.message_source(MODEL, 2, blocks=4 * frame.codewords)
    counter = advphy.error_counter(MODEL, seed=1)
    flowgraph.connect(
        *(sent, advphy.encoder(MODEL), advphy.burst_modulator(MODEL, frame, seed=2)),
        *(advphy.burst_synchronizer(MODEL, frame), advphy.decoder(MODEL), counter),
    )
    flowgraph.connect(sent, (counter, 1))
    flowgraph.run()
    assert (total(counter, "blocks"), total(counter, "block_errors")) == (512, 0)


def test_codewords_are_worsened_and_counted_under_their_level():
    counter, _ = over_the_air(400, ebn0_db=np.float32(3), first_frame=np.int64(0))
    (segment,) = counter.segments()
    assert segment.settings == {"worsened": True, "ebn0_db": 3.0}
    # As many errors as aligned codewords have at 3 dB, because nothing else is lost.
    aligned = radio_check.bler_without_modem(MODEL, 3.0)
    low, high = interval(segment.block_errors, segment.blocks)
    assert segment.blocks == 400 * 128
    assert low < aligned * 1.03
    assert high > aligned * 0.97


def test_a_change_of_the_level_begins_a_segment():
    flowgraph, frame = advphy.top_block(), Frame.of_model(MODEL)
    x = Modulator(frame, MODEL, seed=1).modulate(
        MODEL.codebook[messages(1, 0, 40 * 128, MODEL.k)]
    )
    synchronizer = advphy.burst_synchronizer(MODEL, frame, ebn0_db=2.0)
    change = calling(10 * frame.samples(), lambda: synchronizer.set_ebn0_db(None))
    source = blocks.vector_source_c(np.pad(x, (0, 4000)).tolist())
    counter = advphy.error_counter(MODEL)
    flowgraph.connect(source, change, synchronizer, advphy.decoder(MODEL), counter)
    flowgraph.run()
    worse, better = counter.segments()
    assert worse.settings == {"worsened": True, "ebn0_db": 2.0}
    assert better.settings == {"worsened": False}
    assert worse.first_block == 0
    assert better.first_block == worse.blocks
    assert (worse.blocks + better.blocks, better.block_errors) == (40 * 128, 0)
    assert worse.block_errors > 0
    with pytest.raises(ValueError, match=r"ebn0_db must be.*got 101"):
        synchronizer.set_ebn0_db(101)


class calling(gr.sync_block):
    """Pass samples on in small pieces, and call a function after some of them."""

    def __init__(self, after, function):
        gr.sync_block.__init__(self, "calling", [np.complex64], [np.complex64])
        self.set_max_noutput_items(4096)
        self._after, self._function = after, function

    def work(self, input_items, output_items):
        if self._function and self.nitems_read(0) > self._after:
            self._function = self._function()
        output_items[0][:] = input_items[0]
        return len(output_items[0])


def test_the_canceller_works_behind_the_synchronizer():
    canceller = advphy.perturbation_canceller(MODEL, window=1024)
    counter, _ = over_the_air(16, after=[canceller])
    assert total(counter, "blocks") == 2048
    assert total(counter, "block_errors") == 0


def semantic(link, between=(), secret=None, bobs=None, first_frame=0, codewords=16):
    """Send 40 frames of codes over the air; return Bob's block and the meter."""
    frame = advphy.Frame.of_model(link, codewords=codewords)
    flowgraph = advphy.top_block()
    pictures = images()
    first = first_frame * codewords
    alice = advphy.alice_arn(link, secret=secret, first_frame=first)
    bob = advphy.bob_arn(link, secret=bobs or secret)
    meter = advphy.distortion_meter(pictures, ssim_every=0)
    source = advphy.image_source(pictures, first)
    head = blocks.head(4 * PIXELS, 40 * codewords)
    modulator = advphy.burst_modulator(link, frame, first_frame, peak_symbol=6)
    synchronizer = advphy.burst_synchronizer(link, frame)
    flowgraph.connect(source, head, advphy.semantic_encoder(link), alice, modulator)
    flowgraph.connect(modulator, *between, synchronizer, bob)
    flowgraph.connect(bob, advphy.semantic_decoder(link), meter)
    flowgraph.run()
    return bob, meter


@pytest.mark.parametrize("keying", ["none", "rotation"])
def test_semantic_frames_travel_the_same_way(keying):
    pair = () if keying == "rotation" else ("alice", "bob")
    link = semantic_link(pair=pair, keying=keying)
    secret = SECRET if keying == "rotation" else None
    _, whole = semantic(link, secret=secret)
    size = advphy.Frame.of_model(link, codewords=16).samples()
    lost = dropper([(3 * size, 4 * size), (11 * size, 15 * size)])
    bob, meter = semantic(link, [lost], secret=secret, first_frame=5)
    sums = meter.total()
    assert sums["frames"] == 35 * 16
    # Bursts 5.. carry parts 1, 2 and the hash; 8 is lost, and 12 has part 0.
    waiting = 6 * 16 if keying == "rotation" else 0
    assert sums["erasures"] == bob.keys()["waiting"] == waiting
    # Images are other ones, but no frame is decoded with another's key or index.
    found = [m.total() for m in (whole, meter)]
    mse = [m["squared_error"] / (m["frames"] - m["erasures"]) for m in found]
    assert mse[1] == pytest.approx(mse[0], rel=0.1)
    if keying == "rotation":
        assert bob.keys()["lost"] > 0
        assert bob.keys()["wrong"] == bob.keys()["repeated"] == 0


def test_a_wrong_secret_is_found_from_the_headers():
    link = semantic_link(keying="rotation")
    bob, meter = semantic(link, secret=SECRET, bobs=OTHER_SECRET, codewords=256)
    assert (bob.keys()["wrong"], bob.keys()["waiting"]) == (38 * 256, 2 * 256)
    assert meter.total()["erasures"] == 40 * 256


def test_keys_that_do_not_fit_the_frames_are_refused():
    link = semantic_link(keying="rotation")
    flowgraph = advphy.top_block()
    flowgraph.connect(
        advphy.image_source(images()),
        advphy.semantic_encoder(link),
        advphy.alice_arn(link, secret=SECRET, first_frame=5),
        advphy.burst_modulator(link),
        blocks.null_sink(8),
    )
    with pytest.raises(
        ValueError, match="key has index 5, but its codeword in the burst has 0"
    ):
        flowgraph.run()


def test_gr_fec_encodes_the_header_the_same():
    header = Header(123456789, 77, b"\x12\x34\x56\x78")
    bits = np.unpackbits(np.frombuffer(header.to_bytes(), np.uint8))
    # gr-fec's polynomials have the newest bit lowest: 171 and 133 octal, reversed.
    encoder = fec.cc_encoder_make(len(bits), 7, 2, [79, 109], 0, fec.CC_TERMINATED)
    flowgraph = gr.top_block()
    source = blocks.vector_source_b(bits.tolist())
    coder, sink = fec.encoder(encoder, 1, 1), blocks.vector_sink_b()
    flowgraph.connect(source, coder, sink)
    flowgraph.run()
    coded = 1 - 2 * np.array(sink.data(), int)
    symbols = encode([header])[0][: len(bits) + 6] * np.sqrt(2)
    assert np.array_equal(np.round(symbols.real), coded[0::2])
    assert np.array_equal(np.round(symbols.imag), coded[1::2])


def test_frames_are_counted_from_their_tags_without_a_radio():
    # Messages of the seed at the index that the tag says, a few of them wrong.
    sent = np.empty(300, np.uint8)
    kernels.messages(1, 5000, MODEL.k, sent)
    sent[7] ^= 1
    tag = gr.tag_t()
    tag.offset, tag.key = 0, pmt.intern("frame")
    tag.value = pmt.to_pmt({"index": 5000, "missed": 3})
    flowgraph = advphy.top_block()
    counter = advphy.error_counter(MODEL)
    flowgraph.connect(blocks.vector_source_b(sent.tolist(), False, 1, [tag]), counter)
    flowgraph.run()
    (segment,) = counter.segments()
    assert (segment.blocks, segment.block_errors) == (300, 1)
    assert (segment.frames, segment.missed_frames) == (1, 3)


def test_a_flowgraph_that_is_started_again_sends_the_same_again():
    counter, _ = over_the_air(8, runs=2)
    assert total(counter, "block_errors") == 0
    assert total(counter, "frames") >= 8


def test_images_of_a_sender_that_begins_anew_are_decoded_where_there_is_no_key():
    link = semantic_link(pair=("alice", "bob"))
    frame = advphy.Frame.of_model(link, codewords=16)
    codes = np.zeros((64, link.n), np.complex64)
    x = [Modulator(frame, link).modulate(codes) for _ in range(2)]
    flowgraph = advphy.top_block()
    bob, sink = advphy.bob_arn(link), blocks.vector_sink_c(link.n)
    flowgraph.connect(
        blocks.vector_source_c(np.concatenate(x).tolist()),
        advphy.burst_synchronizer(link, frame),
        bob,
        sink,
    )
    flowgraph.run()
    assert np.isfinite(np.array(sink.data())).all()
    assert bob.keys()["repeated"] == 0
