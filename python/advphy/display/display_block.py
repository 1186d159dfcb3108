# SPDX-License-Identifier: GPL-3.0-or-later
"""Base classes of the display blocks, and checks of their arguments."""

import importlib
import os
import sys

from advphy_model.checked_values import checked_number, checked_positive, checked_whole

from ..argument_checks import checking_block
from ..reports import listening_block

FASTEST = 30  # pictures a second; an eye cannot follow more


def checked_floor(floor):
    """Return the lowest block error rate of an axis; ValueError if it is invalid."""
    return checked_number("floor", floor, 1e-15, 0.5, "(lowest BLER that is drawn)")


def checked_frame_rate(rate):
    """Return the pictures a second of a window; ValueError if they are invalid."""
    return checked_positive("frame_rate", rate, FASTEST, "pictures a second")


def checked_seconds(seconds):
    """Return the time that a strip shows; ValueError if it is invalid."""
    return checked_number("seconds", seconds, 1, 3600, "s")


def checked_count(name, value, most, of):
    """Return a whole number in 1..most; ValueError if it is invalid."""
    return checked_whole(name, value, 1, most, f"of {of} in 1..{most}")


class window_owner(checking_block):
    """A block with a window, WINDOW = (name of its module, name of its class)."""

    _window = None

    def set_window(self, title, frame_rate):
        """Store the window's arguments; ValueError if the frame rate is invalid."""
        self._window_arguments = title, checked_frame_rate(frame_rate)

    def qwidget(self):
        """Return the widget; the first call makes it and runs in the thread of Qt.

        ValueError if there is no QApplication, ImportError without PyQt5 or pyqtgraph.
        """
        if self._window is None:
            require("PyQt5.QtWidgets", "pyqtgraph")
            module, name = self.WINDOW
            kind = getattr(importlib.import_module(f".{module}", __package__), name)
            self._window = kind(self.record, *self._window_arguments)
        return self._window


def require(*modules):
    """Import modules of PyQt5; ImportError names what is missing or does not fit."""
    os.environ["PYQTGRAPH_QT_LIB"] = "PyQt5"  # as GNU Radio 3.10, also next to PyQt6
    for module in modules:
        name = module.partition(".")[0]
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            raise ImportError(
                f"{name} is not installed, which displays need; install "
                f"python3-{name.lower()}"
            ) from None
    used = getattr(getattr(sys.modules.get("pyqtgraph"), "Qt", None), "QT_LIB", "PyQt5")
    if used != "PyQt5":
        raise ImportError(
            f"pyqtgraph was imported with {used}, but GNU Radio 3.10 uses PyQt5; "
            "import PyQt5 and gnuradio before it"
        )


class message_display(window_owner, listening_block):
    """A block that shows the messages of its port "in", which a MessageRecord keeps."""

    def __init__(self, record, title, frame_rate):
        self.set_window(str(title), frame_rate)
        listening_block.__init__(self, type(self).__name__)
        self.record = record
        self.listen("in", record.post)

    def refused(self):
        return self.record.refused()
