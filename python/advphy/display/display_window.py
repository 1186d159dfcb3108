# SPDX-License-Identifier: GPL-3.0-or-later
"""What all windows share: a timer that looks for news while the window is shown."""

import logging
import math

from PyQt5 import QtWidgets
from PyQt5.QtCore import QTimer

from .display_arguments import checked_frame_rate

PAINTED = 20  # pictures a second at most


class DisplayWindow(QtWidgets.QWidget):
    """A widget that fills in what its record shows, when that has changed.

    A subclass has fill(), called with the newest state().

    Args:
        record: has state(), on which a picture depends.
        name: of the window for readers of a screen.
        frame_rate: pictures a second; more than PAINTED count as PAINTED.

    Raises:
        ValueError: there is no application of Qt.
    """

    error = None

    def __init__(self, record, name, frame_rate):
        if QtWidgets.QApplication.instance() is None:
            raise ValueError(
                "there is no QApplication, make one before a window is made; generate "
                "the flowgraph as QT GUI, or begin with "
                "PyQt5.QtWidgets.QApplication([])"
            )
        super().__init__()
        self.record, self._shown = record, None
        expanding = QtWidgets.QSizePolicy.Expanding
        self.setSizePolicy(expanding, expanding)
        self.setAccessibleName(name)
        self.timer = QTimer(self)  # ends with the widget
        rate = min(checked_frame_rate(frame_rate), PAINTED)
        self.timer.setInterval(math.ceil(1000 / rate))
        self.timer.timeout.connect(self.look)

    def showEvent(self, event):
        if self.error is None:
            self.timer.start()

    def hideEvent(self, event):
        self.timer.stop()

    def state(self):
        """Return what a picture depends on."""
        return self.record.state()

    def fill(self):
        """Show what the record holds."""
        raise NotImplementedError

    def look(self):
        """Fill in what there is, if it is new."""
        self.guarded(self._fill)

    def refresh(self):
        """Show the newest at once."""
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
        except Exception as error:  # Qt would end the process, flowgraph and all
            self.timer.stop()
            if self.error is None:
                self.error = error
                name = type(self).__name__
                logging.getLogger(__name__).error("%s stops", name, exc_info=error)
