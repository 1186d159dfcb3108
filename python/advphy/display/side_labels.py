# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels at the ends of curves, to the right of a plot, without overlaps."""

import html
from dataclasses import dataclass

from advphy_model.measure.curve_looks import apart
from PyQt5 import QtCore, QtGui

from .plot_items import INK, pyqtgraph

SHARE = 0.36  # largest share of the window's width for labels


@dataclass(frozen=True)
class Label:
    """Label at the end of a curve.

    Args:
        y: y at which the curve ends.
        name: name of the curve; shortened if there is no room.
        color: color of the glyph.
        glyph: marker or dashes of the curve.
        words: differences from others of the same name; shortened, too.
        value: newest value; never shortened.
        bold: whether the name is bold.
    """

    y: float
    name: str
    color: str = INK
    glyph: str = ""
    words: str = ""
    value: str = ""
    bold: bool = False


def lines_of(label, room, width, shortened):
    """Return the lines of text of a label.

    Args:
        label: Label.
        room: largest width of a line, in screen pixels.
        width: function of a text that returns its width.
        shortened: function of a text and a width that returns a shortened text.
    """
    both = ": ".join(filter(None, (label.words, label.value)))
    below = [both] if width(both) <= room else [label.words, label.value]
    lines = [f"{label.glyph} {label.name}" if label.glyph else label.name, *below]
    return [
        line if line == label.value else shortened(line, room) for line in lines if line
    ]


class SideLabels(pyqtgraph.ViewBox):
    """A column of labels next to a plot, which follows its vertical axis."""

    def __init__(self, plot):
        super().__init__(enableMenu=False, enableMouse=False)
        self._items, self._shown = [], None
        self.set_font(QtGui.QFont())
        self.setXRange(0, 1, padding=0)
        self.setYLink(plot)
        self.sigResized.connect(self._again)
        self.sigYRangeChanged.connect(self._again)

    def _again(self, *_):
        if self._shown is not None:
            self.show_labels(self._shown[0])
            self._place()

    def set_font(self, font):
        """Set the font."""
        bold = QtGui.QFont(font)
        bold.setBold(True)
        self._fonts = font, bold
        labels, self._shown = self._shown and self._shown[0], None
        for item in self._items:
            item.page = None
        if labels:
            self.show_labels(labels)

    def wanted_width(self, labels):
        """Return the width that labels need without shortening, in screen pixels."""
        bold = QtGui.QFontMetricsF(self._fonts[1])
        texts = [f"{label.glyph} {label.name}" for label in labels]
        texts += [
            ": ".join(filter(None, (label.words, label.value))) for label in labels
        ]
        return max(map(bold.horizontalAdvance, texts), default=0) + 12

    def texts(self):
        """Return the text of each visible label."""
        return [item.toPlainText() for item in self._items if item.isVisible()]

    def show_labels(self, labels):
        """Show labels; only those that changed are written."""
        state = labels, self.width()
        if state == self._shown:
            return
        self._shown = state
        while len(self._items) < len(labels):
            self._items.append(pyqtgraph.TextItem(color=INK))
            self._items[-1].page = None
            self._items[-1].textItem.document().setDocumentMargin(0)
            self.addItem(self._items[-1], ignoreBounds=True)
        for number, item in enumerate(self._items):
            item.setVisible(number < len(labels))
        for item, label in zip(self._items, labels, strict=False):
            page = self._page(label)
            if page != item.page:
                item.page = page
                item.setFont(self._fonts[0])
                item.setHtml(page)
        self._place()

    def _page(self, label):
        metrics = QtGui.QFontMetricsF(self._fonts[label.bold])
        lines = lines_of(
            label,
            self.width() - 10,
            metrics.horizontalAdvance,
            lambda text, room: metrics.elidedText(text, QtCore.Qt.ElideRight, room),
        )
        first, *below = map(html.escape, lines)
        if label.glyph:
            colored = f"<span style='color: {label.color}'>{label.glyph}</span>"
            first = first.replace(label.glyph, colored, 1)
        return "<br>".join([f"<b>{first}</b>" if label.bold else first, *below])

    def _place(self):
        if not self._shown or not self._shown[0]:
            return
        labels = self._shown[0]
        low, high = self.viewRange()[1]
        scale = (high - low) / max(self.height(), 1)
        sizes = [item.boundingRect().height() + 2 for item in self._items]
        sizes = sizes[: len(labels)]
        wanted = [(high - label.y) / scale for label in labels]
        places = apart(wanted, sizes, 0, self.height())
        for item, place, size in zip(self._items, places, sizes, strict=False):
            top = high - (place - size / 2) * scale
            item.setPos(QtCore.QPointF(0.03, top))
