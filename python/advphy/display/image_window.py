# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the image viewer: images in columns."""

import math

import numpy as np
from PyQt5 import QtCore, QtGui

from .display_window import DisplayWindow
from .top_window import scale_of

GAP = 10  # screen pixels between tiles
SMALLEST_COLUMN = 90  # screen pixels, enough for a title on several lines
NOT_FINITE = "no image"


def tiling(width, height, columns, rows, image_shape, title_height):
    """Return scale, top of the titles, and corners of the tiles [columns][rows].

    The scale is the number of screen pixels for each pixel of an image. It is a whole
    number if there is room, so that all pixels of an image have the same size. Width,
    height and title_height, the room above each column, are in screen pixels, too.
    """
    column, free = width / columns, height - title_height
    across, down = (column - GAP) / image_shape[1], (free / rows - GAP) / image_shape[0]
    scale = max(0.1, min(across, down))
    if scale >= 1:
        scale = math.floor(scale)
    tile_width, tile_height = scale * image_shape[1], scale * image_shape[0]
    top = max(0, (free - rows * (tile_height + GAP)) / 2)
    x = [round((c + 0.5) * column - tile_width / 2) for c in range(columns)]
    y = [round(top + title_height + r * (tile_height + GAP)) for r in range(rows)]
    return scale, round(top), [[(left, above) for above in y] for left in x]


def levels_of(image, image_shape):
    """Return an image of 0..1 as uint8 of its shape, or None if it is not finite."""
    if not np.isfinite(image).all():
        return None
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return levels.reshape(image_shape)


def paint_tile(painter, tile, levels):
    """Paint levels, or hatches if they are None, and a border around them."""
    if levels is None:
        painter.fillRect(tile, QtGui.QColor("white"))
        hatches = QtGui.QBrush(QtGui.QColor(90, 90, 90), QtCore.Qt.BDiagPattern)
        painter.fillRect(tile, hatches)
        text = painter.boundingRect(tile, QtCore.Qt.AlignCenter, NOT_FINITE)
        if text.width() + GAP < tile.width():
            painter.fillRect(text.adjusted(-5, -2, 5, 2), QtGui.QColor("white"))
            painter.save()
            painter.setPen(QtGui.QColor("black"))
            painter.drawText(tile, QtCore.Qt.AlignCenter, NOT_FINITE)
            painter.restore()
    else:
        rows, columns, *colors = levels.shape
        kind = QtGui.QImage.Format_RGB888 if colors else QtGui.QImage.Format_Grayscale8
        line = columns * math.prod(colors)  # bytes
        image = QtGui.QImage(levels.tobytes(), columns, rows, line, kind)
        painter.drawImage(tile, image)  # without smoothing
    painter.drawRect(tile.adjusted(-1, -1, 0, 0))


class ImageWindow(DisplayWindow):
    """Window with images, each stream in a column below its title; which they are."""

    BELOW = int(QtCore.Qt.AlignHCenter | QtCore.Qt.AlignBottom)

    def __init__(self, record, titles, frame_rate):
        super().__init__(record, f"images: {', '.join(titles)}", frame_rate)
        self._titles, self._images, self._text = titles, record.newest()[1], ""
        self.setMinimumSize(self._size(SMALLEST_COLUMN, 1, 1))

    def sizeHint(self):
        return self._size(240, 4, 5)

    def _size(self, least, across, down):
        """Return the size of the window for a scale, and the least of a column."""
        rows, columns = self.record.image_shape[:2]
        width = self.record.inputs * max(least, across * columns + GAP)
        return QtCore.QSize(width, self.record.rows * (down * rows + GAP) + 80)

    def fill(self):
        self._images, self._text = self.record.newest()[1], self.record.text()
        self.update()

    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        painter.setPen(self.palette().color(QtGui.QPalette.WindowText))
        top, tiles = self._tiles(painter)
        for column, of_column in enumerate(tiles):
            width, height = self.width() / self.record.inputs, of_column[0].top() - top
            place = QtCore.QRectF(column * width + GAP / 2, top, width - GAP, height)
            where = QtCore.Qt.AlignCenter | QtCore.Qt.TextWordWrap
            painter.drawText(place, int(where), self._titles[column])
            images = self._images[column]
            for tile, image in zip(of_column, images, strict=False):
                levels = levels_of(image, self.record.image_shape)
                paint_tile(painter, tile, levels)
            for tile in of_column[len(images) :]:  # no image yet
                painter.drawRect(tile.adjusted(-1, -1, 0, 0))
        bottom = self.rect().adjusted(GAP, 0, -GAP, -GAP // 2)
        painter.drawText(bottom, self.BELOW, self._text)
        painter.end()

    def _tiles(self, painter):
        """Set the font; return the top of the titles and the images' rectangles."""
        frames, font = self.record, self.font()
        font.setBold(True)
        plain = max(13, min(20, self.width() // 60))
        font.setPixelSize(round(plain * scale_of(self)))
        painter.setFont(font)
        letters = QtGui.QFontMetrics(font)
        room = QtCore.QRect(0, 0, self.width() // frames.inputs - GAP, 1000)
        flags = int(QtCore.Qt.TextWordWrap)
        rooms = (letters.boundingRect(room, flags, title) for title in self._titles)
        titles = GAP + max(room.height() for room in rooms)
        below = letters.height() + GAP // 2  # for the text with the index
        grid = frames.inputs, frames.rows, frames.image_shape
        scale, top, corners = tiling(self.width(), self.height() - below, *grid, titles)
        rows, columns = frames.image_shape[:2]
        size = round(scale * columns), round(scale * rows)
        return top, [[QtCore.QRect(*at, *size) for at in column] for column in corners]
