# SPDX-License-Identifier: GPL-3.0-or-later
"""What the window of the image viewer paints, and where."""

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.display import image_window
from PyQt5 import QtCore, QtGui

SHAPE, PIXELS = (8, 6), 48


def gray(picture):
    """Return the gray levels of a picture."""
    picture = picture.convertToFormat(QtGui.QImage.Format_Grayscale8)
    data = picture.constBits().asarray(picture.sizeInBytes())
    lines = np.array(data, np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return lines[:, : picture.width()]


def shown(streams, application, size=(400, 300), rows=1):
    """Return the gray levels of a window that shows streams of frames."""
    titles = ",".join("abcdef"[: len(streams)])
    viewer = advphy.image_viewer(SHAPE, titles, rows, 30)
    window = viewer.qwidget()
    flowgraph = advphy.top_block()
    for port, images in enumerate(streams):
        source = blocks.vector_source_f(np.ravel(images).tolist(), False, PIXELS)
        flowgraph.connect(source, (viewer, port))
    flowgraph.run()
    window.look()
    window.resize(*size)
    return gray(window.grab().toImage())


def test_an_image_that_is_not_finite_differs_from_black_and_from_none(application):
    black, broken = np.zeros(PIXELS), np.full(PIXELS, 0.5)
    broken[17] = np.nan
    picture = shown([black, broken], application)
    left, right = picture[60:240, 40:160], picture[60:240, 240:360]
    assert (left == 0).mean() > 0.9
    assert (right == 255).mean() > 0.4  # white with hatches
    assert len(np.unique(right)) > 1
    nothing = shown([np.empty(0), np.empty(0)], application)[60:240, 240:360]
    assert not np.array_equal(nothing, right)


def test_pixels_are_enlarged_without_smoothing(application):
    levels = np.arange(PIXELS, dtype=np.uint8).reshape(SHAPE) * 5
    picture = QtGui.QImage(60, 80, QtGui.QImage.Format_Grayscale8)
    painter = QtGui.QPainter(picture)
    image_window.paint_tile(painter, QtCore.QRect(0, 0, 60, 80), levels)
    painter.end()
    lines = gray(picture)
    inside = np.kron(levels, np.ones((10, 10)))[:-1, :-1]
    assert np.array_equal(lines[:79, :59], inside)


def test_a_picture_in_color_appears_byte_by_byte(application):
    shape, count = (4, 5, 3), 60
    viewer = advphy.image_viewer(shape, "a,b", 3, 30, from_bytes=True)
    viewer.qwidget()
    first = np.arange(count, dtype=np.uint8) * 4
    flowgraph = advphy.top_block()
    for port, sent in enumerate([first, np.r_[first, [255] * 17]]):
        flowgraph.connect(blocks.vector_source_b(sent.tolist()), (viewer, port))
    flowgraph.run()
    levels = np.rint(viewer.newest()[1][:, 0] * 255)
    assert np.array_equal(levels, [first, first])  # as far as both have come
    assert viewer.record.text() == "item 0"
    ahead = np.r_[first, [255] * (count + 1)]
    viewer.record.put(1, ahead[count + 17 :], count + 17)  # by more than a picture
    levels = np.rint(viewer.newest()[1][:, 0] * 255)
    assert np.array_equal(levels, [first, [255] * count])


def test_colors_are_painted_as_they_are():
    levels = np.zeros((2, 5, 3), np.uint8)  # 15 bytes a line, no multiple of 4
    levels[1, 4], levels[0, 2] = (255, 51, 0), (0, 102, 204)
    picture = QtGui.QImage(50, 20, QtGui.QImage.Format_RGB32)
    painter = QtGui.QPainter(picture)
    image_window.paint_tile(painter, QtCore.QRect(0, 0, 50, 20), levels)
    painter.end()
    seen = [QtGui.QColor(picture.pixel(*at)).getRgb()[:3] for at in ((45, 15), (25, 5))]
    assert seen == [(255, 51, 0), (0, 102, 204)]


def test_values_beyond_the_range_are_black_and_white():
    levels = image_window.levels_of(np.array([-3.0, 0, 0.5, 1, 9, 1]), (2, 3))
    assert levels.tolist() == [[0, 0, 128], [255, 255, 255]]


@pytest.mark.parametrize("size", [(400, 300), (1240, 640), (300, 900), (30, 20)])
def test_tiles_do_not_overlap_and_lie_in_the_window(size):
    scale, top, corners = image_window.tiling(*size, 3, 2, (28, 28), 30)
    side = scale * 28
    assert top >= 0
    assert scale >= 0.1
    for column, of_column in enumerate(corners):
        for row, (x, y) in enumerate(of_column):
            if size != (30, 20):  # smaller than a window gets
                assert column * size[0] / 3 <= x <= (column + 1) * size[0] / 3 - side
                assert y >= top + 30
                assert y + side <= size[1]
            if row:
                assert y >= of_column[row - 1][1] + side
