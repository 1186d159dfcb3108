# SPDX-License-Identifier: GPL-3.0-or-later
"""What the displays share: ticks, labels, messages that wait, time for painting."""

import gc
import logging
import weakref

import numpy as np
import pmt
import pytest
from gnuradio import advphy, gr
from gnuradio.advphy.display.message_record import MOST_WAITING, MessageRecord
from gnuradio.advphy.display.panels_window import columns_for, round_reach
from gnuradio.advphy.display.plot_items import DecadeAxis, Label, SideLabels
from PyQt5 import QtCore, QtGui

from . import display_events
from .display_events import attend, counts, curves_window, painted, until


def test_labels_get_smaller_and_then_fewer(application):
    column, font = SideLabels(), QtGui.QFont()
    font.setPixelSize(12)
    column.set_font(font)
    labels = [Label(f"link {i}") for i in range(9)]
    heights = {}
    for height in (2000, 60, 5):
        column.resize(200, height)
        column.show_labels(labels)
        heights[height] = len(column.texts())
    assert heights[2000] == 9 > heights[60] > heights[5] == 1


def test_decades_are_written_as_powers(application):
    axis = DecadeAxis({-4: "none seen"})
    (_, major), (_, minor) = axis.tickValues(-4.5, 0.0, 300)
    assert axis.tickStrings(major, 1, 1) == ["none seen", "10⁻³", "10⁻²", "10⁻¹", "1"]
    assert min(minor) == pytest.approx(np.log10(2e-3))
    (_, few), _ = axis.tickValues(-9.0, 0.0, 60)
    assert 2 <= len(few) <= 5
    close = [v for _, values in axis.tickValues(-1.2, -0.9, 300) for v in values]
    assert len(close) > 2


def test_panels_are_as_large_as_can_be():
    assert [columns_for(640, 350, count) for count in (1, 2, 4, 7)] == [1, 2, 2, 4]
    assert columns_for(100, 400, 4) == 1


def test_a_plane_reaches_to_a_round_number():
    sizes, rounded = (0.9, 1.2, 1.7, 2.5, 7.0), [1, 1.5, 2, 3, 8]
    assert [round_reach(size) for size in sizes] == rounded


class Told(MessageRecord):
    """A record that keeps all that is added."""

    def __init__(self):
        super().__init__()
        self.added = []

    def add(self, message):
        self.added.append((message["first_block"], message["blocks"]))


def test_waiting_messages_are_replaced_by_the_newest_of_their_segment():
    record = Told()
    for blocks in range(100):
        record.post(pmt.to_pmt(counts(blocks=blocks)))
        record.post(pmt.to_pmt(counts(blocks=blocks, first=1000)))
    assert record.added == []
    record.collect()
    assert record.added == [(0, 99), (1000, 99)]


def test_without_anybody_looking_few_messages_wait_and_none_is_lost():
    record = Told()
    for first in range(2500):
        record.post(pmt.to_pmt(counts(first=first)))
        assert first - len(record.added) < MOST_WAITING
    record.collect()
    assert record.added == [(first, 1000) for first in range(2500)]


def test_an_error_while_painting_is_logged_and_ends_neither_process_nor_stream(
    application, caplog
):
    window = curves_window(frame_rate=30)

    def broken():
        raise ZeroDivisionError("for the test")

    window.fill = broken
    window.show()
    with caplog.at_level(logging.ERROR):
        window.record.take(counts())
        until(lambda: window.error)
    assert isinstance(window.error, ZeroDivisionError)
    assert sum("stops" in record.message for record in caplog.records) == 1
    window.close()


def test_at_most_twenty_pictures_a_second_and_none_of_a_hidden_window(application):
    window = curves_window(frame_rate=30)
    assert window.timer.interval() == 50
    assert curves_window(frame_rate=4).timer.interval() == 250
    assert not window.timer.isActive()
    window.show()
    assert window.timer.isActive()
    window.hide()
    assert not window.timer.isActive()
    paintings = display_events.Paintings(window.canvas.viewport())
    window.record.take(counts())
    application.processEvents()
    assert paintings.count == 0
    window.show()
    until(lambda: paintings.count)
    window.close()


def test_a_picture_of_a_window_that_was_never_shown_has_whole_labels(
    application, tmp_path
):
    window = curves_window(frame_rate=30)
    window.record.take(counts(name="a long name"))
    found = []
    for name in ("first.png", "second.png"):
        window.save_picture(tmp_path / name)
        found.append([column.texts() for column in window.columns])
    assert found[0] == found[1]
    assert "a long name" in found[0][0][0]


@pytest.mark.parametrize("rate", [0, -1, 31, "x"])
def test_a_window_without_a_block_refuses_a_frame_rate(application, rate):
    with pytest.raises(ValueError, match="frame_rate must be above 0"):
        curves_window(frame_rate=rate)


def test_the_flowgraph_survives_its_window(application):
    model, sink = advphy.LinkModel.load("bpsk"), advphy.bler_curve_sink()
    counter, flowgraph = advphy.error_counter(model), advphy.top_block()
    source, channel = advphy.message_source(model), advphy.channel(model, 2.0)
    flowgraph.connect(source, advphy.encoder(model), channel)
    flowgraph.connect(channel, advphy.decoder(model), counter)
    flowgraph.msg_connect(counter, "counts", sink, "in")
    window = sink.qwidget()
    assert sink.qwidget() is window
    window.show()
    flowgraph.start()
    until(sink.curves)
    window.close()
    window.deleteLater()
    application.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
    attend(0.05)
    before = sum(sink.curves()["bpsk"][2.0])
    until(lambda: sum(sink.curves()["bpsk"][2.0]) > before)
    flowgraph.stop()
    flowgraph.wait()
    assert sink.error is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("bler_curve_sink", ()),
        ("onset_strip", ()),
        ("perturbation_sink", ("bpsk",)),
        ("constellation_sink", ("bpsk",)),
        ("spectrum_sink", (1e6,)),
        ("readout", ()),
        ("presenter", (gr.top_block(),)),
        ("image_viewer", ((4, 4),)),
    ],
)
def test_a_window_does_not_keep_its_flowgraph(application, name, arguments):
    display = getattr(advphy, name)(*arguments)
    window, there = display.qwidget(), weakref.ref(display)
    window.show()
    application.processEvents()
    window.close()
    del display
    gc.collect()
    assert there() is None
    window.refresh()
    assert window.error is None


def test_a_menu_offers_what_the_display_can_do(application):
    window = curves_window()
    texts = [action.text() for action in window.menu.actions()]
    wanted = "View all, Save picture..., Export..., Save CSV..., Forget the counts"
    assert ", ".join(texts) == wanted
    window.record.take(counts())
    window.menu.actions()[-1].trigger()
    assert window.record.curves() == []
    painted(window)
