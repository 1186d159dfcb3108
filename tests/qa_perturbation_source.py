# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation source: items, tags, realized PSR, and the attacked chain."""

import logging
import math

import numpy as np
import pmt
import pytest
from advphy_model import randomness
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.air.crafting import craft
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.receive.canceller import CancellerSettings
from gnuradio import advphy, blocks
from gnuradio.advphy.air.perturbation_segment import Segment

from .counting import counted, streamed
from .heard import heard
from .while_running import at_items, until

N = 7
RNG = np.random.default_rng(3)
UNIVERSAL = Perturbation(
    "some", "universal", 4, N, RNG.normal(size=(1, N)) + 1j * RNG.normal(size=(1, N))
)
TABLE = Perturbation(
    "some", "table", 4, N, RNG.normal(size=(16, N)) + 1j * RNG.normal(size=(16, N))
)


def sent_by(source, count, *inputs):
    """Return (items, tags as {offset: settings}) of a source."""
    flowgraph = advphy.top_block()
    head, sink = blocks.head(8 * N, count), blocks.vector_sink_c(N)
    if inputs:
        flowgraph.connect(*inputs, source)
    flowgraph.connect(source, head, sink)
    flowgraph.run()
    tags = {tag.offset: pmt.to_python(tag.value) for tag in sink.tags()}
    return np.reshape(sink.data(), (-1, N)), tags


@pytest.mark.parametrize("latency", [1, 37, 65536])
def test_items_are_those_of_the_adversary(latency):
    settings = {"psr_db": -3.0, "shift": "random", "phase": "random", "seed": 6}
    source = advphy.perturbation_source(
        "two_simplices", UNIVERSAL, **settings, first_block=50, latency=latency
    )
    items, tags = sent_by(source, 3000)
    expected = np.empty((3000, N), np.complex64)
    Adversary(UNIVERSAL, **settings).write(None, 50, expected)
    assert np.array_equal(items, expected)
    assert list(tags) == [0]
    assert tags[0]["psr_db"] == pytest.approx(-3.0)
    assert (tags[0]["shift"], tags[0]["sign"], tags[0]["on"]) == ("random", 1, True)


@pytest.mark.parametrize("wire", [False, True])
def test_a_table_takes_messages_from_a_wire_or_the_seed(wire):
    source = advphy.perturbation_source("two_simplices", TABLE, None, seed=4)
    sent = randomness.messages(9 if wire else 4, 0, 2000, 4)
    inputs = [blocks.vector_source_b(sent.tolist())] if wire else []
    items, _ = sent_by(source, 2000, *inputs)
    assert np.array_equal(items, TABLE.rows[sent])


def test_a_schedule_is_tagged_and_accounted_for():
    source = advphy.perturbation_source(
        "two_simplices", UNIVERSAL, off_blocks=3000, on_blocks=2000, first_block=1000
    )
    items, tags = sent_by(source, 7500)
    assert {at: tag["on"] for at, tag in tags.items()} == {
        0: False,
        2000: True,
        4000: False,
        7000: True,
    }
    assert not items[:2000].any()
    assert items[2000:4000].all()
    first, second, *_ = source.segments()
    assert (first.first_block, first.blocks) == (1000, 2000)
    assert first.realized()["psr_db_realised"] == -math.inf
    assert (second.first_block, second.blocks) == (3000, 2000)
    assert second.realized()["psr_db_realised"] == pytest.approx(-6.0)


def test_a_short_schedule_is_one_segment_whose_psr_is_that_of_the_time_it_is_on():
    source = advphy.perturbation_source(
        "two_simplices", UNIVERSAL, psr_db=0.0, off_blocks=3, on_blocks=1, latency=4
    )
    source.set_max_noutput_items(4)
    _, tags = sent_by(source, 4000)
    assert list(tags) == [0]
    (segment,) = source.segments()
    realized = segment.realized()
    assert realized["psr_db_realised"] == pytest.approx(
        10 * math.log10(1 / 4), abs=0.01
    )
    assert realized["psr_db_smallest"] == -math.inf
    assert realized["psr_db_largest"] == pytest.approx(0.0, abs=1e-4)


def test_the_realized_psr_of_a_jammer_is_counted():
    source = advphy.perturbation_source("two_simplices", "jammer", -6.0)
    sent_by(source, 100_000)
    realized = source.segments()[0].realized()
    # Standard error of the mean of 700 000 or more exponential powers: 0.12 %.
    assert realized["psr_db_realised"] == pytest.approx(-6.0, abs=0.03)
    # The sum of 7 exponentials of mean 1 is below 0.2 or above 28 once in 10^9 or so;
    # the smallest and largest of many lie far from 7.
    assert realized["psr_db_smallest"] < -9.0
    assert -3.0 < realized["psr_db_largest"] < 0.5


@pytest.mark.parametrize(
    ("setter", "value", "key", "tagged"),
    [
        ("set_psr_db", -10.0, "psr_db", -10.0),
        ("set_shift", "random", "shift", "random"),
        ("set_phase", 1.0, "phase", 1.0),
        ("set_sign", "random", "sign", "random"),
        ("set_frequency_offset", 0.01, "frequency_offset", 0.01),
        ("set_enabled", False, "on", False),
        ("set_perturbation", TABLE, "perturbation_kind", "table"),
    ],
)
def test_settings_change_while_running_at_a_tagged_item(setter, value, key, tagged):
    source = advphy.perturbation_source("two_simplices", UNIVERSAL, latency=100)
    at_items(source, {1000: lambda: getattr(source, setter)(value)})
    flowgraph, messages = advphy.top_block(), heard()
    sink = blocks.vector_sink_c(N)
    flowgraph.connect(source, blocks.head(8 * N, 30_000), sink)
    flowgraph.msg_connect((source, "psr"), (messages, "in"))
    flowgraph.run()
    first, second = sorted(sink.tags(), key=lambda tag: tag.offset)[:2]
    assert first.offset == 0
    assert second.offset >= 1000
    settings = pmt.to_python(second.value)
    assert settings[key] == (pytest.approx(tagged) if key == "psr_db" else tagged)
    items = np.reshape(sink.data(), (-1, N)).astype(np.complex64)
    before, after = items[: second.offset], items[second.offset :]
    plain = np.empty_like(before)
    Adversary(UNIVERSAL, -6.0).write(None, 0, plain)
    assert np.array_equal(before, plain)
    if key == "psr_db":
        assert np.mean(np.abs(after) ** 2) == pytest.approx(0.1, rel=1e-4)
    if key == "on":
        assert not after.any()
    ended = [m for m in messages.said() if m["first_block"] == 0][-1]
    assert ended["blocks"] == second.offset
    assert ended["psr_db_realised"] == pytest.approx(-6.0)


def test_the_counter_opens_a_segment_where_the_perturbation_changes():
    model = links.load("two_simplices")
    flowgraph = advphy.top_block()
    source = advphy.perturbation_source(
        model, UNIVERSAL, 3.0, off_blocks=20_000, on_blocks=20_000
    )
    channel, counter = advphy.channel(model, 4.0), advphy.error_counter(model)
    flowgraph.connect(
        advphy.message_source(model, blocks=100_000),
        advphy.encoder(model),
        channel,
        advphy.decoder(model),
        counter,
    )
    flowgraph.connect(source, (channel, 1))
    flowgraph.run()
    segments = counter.segments()
    assert [s.first_block for s in segments] == list(range(0, 100_000, 20_000))
    assert [s.settings["on"] for s in segments] == [False, True, False, True, False]
    assert all(s.settings["ebn0_db"] == 4.0 for s in segments)
    for s in segments:
        attack = Adversary(UNIVERSAL, 3.0) if s.settings["on"] else None
        row = counted(model, 4.0, s.blocks, first=s.first_block, attack=attack)
        assert s.block_errors == row.block_errors


ATTACKS = [
    Adversary(UNIVERSAL, -3.0),
    Adversary(UNIVERSAL, -3.0, shift="random", phase="random", seed=5),
    Adversary(TABLE, -3.0, seed=8),
    Adversary(perturbation.jammer(4, N, -3.0)),
    Adversary(UNIVERSAL, 0.0, off_blocks=3000, on_blocks=2000),
    Adversary(UNIVERSAL, 0.0, off_blocks=3, on_blocks=2, fading="rayleigh"),
]
CANCELLERS = [
    None,
    CancellerSettings(),
    CancellerSettings(components=2, iterations=3),
    CancellerSettings(adversary="shifts", window=1024, sample=64),
]


@pytest.mark.parametrize("canceller", CANCELLERS, ids=lambda c: c and c.label)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.label)
def test_flowgraph_and_loop_decide_the_same_under_attack(attack, canceller):
    model, count, cut = links.load("two_simplices"), 150_000, 100_001

    setting = LinkSetting(model, 4.0, attack=attack, canceller=canceller)

    def total(engine, last, rows=None):
        rows = rows or setting.rows("loop", 11)
        *_, rows = engine(setting, rows, StopRule(None, last))
        return rows

    expected = total(ranges.counted, count)
    assert expected[0].blocks == count
    assert total(streamed(65536), count) == expected
    assert total(streamed(1000), count) == expected
    first = total(ranges.counted, cut)
    for engine in (ranges.counted, streamed(65536)):
        assert total(engine, count, first) == expected


def test_a_perturbation_for_another_link_is_used_with_both_hashes_named(caplog):
    model = links.load("two_simplices")
    other = Perturbation(
        "pgd", "universal", 4, N, UNIVERSAL.rows, victims={"mine": "f" * 64}
    )
    with caplog.at_level(logging.WARNING):
        advphy.perturbation_source(model, other)
    assert "f" * 12 in caplog.text
    assert model.sha256[:12] in caplog.text


def test_a_file_is_read(tmp_path):
    UNIVERSAL.write(tmp_path / "p.safetensors")
    source = advphy.perturbation_source(
        "two_simplices", str(tmp_path / "p.safetensors"), None
    )
    items, _ = sent_by(source, 10)
    assert np.array_equal(items, np.repeat(UNIVERSAL.rows, 10, axis=0))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"model": "bpsk"}, "n = 7 channel uses"),
        ({"psr_db": 100.0}, "psr_db must be.*got 100"),
        ({"psr_db": 0.0, "full_scale": 0.1}, "would clip"),
        ({"perturbation": "crafted", "psr_db": 1000}, "psr_db must be.*got 1000"),
        ({"perturbation": "crafted", "psr_db": "x"}, "psr_db must be.*got 'x'"),
        ({"perturbation": "jammer", "shift": 7}, "shift must be.*got 7"),
        ({"perturbation": "jammer", "latency": 0}, "latency must be.*got 0"),
    ],
)
def test_bad_parameters_are_refused_at_construction(settings, text):
    given = {"model": "two_simplices", "perturbation": UNIVERSAL} | settings
    with pytest.raises(ValueError, match=text):
        advphy.perturbation_source(**given)


def test_a_setter_refuses_and_the_old_setting_stays():
    source = advphy.perturbation_source("two_simplices", UNIVERSAL, full_scale=1.0)
    with pytest.raises(ValueError, match="would clip"):
        source.set_psr_db(10.0)
    items, _ = sent_by(source, 10)
    assert np.mean(np.abs(items) ** 2) == pytest.approx(10**-0.6, rel=1e-4)


def test_a_perturbation_is_crafted_while_it_runs():
    source = advphy.perturbation_source("hamming74_ml", "jammer", craft_ebn0_db=8.0)
    flowgraph, gate = advphy.top_block(), blocks.throttle(8 * N, 1e6)
    ear = heard()
    flowgraph.connect(source, gate, blocks.null_sink(8 * N))
    flowgraph.msg_connect((source, "psr"), (ear, "in"))
    flowgraph.start()
    source.set_perturbation("crafted")
    until(lambda: source._adversary.perturbation.kind == "universal")
    count = len(ear.messages)
    until(lambda: len(ear.messages) > count + 2)
    flowgraph.stop()
    flowgraph.wait()
    messages = ear.said()
    shares = [one["crafting"] for one in messages if "crafting" in one]
    assert shares == sorted(shares)
    assert 0 < len(shares) < len(messages)
    wanted = craft(links.load("hamming74_ml"), -6.0, 8.0, seed=1)
    assert np.allclose(messages[-1]["p"], wanted.rows[0], atol=1e-5)


def test_what_is_crafted_is_sent_from_the_start_or_refused_aloud(caplog):
    source = advphy.perturbation_source("bpsk", "crafted", None, craft_ebn0_db=4.0)
    until_then = source._adversary.perturbation
    assert (until_then.kind, until_then.psr_db) == ("jammer", pytest.approx(-6.0))
    source.start()
    source.stop()
    source.start()  # as at lock() and unlock()
    until(lambda: source._crafting is None)
    crafted = source._adversary.perturbation
    assert (crafted.kind, crafted.psr_db) == ("universal", pytest.approx(-6, abs=1e-4))
    # Spread over four symbols p has an amplitude of 0.5, in one symbol of 1.
    spread, narrow = np.ones((1, 4)), np.eye(1, 4)
    spread, narrow = (Perturbation("p", "universal", 4, 4, p) for p in (spread, narrow))
    source = advphy.perturbation_source("bpsk", spread, full_scale=0.6)
    source._send(source._crafter(), narrow)
    assert "crafted perturbation is not sent: psr_db = -6.00 would clip" in caplog.text
    assert source._adversary.perturbation is spread


def test_a_crafting_ends_with_the_stream_or_another_perturbation():
    source = advphy.perturbation_source("hamming74_ml", "jammer")
    for end in (lambda: source.set_perturbation(UNIVERSAL), source.stop):
        source.set_perturbation("crafted")
        crafting = source._crafting
        end()
        source._send(crafting, UNIVERSAL.scaled(3.0))  # found at this very moment
        crafting.join()
        assert crafting.share < 1
    assert source._adversary.perturbation is UNIVERSAL


def test_segments_that_are_added_up_have_the_energy_of_both():
    one, more = Segment(0, {}, 10, 20.0, 1.0, 3.0), Segment(10, {}, 30, 20.0, 0.5, 2.0)
    one.add(more)
    assert one == Segment(0, {}, 40, 40.0, 0.5, 3.0)
    assert one.realized()["psr_db_realised"] == 0.0  # one unit of energy in each block
