# SPDX-License-Identifier: GPL-3.0-or-later
"""What the windows of the displays share: pyqtgraph's plots, a timer, a menu.

While the window is shown a timer of its thread asks whether anything changed; only
then the plots get new data.
"""

import collections
import functools
import logging
import statistics
import time

from .display_arguments import interval
from .name_looks import GREY, INK
from .plot_items import axis_class, decade_axis_class, home_view_class

SHEET = f"""
PlotWindow, PlotWindow > QLabel {{background: white; color: {INK}; border: none}}
PlotWindow > QToolButton {{background: transparent; color: {GREY}; border: none}}
QToolButton::menu-indicator {{image: none}}
"""
LETTERS = 11, 17  # screen pixels, in a small window and in a large one


@functools.cache
def _canvas_class():
    import pyqtgraph

    class Canvas(pyqtgraph.GraphicsLayoutWidget):
        """The plots of a window, which tells it what painting them took."""

        def __init__(self, window):
            self._window = window
            super().__init__()
            self.setBackground("w")
            self.setAntialiasing(False)
            self.ci.setSpacing(2)

        def paintEvent(self, event):
            begun = time.perf_counter()
            super().paintEvent(event)
            self._window.painted(time.perf_counter() - begun)

    return Canvas


@functools.cache
def plot_window_class():
    """Return the class of widget that the windows inherit, which needs Qt to exist."""
    from PyQt5 import QtCore, QtGui, QtWidgets

    class PlotWindow(QtWidgets.QWidget):
        """A widget whose plots get new data when what they show has changed.

        A subclass has version(), on which a picture depends, fill(), which gives the
        plots their data, and perhaps arrange(), which follows size and letters.

        Args:
            title: above the plots.
            frame_rate: most pictures a second.
            record: has take(message), or None.
            mailbox: Mailbox that it collects from, or None.
        """

        minimum = 240, 220
        lines = 0  # of text below the plots that are always there
        error = None

        def __init__(self, title, frame_rate, record=None, mailbox=None):
            super().__init__()
            self.title, self._record, self._mailbox = title, record, mailbox
            self._refused, self._shown, self._filling = 0, None, 0.0
            self._spent = collections.deque(maxlen=100)
            self.plots = []
            self.setAttribute(QtCore.Qt.WA_StyledBackground)
            self.setStyleSheet(SHEET)
            self.setMinimumSize(*self.minimum)
            expanding = QtWidgets.QSizePolicy.Expanding
            self.setSizePolicy(expanding, expanding)
            self.setAccessibleName(title or type(self).__name__)
            self._add_parts()
            self.timer = QtCore.QTimer(self)  # ends with the widget
            self.timer.setInterval(interval(frame_rate))
            self.timer.timeout.connect(self.look)

        def _add_parts(self):
            self.menu, self.canvas = QtWidgets.QMenu(self), _canvas_class()(self)
            self._above, self._below = QtWidgets.QLabel(self.title), QtWidgets.QLabel()
            for label in (self._above, self._below):
                label.setWordWrap(True)
                label.setTextFormat(QtCore.Qt.RichText)
            self._above.setTextFormat(QtCore.Qt.PlainText)
            self._above.setContentsMargins(8, 2, 28, 0)
            self._above.setVisible(bool(self.title))
            self._below.setContentsMargins(8, 0, 8, 2)
            self._below.setVisible(self.lines > 0)
            parts = QtWidgets.QVBoxLayout(self)
            parts.setContentsMargins(0, 0, 0, 0)
            parts.setSpacing(0)
            parts.addWidget(self._above)
            parts.addWidget(self.canvas, 1)
            parts.addWidget(self._below)
            self._button = QtWidgets.QToolButton(self)
            self._button.setText("\u2630")
            self._button.setToolTip("Menu")
            self._button.setPopupMode(QtWidgets.QToolButton.InstantPopup)
            self._button.setMenu(self.menu)
            self.add_action("View all", self.view_all)
            self.add_action("Save picture...", self._ask_for_picture)
            self.add_action("Export...", self._export)

        def add_action(self, text, function):
            """Add a line to the menu."""
            self.menu.addAction(text).triggered.connect(lambda checked: function())

        def add_plot(self, row, column=0, rows=None, log=False, **more):
            """Add axes with a grid; return pyqtgraph's PlotItem.

            Args:
                row: of the layout.
                column: of it.
                rows: see DecadeAxis.
                log: whether y is the logarithm of what the axis says.
                more: of the view.
            """
            import pyqtgraph

            left = decade_axis_class()(rows) if log else axis_class()("left")
            plot = pyqtgraph.PlotItem(
                viewBox=home_view_class()(self.menu, **more),
                axisItems={"left": left, "bottom": axis_class()("bottom")},
            )
            plot.hideButtons()
            plot.setMenuEnabled(False, None)
            plot.vb.setBorder(pyqtgraph.mkPen(GREY))
            plot.showGrid(x=True, y=True, alpha=0.12)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pyqtgraph.mkPen(INK))
                axis.setTextPen(pyqtgraph.mkPen(INK))
                axis.enableAutoSIPrefix(False)
                axis.setStyle(
                    tickLength=0,
                    autoExpandTextSpace=False,
                    tickTextOffset=3,
                    hideOverlappingLabels=False,
                )
            self.canvas.addItem(plot, row, column)
            self.plots.append(plot)
            return plot

        def set_label_width(self, width):
            """Make room for labels right of the plots, in screen pixels."""
            parts = self.canvas.ci
            parts.layout.setColumnFixedWidth(1, width)
            parts.layout.activate()
            parts.setGeometry(self.canvas.range)  # it may have been wider than this

        def label_axis(self, plot, side, text):
            """Write what an axis is, in the letters of the window."""
            style = {"color": INK, "font-size": f"{self.letter()}px"}
            plot.getAxis(side).setLabel(text, **style)

        def sizeHint(self):
            return QtCore.QSize(640, 400)

        def hasHeightForWidth(self):
            return False  # else lines that wrap ask for all of the plots' height

        def showEvent(self, event):
            if self.error is None:
                self.timer.start()

        def hideEvent(self, event):
            self.timer.stop()

        def resizeEvent(self, event):
            self._button.setGeometry(self.width() - 26, 1, 24, 22)
            self._button.raise_()
            self._guarded(self._arrange)
            self._shown = None

        def letter(self):
            """Return the height of letters, in screen pixels."""
            low, high = LETTERS
            return max(low, min(high, self.width() // 62, self.height() // 28))

        def font_of(self, size=1.0, bold=False):
            """Return a QFont of the window."""
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
            self.arrange()

        def arrange(self):
            """Follow the size of the window."""

        def say(self, text):
            """Write HTML below the plots."""
            if text != self._below.text():
                self._below.setText(text)
                self._below.setVisible(bool(text) or self.lines > 0)

        def note(self):
            """Return what is wrong with messages, or an empty text."""
            refused = self.refused()
            return f"messages not understood: {refused}" if refused else ""

        def take(self, message):
            """Add a message, a dictionary; return whether it was understood."""
            understood = self._record.take(message)
            self._refused += not understood
            return understood

        def refused(self):
            """Return how many messages were not understood."""
            return self._refused + (self._mailbox.refused if self._mailbox else 0)

        def view_all(self):
            """Show the whole of each plot again."""
            for plot in self.plots:
                plot.vb.autoRange()

        def look(self):
            """Ask for a picture if there is something new."""
            begun = time.perf_counter()
            self._guarded(self._fill)
            self._filling = time.perf_counter() - begun

        def refresh(self):
            """Show the newest at once."""
            self._shown = None
            self._guarded(self._fill)

        def state(self):
            """Return what a picture depends on."""
            if self._mailbox is not None:
                self._mailbox.collect()
            return self.version(), self.refused()

        def _fill(self):
            state = self.state()
            if state != self._shown:
                self._shown = state
                self.fill()

        def _guarded(self, call):
            try:
                call()
            except Exception as error:  # Qt would end the process, flowgraph and all
                self.timer.stop()
                if self.error is None:
                    self.error = error
                    name = type(self).__name__
                    logger = logging.getLogger(__name__)
                    logger.error("%s stops", name, exc_info=error)

        def painted(self, seconds):
            """Count what a picture took."""
            self._spent.append(self._filling + seconds)
            self._filling = 0.0

        def frame_seconds(self):
            """Return what the last pictures took, the median, in seconds."""
            return statistics.median(self._spent) if self._spent else 0.0

        def save_picture(self, path):
            """Write what is shown; the file's ending chooses the format.

            Raises:
                ValueError: the file cannot be written.
            """
            self.refresh()
            self._button.hide()
            picture = self.grab()
            self._button.show()
            if not picture.save(str(path)):
                raise ValueError(
                    f"{path}: cannot be written as a picture; wanted a name that ends "
                    "in .png, in a folder that may be written"
                )

        def _export(self):
            scene = self.canvas.scene()
            scene.contextMenuItem = self.plots[0].vb
            scene.showExportDialog()

        def _ask_for_picture(self):
            self.ask_and_save("Save picture", "Pictures (*.png)", self.save_picture)

        def ask_and_save(self, caption, kinds, save):
            """Ask for a file and save to it; say in a window why that failed."""
            ending = kinds.rpartition("*")[2].rstrip(")")
            path, _ = QtWidgets.QFileDialog.getSaveFileName(self, caption, "", kinds)
            if not path:
                return
            try:
                save(path if "." in path.rpartition("/")[2] else path + ending)
            except (OSError, ValueError) as error:
                QtWidgets.QMessageBox.warning(self, caption, str(error))

    return PlotWindow
