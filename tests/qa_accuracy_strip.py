# SPDX-License-Identifier: GPL-3.0-or-later
"""The accuracy strip: shares of half a second, of all Eves, beside that of a guess."""

import pytest
from advphy_commands import _watch_web
from gnuradio import advphy
from gnuradio.advphy.display.accuracy_strip import AccuracyRecord
from gnuradio.advphy.display.accuracy_window import AccuracyWindow

from .display_events import painted


def accuracy(at, frames, correct, first=0, name="Eve"):
    """Return a message of an accuracy counter."""
    message = {"kind": "accuracy", "name": name, "time": at, "settings": {}}
    return message | {"first_frame": first, "frames": frames, "correct": correct}


def test_a_point_is_the_share_of_half_a_second(application):
    window = AccuracyWindow(AccuracyRecord(seconds=4.0))
    for message in (
        accuracy(100.1, 100, 10),
        accuracy(100.4, 200, 30),  # 20 of 100 more: 30 of 200 until 100.5
        accuracy(100.6, 300, 120),  # 90 of 100
        accuracy(100.7, 50, 40, first=300),  # the next segment: 130 of 150 until 101
        accuracy(100.7, 10, 1, name="static Eve"),
    ):
        assert window.record.take(message)
    expected = [(100.5, 30 / 200), (101.0, 130 / 150)]
    assert window.record.points() == {"Eve": expected, "static Eve": [(101.0, 0.1)]}
    assert window.record.take(accuracy(106.0, 60, 45, first=300))
    assert window.record.points()["Eve"] == [(106.5, 0.5)]  # older ones have left
    assert not window.record.take(accuracy(107.0, 60, 61, first=300))
    painted(window)
    assert window.columns[0].texts() == [
        "━ Eve\n50 %",
        "━ static Eve\n10 %",
        "┄ guessing",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"chance": 1.5}, "chance must be a number in 0..1"),
        ({"seconds": 0}, "seconds must be a number in 1..3600 s"),
        ({"frame_rate": 31}, "frame_rate must be"),
    ],
)
def test_bad_arguments_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        advphy.accuracy_strip(**given)


def test_a_page_shows_all_of_a_long_time():
    record = AccuracyRecord(seconds=300.0)
    for slot in range(600):
        assert record.take(accuracy(slot / 2 + 0.1, 100 * slot + 100, 50 * slot + 50))
    (line,) = _watch_web._eves(record)["lines"]
    assert len(line["points"]) == 200
    # Of 600 points every third, up to the newest: 597 of 0.5 s are 298.5 s.
    assert (line["points"][0], line["points"][-1][0]) == ((-298.5, 50.0, 2), 0)
    assert {joined for *_, joined in line["points"]} == {2}
