# SPDX-License-Identifier: GPL-3.0-or-later
"""What the displays share: ticks, labels, messages that wait, time for painting."""

import logging
import statistics

import numpy as np
import pmt
import pytest
from advphy_model.measure import speed
from gnuradio import advphy
from gnuradio.advphy import display_speed
from gnuradio.advphy.measure import painting_share
from gnuradio.advphy.measure.bler_curve_window import bler_curve_window
from gnuradio.advphy.measure.complex_panels import columns_for, round_reach
from gnuradio.advphy.measure.mailbox import MOST_WAITING, Mailbox
from gnuradio.advphy.measure.plot_items import decade_axis_class
from gnuradio.advphy.measure.side_labels import spread
from PyQt5 import QtCore

from . import display_events
from .display_events import attend, counts, painted, until


@pytest.fixture(scope="module")
def application():
    return display_events.application()


def test_decades_are_written_as_powers(application):
    axis = decade_axis_class()({-4: "none seen"})
    (_, major), (_, minor) = axis.tickValues(-4.5, 0.0, 300)
    assert axis.tickStrings(major, 1, 1) == ["none seen", "10⁻³", "10⁻²", "10⁻¹", "1"]
    assert min(minor) == pytest.approx(np.log10(2e-3))
    (_, few), _ = axis.tickValues(-9.0, 0.0, 60)
    assert 2 <= len(few) <= 5
    close = [v for _, values in axis.tickValues(-1.2, -0.9, 300) for v in values]
    assert len(close) > 2


def test_labels_keep_their_order_and_do_not_cover_each_other(rng):
    for _ in range(200):
        count = int(rng.integers(1, 9))
        wanted, heights = rng.uniform(0, 300, count), rng.uniform(10, 30, count)
        tops = spread(wanted.tolist(), heights.tolist(), 0, 300)
        order = np.argsort(wanted, kind="stable")
        ends = np.array(tops)[order] + heights[order]
        assert (ends[:-1] <= np.array(tops)[order][1:] + 1e-9).all()
        assert min(tops) >= -1e-9
        assert ends[-1] <= 300 + 1e-9


def test_labels_with_room_are_where_they_are_wanted():
    assert spread([50, 100], [10, 10], 0, 300) == [45, 95]


def test_panels_are_as_large_as_can_be():
    assert [columns_for(640, 350, count) for count in (1, 2, 4, 7)] == [1, 2, 2, 4]
    assert columns_for(100, 400, 4) == 1


def test_a_plane_reaches_to_a_round_number():
    assert [round_reach(size) for size in (0.9, 1.2, 1.7, 2.5, 7.0)] == [
        1,
        1.5,
        2,
        3,
        8,
    ]


def test_waiting_messages_are_replaced_by_the_newest_of_their_segment():
    found = []
    mailbox = Mailbox(lambda message: found.append(message) or True)
    for blocks in range(100):
        mailbox.post(pmt.to_pmt(counts(blocks=blocks)))
        mailbox.post(pmt.to_pmt(counts(blocks=blocks, first=1000)))
    assert found == []
    mailbox.collect()
    assert [(m["first_block"], m["blocks"]) for m in found] == [(0, 99), (1000, 99)]


def test_without_anybody_looking_few_messages_wait_and_none_is_lost():
    found = []
    mailbox = Mailbox(lambda message: found.append(message["first_block"]) or True)
    for first in range(2500):
        mailbox.post(pmt.to_pmt(counts(first=first)))
        assert len(mailbox._waiting) < MOST_WAITING
    mailbox.collect()
    assert found == list(range(2500))


def test_an_error_while_painting_is_logged_and_ends_neither_process_nor_stream(
    application, caplog
):
    window = bler_curve_window(frame_rate=30)

    def broken():
        raise ZeroDivisionError("for the test")

    window.fill = broken
    window.show()
    with caplog.at_level(logging.ERROR):
        window.take(counts())
        until(lambda: window.error)
    assert isinstance(window.error, ZeroDivisionError)
    assert sum("stops" in record.message for record in caplog.records) == 1
    window.close()


def test_windows_share_the_time_for_painting(monkeypatch):
    class Window:
        def __init__(self, visible):
            self.visible = visible

        def isVisible(self):
            if self.visible is None:
                raise RuntimeError("wrapped C/C++ object has been deleted")
            return self.visible

    times = iter([(0, 0), (90, 100), (91, 200)])
    monkeypatch.setattr(painting_share, "_processor_times", lambda: next(times))
    monkeypatch.setattr(painting_share, "LOOK_SECONDS", -1.0)
    share = painting_share.PaintingShare()
    windows = [Window(True), Window(True), Window(False), Window(None)]
    for window in windows:
        share.add(window)
    idle = share.pause(0.003)
    busy = share.pause(0.003)
    assert idle == pytest.approx(2 * 0.003 / painting_share.WHEN_IDLE)
    # Two windows that each wait so long after 3 ms take 2 % of a processor together.
    assert 2 * 0.003 / busy == pytest.approx(0.02)


def test_a_hidden_window_is_not_painted(application):
    window = bler_curve_window(frame_rate=30)
    window.resize(500, 300)
    window.show()
    attend(0.1)
    window.hide()
    paintings = display_events.Paintings(window)
    window.take(counts())
    attend(0.2)
    assert paintings.count == 0
    window.show()
    until(lambda: paintings.count)
    window.close()


def test_the_flowgraph_survives_its_window(application):
    model, sink = advphy.link_model("bpsk"), advphy.bler_curve_sink()
    counter, flowgraph = advphy.error_counter(model), advphy.top_block()
    flowgraph.connect(
        advphy.message_source(model),
        advphy.encoder(model),
        advphy.channel(model, 2.0),
        advphy.decoder(model),
        counter,
    )
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


def test_a_menu_offers_what_the_display_can_do(application):
    window = bler_curve_window()
    texts = [action.text() for action in window.menu.actions()]
    assert texts == [
        "View all",
        "Save picture...",
        "Export...",
        "Save CSV...",
        "Forget the counts",
    ]
    window.take(counts())
    window.menu.actions()[-1].trigger()
    assert window.plot.points.curves() == []
    painted(window)


def test_the_bench_measures_a_stream_with_and_without_displays():
    frames = []
    rates = display_speed.displayed_rates(
        advphy.link_model("autoencoder_mlp"), seconds=0.3, frames=frames
    )
    assert set(rates) == {"undisplayed", "displayed"}
    assert all(rate() > 0 for rate in rates.values())
    assert len(frames) == 1
    assert frames[0] > 0


@pytest.mark.slow
def test_a_stream_keeps_its_rate_beside_all_displays():
    frames = []
    rates = display_speed.displayed_rates(
        advphy.link_model("autoencoder_mlp"), seconds=2.0, frames=frames
    )
    _, ratios = speed.median_ratios(rates, "undisplayed", rounds=9)
    assert ratios["displayed"] > 0.95
    assert statistics.median(frames) < 0.033
