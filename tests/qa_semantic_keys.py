# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyed links in flowgraphs: right, wrong, repeated and lost keys; what is erased."""

import dataclasses
import math
from functools import partial

import numpy as np
import pmt
import pytest
from advphy_model.link.keying import Keying
from advphy_model.measure import semantic_chain
from gnuradio import advphy, blocks, gr
from gnuradio.advphy import semantic_engine as streamed
from gnuradio.advphy.transmit.alice_arn import KEY_TAG_EVERY as EVERY

from . import small_semantic as small
from .heard import heard
from .qa_semantic_blocks import codes, rows_of, source, stream, streamed_rows
from .test_semantic_chain import setting
from .while_running import at_items

FRAMES = 5000
LINK = small.semantic_link(6, keying="rotation")
NONE = dict.fromkeys(("wrong", "repeated", "replayed", "waiting", "lost"), 0)
linked = pytest.mark.parametrize("keying", ["rotation", "sign_permutation"])


def sent_by_alice(first=0, frames=FRAMES, link=LINK, secret=small.SECRET):
    """Return (codes, what Alice sends, [(item, key tag)])."""
    x, sink = codes(link, frames), blocks.vector_sink_c(link.n)
    stream(source(x), advphy.alice_arn(link, True, secret, first), sink)
    tags = [(tag.offset, tag) for tag in sink.tags()]
    return x, rows_of(sink, link.n).astype(np.complex64), tags


def moved(tag, offset):
    made = gr.tag_t()
    made.offset, made.key, made.value = offset, tag.key, tag.value
    return made


def pieces(sent, tags, ranges):
    """Return the items of ranges one behind another, with the tags they had."""
    kept, at = [], 0
    for begin, end in ranges:
        kept += [
            moved(tag, at + offset - begin)
            for offset, tag in tags
            if begin <= offset < end
        ]
        at += end - begin
    return np.concatenate([sent[begin:end] for begin, end in ranges]), kept


def through_bob(y, tags, secret=small.SECRET, first=0, link=LINK, latency=300):
    """Return (what Bob puts out, his counts, the last counts that he published)."""
    bob = advphy.bob_arn(link, "follow", secret, first, latency)
    sink, messages = blocks.vector_sink_c(link.n), heard()
    flowgraph = advphy.top_block()
    flowgraph.connect(source(y, tags), bob, sink)
    flowgraph.msg_connect((bob, "keys"), (messages, "in"))
    flowgraph.run()
    return rows_of(sink, link.n), bob.keys(), (messages.said() or [None])[-1]


@pytest.mark.parametrize("first", [0, 1000, 65_000])
def test_alice_tags_the_first_item_and_so_many(first):
    _, _, tags = sent_by_alice(first)
    found = {
        key: [
            (offset, pmt.to_python(tag.value))
            for offset, tag in tags
            if pmt.symbol_to_string(tag.key) == key
        ]
        for key in ("alice", "key")
    }
    ((offset, said),) = found["alice"]
    assert (offset, said["pair"], said["inserted"]) == (0, "rotation", True)
    indices = sorted(
        {first, *(i for i in range(first, first + FRAMES) if i % EVERY == 0)}
    )
    assert [(offset, said["index"]) for offset, said in found["key"]] == [
        (index - first, index) for index in indices
    ]
    nonce = bytes.fromhex(said["nonce"])
    assert len(nonce) == 12
    keying = Keying("rotation", small.SECRET, 6, nonce)
    assert [said["check"] for _, said in found["key"]] == [
        f"{int(keying.checks(index, 1)[0]):016x}" for index in indices
    ]
    assert {said["nonce"] for _, said in found["key"]} == {nonce.hex()}


@linked
def test_with_the_right_key_the_code_comes_back(keying):
    link = small.semantic_link(6, keying=keying)
    x, sent, tags = sent_by_alice(70, link=link)
    out, counts, said = through_bob(sent, [t for _, t in tags], first=70, link=link)
    assert np.allclose(out, x, atol=1e-5)
    assert np.abs(sent - x).max() > 1
    assert (counts, said) == (NONE, None)


@pytest.mark.parametrize("latency", [37, 8192])
def test_with_a_wrong_secret_every_frame_is_erased(latency):
    given = setting(
        LINK, secret=small.SECRET, bob_secret=small.OTHER_SECRET, eve=small.eve(6)
    )
    flowgraph = streamed.semantic_flowgraph(given, 3000, 20, latency)
    flowgraph.run()
    assert flowgraph.bob.keys() == NONE | {"wrong": 3000}
    rows = streamed_rows(given, flowgraph, 20)
    assert (rows["bob"].erasures, rows["bob"].squared_error) == (3000, 0.0)
    assert math.isnan(rows["bob"].mse)
    right = dataclasses.replace(given, bob_secret=None)
    loop = semantic_chain.total(right, 3000, 20)
    assert rows["eve"].correct == loop["eve"].correct  # she had no key anyway
    mse = loop["bob_without"].mse
    assert rows["bob_without"].mse == pytest.approx(mse, abs=1e-6)
    flowgraph = streamed.semantic_flowgraph(right, 3000, 20)
    flowgraph.run()
    found = streamed_rows(right, flowgraph, 20)["bob"].mse
    assert found == pytest.approx(loop["bob"].mse)


def test_a_replay_is_not_passed_on():
    x, sent, tags = sent_by_alice()
    # 0..2047, then all of that again (its tags, too), then the rest.
    y, kept = pieces(sent, tags, [(0, 2048), (0, 2048), (2048, FRAMES)])
    out, counts, said = through_bob(y, kept)
    assert np.isnan(out[2048:4096]).all()
    good = np.concatenate([out[:2048], out[4096:]])
    assert np.allclose(good, x, atol=1e-5)
    assert counts == said == NONE | {"repeated": 2048}


def test_the_very_last_index_is_not_used_again():
    x, sent, tags = sent_by_alice()
    y, kept = pieces(sent, tags, [(0, EVERY + 1), (EVERY, FRAMES)])
    out, counts, _ = through_bob(y, kept)
    again = slice(EVERY + 1, 2 * EVERY + 1)
    assert np.allclose(out[: EVERY + 1], x[: EVERY + 1], atol=1e-5)
    assert np.isnan(out[again]).all()
    assert np.allclose(out[again.stop :], x[2 * EVERY :], atol=1e-5)
    assert counts == NONE | {"repeated": EVERY}


def test_lost_messages_are_counted_and_bob_goes_on():
    x, sent, tags = sent_by_alice()
    y, kept = pieces(sent, tags, [(0, EVERY), (3 * EVERY, FRAMES)])
    out, counts, said = through_bob(y, kept)
    assert np.allclose(out, np.concatenate([x[:EVERY], x[3 * EVERY :]]), atol=1e-5)
    assert counts == said == NONE | {"lost": 2 * EVERY}


def test_a_loss_between_tags_is_found_at_the_next_one():
    x, sent, tags = sent_by_alice()
    at, tag = 5 * EVERY + 20, 6 * EVERY  # a loss, and the next tag
    y, kept = pieces(sent, tags, [(0, at), (at + 100, FRAMES)])
    out, counts, _ = through_bob(y, kept)
    assert counts == NONE | {"lost": 100}
    assert np.allclose(out[:at], x[:at], atol=1e-5)
    assert np.allclose(out[tag - 100 :], x[tag:], atol=1e-5)
    assert not np.allclose(out[at : tag - 100], x[at + 100 : tag], atol=0.1)


def test_items_that_were_put_in_between_cost_a_tag_s_worth_and_no_more():
    x, sent, tags = sent_by_alice()
    at, tag = 4 * EVERY + 76, 5 * EVERY
    y, kept = pieces(sent, tags, [(0, at), (at - 10, FRAMES)])  # ten items twice
    out, counts, _ = through_bob(y, kept)
    assert np.allclose(out[:at], x[:at], atol=1e-5)
    assert np.isnan(out[tag + 10 : tag + 10 + EVERY]).all()  # behind the next tag
    assert np.allclose(out[tag + 10 + EVERY :], x[tag + EVERY :], atol=1e-5)
    assert counts == NONE | {"repeated": EVERY}


def test_a_damaged_check_erases_until_a_tag_is_right_again():
    x, sent, tags = sent_by_alice()
    kept = [moved(tag, offset) for offset, tag in tags]
    for tag in kept:
        if pmt.symbol_to_string(tag.key) == "key" and tag.offset == EVERY:
            tag.value = pmt.to_pmt(pmt.to_python(tag.value) | {"check": "0" * 16})
    out, counts, _ = through_bob(sent, kept)
    fine = np.ones(FRAMES, bool)
    fine[EVERY : 2 * EVERY] = False
    assert np.isnan(out[~fine]).all()
    assert np.allclose(out[fine], x[fine], atol=1e-5)
    assert counts == NONE | {"wrong": EVERY}


def test_a_key_tag_beyond_all_indices_is_wrong_and_no_crash():
    _, sent, tags = sent_by_alice(frames=100)
    kept = [moved(tag, offset) for offset, tag in tags]
    said = pmt.to_python(kept[-1].value) | {"index": 2**60, "check": "0" * 16}
    kept[-1].value = pmt.to_pmt(said)
    out, counts, _ = through_bob(sent, kept)
    assert np.isnan(out).all()
    assert counts["wrong"] == 100


def test_a_keyed_alice_is_bypassed_and_inserted_again_in_step():
    alice = advphy.alice_arn(LINK, True, small.SECRET, 0, 64)
    steps = {1000: False, 2500: True}
    at_items(alice, {at: partial(alice.set_inserted, to) for at, to in steps.items()})
    bob = advphy.bob_arn(LINK, "follow", small.SECRET, 0, 100)
    x, sent, out = codes(LINK, FRAMES), *(blocks.vector_sink_c(3) for _ in range(2))
    flowgraph = advphy.top_block()
    flowgraph.connect(source(x), alice, bob, out)
    flowgraph.connect(alice, sent)
    flowgraph.run()
    changes = [
        tag.offset for tag in sent.tags() if pmt.symbol_to_string(tag.key) == "alice"
    ]
    assert len(changes) == 3
    off = slice(changes[1], changes[2])
    assert np.array_equal(rows_of(sent, 3)[off], x[off])
    assert np.allclose(rows_of(out, 3), x, atol=1e-5)
    assert bob.keys() == NONE


def test_restarted_the_keys_go_on_and_bob_follows():
    given = setting(LINK, secret=small.SECRET, eve=small.eve(6))
    flowgraph = streamed.semantic_flowgraph(given, 1500, 0, 200)
    for _ in range(2):
        flowgraph.run()
    assert flowgraph.bob.keys() == NONE
    first, second = flowgraph.meters["bob"].segments()
    assert (first.sums["frames"], second.sums["frames"]) == (1500, 1500)
    # The same noise behind other rotations: the same power, not the same errors.
    ours, theirs = (s.sums["squared_error"] for s in (first, second))
    assert ours != theirs
    assert ours == pytest.approx(theirs, rel=0.05)


def test_without_a_nonce_no_index_is_used_twice_when_a_flowgraph_starts_again():
    x, sinks = codes(LINK, 100), [blocks.vector_sink_c(LINK.n) for _ in range(2)]
    alice = advphy.alice_arn(LINK, True, small.SECRET, 7, nonce="none")
    for sink in sinks:
        stream(source(x), alice, sink)
    keying = Keying("rotation", small.SECRET, LINK.reals)
    for sink, index in zip(sinks, (7, 107), strict=True):
        expected = keying.apply(x, index)
        assert np.allclose(rows_of(sink, LINK.n), expected, atol=1e-6)


@pytest.mark.parametrize("keying", ["none", "rotation"])
def test_what_is_not_finite_is_erased_and_the_others_are_as_before(keying):
    pair = ("alice", "bob") if keying == "none" else ("bob",)
    link = small.semantic_link(6, pair, keying)
    secret = None if keying == "none" else small.SECRET
    given = setting(link, secret=secret, eve=small.eve(6))
    bad = {0: np.nan, 99: math.inf, 100: -math.inf, 777: np.nan, 999: np.nan}

    class poison(advphy.guarded_block):
        """Spoil a sample of some items behind the channel."""

        def __init__(self):
            advphy.guarded_block.__init__(
                self, "poison", [(np.complex64, 3)], [(np.complex64, 3)]
            )

        def work(self, input_items, output_items):
            output_items[0][:] = input_items[0]
            for i, value in bad.items():
                if 0 <= i - self.nitems_written(0) < len(output_items[0]):
                    output_items[0][i - self.nitems_written(0), 2] = value
            return len(output_items[0])

    def measured(spoil):
        found, meter = small.images(), advphy.distortion_meter(small.images())
        counter = advphy.accuracy_counter(found)
        flowgraph, pictures = advphy.top_block(), blocks.vector_sink_f(56)
        y = poison() if spoil else blocks.copy(24)
        alice = advphy.alice_arn(link, True, secret, nonce="none")  # the same keys
        bob = advphy.bob_arn(link, "follow", secret, nonce="none")
        labels = blocks.vector_sink_b()
        flowgraph.connect(
            source(codes(link, 1000)), alice, advphy.snr_channel(link, 5.0), y
        )
        decoder, eve = advphy.semantic_decoder(link), advphy.eve(given.eve, 90)
        flowgraph.connect(y, bob, decoder, meter)
        flowgraph.connect(decoder, pictures)
        flowgraph.connect(y, eve, counter)
        flowgraph.connect(eve, labels)
        flowgraph.run()
        return (
            rows_of(pictures, 56),
            np.array(labels.data()),
            meter.total(),
            counter.total(),
        )

    pictures, labels, distortion, accuracy = measured(True)
    clean, clean_labels, _, _ = measured(False)
    fine = ~np.isin(np.arange(1000), list(bad))
    assert np.array_equal(pictures[fine], clean[fine])
    assert np.array_equal(labels[fine], clean_labels[fine])
    assert np.isnan(pictures[~fine]).all()
    assert (labels[~fine] == 255).all()
    for found in (distortion, accuracy):
        assert (found["frames"], found["erasures"]) == (1000, len(bad))
    sent = small.images().as_reals()[np.arange(1000) % 61]
    error = np.sum((pictures[fine].astype(float) - sent[fine]) ** 2)
    assert distortion["squared_error"] == pytest.approx(error, rel=1e-6)


def test_codes_of_different_lengths_are_refused_where_keys_are_drawn():
    link = small.semantic_link(6, keying="rotation", end=())
    with pytest.raises(ValueError, match="different lengths, which keys do not hide"):
        advphy.alice_arn(link, secret=small.SECRET)
    advphy.alice_arn(link, secret=small.SECRET, nonce="none")  # to measure what leaks
