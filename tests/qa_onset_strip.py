# SPDX-License-Identifier: GPL-3.0-or-later
"""The onset strip: errors between messages, when an attack is on, found, survived."""

import math
import re
import time

import numpy as np
import pytest
from advphy_model.air.perturbation import Perturbation
from advphy_model.measure.curve_looks import look_of, number_of
from gnuradio import advphy
from gnuradio.advphy.display.onset_strip import Interval, delay_texts, slots, spells

from . import display_events
from .display_events import attack, counts, curves_window, estimate, painted
from .display_events import strip_window as filled


def test_a_point_is_what_was_counted_between_two_messages(application):
    window = filled(
        counts(blocks=100, errors=1, at=1.0),
        counts(blocks=300, errors=11, at=1.1),
        counts(blocks=300, errors=11, at=1.2),  # nothing came
        counts(blocks=50, errors=5, first=300, at=1.3),  # a new segment
        counts(blocks=80, errors=5, first=300, at=1.4),
        counts(blocks=30, errors=3, first=300, at=1.5),  # started again
    )
    (intervals,), attacks, found = window.record.events()[0].values(), {}, {}
    assert intervals == [
        Interval(1.0, 100, 1),
        Interval(1.1, 200, 10),
        Interval(1.3, 50, 5),
        Interval(1.4, 30, 0),
        Interval(1.5, 30, 3),
    ]
    assert (attacks, found) == ({}, {})


def test_an_attack_is_on_from_its_message_to_the_next_other_one(application):
    window = filled(
        attack(1.0, False),
        attack(2.0, True),
        attack(3.0, True),
        attack(4.0, True, -3.0),
        attack(5.0, False),
        attack(7.0, True),
    )
    states = window.record.events()[1]["adversary"]
    assert spells(states, 9.0) == [(2.0, 4.0, -6.0), (4.0, 5.0, -3.0), (7.0, 9.0, -6.0)]


def story(recovers=True):
    """Return messages: an attack at 10 s, found at 10.2 s, errors gone by 10.5 s."""
    told, total, wrong = [], 0, 0
    for step in range(300):
        at = step * 0.05
        on = at > 10.0 + 1e-9  # the message of 10.0 s is the last word of before
        hurt = on and (at < 10.5 + 1e-9 or not recovers)
        total, wrong = total + 10_000, wrong + (1000 if hurt else 10)
        told += [
            attack(at, on),
            estimate(at, at >= 10.2 - 1e-9, -6.3),
            counts(blocks=total, errors=wrong, at=at),
        ]
    return told


def test_delays_are_those_of_the_story(application):
    window = filled(*story())
    found, recovered = delay_texts(*window.record.events())
    assert found == "canceller: found after 0.20 s"
    # The message of 10.50 s is the last that counts errors of the attack.
    assert recovered == "link: recovered after 0.50 s"
    window = filled(*story(recovers=False))
    assert delay_texts(*window.record.events())[1] == "link: not recovered"


def test_no_delays_without_an_attack_or_a_time_before_it(application):
    window = filled(attack(1.0, True), counts(at=1.1), estimate(1.2, True))
    assert delay_texts(*window.record.events()) == []
    window = filled(attack(1.0, True), attack(2.0, False), counts(at=2.1))
    assert delay_texts(*window.record.events()) == []


def test_no_recovery_is_told_of_while_no_canceller_works(application):
    blind = (
        message | ({"detected": False} if message["kind"] == "estimate" else {})
        for message in story(recovers=False)
    )
    assert delay_texts(*filled(*blind).record.events()) == []


def test_what_happened_is_drawn_where_it_is(application):
    window, now = filled(*story(), seconds=10.0), 299 * 0.05
    painted(window)
    # The attack, its PSR, and what is found of it.
    for item in window.spells:
        assert item.opts["x0"] == pytest.approx([10.0 - now])
        assert item.opts["x1"] == pytest.approx([0.0])
    assert window.psr.getData()[1] == pytest.approx([-6.0, -6.0])
    assert window.found.getData()[0] == pytest.approx([10.2 - now, 0.0])
    assert np.nanmean(window.estimated.getData()[1]) == pytest.approx(-6.3)
    seen, limits, _ = window.curves["link"]
    x, y = seen.getData()
    assert not limits.isVisible()
    during = (x > 10.07 - now) & (x < 10.48 - now)
    assert y[during] == pytest.approx(-1.0)
    assert y[~during & (x > 10.6 - now)] == pytest.approx(-3.0)
    assert "link: recovered after 0.50 s" in window.columns[1].texts()


def test_without_errors_the_limit_of_all_blocks_since_the_last_one_is_drawn(
    application,
):
    window = filled(
        counts(blocks=1000, errors=10, at=0.5),
        *(counts(blocks=1000 * i, errors=10, at=0.5 * i) for i in range(2, 20)),
        counts(blocks=20_000, errors=11, at=10.0),
        counts(blocks=21_000, errors=11, at=10.5),
    )
    painted(window)
    seen, limits, _ = window.curves["link"]
    # 0 of N: 1 - 0.05^(1/N), so that an interval that holds the rate is 95 % sure
    clean = 1 - 0.05 ** (1 / (1000 * np.arange(1, 19)))
    expected = [0.01, *clean, 0.001, clean[0]]
    assert 10 ** limits.getData()[1] == pytest.approx(expected)
    assert not seen.isVisible()  # no two points in a row saw errors
    assert limits.opts["connect"].tolist() == [1] * 20 + [0]
    assert "┄ none seen: limit" in window.columns[0].texts()


def test_a_slot_of_few_blocks_is_added_to_the_next_one():
    # After a change of settings, a counter's first report has one block, a wrong one.
    rest = [Interval(0.2 * k, 1000, 10) for k in range(8)]
    alone = Interval(1.5, 1, 1)
    assert slots([*rest, alone], 20.0) == slots(rest, 20.0)
    found = slots([*rest, alone, Interval(1.7, 999, 9)], 20.0)
    assert len(found) == 9
    assert (found[-1].blocks, found[-1].rate) == (1000, 0.01)


def test_a_canceller_that_is_switched_off_is_understood(application):
    off = estimate(1.0, False)
    del off["p"], off["psr_db"], off["weights"]
    window = filled(off)
    assert not window.record.events()[2]["canceller"][0].on


def test_a_name_looks_the_same_in_all_displays(application):
    curves, strip = curves_window(), filled()
    for window, names in ((curves, "xyz"), (strip, "zyx")):
        for name in names:
            window.record.take(counts(name))
        painted(window)
    for name in "xyz":
        dots, (*_, marks) = curves.curves[name, 0].dots, strip.curves[name]
        assert dots.opts["symbol"] == marks.opts["symbol"]
        assert dots.opts["brush"].color() == marks.opts["brush"].color()
    before = look_of("y")
    curves.forget()
    assert look_of("y") == before
    numbers = {}
    assert len({look_of(str(i), numbers) for i in range(49)}) == 49


def test_labels_are_within_a_window_that_became_narrow(application):
    window = filled(*story())
    painted(window)
    painted(window, 280, 320)
    for column in window.columns:
        assert column.geometry().right() <= 280
    wide = window.columns[1].texts()
    assert "link: recovered after 0.50 s" in wide


def test_events_of_long_ago_are_forgotten(application):
    window = filled(
        *(counts(blocks=100 * i, errors=i, at=0.05 * i) for i in range(1, 3000)),
        seconds=5.0,
    )
    (intervals,) = window.record.events()[0].values()
    assert 5.0 <= intervals[-1].time - intervals[0].time <= 7.1


def test_what_is_not_understood_is_counted(application):
    window = filled()
    bad = [
        3,
        None,
        {},
        {"kind": []},
        {"kind": "psr"},
        counts() | {"time": math.nan},
        counts() | {"time": "now"},
        counts(blocks=1, errors=2),
        attack(1.0, True) | {"settings": 3},
        {"kind": "estimate", "name": "x", "time": 1.0},
    ]
    assert [window.record.take(message) for message in bad] == [False] * len(bad)
    assert window.record.take({"kind": "accuracy"})
    assert window.record.refused() == len(bad)
    painted(window)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seconds": 0}, "seconds must be.*got 0"),
        ({"seconds": math.nan}, "seconds must be.*got nan"),
        ({"seconds": "20"}, "seconds must be.*got '20'"),
        ({"floor": 2.0}, "floor must be.*got 2.0"),
        ({"frame_rate": 31}, "frame_rate must be.*got 31"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(settings, named):
    with pytest.raises(ValueError, match=named) as refused:
        advphy.onset_strip(**settings)
    assert re.search("must be|; give", str(refused.value))
    assert "\n" not in str(refused.value)


def test_a_stream_shows_attack_detection_and_recovery(application):
    model, strip = advphy.LinkModel.load("autoencoder_mlp"), advphy.onset_strip()
    row = np.exp(2j * np.pi * np.arange(7)[None] / 7)
    adversary = advphy.perturbation_source(
        model, Perturbation("turn", "universal", 4, 7, row), -3.0
    )
    canceller = advphy.perturbation_canceller(model)
    plain, defended = (
        advphy.error_counter(model, name=name) for name in ("plain", "defended")
    )
    channel, flowgraph = advphy.channel(model, 5.0), advphy.top_block()
    flowgraph.connect(advphy.message_source(model), advphy.encoder(model), channel)
    flowgraph.connect(adversary, (channel, 1))
    flowgraph.connect(channel, advphy.decoder(model), plain)
    flowgraph.connect(channel, canceller, advphy.decoder(model), defended)
    for block, port in (
        (adversary, "psr"),
        (canceller, "estimate"),
        (plain, "counts"),
        (defended, "counts"),
    ):
        flowgraph.msg_connect(block, port, strip, "in")
    adversary.set_enabled(False)
    flowgraph.start()

    def last_interval():
        intervals = strip.events()[0]
        if set(intervals) != {"plain", "defended"}:
            return 0.0
        return min(kept[-1].time for kept in intervals.values())

    def found_at():
        found = strip.events()[2]["canceller"]
        return next((s.time for s in found if s.on), math.inf)

    display_events.until(lambda: last_interval() > 0)
    before = time.time()
    display_events.until(lambda: last_interval() > before + 0.6)
    adversary.set_enabled(True)
    display_events.until(lambda: last_interval() > found_at() + 1.2)
    flowgraph.stop()
    flowgraph.wait()
    intervals, attacks, found = strip.events()
    assert strip.refused() == 0
    psrs = [psr_db for _, _, psr_db in spells(attacks["adversary"], 0.0)]
    assert psrs == [pytest.approx(-3.0, abs=1e-5)]
    assert not found["canceller"][0].on
    assert found["canceller"][-1].on
    assert found["canceller"][-1].psr_db == pytest.approx(-3.0, abs=1.0)
    onset = next(s.time for s in attacks["adversary"] if s.on)

    def rate(name, begin, end):
        part = [i for i in intervals[name] if begin <= i.time < end]
        return sum(i.failures for i in part) / sum(i.blocks for i in part)

    late = found_at() + 0.6, math.inf
    assert rate("plain", *late) > 5 * rate("plain", 0.0, onset)
    assert rate("defended", *late) < 0.3 * rate("plain", *late)
    texts = delay_texts(intervals, attacks, found)
    assert texts[0].startswith("canceller: found after ")
    assert "plain: not recovered" in texts


def test_a_flowgraph_looks_alike_at_each_start_whatever_arrives_first():
    names = [f"link {i} of this test" for i in range(3)]
    counters = [advphy.error_counter("bpsk", name=name) for name in names]
    numbers = [number_of(name) for name in names]
    assert numbers == sorted(numbers)  # as they were made
    del counters
    others = {}
    assert number_of("b", others, wanted=3) == 3
    assert number_of("c", others, wanted=3) == 4
    assert [number_of(name, others) for name in "abd"] == [0, 3, 1]
