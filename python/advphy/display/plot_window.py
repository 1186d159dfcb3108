# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of windows with plots: pyqtgraph axes, labels next to them, a menu."""

import time

from PyQt5 import QtCore, QtGui, QtWidgets

from .display_window import DisplayWindow
from .plot_items import Axis, DecadeAxis, HomeView, SideLabels, pyqtgraph
from .top_window import GRAY, INK, PAPER, scale_of

LABEL_SECONDS = 0.2  # between updates of the labels, which nobody reads faster
SHEET = f"""
PlotWindow, PlotWindow > QLabel {{background: {PAPER}; color: {INK}; border: none}}
PlotWindow > QToolButton {{background: transparent; color: {GRAY}; border: none}}
QToolButton::menu-indicator {{image: none}}
"""
SHARE, LETTERS = 0.3, 17  # width of labels: of the window's, at most so many letters
HEIGHTS = (11, 17)  # of letters in screen pixels, in a small and in a large window

_windows = {}  # id -> window that Qt has not destroyed


class PlotWindow(DisplayWindow):
    """A widget with plots that are updated when the record has changed.

    A subclass implements fill(), which sets the data of the plots, arrange(), which
    adapts to the size of the window, and, if it calls show_labels(), labels(), which
    returns a list of Labels for each column. Arguments: see DisplayWindow.
    """

    lines = 0  # lines of text below the plots that always have room

    def __init__(self, record, title, frame_rate):
        super().__init__(record, title or type(self).__name__, frame_rate)
        self.title, self.plots, self.columns = title, [], []
        self._labels_due, self._late = 0.0, False
        self.setAttribute(QtCore.Qt.WA_StyledBackground)
        self.setStyleSheet(SHEET)
        self.setMinimumSize(240, 220)
        self._add_parts()
        # A window of pyqtgraph crashes after Python has collected it; Qt destroys it.
        key = id(self)
        _windows[key] = self
        self.destroyed.connect(lambda *_: _windows.pop(key, None))

    def _add_parts(self):
        self.menu, self.canvas = QtWidgets.QMenu(self), pyqtgraph.GraphicsLayoutWidget()
        self.canvas.setBackground(PAPER)
        self.canvas.setAntialiasing(False)
        self.canvas.ci.setSpacing(2)
        plain, rich = QtCore.Qt.PlainText, QtCore.Qt.RichText
        self._above = QtWidgets.QLabel(self.title, wordWrap=True, textFormat=plain)
        self._above.setContentsMargins(8, 2, 28, 0)
        self._above.setVisible(bool(self.title))
        self._below = QtWidgets.QLabel(wordWrap=True, textFormat=rich)
        self._below.setContentsMargins(8, 0, 8, 2)
        self._below.setVisible(self.lines > 0)
        parts = QtWidgets.QVBoxLayout(self, spacing=0)
        parts.setContentsMargins(0, 0, 0, 0)
        for part, stretch in ((self._above, 0), (self.canvas, 1), (self._below, 0)):
            parts.addWidget(part, stretch)
        self._button = QtWidgets.QToolButton(self, text="\u2630", toolTip="Menu")
        self._button.setPopupMode(QtWidgets.QToolButton.InstantPopup)
        self._button.setMenu(self.menu)
        self.add_action("View all", self.view_all)
        self.add_saving("Save picture...", "Pictures (*.png)", self.save_picture)
        self.add_action("Export...", self._export)

    def add_action(self, text, function):
        """Add a menu entry that calls a function."""
        self.menu.addAction(text).triggered.connect(function)

    def add_plot(self, row, column=0, rows=None, log=False, **more):
        """Add axes with a grid at a place of the layout; return pyqtgraph's PlotItem.

        If `log`, the values on the axis are powers of ten of y, but for `rows`, see
        DecadeAxis. More arguments are those of the view.
        """
        left = DecadeAxis(rows) if log else Axis("left")
        axes = {"left": left, "bottom": Axis("bottom")}
        plot = pyqtgraph.PlotItem(viewBox=HomeView(self.menu, **more), axisItems=axes)
        plot.hideButtons()
        plot.setMenuEnabled(False, None)
        plot.vb.setBorder(pyqtgraph.mkPen(GRAY))
        plot.showGrid(x=True, y=True, alpha=0.12)
        self.canvas.addItem(plot, row, column)
        self.plots.append(plot)
        return plot

    def add_labels(self, row=0):
        self.columns.append(SideLabels())
        self.canvas.addItem(self.columns[-1], row, 1)
        return self.columns[-1]

    def label_axis(self, plot, side, text, room=2.9):
        """Write next to an axis; the room for it and the numbers is in letters."""
        axis, letter = plot.getAxis(side), self.letter()
        (axis.setWidth if side == "left" else axis.setHeight)(room * letter)
        axis.setLabel(text, **{"color": INK, "font-size": f"{letter}px"})
        axis.resizeEvent()  # centers the label

    def sizeHint(self):
        return QtCore.QSize(640, 400)

    def hasHeightForWidth(self):
        return False  # otherwise wrapped lines take all of the plots' height

    def resizeEvent(self, event):
        self._button.setGeometry(self.width() - 26, 1, 24, 22)
        self._button.raise_()
        self.rearrange()

    def rearrange(self):
        self.guarded(self._arrange)
        self._shown = None

    def letter(self):
        low, high = HEIGHTS
        plain = max(low, min(high, self.width() // 62, self.height() // 28))
        return round(plain * scale_of(self))

    def font_of(self, size=1.0, bold=False):
        font = QtGui.QFont(self.font())
        font.setPixelSize(round(self.letter() * size))
        font.setBold(bold)
        return font

    def _arrange(self):
        self._above.setFont(self.font_of(1.1, bold=True))
        self._below.setFont(self.font_of())
        self._button.setFont(self.font_of(1.1))
        height = QtGui.QFontMetrics(self.font_of()).lineSpacing()
        self._below.setMinimumHeight(self.lines * height + 2)
        self.canvas.ci.setContentsMargins(2, 0.7 * self.letter(), 8, 2)
        for plot in self.plots:
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.letter = self.letter()
                axis.setStyle(tickFont=self.font_of(0.95))
        for column in self.columns:
            column.set_font(self.font_of())
        if self.columns:  # it depends on nothing else, so that the axes stand still
            width = min(SHARE * self.width(), LETTERS * self.letter())
            self.canvas.ci.layout.setColumnFixedWidth(1, width)
        self._labels_due = 0.0
        self.arrange()

    def show_text(self, text):
        """Write HTML below the plots."""
        if text != self._below.text():
            self._below.setText(text)
            self._below.setVisible(bool(text) or self.lines > 0)

    def note(self):
        """Return a text about refused messages, or an empty text."""
        refused = self.record.refused()
        return f"messages not understood: {refused}" if refused else ""

    def view_all(self):
        for plot in self.plots:
            plot.vb.autoRange()

    def state(self):
        return self.record.state(), self._late and time.monotonic() >= self._labels_due

    def show_labels(self):
        """Write the labels, five times a second at most."""
        self._late = time.monotonic() < self._labels_due
        if self._late:
            return
        self._labels_due, written = time.monotonic() + LABEL_SECONDS, self.labels()
        for column, labels in zip(self.columns, written, strict=True):
            column.show_labels(labels)

    def save_picture(self, path):
        """Write a picture of the window; ValueError if the file cannot be written."""
        self.refresh()
        self._button.hide()
        picture = self.grab()
        self._button.show()
        if not picture.save(str(path)):
            raise ValueError(
                f"{path}: cannot be written as a picture; give a name that ends in "
                ".png, in a folder that may be written"
            )

    def _export(self):
        scene = self.canvas.scene()
        scene.contextMenuItem = self.plots[0].vb
        scene.showExportDialog()

    def add_saving(self, text, kinds, save):
        """Add a menu entry that saves to a file of `kinds`, such as "Name (*.ending)".

        A dialog shows an OSError or ValueError of save(path).
        """
        self.add_action(text, lambda: self._ask_and_save(text, kinds, save))

    def _ask_and_save(self, text, kinds, save):
        path, _ = QtWidgets.QFileDialog.getSaveFileName(self, text, "", kinds)
        ending = kinds.rpartition("*")[2].rstrip(")")
        try:
            if path:
                save(path if "." in path.rpartition("/")[2] else path + ending)
        except (OSError, ValueError) as error:
            QtWidgets.QMessageBox.warning(self, text, str(error))
