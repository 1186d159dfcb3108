# SPDX-License-Identifier: GPL-3.0-or-later
"""The nonce of the keys: new at each start, heard by Bob, never accepted twice."""

import logging
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
from advphy_model.link import secret_file
from advphy_model.measure import semantic_chain
from advphy_model.modem.header import NONCE_BURSTS
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
from gnuradio import advphy, blocks
from gnuradio.advphy import semantic_engine as streamed
from gnuradio.advphy.over_the_air import receiver, transmitter

from . import small_semantic as small
from .qa_semantic_blocks import codes, rows_of, source, stream, streamed_rows
from .qa_semantic_keys import NONE, linked, pieces, sent_by_alice, through_bob
from .test_semantic_chain import setting

LINK = small.semantic_link(6, keying="rotation")
FRAME = advphy.Frame.of_model(LINK, codewords=16)
SIZE = FRAME.samples()
HISTORIES, MESSAGES = 1000, 3  # messages of a start


def keys_of(alice):
    """Return the keys of Alice's next messages as bytes, and use them."""
    first = alice._origin = alice._next_index
    ((_, words),) = alice._module.keying._words(first, MESSAGES)
    alice._next_index += MESSAGES
    return [row.tobytes() for row in words]


def test_no_key_is_used_twice_in_a_thousand_histories(tmp_path, monkeypatch):
    secret_file.create(tmp_path / "key")
    shutil.copy(tmp_path / "key", tmp_path / "copy")
    rng, used, now = random.Random(1), [], 1.7e9
    for _ in range(HISTORIES):
        senders = []
        for what in rng.choices(("start", "stop", "go on", "kill", "clock"), k=6):
            monkeypatch.setattr("time.time", lambda now=now: now)
            now += rng.choice((1, -1e6)) if what == "clock" else 0
            if what == "kill" and senders:
                del senders[rng.randrange(len(senders))]
            if what in ("start", "kill") or not senders:  # a program, or one more
                secret = secret_file.read(tmp_path / rng.choice(("key", "copy")))
                senders.append(advphy.alice_arn(LINK, True, secret))
                senders[-1].start()
            alice = rng.choice(senders)
            if what == "stop":
                alice.start()  # the same flowgraph again
            used += keys_of(alice)
    assert len({*used}) == len(used) > HISTORIES * 6 * MESSAGES - 1


def test_two_starts_of_a_flowgraph_send_the_same_images_under_other_keys():
    alice, x = advphy.alice_arn(LINK, True, small.SECRET, 7), codes(LINK, 50)
    sent = []
    for _ in range(2):
        sink = blocks.vector_sink_c(LINK.n)
        stream(source(x), alice, sink)
        sent.append(rows_of(sink, LINK.n).astype(np.complex64))
        out, counts, _ = through_bob(sent[-1], sink.tags(), first=7)
        assert np.allclose(out, x, atol=1e-5)
        assert counts == NONE
    assert np.abs(sent[0] - sent[1]).max() > 1


@linked
def test_a_session_that_bob_had_is_refused_and_counted(keying, caplog):
    link, y, tags, x = small.semantic_link(6, keying=keying), [], [], []
    for _ in range(2):
        codes_sent, sent, marks = sent_by_alice(frames=600, link=link)
        tags.append(marks), y.append(sent), x.append(codes_sent)
    heard = np.concatenate([y[0], y[1], y[0], y[1]])
    bobs = advphy.bob_arn(link, secret=small.SECRET)
    sink, at = blocks.vector_sink_c(link.n), []
    for place, session in enumerate((0, 1, 0)):
        _, moved = pieces(y[session], tags[session], [(0, 600)])
        for tag in moved:
            tag.offset += 600 * place
        at += moved
    with caplog.at_level(logging.WARNING):
        stream(source(heard[:1800], at), bobs, sink)
    out = rows_of(sink, link.n)
    assert np.allclose(out[:1200], np.concatenate(x), atol=1e-5)
    assert np.isnan(out[1200:]).all()
    assert bobs.keys() == NONE | {"replayed": 600}
    assert "nonce was used before: a replay is put out as NaN" in caplog.text
    sink.reset()
    _, again = pieces(y[0], tags[0], [(0, 600)])
    stream(source(y[0], again), bobs, sink)  # he started again and remembers
    assert bobs.keys()["replayed"] == 1200


def bursts_of_alice(count=40, first=0, **modem):
    """Return the samples of bursts, and (nonce of Alice, of keyed bursts or None)."""
    images, sink = small.images(), blocks.vector_sink_c()
    alice = advphy.alice_arn(LINK, True, small.SECRET, 16 * first)
    modulator = advphy.burst_modulator(LINK, FRAME, first, peak_symbol=6, **modem)
    picture = advphy.image_source(images, 16 * first, 16 * count)
    stream(picture, advphy.semantic_encoder(LINK), alice, modulator, sink)
    names = modulator._modulator.names
    nonces = alice._module.nonce, names and names.nonce
    return np.array(sink.data(), np.complex64), nonces


def bursts_at_bob(samples, **settings):
    bob = Synchronizer(FRAME, LINK, **settings)
    return [*bob.push(samples)[1], *bob.flush()[1]]


@pytest.mark.parametrize("first", [0, 2**31 + 1])
def test_who_starts_late_knows_the_nonce_within_the_stated_number(first):
    samples, (nonce, _) = bursts_of_alice(20, first=first)
    assert NONCE_BURSTS == 4  # docs/burst_format.md
    for late in range(8):
        heard = [burst.nonce for burst in bursts_at_bob(samples[late * SIZE :])]
        assert heard[NONCE_BURSTS - 1 :] == [nonce] * (20 - late - NONCE_BURSTS + 1)
        assert {*heard[: NONCE_BURSTS - 1]} <= {b"", nonce}
        assert not heard[1]


def test_bursts_of_another_link_are_left_out_from_its_hash_on():
    samples, _ = bursts_of_alice(8)
    other = small.semantic_link(6, keying="rotation", seed=8)
    bob = Synchronizer(FRAME, other)
    codewords, bursts = bob.push(samples)
    assert [burst.header.number for burst in bursts] == [0, 1, 2]
    assert len(codewords) == 3 * FRAME.codewords
    assert bob.counts["foreign"] == 5
    assert "burst 3 is of the link model" in bob.hint


def test_keyed_bursts_and_codes_have_one_nonce_and_the_usual_headers():
    samples, nonces = bursts_of_alice(secret=bytes(32))
    assert nonces[0] == nonces[1]
    bursts = bursts_at_bob(samples, secret=bytes(32))
    assert [burst.nonce for burst in bursts] == [b""] * 2 + [nonces[0]] * 38
    assert {burst.header.version for burst in bursts} == {1}


def meter_of(samples, **settings):
    """Return the receiver of samples that ran."""
    images = small.images()
    flowgraph = receiver(
        LINK,
        blocks.vector_source_c(samples.tolist()),
        FRAME,
        images=images,
        secret=small.SECRET,
        **settings,
    )
    flowgraph.run()
    return flowgraph


def test_a_replay_over_the_air_is_refused_and_alice_goes_on():
    first, second = (bursts_of_alice(40)[0] for _ in range(2))
    replay = np.concatenate([first, second[: 20 * SIZE], first, second[20 * SIZE :]])
    keys = meter_of(replay).bob.keys()
    # Each change of the nonce has two parts without it; of second, 24 again has part 0.
    assert keys["waiting"] == 16 * (2 + 2 + 2 + 2)
    assert (keys["replayed"], keys["wrong"]) == (38 * 16, 0)
    assert keys["repeated"] == 0


def without_nonce():
    sink = blocks.vector_sink_c(LINK.n)
    x, sent = codes(LINK, 300), advphy.alice_arn(LINK, True, small.SECRET, nonce="none")
    stream(source(x), sent, sink)
    return x, rows_of(sink, LINK.n).astype(np.complex64), sink.tags()


def test_a_stream_without_a_nonce_is_decoded_only_if_bob_is_told():
    x, sent, tags = without_nonce()
    with pytest.raises(ValueError, match=r"Alice sends no nonce.*give nonce='none'"):
        through_bob(sent, tags)
    bob = advphy.bob_arn(LINK, secret=small.SECRET, nonce="none")
    sink = blocks.vector_sink_c(LINK.n)
    stream(source(sent, tags), bob, sink)
    assert np.allclose(rows_of(sink, LINK.n), x, atol=1e-5)
    assert bob.keys() == NONE


def test_both_engines_count_the_same_under_the_nonce_of_a_setting():
    given = setting(LINK, secret=small.SECRET, eve=small.eve(6), nonce=bytes(range(12)))
    flowgraph = streamed.semantic_flowgraph(given, 700, 5)
    flowgraph.run()
    errors = [
        streamed_rows(given, flowgraph, 5)["bob"].squared_error,
        semantic_chain.total(given, 700, 5)["bob"].squared_error,
        semantic_chain.total(replace(given, nonce=b""), 700, 5)["bob"].squared_error,
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-9)
    assert errors[2] != pytest.approx(errors[1], rel=1e-4)


@pytest.mark.parametrize("nonce", ["some", b"short", 12])
def test_what_is_no_nonce_is_refused(nonce):
    for block in (advphy.alice_arn, advphy.bob_arn):
        with pytest.raises(ValueError, match="nonce must be 12 bytes, 'none' or None"):
            block(LINK, secret=small.SECRET, nonce=nonce)


def test_two_transmitters_with_one_secret_draw_nonces_of_their_own():
    nonces = set()
    for _ in range(2):
        sink = blocks.vector_sink_c()
        given = {"images": small.images(), "secret": small.SECRET}
        transmitter(LINK, sink, FRAME, frames=8, **given).run()
        nonces.add(bursts_at_bob(np.array(sink.data(), np.complex64))[-1].nonce)
    assert len(nonces) == 2
    assert {len(nonce) for nonce in nonces} == {12}


def forged(number, nonce=b"", check=None):
    """Return the samples of a burst of noise with a header of an adversary's own."""
    noise = np.random.default_rng(number).normal(size=(16, 2 * LINK.n))
    modulator = Modulator(FRAME, LINK, first_frame=number, amplitude=0.3)
    modulator.carry_nonce(nonce)
    x = noise.astype(np.float32).view(np.complex64) / np.sqrt(2)
    return modulator.modulate(x, inserted=True, key_checks=[check])


@pytest.mark.parametrize(
    ("header", "most"),
    [
        ((2**32 - 1, b"some nonce.."), 0),  # the highest index
        ((43, b"some nonce.."), 1),  # an index of Alice's own, to come
        ((41, b"", b"ab"), 0),  # as if there were no nonce
        ((40, b"some nonce.."), 6),  # part of another nonce
        ((44, b"some nonce..", b"ab"), 6),
    ],
)
def test_a_forged_burst_costs_few_of_alices(header, most):
    alice, _ = bursts_of_alice(100)
    samples = np.concatenate([alice[: 41 * SIZE], forged(*header), alice[41 * SIZE :]])
    keys, undisturbed = (meter_of(each).bob.keys() for each in (samples, alice))
    causes = "wrong", "repeated", "waiting", "replayed"
    refused = sum(keys[name] - undisturbed[name] for name in causes)
    assert refused <= 16 * (most + 1)  # the forged one is counted, too
    assert keys["lost"] <= 16
