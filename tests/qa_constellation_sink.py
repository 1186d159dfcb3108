# SPDX-License-Identifier: GPL-3.0-or-later
"""The constellation sink: the newest symbols over the codebook, beside the stream."""

import threading
import time

import numpy as np
import pytest
from advphy_model import links
from gnuradio import advphy, blocks
from gnuradio.advphy.measure import constellation_window
from gnuradio.advphy.measure.constellation_sink import NewestSymbols

from . import display_events
from .display_events import near, painted

BLUE, VERMILLION = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)


@pytest.fixture(scope="module")
def application():
    return display_events.application()


def numbered(first, count, n=7):
    """Return vectors whose symbols are their index."""
    return np.repeat(np.arange(first, first + count), n).reshape(-1, n).astype(
        np.complex64)  # fmt: skip


def test_of_a_fast_stream_few_vectors_are_copied_for_each_picture():
    gate = []
    newest = NewestSymbols(100, 7, gate.append)
    for first in range(0, 10_000, 1000):
        newest.put(numbered(first, 1000))
    assert newest.count() == 100
    assert newest.newest()[:, 0].real.tolist() == list(range(900, 1000))
    assert gate == [False]
    newest.ask()
    newest.put(numbered(20_000, 30))
    assert gate == [False, True]
    assert newest.newest()[:, 0].real.max() == 20_029


def test_of_a_slow_stream_the_newest_are_kept():
    newest = NewestSymbols(100, 7)
    for first in range(0, 1050, 7):
        newest.put(numbered(first, 7))
        newest.ask()
    kept = newest.newest()[:, 0].real
    assert sorted(kept.tolist()) == list(range(950, 1050))


def test_the_stream_ends_with_everything_taken():
    model, flowgraph = links.load("hamming74_ml"), advphy.top_block()
    sink = advphy.constellation_sink(model, points=50)
    source = blocks.vector_source_c([1.0] * 7, True, 7)
    flowgraph.connect(source, blocks.head(56, 100_000), sink)
    flowgraph.run()
    assert sink.gate.nitems_read(0) == 100_000
    assert sink.tap.nitems_read(0) < 100_000
    assert len(sink.newest()) == 50


def test_the_stream_goes_on_while_a_picture_is_painted(application, monkeypatch):
    begun, ended = threading.Event(), threading.Event()

    def painting_that_waits(*arguments):
        begun.set()
        assert ended.wait(20), "the stream waits for the painting"

    monkeypatch.setattr(constellation_window, "paint_dots", painting_that_waits)
    sink, flowgraph = advphy.constellation_sink("bpsk"), advphy.top_block()
    window = sink.qwidget()
    n = links.load("bpsk").n
    flowgraph.connect(blocks.vector_source_c([1j] * n, True, n), sink)

    def stream():
        flowgraph.start()
        begun.wait(20)
        behind = sink.gate.nitems_read(0)
        while sink.gate.nitems_read(0) < behind + 50_000:
            time.sleep(0.001)
        ended.set()

    runner = threading.Thread(target=stream)
    runner.start()
    window.show()
    until = time.monotonic() + 30
    while not ended.is_set() and time.monotonic() < until:
        application.processEvents()
    runner.join()
    flowgraph.stop()
    flowgraph.wait()
    window.close()
    assert begun.is_set()
    assert sink.tap.error is None
    assert window.error is None


def shown(vectors, channel_use, application, model="hamming74_ml"):
    """Return (picture, panels) of a window that shows vectors."""
    sink = advphy.constellation_sink(model, channel_use=channel_use)
    sink._newest.put(np.asarray(vectors, np.complex64))
    window = sink.qwidget()
    return painted(window), window._panels


def test_codebook_and_received_symbols_are_where_they_are(application):
    received = np.full((300, 7), 0.5 + 1j)
    received[:, 2] = -1j
    for use, value in ((0, 0.5 + 1j), (2, -1j)):
        picture, (axes,) = shown(received, use, application)
        assert axes.width == axes.height
        for word in (1, -1):  # BPSK symbols
            assert near(picture, axes.x(word), axes.y(0), VERMILLION) > 20
        x, y = axes.x(value.real), axes.y(value.imag)
        dot = picture[round(float(y)), round(float(x))]
        assert np.abs(dot.astype(int) - BLUE).max() < 40  # many, one upon another


def test_all_channel_uses_have_panels_of_one_scale(application):
    picture, panels = shown(np.full((300, 7), 0.5 + 1j), -1, application)
    assert len(panels) == 7
    assert len({(axes.width, axes.height, axes.x_range) for axes in panels}) == 1
    for axes in panels:
        assert near(picture, axes.x(1), axes.y(0), VERMILLION) > 10
        assert near(picture, axes.x(0.5), axes.y(1), BLUE, 3) > 1


def test_the_channel_use_is_changed_while_it_is_shown(application):
    sink = advphy.constellation_sink("hamming74_ml")
    window = sink.qwidget()
    painted(window)
    assert not window.changed()
    sink.set_channel_use(3)
    assert window.changed()
    painted(window)
    assert len(window._panels) == 1


def test_symbols_that_are_not_finite_are_left_out(application):
    vectors = np.full((100, 7), 0.5 + 1j)
    vectors[::2] = np.nan
    vectors[1] = np.inf
    picture, (axes,) = shown(vectors, 0, application)
    assert axes.x_range[1] <= 2
    assert near(picture, axes.x(0.5), axes.y(1), BLUE, 3) > 1
    shown(np.full((100, 7), np.nan), -1, application)


def test_without_a_vector_it_says_so(application):
    shown(np.empty((0, 7)), -1, application)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"channel_use": 7}, "channel_use = 7, wanted 0..6"),
        ({"channel_use": -2}, "channel_use = -2"),
        ({"channel_use": 1.5}, "channel_use = 1.5"),
        ({"points": 0}, "points = 0"),
        ({"points": 1e9}, "points = 1000000000.0"),
        ({"frame_rate": 0}, "frame_rate = 0"),
        ({"model": "nonsense"}, "'nonsense' is neither"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, named):
    with pytest.raises(ValueError, match=named) as refused:
        advphy.constellation_sink(**({"model": "hamming74_ml"} | arguments))
    assert "\n" not in str(refused.value)
