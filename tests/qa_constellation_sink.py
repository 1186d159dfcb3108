# SPDX-License-Identifier: GPL-3.0-or-later
"""The constellation sink: the newest symbols over the codebook, beside the stream."""

import os
import signal
import threading
import time

import numpy as np
import pmt
import pytest
from advphy_model.link import links
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.display.constellation_sink import ConstellationRecord

from . import display_events
from .display_events import painted
from .left_open import resident_mib

MODEL, TAG_BYTES = links.load("autoencoder_mlp"), 100_000


def numbered(first, count, n=7):
    """Return vectors whose symbols are their index."""
    return (
        np.repeat(np.arange(first, first + count), n)
        .reshape(-1, n)
        .astype(np.complex64)
    )


def test_of_a_fast_stream_few_vectors_are_copied_for_each_picture():
    gate = []
    newest = ConstellationRecord(100, np.eye(7), gate=gate.append)
    for first in range(0, 10_000, 1000):
        newest.put(numbered(first, 1000))
    assert newest.state()[0] == 100
    assert newest.newest()[:, 0].real.tolist() == list(range(900, 1000))
    assert gate == [False, True]  # whoever looks wants more
    newest.put(numbered(20_000, 30))
    assert newest.newest()[:, 0].real.max() == 20_029


def test_of_a_slow_stream_the_newest_are_kept():
    newest = ConstellationRecord(100, np.eye(7))
    for first in range(0, 1050, 7):
        newest.put(numbered(first, 7))
        newest.newest()
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


class Tagged(gr.sync_block):
    """Vectors with one large tag in each call of work()."""

    def __init__(self):
        gr.sync_block.__init__(self, "tagged", None, [(np.complex64, (MODEL.n,))])

    def work(self, input_items, output_items):
        value = pmt.init_u8vector(TAG_BYTES, [0] * TAG_BYTES)
        self.add_item_tag(0, self.nitems_written(0), pmt.intern("large"), value)
        output_items[0][:] = 0
        return len(output_items[0])


def test_tags_are_not_kept_while_no_picture_is_painted():
    calls = 400
    sink, head = advphy.constellation_sink(MODEL), blocks.head(8 * MODEL.n, 100 * calls)
    source = Tagged()
    source.set_max_noutput_items(100)
    flowgraph = advphy.top_block()
    flowgraph.connect(source, head, sink)
    before = resident_mib()
    flowgraph.run()
    assert sink.tap.nitems_read(0) < 100 * calls / 2  # the gate was closed
    assert resident_mib() - before < calls * TAG_BYTES / 2**21  # MiB, half of the tags


def test_the_link_is_compared_in_each_run():
    flowgraph, sink = advphy.top_block(), advphy.constellation_sink(MODEL, points=50)

    def run(model):
        source, encoder = advphy.message_source(model), advphy.encoder(model)
        flowgraph.connect(source, blocks.head(1, 100_000), encoder, sink)
        flowgraph.run()
        flowgraph.disconnect_all()

    run(MODEL)
    assert sink.tap.nitems_read(0) < 100_000  # the gate was closed
    with pytest.raises(ValueError, match=r"has link autoencoder_mlp, but"):
        run(links.load("hamming74_hard"))


def test_the_stream_goes_on_while_a_picture_is_painted(application, monkeypatch):
    begun, ended = threading.Event(), threading.Event()

    def painting_that_waits(*arguments):
        begun.set()
        ended.wait()  # the stream goes on meanwhile

    sink, flowgraph = advphy.constellation_sink("bpsk"), advphy.top_block()
    window = sink.qwidget()
    monkeypatch.setattr(window.received[0], "move", painting_that_waits)
    n = links.load("bpsk").n
    flowgraph.connect(blocks.vector_source_c([1j] * n, True, n), sink)

    def stream():
        flowgraph.start()
        begun.wait()
        behind = sink.gate.nitems_read(0)
        while sink.gate.nitems_read(0) < behind + 50_000:
            time.sleep(0.001)
        ended.set()

    runner = threading.Thread(target=stream)
    runner.start()
    window.show()
    display_events.until(ended.is_set)
    runner.join()
    flowgraph.stop()
    flowgraph.wait()
    window.close()
    assert begun.is_set()
    assert sink.tap.error is None
    assert window.error is None


def shown(vectors, channel_use, model="hamming74_ml"):
    """Return a window that shows vectors."""
    sink = advphy.constellation_sink(model, channel_use=channel_use)
    sink.record.put(np.asarray(vectors, np.complex64))
    window = sink.qwidget()
    painted(window)
    return window


def places(item):
    """Return the different places of points, as complex numbers."""
    x, y = item.getData()
    return set((x + 1j * y).tolist())


def test_codebook_and_received_symbols_are_where_they_are(application):
    received = np.full((300, 7), 0.5 + 1j)
    received[:, 2] = -1j
    for use, value in ((0, 0.5 + 1j), (2, -1j)):
        window = shown(received, use)
        assert places(window.codewords[0]) == {1, -1}  # BPSK symbols
        assert places(window.received[0]) == {value}
        pixel = window.plots[0].vb.viewPixelSize()
        assert pixel[0] == pytest.approx(pixel[1], rel=0.02)


@pytest.mark.parametrize("size", [(640, 400), (280, 320)])
def test_all_channel_uses_have_panels_of_one_scale(application, size):
    vectors = np.full((300, 7), 0.5 + 1j)
    vectors[0] = 1e6  # a strong fade
    window = shown(vectors, -1)
    painted(window, *size)
    assert len(window.plots) == 7
    for plot in window.plots:
        assert plot.vb.home == ((-2.0, 2.0), (-2.0, 2.0))
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            length = axis.height() if side == "left" else axis.width()
            levels = axis.tickValues(*axis.range, length)[:2]
            assert sum(len(values) for _, values in levels) >= 2
    assert [places(item) for item in window.received] == [{0.5 + 1j, 1e6}] * 7


def test_the_wheel_zooms_and_view_all_returns(application):
    window = shown(np.ones((10, 7)), 0)
    window.show()
    display_events.wheel(window, window.plots[0])
    assert min(display_events.ratio_of_ranges(window.plots[0])) < 0.9
    window.view_all()
    assert min(display_events.ratio_of_ranges(window.plots[0])) == pytest.approx(1.0)
    window.close()


def test_a_signal_is_handled_when_no_lock_is_held(application):
    sink, free = advphy.constellation_sink(MODEL), []
    lock, window = sink.record._lock, sink.qwidget()

    def wait_for_the_blocks(number, frame):
        free.append(lock.acquire(timeout=0.1))
        if free[-1]:
            lock.release()  # the window may look in the same turn of the event loop

    before = signal.signal(signal.SIGTERM, wait_for_the_blocks)
    try:
        window.show()
        application.processEvents()
        with lock:
            os.kill(os.getpid(), signal.SIGTERM)
        assert free == []
        application.processEvents()
        assert free == [True]
    finally:
        signal.signal(signal.SIGTERM, before)
        window.close()


def test_the_channel_use_is_changed_while_it_is_shown(application):
    sink = advphy.constellation_sink("hamming74_ml")
    window = sink.qwidget()
    painted(window)
    sink.set_channel_use(3)
    painted(window)
    assert len(window.plots) == 1
    sink.set_channel_use(-1)
    painted(window)
    assert len(window.plots) == 7


def test_symbols_that_are_not_finite_are_left_out(application):
    vectors = np.full((100, 7), 0.5 + 1j)
    vectors[::2] = np.nan
    vectors[1] = np.inf
    assert places(shown(vectors, 0).received[0]) == {0.5 + 1j}
    shown(np.full((100, 7), np.nan), -1)


def test_without_a_vector_it_says_so(application):
    assert "nothing received yet" in shown(np.empty((0, 7)), -1)._below.text()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"channel_use": 7}, "channel_use must be 0..6.*got 7"),
        ({"channel_use": -2}, "channel_use must be.*got -2"),
        ({"channel_use": 1.5}, "channel_use must be.*got 1.5"),
        ({"points": 0}, "points must be.*got 0"),
        ({"points": 1e9}, "points must be.*got 1000000000.0"),
        ({"frame_rate": 0}, "frame_rate must be.*got 0"),
        ({"model": "nonsense"}, "'nonsense' is neither"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, named):
    with pytest.raises(ValueError, match=named) as refused:
        advphy.constellation_sink(**({"model": "hamming74_ml"} | arguments))
    assert "\n" not in str(refused.value)
