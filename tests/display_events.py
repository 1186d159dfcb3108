# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the displays share: messages as blocks send them, and paintings."""

import time

import numpy as np
import pyqtgraph
from gnuradio.advphy.display.bler_curve_sink import BlerCurveRecord
from gnuradio.advphy.display.bler_curve_window import BlerCurveWindow
from gnuradio.advphy.display.onset_strip import OnsetRecord
from gnuradio.advphy.display.onset_window import OnsetWindow
from PyQt5 import QtCore, QtGui, QtWidgets

from .published_messages import said


def application():
    """Return the application of Qt."""
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


def counts(name="link", x=4.0, blocks=1000, errors=10, first=0, seed=1, at=0.0, **more):
    """Return a message of an error counter."""
    settings = {"ebn0_db": x, "noise_variance": 0.1, "kind": "awgn", **more}
    more = {"link": name, "seed": seed, "first_block": first, "time": at}
    return said(name, blocks, errors, settings, **more)


def attack(at, on, psr_db=-6.0, p=None, kind="universal"):
    """Return a message of a perturbation source."""
    settings = {"on": on, "psr_db": psr_db if on else -np.inf}
    message = {"kind": "psr", "name": "adversary", "time": at, "first_block": 0}
    message |= {"settings": settings | {"perturbation_kind": kind}, "blocks": 1}
    return message if p is None else message | {"p": p}


def estimate(at, detected, psr_db=-6.0, p=(0j,)):
    """Return a message of a perturbation canceller."""
    message = {"kind": "estimate", "name": "canceller", "time": at, "settings": {}}
    found = {"p": p, "weights": [1.0], "psr_db": psr_db, "detected": detected}
    return message | found


def curves_window(*messages, title="", frame_rate=15, **settings):
    """Return a window of BLER curves that has taken messages."""
    window = BlerCurveWindow(BlerCurveRecord(**settings), title, frame_rate)
    for message in messages:
        assert window.record.take(message)
    return window


def strip_window(*messages, **settings):
    """Return a window of an onset strip that has taken messages."""
    window = OnsetWindow(OnsetRecord(**settings))
    for message in messages:
        assert window.record.take(message)
    return window


def move_mouse(window, plot, x, y):
    """Move the mouse to a place of a plot; return what is said there."""
    pyqtgraph.setConfigOption("mouseRateLimit", 0)  # heed events however fast they come
    place = window.canvas.mapFromScene(plot.vb.mapViewToScene(QtCore.QPointF(x, y)))
    for away in (1, 0):
        event = QtGui.QMouseEvent(
            QtCore.QEvent.MouseMove,
            QtCore.QPointF(place.x() + away, place.y()),
            QtCore.Qt.NoButton,
            QtCore.Qt.NoButton,
            QtCore.Qt.NoModifier,
        )
        application().sendEvent(window.canvas.viewport(), event)
    return plot.vb.toolTip()


class Paintings(QtCore.QObject):
    """Count how often a widget is painted."""

    def __init__(self, widget):
        super().__init__()
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.count += event.type() == QtCore.QEvent.Paint
        return False


def attend(seconds, meanwhile=lambda: None):
    """Let Qt work for some time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        application().processEvents()
        meanwhile()
        time.sleep(0.001)


def until(condition):
    """Let Qt work until something is so; the limit is that of the whole test."""
    while not condition():
        application().processEvents()
        time.sleep(0.005)


def painted(window, width=640, height=400):
    """Return the picture of a window as [height, width, 3], red, green, blue."""
    window.resize(width, height)
    window.show()
    for _ in range(3):
        window.refresh()
        application().processEvents()
    picture = window.grab().toImage().convertToFormat(QtGui.QImage.Format_RGB32)
    window.hide()
    assert window.error is None
    data = picture.constBits().asarray(picture.sizeInBytes())
    lines = np.array(data, np.uint8).reshape(picture.height(), picture.width(), 4)
    return lines[:, :, 2::-1]


def wheel(window, plot):
    """Turn the mouse's wheel over a plot."""
    place = window.canvas.mapFromScene(plot.vb.sceneBoundingRect().center())
    viewport = window.canvas.viewport()
    event = QtGui.QWheelEvent(
        QtCore.QPointF(place),
        QtCore.QPointF(viewport.mapToGlobal(place)),
        QtCore.QPoint(),
        QtCore.QPoint(0, 240),
        QtCore.Qt.NoButton,
        QtCore.Qt.NoModifier,
        QtCore.Qt.NoScrollPhase,
        False,
    )
    application().sendEvent(viewport, event)


def ratio_of_ranges(plot):
    """Return how much of the home range is seen, of x and y."""
    home, seen = plot.vb.home, plot.vb.viewRange()
    return [(s[1] - s[0]) / (h[1] - h[0]) for s, h in zip(seen, home, strict=True)]
