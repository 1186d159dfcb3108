# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the readout: a title, and a line of text for each sender."""

import html

from PyQt5 import QtCore, QtWidgets

from .display_window import DisplayWindow
from .top_window import INK, PAPER, scale_of

BREAK = "_&#8203;"  # where a long name may be wrapped
SMALLEST = 9  # letters that are tried, in screen pixels
NOTHING = "nothing has reported yet"


def text_of(title, lines, refused=0):
    """Return the title, the lines and the number of refused messages as HTML."""
    rows = "".join(
        f"<tr><td style='white-space: nowrap'><b>{html.escape(name)}</b>"
        f"&nbsp;&nbsp;</td><td>{html.escape(text).replace('_', BREAK)}</td></tr>"
        for name, text in lines
    )
    above = f"<p style='margin: 0'><b>{html.escape(title)}</b></p>" if title else ""
    below = f"<p>messages not understood: {refused}</p>" if refused else ""
    return above + (f"<table>{rows}</table>" if rows else html.escape(NOTHING)) + below


class ReadoutWindow(DisplayWindow):
    """Window with a label whose text is updated."""

    def __init__(self, record, title, frame_rate):
        super().__init__(record, title or "readout", frame_rate)
        look = {"wordWrap": True, "textFormat": QtCore.Qt.RichText, "margin": 6}
        look["alignment"] = QtCore.Qt.AlignTop | QtCore.Qt.AlignLeft
        look["textInteractionFlags"] = QtCore.Qt.TextSelectableByMouse
        look["styleSheet"] = f"background: {PAPER}; color: {INK}"
        self._title, self.label = title, QtWidgets.QLabel(self, **look)
        self.look()

    # The text changes its size many times a second; the window must not.
    def sizeHint(self):
        return QtCore.QSize(560, 120)

    def minimumSizeHint(self):
        return QtCore.QSize(160, 60)

    def resizeEvent(self, event):
        self.label.resize(self.size())
        self.rearrange()

    def rearrange(self):
        font, width = self.label.font(), self.width()
        largest = round(max(13, min(18, width // 62)) * scale_of(self))
        for size in range(largest, SMALLEST - 1, -1):
            font.setPixelSize(size)
            self.label.setFont(font)
            if self.label.heightForWidth(width) <= self.height():
                break

    def fill(self):
        text = text_of(self._title, self.record.lines(), self.record.refused())
        if text != self.label.text():
            self.label.setText(text)
            self.rearrange()
