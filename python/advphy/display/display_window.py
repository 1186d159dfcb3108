# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of all windows: a timer checks for changes while the window is shown."""

import logging
import math
import signal
import threading
import time

from PyQt5 import QtWidgets
from PyQt5.QtCore import QTimer

from ..program_end import end_program
from .display_block import checked_frame_rate
from .top_window import prepare

PAINTED = 20  # largest number of pictures a second
BUSY = 0.6  # processor seconds a second of the blocks' threads
BUSY_PERIOD = 140  # least milliseconds between pictures beside busy blocks
IMMEDIATE = signal.default_int_handler, end_program  # they raise and wait for nothing


def defer_signals():
    """Let the program's handlers of signals run in the event loop, not in between.

    Those of Companion wait for the blocks. Inside fill() they would do so while the
    window holds the lock of a record for which a block waits.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python calls handlers only in the main thread
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        handler = signal.getsignal(number)
        if callable(handler) and handler not in IMMEDIATE:
            signal.signal(number, _Deferred(getattr(handler, "handler", handler)))


class _Deferred:
    """A handler that calls another one from the event loop."""

    def __init__(self, handler):
        self.handler = handler

    def __call__(self, *arguments):
        QTimer.singleShot(0, lambda: self.handler(*arguments))


class DisplayWindow(QtWidgets.QWidget):
    """A widget that is filled again whenever the state of its record has changed.

    A subclass implements fill(). The record has state(), which differs when the picture
    has to change; the name is for screen readers. At most PAINTED pictures a second.
    """

    error = None

    def __init__(self, record, name, frame_rate):
        if QtWidgets.QApplication.instance() is None:
            raise ValueError(
                "there is no QApplication; make one before the window: generate the "
                "flowgraph as QT GUI, or begin with PyQt5.QtWidgets.QApplication([])"
            )
        super().__init__()
        self.record, self._shown = record, None
        expanding = QtWidgets.QSizePolicy.Expanding
        self.setSizePolicy(expanding, expanding)
        self.setAccessibleName(name)
        rate = min(checked_frame_rate(frame_rate), PAINTED)
        self._period, self._looked, self._used = math.ceil(1000 / rate), 0.0, 0.0
        # It ends with the widget.
        self.timer = QTimer(self, interval=self._period, timeout=self.look)

    def showEvent(self, event):
        self.guarded(lambda: prepare(self.window(), self._rearrange))
        if self.error is None:
            self.timer.start()
            QTimer.singleShot(0, defer_signals)  # when the program has set its handlers

    def _rearrange(self):
        for display in self.window().findChildren(DisplayWindow):
            display.rearrange()

    def rearrange(self):
        """Adapt to another size of letters."""
        self.update()

    def hideEvent(self, event):
        self.timer.stop()

    def state(self):
        return self.record.state()

    def look(self):
        self.guarded(self._fill)
        now, used = time.monotonic(), time.process_time() - time.thread_time()
        busy = used - self._used > BUSY * (now - self._looked)
        self._looked, self._used = now, used
        period = max(self._period, BUSY_PERIOD * busy)
        if period != self.timer.interval():
            self.timer.setInterval(period)

    def refresh(self):
        self._shown = None
        self.look()

    def _fill(self):
        state = self.state()
        if state != self._shown:
            self._shown = state
            self.fill()

    def guarded(self, call):
        """Call a function; its first error stops the window and is logged."""
        try:
            call()
        except Exception as error:  # Qt would end the process with the flowgraph
            self.timer.stop()
            if self.error is None:
                self.error = error
                name = type(self).__name__
                logging.getLogger(__name__).error("%s stops", name, exc_info=error)
