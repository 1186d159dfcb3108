# SPDX-License-Identifier: GPL-3.0-or-later
"""Base classes of the display blocks."""

import importlib

from ..reports import listening_block
from .display_arguments import checked_frame_rate


class window_owner:
    """A block with a window; qwidget() imports Qt and makes the window.

    Class attributes:
        WINDOW: (name of the window's module, name of its class).
    """

    _window = None

    def set_window(self, title, frame_rate):
        """Store the window's arguments; ValueError if the frame rate is invalid."""
        self._window_arguments = title, checked_frame_rate(frame_rate)

    def qwidget(self):
        """Return the widget; the first call makes it and runs in the thread of Qt.

        Raises:
            ValueError: if there is no QApplication.
            ImportError: if PyQt5 or pyqtgraph is not installed.
        """
        if self._window is None:
            require("PyQt5.QtWidgets", "pyqtgraph")
            module, name = self.WINDOW
            kind = getattr(importlib.import_module(f".{module}", __package__), name)
            self._window = kind(*self.shown(), *self._window_arguments)
        return self._window

    def shown(self):
        """Return the first arguments of the window."""
        return (self.record,)


def require(*modules):
    """Import modules; ImportError names the package that is missing."""
    for module in modules:
        name = module.partition(".")[0]
        try:
            importlib.import_module(module)
        except ImportError:
            raise ImportError(
                f"{name} is not installed, which displays need; install "
                f"python3-{name.lower()}"
            ) from None


class message_display(window_owner, listening_block):
    """A block that shows the messages of its port "in".

    Args:
        name: name of the block.
        record: MessageRecord.
        title: title of the window.
        frame_rate: pictures a second.
    """

    def __init__(self, name, record, title, frame_rate):
        self.set_window(str(title), frame_rate)
        listening_block.__init__(self, name)
        self.record = record
        self.listen("in", record.post)

    def refused(self):
        """Return the number of messages that were not understood."""
        return self.record.refused()
