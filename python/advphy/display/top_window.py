# SPDX-License-Identifier: GPL-3.0-or-later
"""The window around the displays: look, letters, size, full screen, decimal mark.

ADVPHY_LOOK is "light" or "dark"; ADVPHY_FONT_SCALE, 0.5..4, is the size of letters.
F11 fills the screen, Ctrl and + or - change the letters, Ctrl and 0 sets them back.
"""

import os

from PyQt5 import QtCore, QtGui, QtWidgets

FIRST_SIZE = 1280, 760  # of a window for which Companion or the user has no other
LOW = 300  # pixels; a window whose parts need less, such as a readout, stays small
STEP = 1.1  # of the letters, for each key press
LOOKS = {  # gray, pale, ink and background
    "light": ("#555555", "#BBBBBB", "#111111", "#FFFFFF"),
    "dark": ("#AAAAAA", "#666666", "#EEEEEE", "#1B1B1F"),
}


def _chosen(name, default, read):
    text = os.environ.get(name) or default
    try:
        return read(text)
    except (KeyError, ValueError):
        rule = "0.5..4" if name == "ADVPHY_FONT_SCALE" else " or ".join(LOOKS)
        raise ValueError(f"{name} must be {rule}, got {text!r}; unset it") from None


def _scale_of(text):
    if not 0.5 <= float(text) <= 4:
        raise ValueError
    return float(text)


GRAY, PALE, INK, PAPER = _chosen("ADVPHY_LOOK", "light", LOOKS.__getitem__)
FIRST_SCALE = _chosen("ADVPHY_FONT_SCALE", "1", _scale_of)


def scale_of(widget):
    """Return the size of the letters of a widget's window, 1 by default."""
    return widget.window().property("advphy_scale") or FIRST_SCALE


def prepare(top, arrange):
    """Prepare a top-level window once; arrange() adapts its displays to the letters."""
    if top.property("advphy_scale"):
        return
    top.setProperty("advphy_scale", FIRST_SCALE)
    top.setLocale(QtCore.QLocale.c())  # the plots have decimal points
    _shorten(top)
    _keep_choices(top)
    size = top.font().pointSizeF()

    def rescale(factor):
        wanted = scale_of(top) * factor or FIRST_SCALE
        scale = min(4.0, max(0.5, wanted))
        top.setProperty("advphy_scale", scale)
        font = top.font()
        font.setPointSizeF(size * scale)
        top.setFont(font)
        arrange()

    def full_screen():
        top.showNormal() if top.isFullScreen() else top.showFullScreen()

    keys = {"F11": full_screen, "Ctrl+0": lambda: rescale(0)}
    keys |= dict.fromkeys(("Ctrl++", "Ctrl+="), lambda: rescale(STEP))
    keys["Ctrl+-"] = lambda: rescale(1 / STEP)
    for key, call in keys.items():
        QtWidgets.QShortcut(QtGui.QKeySequence(key), top, activated=call)
    if FIRST_SCALE != 1:
        rescale(1)
    if LOOKS["dark"][3] == PAPER:
        top.setPalette(_dark())
    _fit(top)


def _shorten(top):
    """Give the numbers of GNU Radio's ranges the decimals of a step, as in 8.0."""
    for box in top.findChildren(QtWidgets.QDoubleSpinBox):
        if hasattr(box, "rangeType"):
            numbers = box.singleStep(), box.value()
            digits = max(len(f"{v:g}".partition(".")[2]) for v in numbers)
            few = 0 if box.rangeType is int else max(1, digits)
            box.setDecimals(min(few, box.decimals()))


def _keep_choices(top):
    """Have Companion's choosers shrink, which hide their box if it does not fit."""
    for bar in top.findChildren(QtWidgets.QToolBar):
        for box in bar.findChildren(QtWidgets.QComboBox):
            box.setSizeAdjustPolicy(box.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumWidth(60)
            box.setSizePolicy(QtWidgets.QSizePolicy.Expanding, box.sizePolicy().Fixed)
            box.setToolTip(" / ".join(map(box.itemText, range(box.count()))))


def _dark():
    palette, role = QtGui.QPalette(), QtGui.QPalette
    for roles, color in (
        ((role.Window,), PAPER),
        ((role.Base, role.Button, role.AlternateBase), "#44444C"),  # PAPER hides boxes
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText), INK),
        ((role.Mid, role.Dark, role.Shadow), PALE),
    ):
        for each in roles:
            palette.setColor(each, QtGui.QColor(color))
    return palette


def _fit(top):
    """Give a window its first size, or that of a screen that is smaller.

    Qt keeps in WA_Resized whether somebody has chosen a size.
    """
    screen = QtWidgets.QApplication.primaryScreen().availableGeometry()
    if not top.testAttribute(QtCore.Qt.WA_Resized) and hasattr(top, "top_scroll"):
        hint = top.sizeHint()
        top.resize(hint if hint.height() < LOW else QtCore.QSize(*FIRST_SIZE))
    top.resize(top.size().boundedTo(screen.size()))
    if not screen.contains(top.geometry()):
        top.move(screen.topLeft())
