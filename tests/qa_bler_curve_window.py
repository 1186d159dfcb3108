# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the BLER-curve sink: points, labels, pins, mouse and wheel."""

import math

import numpy as np
import pytest
from advphy_model.measure import table
from advphy_model.measure.curve_looks import look_of
from advphy_model.measure.link_chain import Counts
from gnuradio import advphy
from PyQt5 import QtCore, QtTest, QtWidgets

from . import display_events
from .display_events import application as qt
from .display_events import counts, painted
from .display_events import curves_window as filled


def swept(first, last):
    """Return counts under an attack whose PSR grows dB by dB."""
    return [counts(on=True, psr_db=db, first=9999 * db) for db in range(first, last)]


def test_points_are_drawn_where_they_are(application):
    window = filled(
        counts("first", 2.0, 10_000, 1000),
        counts("second", 6.0, 10_000, 10),
        counts("first", 3.0, 10_000, 1000, first=20_000),
        counts("third", errors=0),
    )
    painted(window)
    first, second, third = (
        window.curves[name, 0] for name in ("first", "second", "third")
    )
    x, y = first.line.getData()
    assert x.tolist() == [2.0, 3.0]
    assert y == pytest.approx([-1.0, -1.0])
    assert second.dots.getData()[1] == pytest.approx([-3.0])
    low, high = (edge.getData()[1] for edge in first.edges)
    assert (10**low < 0.1).all()
    assert (10**high > 0.1).all()
    assert len(third.dots.getData()[0]) == 0
    assert third.below.getData()[0].tolist() == [4.0]
    text = "\n".join(window.columns[0].texts())
    assert "below 3.0e-3" in text  # 1 - 0.05^(1/1000)
    assert "1.0e-3" in text


def test_the_wheel_zooms_and_view_all_returns(application):
    window = filled(counts())
    painted(window)
    window.show()
    display_events.wheel(window, window.axes)
    assert max(display_events.ratio_of_ranges(window.axes)) < 0.9
    window.record.take(counts(x=5.0, first=5000))
    window.refresh()  # what arrives does not move the view
    assert max(display_events.ratio_of_ranges(window.axes)) < 0.9
    window.menu.actions()[0].trigger()
    assert display_events.ratio_of_ranges(window.axes) == pytest.approx([1.0, 1.0])
    window.close()


def test_in_a_narrow_window_labels_are_whole(application):
    name = "a link with a name that is far too long"
    window = filled(
        counts(name, blocks=10_000, errors=123, on=True, psr_db=-3.0),
        counts(name, blocks=9_000, errors=1, first=10_000),
        counts(name, blocks=20_000, errors=2468, first=20_000, on=True, psr_db=-3.0),
    )
    painted(window, 280, 320)
    (text,) = [text for text in window.columns[0].texts() if "PSR" in text]
    assert text == f"{look_of(name).marker.glyph} {name}\nPSR -3 dB\n8.6e-2"
    assert window.columns[0].geometry().right() <= 280


def clicked(window, number, twice=False):
    """Click on a label of a window."""
    text = window.columns[0].text
    layout = text.document().documentLayout()
    block = text.document().findBlockByNumber(number)
    inside = layout.blockBoundingRect(block).topLeft() + QtCore.QPointF(25, 5)
    place = window.canvas.mapFromScene(text.mapToScene(inside))
    viewport, left = window.canvas.viewport(), QtCore.Qt.LeftButton
    QtTest.QTest.mouseClick(viewport, left, pos=place)
    if twice:
        QtTest.QTest.mouseDClick(viewport, left, pos=place)
        QtTest.QTest.mouseRelease(viewport, left, pos=place)
    qt().processEvents()


def test_a_curve_is_pinned_and_named_by_clicks_and_stays(application):
    window = filled(*swept(0, 6))
    painted(window, 640, 600)
    window.show()
    assert "Click" in window.columns[0].toolTip()
    glyph = look_of("link").marker.glyph
    texts = window.columns[0].texts()
    assert texts[0] == f"{glyph} link\nPSR 5 dB: 1.0e-2"  # the current one is on top
    assert [text[-8:] for text in texts[1:]] == ["PSR 2 dB", "PSR 3 dB", "PSR 4 dB"]
    clicked(window, 1)
    assert window.columns[0].texts()[1] == f"⚑ {glyph} link\nPSR 2 dB"

    def answer():
        box = QtWidgets.QApplication.activeModalWidget().findChild(QtWidgets.QLineEdit)
        box.clear()
        QtTest.QTest.keyClicks(box, "before lunch")
        QtTest.QTest.keyClick(box, QtCore.Qt.Key_Return)

    QtCore.QTimer.singleShot(50, answer)
    clicked(window, 3, twice=True)
    pinned = [f"⚑ {glyph} link\nPSR 2 dB", f"⚑ {glyph} before lunch"]
    assert window.columns[0].texts()[1:3] == pinned
    for message in swept(6, 15):
        assert window.record.take(message)
    window.forget()
    assert sorted(len(c.points) for c in window.record.curves()) == [1, 1]
    display_events.until(lambda: len(window.columns[0].texts()) == 2)
    clicked(window, 0)
    unpinned = f"{glyph} link\nPSR 4 dB: 1.0e-2"
    assert window.columns[0].texts() == [unpinned, pinned[0]]
    window.close()


def test_items_of_older_settings_are_used_again(application):
    window = filled(*swept(0, 8))
    painted(window)
    before = len(window.axes.items)
    for message in swept(8, 30):
        window.record.take(message)
        window.refresh()
    assert len(window.axes.items) == before  # removed ones would leave memory behind
    assert sum(len(c.dots.getData()[0]) for c in window.curves.values()) == 4


def test_axes_stand_still_whatever_the_labels_say(application):
    window = filled()
    painted(window)
    before = window.axes.vb.sceneBoundingRect()
    for number in range(30):
        window.record.take(counts(f"a link with a long name {number}"))
    display_events.attend(0.25)  # labels change five times a second
    painted(window)
    assert window.axes.vb.sceneBoundingRect() == before
    column = window.columns[0]
    assert column.sceneBoundingRect().right() <= 640
    assert 5 < len(column.texts()) < 30  # the others do not fit


def test_a_rate_that_is_hardly_known_is_an_interval(application):
    window = filled(
        counts(x=2.0, blocks=10_000, errors=1000),
        counts(x=3.0, blocks=100, errors=1, first=10_000),
        counts(x=4.0, blocks=10_000, errors=100, first=20_000),
    )
    painted(window)
    drawn = window.curves["link", 0]
    assert drawn.line.getData()[0].tolist() == [2.0, 4.0]
    assert drawn.bars.opts["x"].tolist() == [2.0, 3.0, 4.0]
    assert np.argmin(drawn.dots.data["size"]) == 1


def test_theory_and_earlier_counts_are_painted_behind(application, tmp_path):
    rows = [
        Counts("old", "loop", db, 1, 0, 1000, errors, 0, "ab")
        for db, errors in ((0.0, 800), (10.0, 600))
    ]
    table.write(tmp_path / "old.csv", rows, Counts)
    window = filled(closed_forms="bpsk", csv=str(tmp_path / "old.csv"))
    (theory,), (earlier,) = window.record.theory, window.record.earlier
    assert theory[0] == "bpsk, closed form"
    # Four bits by BPSK: 1 - (1 - Q(sqrt(2 Eb/N0)))^k; at 0 dB Q = 0.0786.
    k = round(math.log(1 - theory[2][0]) / math.log(1 - 0.0786496))
    assert theory[2][0] == pytest.approx(1 - (1 - 0.0786496) ** k, rel=1e-5)
    assert earlier[0] == "old"
    assert earlier[2] == pytest.approx([0.8, 0.6])
    painted(window)
    assert window.columns[0].texts() == [
        "╌ bpsk, closed form",
        f"{look_of('old').marker.glyph} old",
    ]
    assert theory[2][50] == pytest.approx(1 - (1 - 0.0059539) ** k, rel=1e-4)


def test_the_mouse_tells_of_the_point_it_is_over(application):
    window = filled(
        counts(x=2.0, blocks=10_000, errors=1000),
        counts(x=6.0, first=9**9),
        counts(x=8.0, blocks=500, errors=0, first=10**9),
    )
    painted(window)
    window.show()
    lines = display_events.move_mouse(window, window.axes, 2.0, -1.0).splitlines()
    assert lines[:2] == ["link", "Eb/N0 2 dB"]
    assert lines[2].startswith("BLER 1.0e-1, 95 %: 9.4e-2 to 1.1e-1")
    assert lines[3] == "1000 of 10000 blocks failed"
    assert display_events.move_mouse(window, window.axes, 4.0, -5.0) == ""
    bound = math.log10(1 - 0.05 ** (1 / 500))
    text = display_events.move_mouse(window, window.axes, 8.0, bound)
    assert "no error seen: BLER below 6.0e-3 at 95 %" in text
    window.close()


@pytest.mark.parametrize("size", [(280, 320), (640, 400), (1280, 800)])
def test_the_ground_is_white_and_text_is_dark_under_any_theme(application, size):
    application.setStyleSheet("QWidget {background: #222; color: white}")
    try:
        picture = painted(filled(counts(), title="A title"), *size)
    finally:
        application.setStyleSheet("")
    assert (picture[-2:, :40] == 255).all()
    assert (picture[: size[1] // 10, : size[0] // 2].min(axis=2) < 60).any()


def test_pictures_are_no_more_frequent_than_the_frame_rate(application):
    import pmt

    sink = advphy.bler_curve_sink(frame_rate=20)
    window = sink.qwidget()
    window.show()
    timer = window.findChild(QtCore.QTimer)
    assert timer.interval() == 50
    timer.stop()
    fills, fill = [], window.fill
    window.fill = lambda: fills.append(fill())
    for turn in range(3):
        for sent in range(1000):
            message = counts(blocks=1000 * turn + sent, errors=0)
            sink.record.post(pmt.to_pmt(message))
            application.processEvents()
        assert len(fills) == turn  # not before the timer's time
        display_events.until(lambda n=turn: timer.timeout.emit() or len(fills) > n)
    window.close()
    assert sink.curves() == {"link": {4.0: (0, 2999)}}


def test_a_curve_that_grows_is_painted_with_the_same_symbols(application):
    window, kept = filled(*swept(0, 6)), []
    for blocks in range(1001, 1031):
        window.record.take(counts(on=True, psr_db=5.0, first=49_995, blocks=blocks))
        painted(window)
        parts = [part for c in window.curves.values() for part in (c.dots, c.below)]
        kept.append(sum(len(part.fragmentAtlas) for part in parts))
    assert set(kept[1:]) == {kept[1]}


def test_the_counts_of_the_newest_and_of_pinned_settings_are_kept(application, caplog):
    window = filled(*swept(0, 2))
    window.record.pin(window.record.curves()[0], "")
    for message in swept(2, 300):
        window.record.take(message)
    kept = sorted(row.psr_db for row in window.record.rows())
    assert kept == [0, *range(200, 300)]
    (pinned, *_, newest) = window.record.curves()
    assert (pinned.pin, pinned.variant, newest.variant) == ("", 0, 299)
    assert len(caplog.records) == 1
    assert "link had over 100 settings" in caplog.text


def test_the_oldest_settings_are_forgotten_beyond_1000_points(application):
    window = filled(
        *(counts(x=x / 100, on=True, psr_db=p) for p in (1, 2) for x in range(600))
    )
    assert {row.psr_db for row in window.record.rows()} == {2}
    window = filled(*(counts(x=x / 1000) for x in range(1200)))
    assert len(window.record.rows()) == 1200  # of the present setting, none is
