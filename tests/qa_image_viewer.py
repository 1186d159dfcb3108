# SPDX-License-Identifier: GPL-3.0-or-later
"""The image viewer: frames that belong together, painted beside the stream."""

import re
import threading
import time

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.display import image_viewer, image_window
from gnuradio.advphy.display.image_viewer import ImageRecord
from PyQt5 import QtCore

from .display_events import Paintings, until
from .qa_grc import ran

SHAPE, PIXELS = (8, 6), 48


def numbered(frames, offset=0.0):
    """Return a source of images whose pixels are the index of the frame + offset."""
    images = np.repeat(np.arange(frames) + offset, PIXELS)
    return blocks.vector_source_f(images.tolist(), False, PIXELS)


def slow_copy(items):
    """Return a block that passes a few items on at a time."""
    block = blocks.copy(4 * PIXELS)
    block.set_max_noutput_items(items)
    return block


def endless(level):
    """Return a source of images of one level."""
    return blocks.vector_source_f([level] * PIXELS, True, PIXELS)


def test_the_newest_frames_are_shown_and_are_the_same_of_all_inputs():
    viewer = advphy.image_viewer(SHAPE, "a, b, c", rows=4)
    flowgraph = advphy.top_block()
    source = blocks.throttle(4 * PIXELS, 20_000)
    flowgraph.connect(numbered(20_000), source)
    for port, items in enumerate((1000, 7, 64)):
        offset = blocks.add_const_vff([port / 4] * PIXELS)
        flowgraph.connect(source, *[slow_copy(items) for _ in range(1 + port)], offset)
        flowgraph.connect(offset, (viewer, port))
    seen = []
    flowgraph.start()
    while not seen or seen[-1][0] < 20_000:
        seen.append(viewer.newest())
        time.sleep(0.002)
    flowgraph.wait()
    assert len({end for end, _ in seen}) > 3
    for end, frames in seen:
        wanted = np.arange(max(0, end - 4), end, dtype=np.float32)
        for port in range(3):
            assert np.array_equal(frames[port, :, 0], wanted + port / 4)
    assert seen[-1][1].shape == (3, 4, PIXELS)


def test_a_stream_that_runs_ahead_is_not_held_back():
    viewer = advphy.image_viewer(SHAPE, "ahead, slow", rows=2)
    flowgraph = advphy.top_block()
    behind = blocks.throttle(4 * PIXELS, 100)
    flowgraph.connect(numbered(20_000), (viewer, 0))
    flowgraph.connect(numbered(10), behind, (viewer, 1))
    flowgraph.run()
    assert [tap.nitems_read(0) for tap in viewer.taps] == [20_000, 10]


def test_the_same_viewer_shows_a_second_run():
    viewer = advphy.image_viewer(SHAPE, "a, b", rows=2)
    flowgraph = advphy.top_block()
    source = numbered(100)
    for port in range(2):
        flowgraph.connect(source, (viewer, port))
    for _ in range(2):
        flowgraph.run()
        assert viewer.newest()[1][:, :, 0].tolist() == [[98, 99]] * 2
        source.rewind()


def test_fewer_frames_than_rows_are_shown():
    viewer = advphy.image_viewer(SHAPE, rows=3)
    flowgraph = advphy.top_block()
    flowgraph.connect(numbered(2), viewer)
    flowgraph.run()
    end, frames = viewer.newest()
    assert (end, frames[0, :, 0].tolist()) == (2, [0, 1])


def put(record, first, items, port=0):
    """Let images from an index on arrive, whose pixels are their index."""
    images = np.repeat(np.arange(first, first + items, dtype=np.float32), PIXELS)
    record.put(port, images.reshape(-1, PIXELS), first)


def shown(record):
    return record.newest()[1][0, :, 0].tolist()


def test_windows_with_one_period_show_the_same_images():
    record = image_viewer.ImageRecord
    early, late = record(1, 2, SHAPE, 100), record(1, 2, SHAPE, 100)
    seen = []
    for first in range(0, 1000, 25):
        put(early, first, 25)
        if first >= 250:  # begins later and hears in other pieces, 5 images behind
            for at in (first - 5, first + 5):
                put(late, at, 10 if at < first else 15)
            seen.append((shown(early), shown(late)))
    assert late.newest()[0] == 902
    wanted = [[100.0 * m, 100.0 * m + 1] for m in range(3, 10)]
    assert [pair[0] for pair in seen if pair[0] == pair[1]][-1] == wanted[-1]
    same = sum(a == b for a, b in seen)
    assert same >= 0.7 * len(seen)  # but for the 5 images, in steps of 25
    assert all(b in wanted or not b for _, b in seen)
    assert early.text() == "items 900 to 901"
    at_once = record(1, 2, SHAPE, 100)
    put(at_once, 0, 950)
    assert shown(at_once) == [900, 901]
    for first in (123_380, 123_400):
        put(early, first, 20)
    assert early.text() == "items 123\u2009400 to 123\u2009401"


def test_an_image_of_a_missed_burst_is_not_taken_for_another_one():
    record = image_viewer.ImageRecord(1, 2, SHAPE, 64)
    put(record, 0, 65)  # of the next group only the first image arrives
    put(record, 66, 30)
    assert np.array_equal(shown(record), [64, np.nan], equal_nan=True)
    put(record, 0, 10)  # the sender began anew
    assert shown(record) == [0, 1]
    plain = image_viewer.ImageRecord(1, 2, SHAPE)
    put(plain, 0, 3)
    put(plain, 9, 1)
    assert np.array_equal(shown(plain), [np.nan, 9], equal_nan=True)
    assert plain.text() == "items 8 to 9"


def test_the_index_comes_from_the_bursts():
    link, bursts = advphy.SemanticLink.load("semantic_mnist"), 3
    frame = advphy.Frame.of_model(link, codewords=64)
    flowgraph, viewer = advphy.top_block(), advphy.image_viewer((28, 28), every=64)
    flowgraph.connect(
        advphy.image_source(frames=bursts * 64),
        advphy.semantic_encoder(link),
        advphy.burst_modulator(link, frame, first_frame=100),
        advphy.burst_synchronizer(link, frame),
        advphy.semantic_decoder(link),
        viewer,
    )
    flowgraph.run()
    assert viewer.newest()[0] == (100 + bursts - 1) * 64 + 3
    assert viewer.record.text() == "items 6\u2009528 to 6\u2009530"


def test_thousands_of_groups_arrive_at_once():
    record = ImageRecord(inputs=1, rows=1, image_shape=(1, 1), every=1)
    record.put(0, np.arange(6000, dtype=np.float32)[:, np.newaxis], 0)
    assert (record.text(), record.newest()[1].item()) == ("item 5\u2009999", 5999)


def test_a_fast_stream_is_painted_no_more_often_than_the_frame_rate(application):
    viewer = advphy.image_viewer(SHAPE, frame_rate=10)
    window = viewer.qwidget()
    timer = window.findChild(QtCore.QTimer)
    assert timer.interval() == 100
    timer.stop()
    window.show()
    application.processEvents()
    paintings = Paintings(window)
    for turn in range(3):
        flowgraph = advphy.top_block()
        flowgraph.connect(numbered(10_000 + turn), viewer)
        flowgraph.run()
        application.processEvents()
        assert paintings.count == turn  # not before the timer's time
        for _ in range(2):  # nothing new the second time
            timer.timeout.emit()
            application.processEvents()
    window.close()
    assert paintings.count == 3


def test_the_stream_goes_on_while_a_picture_is_painted(application, monkeypatch):
    begun, ended, threads = threading.Event(), threading.Event(), set()

    def painting_that_waits(painter, tile, levels):
        threads.add(threading.get_ident())
        begun.set()
        ended.wait()  # the stream goes on meanwhile

    monkeypatch.setattr(image_window, "paint_tile", painting_that_waits)
    viewer = advphy.image_viewer(SHAPE, frame_rate=30)
    window = viewer.qwidget()
    flowgraph = advphy.top_block()

    def stream():
        flowgraph.start()
        begun.wait()
        behind = viewer.newest()[0]
        while viewer.newest()[0] < behind + 50_000:
            time.sleep(0.001)
        ended.set()

    flowgraph.connect(endless(0.5), viewer)
    runner = threading.Thread(target=stream)
    runner.start()
    window.show()
    until(ended.is_set)
    runner.join()
    flowgraph.stop()
    flowgraph.wait()
    window.close()
    assert threads == {threading.main_thread().ident}


def test_the_flowgraph_survives_its_window(application):
    viewer = advphy.image_viewer(SHAPE, frame_rate=30)
    window = viewer.qwidget()
    assert viewer.qwidget() is window
    window.show()
    flowgraph = advphy.top_block()
    flowgraph.connect(endless(0.5), viewer)
    flowgraph.start()
    application.processEvents()
    window.close()
    window.deleteLater()
    application.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
    application.processEvents()
    before = viewer.newest()[0]
    until(lambda: viewer.newest()[0] > before)
    flowgraph.stop()
    flowgraph.wait()
    assert [tap.error for tap in viewer.taps] == [None]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"image_shape": 784}, "image_shape must be.*got 784"),
        ({"image_shape": (28, 28, 4)}, r"image_shape must be.*got \(28, 28, 4\)"),
        ({"image_shape": (28, 0)}, r"image_shape must be.*got \(28, 0\)"),
        ({"titles": "a,b,c,d,e,f,g"}, "names 7 columns"),
        ({"titles": "a,,b"}, "none of them empty"),
        ({"titles": ""}, "titles = ''"),
        ({"rows": 0}, "rows must be.*got 0"),
        ({"rows": 1.5}, "rows must be.*got 1.5"),
        ({"every": 2}, "every must be.*>= rows = 3, got 2"),
        ({"frame_rate": 31}, "frame_rate must be.*got 31"),
        ({"frame_rate": 0}, "frame_rate must be.*got 0"),
        ({"frame_rate": float("nan")}, "frame_rate must be.*got nan"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, named):
    with pytest.raises(ValueError, match=named) as refused:
        advphy.image_viewer(**({"image_shape": SHAPE} | arguments))
    assert re.search("must be|; give", str(refused.value))
    assert "\n" not in str(refused.value)


def test_without_a_window_it_is_a_sink_that_needs_no_qt():
    program = """if True:
        import sys
        from gnuradio import advphy, blocks
        viewer = advphy.image_viewer((2, 2))
        flowgraph = advphy.top_block()
        flowgraph.connect(blocks.vector_source_f([0.5] * 40, False, 4), viewer)
        flowgraph.run()
        print(viewer.newest()[0], "PyQt5" in sys.modules)
        try:
            viewer.qwidget()
        except ValueError as error:
            print(error)
    """
    found = ran("-c", program)
    assert "10 False\nthere is no QApplication; make one" in found.stdout
