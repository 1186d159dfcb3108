# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the readout: a title, and a line of text for each sender."""

import functools
import html

from .display_arguments import interval
from .qt_application import require_application

NOTHING = "nothing has reported yet"


def readout_window(lines, title, frame_rate):
    """Return a widget that shows lines of text.

    Args:
        lines: function that returns [(name, text)].
        title: above them.
        frame_rate: how often a second they are written anew.

    Raises:
        ValueError: there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    require_application()
    return _window_class()(lines, title, frame_rate)


def text_of(title, lines):
    """Return a page of HTML."""
    rows = "".join(
        f"<tr><td style='white-space: nowrap'><b>{html.escape(name)}</b>"
        f"&nbsp;&nbsp;</td><td>{html.escape(text)}</td></tr>"
        for name, text in lines
    )
    above = f"<p style='margin: 0'><b>{html.escape(title)}</b></p>" if title else ""
    return above + (f"<table>{rows}</table>" if rows else html.escape(NOTHING))


@functools.cache
def _window_class():
    from PyQt5 import QtCore, QtWidgets

    class ReadoutWindow(QtWidgets.QLabel):
        def __init__(self, lines, title, frame_rate):
            super().__init__()
            self._lines, self._title = lines, title
            self.setTextFormat(QtCore.Qt.RichText)
            self.setAlignment(QtCore.Qt.AlignTop | QtCore.Qt.AlignLeft)
            self.setTextInteractionFlags(QtCore.Qt.TextSelectableByMouse)
            self.setWordWrap(True)
            self.setMargin(6)
            self.setStyleSheet("background: white; color: #222")
            self.setSizePolicy(
                QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Preferred
            )
            self.setAccessibleName(title or "readout")
            self._timer = QtCore.QTimer(self)  # ends with the widget
            self._timer.timeout.connect(self.look)
            self._timer.start(interval(frame_rate))
            self.look()

        # Its text grows and shrinks many times a second; the window must not.
        def sizeHint(self):
            return QtCore.QSize(320, 120)

        def minimumSizeHint(self):
            return QtCore.QSize(160, 60)

        def hasHeightForWidth(self):
            return False

        def look(self):
            text = text_of(self._title, self._lines())
            if text != self.text():
                self.setText(text)

    return ReadoutWindow
