# SPDX-License-Identifier: GPL-3.0-or-later
"""What plots are painted with: colours, markers, lines of numpy arrays, a frame.

Qt's painter rather than a plotting library, so that a picture costs the stream little:
five curves with intervals and four overlays at 1280x800 took 2.8 ms with it, 6 to 8 ms
with pyqtgraph 0.13.1 and 32 to 35 ms with matplotlib 3.6 (9 to 12 ms where only what
changed was painted), on one core that the stream needs, too.
"""

import functools

import numpy as np

# Okabe and Ito (2008): told apart by colour-blind readers; with markers, in grey too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY, PALE, INK = "#555555", "#DDDDDD", "#111111"

_CORNERS = {
    "s": [(-.9, -.9), (.9, -.9), (.9, .9), (-.9, .9)],
    "^": [(0, -1.15), (1.05, 0.8), (-1.05, 0.8)],
    "v": [(0, 1.15), (1.05, -0.8), (-1.05, -0.8)],
    "D": [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
    "P": [(-.35, -1.1), (.35, -1.1), (.35, -.35), (1.1, -.35), (1.1, .35),
          (.35, .35), (.35, 1.1), (-.35, 1.1), (-.35, .35), (-1.1, .35), (-1.1, -.35),
          (-.35, -.35)],
    "X": [(0, -.45), (.6, -1.05), (1.05, -.6), (.45, 0), (1.05, .6), (.6, 1.05),
          (0, .45), (-.6, 1.05), (-1.05, .6), (-.45, 0), (-1.05, -.6), (-.6, -1.05)],
}  # fmt: skip


@functools.lru_cache(256)
def colour(name, opacity=1.0):
    """Return a QColor."""
    from PyQt5 import QtGui

    found = QtGui.QColor(name)
    found.setAlphaF(opacity)
    return found


def pen(name, width=1.0, style="solid", opacity=1.0):
    """Return a QPen; style is "solid", "dashed" or "dotted"."""
    from PyQt5 import QtCore, QtGui

    made = QtGui.QPen(colour(name, opacity), width)
    styles = {"dashed": QtCore.Qt.DashLine, "dotted": QtCore.Qt.DotLine}
    made.setStyle(styles.get(style, QtCore.Qt.SolidLine))
    return made


def polygon(x, y):
    """Return a QPolygonF of two arrays, copied at once."""
    from PyQt5 import QtGui

    points = np.empty((len(x), 2))
    points[:, 0], points[:, 1] = x, y
    made = QtGui.QPolygonF(len(points))
    if len(points):
        memory = made.data()
        memory.setsize(points.nbytes)
        np.frombuffer(memory, np.float64)[:] = points.ravel()
    return made


def paint_line(painter, x, y, line):
    """Paint a line through points, with a QPen."""
    from PyQt5 import QtCore

    painter.setPen(line)
    painter.setBrush(QtCore.Qt.NoBrush)
    painter.drawPolyline(polygon(x, y))


def paint_long_line(painter, x, y, name):
    """Paint a line of hundreds of points, about 1.5 pixels wide.

    A thin line, twice: Qt paints one of 1 pixel 40 times faster than one of 1.5.
    """
    from PyQt5 import QtCore

    points = polygon(x, y)
    painter.setPen(pen(name))
    painter.setBrush(QtCore.Qt.NoBrush)
    painter.drawPolyline(points)
    painter.drawPolyline(points.translated(0.4, 0.6))


def paint_dots(painter, x, y, name, opacity, size):
    """Paint thousands of translucent squares of 1 to 3 pixels.

    Each as single pixels, which Qt paints three times faster than points of 3.
    """
    points = polygon(x, y)
    painter.setRenderHint(painter.Antialiasing, False)
    painter.setPen(pen(name, opacity=opacity))
    for right in range(size):
        for down in range(size):
            painter.drawPoints(points.translated(right - size // 2, down - size // 2))
    painter.setRenderHint(painter.Antialiasing, True)


def paint_band(painter, x, low, high, fill):
    """Paint the area between two lines, with a QColor."""
    from PyQt5 import QtCore

    painter.setPen(QtCore.Qt.NoPen)
    painter.setBrush(fill)
    painter.drawPolygon(polygon(np.r_[x, x[::-1]], np.r_[low, high[::-1]]))


def paint_markers(painter, x, y, marker, size, edge, fill=None):
    """Paint markers of a radius around points, with a QPen and perhaps a QColor."""
    from PyQt5 import QtCore

    painter.setPen(edge)
    painter.setBrush(QtCore.Qt.NoBrush if fill is None else fill)
    if marker in _CORNERS:
        shape = polygon(*(size * np.array(_CORNERS[marker])).T)
        for at, above in zip(x.tolist(), y.tolist(), strict=True):
            painter.drawPolygon(shape.translated(at, above))
    else:
        for at, above in zip(x.tolist(), y.tolist(), strict=True):
            painter.drawEllipse(QtCore.QPointF(at, above), size, size)


def paint_bars(painter, x, low, high, line):
    """Paint vertical lines between two heights, with a QPen."""
    from PyQt5 import QtCore

    painter.setPen(line)
    ends = zip(x.tolist(), low.tolist(), high.tolist(), strict=True)
    bars = [QtCore.QLineF(at, bottom, at, top) for at, bottom, top in ends]
    if bars:
        painter.drawLines(bars)


def paint_arrow(painter, begin, end, line, head):
    """Paint an arrow from one (x, y) to another with a head of so many pixels."""
    from PyQt5 import QtCore

    (x0, y0), (x1, y1) = begin, end
    length = np.hypot(x1 - x0, y1 - y0)
    painter.setPen(line)
    if length < 1:
        painter.drawPoint(QtCore.QPointF(x0, y0))
        return
    along = np.array([x1 - x0, y1 - y0]) / length
    across, head = np.array([-along[1], along[0]]), min(head, 0.6 * length)
    neck = np.array([x1, y1]) - head * along
    painter.drawLine(QtCore.QPointF(x0, y0), QtCore.QPointF(*neck))
    painter.setPen(QtCore.Qt.NoPen)
    painter.setBrush(line.color())
    wings = np.array([(x1, y1), neck + 0.4 * head * across, neck - 0.4 * head * across])
    painter.drawPolygon(polygon(*wings.T))


def paint_text(painter, x, y, text, align="left", colour_name=INK):
    """Paint one line of text whose middle is at y, and which begins or ends at x.

    Returns:
        its width.
    """
    from PyQt5 import QtCore

    width = painter.fontMetrics().horizontalAdvance(text)
    height = painter.fontMetrics().height()
    left = x - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * width
    painter.setPen(colour(colour_name))
    place = QtCore.QRectF(left, y - height / 2, width + 2, height)
    flags = QtCore.Qt.AlignLeft | QtCore.Qt.AlignVCenter | QtCore.Qt.TextDontClip
    painter.drawText(place, int(flags), text)
    return width


def paint_frame(painter, axes, x_label, y_label, x_texts=True):
    """Paint grid, ticks and labels around axes."""
    from PyQt5 import QtCore

    letter = painter.fontMetrics().height()
    painter.setRenderHint(painter.Antialiasing, False)
    for value, text in axes.x_ticks(max(2, int(axes.width / (3.5 * letter)))):
        at = round(float(axes.x(value)))
        painter.setPen(pen(PALE))
        painter.drawLine(at, round(axes.top), at, round(axes.bottom))
        if x_texts:
            paint_text(painter, at, axes.bottom + 0.75 * letter, text, "centre")
    spacing = 1.3 if axes.log else 2.2
    for value, text in axes.y_ticks(max(2, int(axes.height / (spacing * letter)))):
        at = round(float(axes.y(value)))
        painter.setPen(pen(PALE))
        painter.drawLine(round(axes.left), at, round(axes.right), at)
        paint_text(painter, axes.left - 0.4 * letter, at, text, "right")
    painter.setPen(pen(GREY))
    if axes.log:  # how a decade is divided
        for value in np.outer(10.0 ** np.arange(-15, 0), range(2, 10)).ravel():
            at = round(float(axes.y(value)))
            if axes.top < at < axes.bottom:
                painter.drawLine(round(axes.left), at, round(axes.left) + 4, at)
    painter.setBrush(QtCore.Qt.NoBrush)
    painter.drawRect(QtCore.QRectF(axes.left, axes.top, axes.width, axes.height))
    painter.setRenderHint(painter.Antialiasing, True)
    middle = axes.left + axes.width / 2, axes.top + axes.height / 2
    if x_label:
        paint_text(painter, middle[0], axes.bottom + 1.9 * letter, x_label, "centre")
    if y_label:
        painter.save()
        painter.translate(axes.left - 3.4 * letter, middle[1])
        painter.rotate(-90)
        paint_text(painter, 0, 0, y_label, "centre")
        painter.restore()
