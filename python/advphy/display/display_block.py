# SPDX-License-Identifier: GPL-3.0-or-later
"""What the display blocks share: a window that is made late, messages that come in."""

import importlib

from ..reports import listening_block
from .display_arguments import checked_frame_rate


class window_owner:
    """A block with a window, which is made, and Qt imported, when it is asked for.

    Class attributes:
        WINDOW: (name of the window's module, name of its class).
    """

    _window = None

    def set_window(self, title, frame_rate):
        """Keep what the window will have; ValueError for a wrong frame rate."""
        self._window_arguments = title, checked_frame_rate(frame_rate)

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window.

        Raises:
            ValueError: there is no application of Qt.
            ImportError: PyQt5 or pyqtgraph is not installed.
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
    """Import modules; ImportError says which package is missing."""
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
        name: of the block.
        record: MessageRecord.
        title: of the window.
        frame_rate: pictures a second.
    """

    def __init__(self, name, record, title, frame_rate):
        self.set_window(str(title), frame_rate)
        listening_block.__init__(self, name)
        self.record = record
        self.listen("in", record.post)

    def refused(self):
        """Return how many messages were not understood."""
        return self.record.refused()
