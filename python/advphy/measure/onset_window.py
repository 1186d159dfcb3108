# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of a display."""

from .plot_window import require_application


def onset_window(**settings):
    """Return the widget."""
    require_application()
    from PyQt5 import QtWidgets

    return QtWidgets.QWidget()
