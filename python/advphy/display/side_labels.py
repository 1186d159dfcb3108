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
    """Label at the end of a curve."""

    y: float  # where the curve ends
    name: str  # shortened if there is no room
    color: str = INK  # of the glyph
    glyph: str = ""  # marker or dashes of the curve
    words: str = ""  # differences from others of the same name; shortened, too
    value: str = ""  # newest value; never shortened
    bold: bool = False

    @property
    def below(self):
        return ": ".join(filter(None, (self.words, self.value)))


class SideLabels(pyqtgraph.ViewBox):
    """A column of labels next to a plot, which follows its vertical axis."""

    def __init__(self, plot):
        super().__init__(enableMenu=False, enableMouse=False)
        self._items, self._shown, self._labels = [], None, []
        self.set_font(QtGui.QFont())
        self.setXRange(0, 1, padding=0)
        self.setYLink(plot)
        self.sigResized.connect(self._again)
        self.sigYRangeChanged.connect(self._again)

    def _again(self, *_):
        self.show_labels(self._labels)  # a label's text depends on the width
        self._place()

    def set_font(self, font):
        self._shown, bold = None, QtGui.QFont(font)
        bold.setBold(True)
        self._fonts = font, bold
        self.show_labels(self._labels)

    def wanted_width(self, labels):
        """Return the width that labels need without shortening, in screen pixels."""
        bold = QtGui.QFontMetricsF(self._fonts[1])
        texts = [f"{label.glyph} {label.name}" for label in labels]
        texts += [label.below for label in labels]
        return max(map(bold.horizontalAdvance, texts), default=0) + 12

    def texts(self):
        return [item.toPlainText() for item in self._items if item.isVisible()]

    def show_labels(self, labels):
        """Show labels, unless they are shown already."""
        if self._shown == (labels, self.width()):
            return
        self._shown, self._labels = (labels, self.width()), labels
        while len(self._items) < len(labels):
            self._items.append(pyqtgraph.TextItem(color=INK))
            self._items[-1].textItem.document().setDocumentMargin(0)
            self.addItem(self._items[-1], ignoreBounds=True)
        for number, item in enumerate(self._items):
            item.setVisible(number < len(labels))
        for item, label in zip(self._items, labels, strict=False):
            item.setFont(self._fonts[0])
            item.setHtml(self._page(label))
        self._place()

    def _page(self, label):
        """Return the HTML of a label, shortened except for the value."""
        metrics = QtGui.QFontMetricsF(self._fonts[label.bold])
        room, below = self.width() - 10, [label.below]
        if metrics.horizontalAdvance(label.below) > room:
            below = [label.words, label.value]
        lines = [f"{label.glyph} {label.name}" if label.glyph else label.name, *below]
        right = QtCore.Qt.ElideRight
        first, *below = (
            html.escape(s if s == label.value else metrics.elidedText(s, right, room))
            for s in filter(None, lines)
        )
        if label.glyph:
            colored = f"<span style='color: {label.color}'>{label.glyph}</span>"
            first = first.replace(label.glyph, colored, 1)
        return "<br>".join([f"<b>{first}</b>" if label.bold else first, *below])

    def _place(self, *_):
        if not self._labels:
            return
        low, high = self.viewRange()[1]
        scale = (high - low) / max(self.height(), 1)
        items = self._items[: len(self._labels)]
        sizes = [item.boundingRect().height() + 2 for item in items]
        wanted = [(high - label.y) / scale for label in self._labels]
        places = apart(wanted, sizes, 0, self.height())
        for item, place, size in zip(items, places, sizes, strict=True):
            top = high - (place - size / 2) * scale
            item.setPos(QtCore.QPointF(0.03, top))
