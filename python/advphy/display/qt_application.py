# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be there before a window is made, and what to do where it is not."""


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


def require_plots():
    """Raise unless plots can be made.

    Raises:
        ImportError: PyQt5 or pyqtgraph is not installed.
        ValueError: there is no application of Qt.
    """
    require_application()
    try:
        import pyqtgraph  # noqa: F401
    except ImportError:
        raise ImportError(
            "pyqtgraph is not installed, which draws plots; install python3-pyqtgraph"
        ) from None
