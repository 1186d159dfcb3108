# SPDX-License-Identifier: GPL-3.0-or-later
"""What the displays share: colours, a timer, the way to Qt."""

FASTEST = 30  # pictures a second; an eye follows no more
# Okabe and Ito (2008): told apart by colour-blind readers; with markers, in grey too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "t1", "d", "t", "+", "x")  # pyqtgraph's names


def checked_frame_rate(frame_rate):
    """Return a number of pictures a second, or raise ValueError."""
    if not isinstance(frame_rate, (int, float)) or not 0 < frame_rate <= FASTEST:
        raise ValueError(
            f"frame_rate = {frame_rate!r}, wanted more than 0 and at most "
            f"{FASTEST} a second; an eye follows no more"
        )
    return frame_rate


def require_application():
    """Raise unless widgets can be made.

    Raises:
        ImportError: PyQt5 or pyqtgraph is not installed.
        ValueError: there is no application of Qt.
    """
    try:
        from PyQt5 import QtWidgets
    except ImportError:
        raise ImportError(
            "PyQt5 is not installed, which shows windows; install python3-pyqt5"
        ) from None
    try:
        import pyqtgraph  # noqa: F401
    except ImportError:
        raise ImportError(
            "pyqtgraph is not installed, which draws plots; install python3-pyqtgraph"
        ) from None
    if QtWidgets.QApplication.instance() is None:
        raise ValueError(
            "there is no QApplication, wanted one before a window is made; generate "
            "the flowgraph as QT GUI, or begin with PyQt5.QtWidgets.QApplication([])"
        )
