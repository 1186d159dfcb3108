# SPDX-License-Identifier: GPL-3.0-or-later
"""What the windows of the displays share: a timer, a menu, a light ground.

A timer of the window's thread asks whether anything changed; only then a picture is
painted, and less often where the stream needs the processors: see painting_share.
"""

import collections
import functools
import logging
import math
import statistics
import time

from .display_arguments import checked_frame_rate
from .painting_share import share
from .plot_painting import GREY, paint_text

LETTERS = 12, 17  # screen pixels, in a small window and in a large one


def require_application():
    """Raise unless widgets can be made.

    Raises:
        ImportError: PyQt5 is not installed.
        ValueError: there is no application of Qt.
    """
    try:
        from PyQt5 import QtWidgets
    except ImportError:
        raise ImportError(
            "PyQt5 is not installed, which shows windows; install python3-pyqt5"
        ) from None
    if QtWidgets.QApplication.instance() is None:
        raise ValueError(
            "there is no QApplication, wanted one before a window is made; generate "
            "the flowgraph as QT GUI, or begin with PyQt5.QtWidgets.QApplication([])"
        )


def paint_note(painter, window, note):
    """Paint a small line at the lower right."""
    if note:
        letter = window.set_font(painter, 0.8)
        paint_text(painter, window.width() - 0.5 * letter,
                   window.height() - 0.7 * letter, note, "right", GREY)  # fmt: skip


@functools.cache
def plot_window_class():
    """Return the class of widget that the windows inherit, which needs Qt to exist."""
    from PyQt5 import QtCore, QtGui, QtWidgets

    class PlotWindow(QtWidgets.QWidget):
        """A widget that paints a plot when what it shows has changed.

        A subclass has changed(), paint_still(painter) for what changes seldom, and
        paint_moving(painter); forget_still() has the former painted anew.
        """

        minimum = 320, 240
        error = None

        def __init__(self, title, frame_rate):
            super().__init__()
            self.title = title
            self._interval = math.ceil(1000 / checked_frame_rate(frame_rate))
            self._still, self._not_before, self._busy = None, 0.0, 0.0
            self._spent = collections.deque(maxlen=100)
            self.setAttribute(QtCore.Qt.WA_OpaquePaintEvent)
            self.setMinimumSize(*self.minimum)
            expanding = QtWidgets.QSizePolicy.Expanding
            self.setSizePolicy(expanding, expanding)
            self.setAccessibleName(title or type(self).__name__)
            self._add_actions()
            share.add(self)
            self._timer = QtCore.QTimer(self)  # ends with the widget
            self._timer.setTimerType(QtCore.Qt.PreciseTimer)
            self._timer.timeout.connect(self.look)
            self._timer.start(self._interval)

        def _add_actions(self):
            self.add_action("Save picture...", self._ask_for_picture)
            self.setContextMenuPolicy(QtCore.Qt.ActionsContextMenu)
            self._button = QtWidgets.QToolButton(self)
            self._button.setText("\u2630")
            self._button.setToolTip("Menu")
            self._button.setPopupMode(QtWidgets.QToolButton.InstantPopup)
            self._button.setStyleSheet(
                "QToolButton {background: white; color: #777; border: none}"
                "QToolButton::menu-indicator {image: none}"
            )
            self._button.addActions(self.actions())

        def add_action(self, text, function):
            """Add a line to the menu."""
            action = QtWidgets.QAction(text, self)
            action.triggered.connect(lambda checked: function())
            self.addAction(action)
            if hasattr(self, "_button"):
                self._button.addAction(action)

        def sizeHint(self):
            return QtCore.QSize(640, 400)

        def resizeEvent(self, event):
            self._button.setGeometry(self.width() - 26, 2, 24, 24)
            self.forget_still()

        def letter(self):
            """Return the height of letters, in screen pixels."""
            low, high = LETTERS
            return max(low, min(high, self.width() // 65, self.height() // 30))

        def set_font(self, painter, size=1.0, bold=False):
            """Choose letters; return their height."""
            painter.setFont(self._font(size, bold))
            return painter.fontMetrics().height()

        def _font(self, size, bold):
            font = QtGui.QFont(self.font())
            font.setPixelSize(round(self.letter() * size))
            font.setBold(bold)
            return font

        def paint_title(self, painter, left):
            """Paint the title at the top; return the height that it takes."""
            letter = self.set_font(painter, 1.15, bold=True)
            if not self.title:
                return 0.4 * letter
            room = int(self.width() - left - 30)
            text = painter.fontMetrics().elidedText(
                self.title, QtCore.Qt.ElideRight, room
            )
            paint_text(painter, left, 0.9 * letter, text)
            return 1.7 * letter

        def text_width(self, text, size=1.0, bold=False):
            """Return how wide a line of text is, in screen pixels."""
            return QtGui.QFontMetricsF(self._font(size, bold)).horizontalAdvance(text)

        def forget_still(self):
            """Have everything painted anew."""
            self._still = None
            self.update()

        def look(self):
            """Ask for a picture if there is something new and time for it."""
            due = self.isVisible() and time.monotonic() >= self._not_before
            if due:
                busy = time.thread_time()
                changed = self.changed()
                self._busy += time.thread_time() - busy
                if changed:
                    self.update()

        def frame_seconds(self):
            """Return what the last pictures took, the median, in seconds."""
            return statistics.median(self._spent) if self._spent else 0.0

        def pictures(self):
            """Return how many pictures have been painted, at most 100."""
            return len(self._spent)

        def paintEvent(self, event):
            begun, busy = time.perf_counter(), time.thread_time()
            painter = QtGui.QPainter(self)
            try:
                self._paint(painter)
            except Exception as error:  # Qt would end the process, flowgraph and all
                self.fail(error)
            painter.end()
            self._spent.append(time.perf_counter() - begun)
            self._busy += time.thread_time() - busy
            pause, self._busy = share.pause(self._busy), 0.0
            self._not_before = time.monotonic() + pause - 1e-3 * self._interval

        def _paint(self, painter):
            if self._still is None:
                self._still = self._painted_still()
            painter.drawPixmap(0, 0, self._still)
            painter.setRenderHint(QtGui.QPainter.Antialiasing)
            self.paint_moving(painter)

        def fail(self, error):
            """Keep the first error, log it, and look for nothing new any more."""
            self._timer.stop()
            if self.error is None:
                self.error = error
                name = type(self).__name__
                logging.getLogger(__name__).error("%s stops", name, exc_info=error)

        def _painted_still(self):
            ratio = self.devicePixelRatioF()
            picture = QtGui.QPixmap(
                round(self.width() * ratio), round(self.height() * ratio)
            )
            picture.setDevicePixelRatio(ratio)
            picture.fill(QtCore.Qt.white)
            painter = QtGui.QPainter(picture)
            painter.setRenderHint(QtGui.QPainter.Antialiasing)
            try:
                self.paint_still(painter)
            finally:
                painter.end()
            return picture

        def save_picture(self, path):
            """Write what is shown; the file's ending chooses the format.

            Raises:
                ValueError: the file cannot be written.
            """
            picture = QtGui.QPixmap(self.size() * self.devicePixelRatioF())
            picture.setDevicePixelRatio(self.devicePixelRatioF())
            self._button.hide()
            self.render(picture)
            self._button.show()
            if not picture.save(str(path)):
                raise ValueError(
                    f"{path}: cannot be written as a picture; wanted a name that ends "
                    "in .png, in a folder that may be written"
                )

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
