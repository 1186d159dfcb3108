# SPDX-License-Identifier: GPL-3.0-or-later
"""The window around the displays: its size, letters, look, keys and decimal mark."""

import os
import subprocess
import sys

import pytest
from gnuradio.advphy.display.accuracy_strip import AccuracyRecord
from gnuradio.advphy.display.accuracy_window import AccuracyWindow
from gnuradio.advphy.display.top_window import FIRST_SIZE
from gnuradio.qtgui import Range, RangeWidget
from PyQt5 import QtCore, QtTest, QtWidgets


@pytest.fixture
def companion(application):
    """Return a window as Companion makes one, with a display and a number in it."""
    window = QtWidgets.QWidget()
    window.top_scroll = QtWidgets.QScrollArea(window)
    window.display = AccuracyWindow(AccuracyRecord())
    window.number = QtWidgets.QDoubleSpinBox(maximum=10_000, value=1234.5)
    parts = QtWidgets.QVBoxLayout(window)
    parts.addWidget(window.display)
    parts.addWidget(window.number)
    window.setLocale(QtCore.QLocale("de_DE"))
    yield window
    window.close()


def screen():
    return QtWidgets.QApplication.primaryScreen().availableGeometry().size()


def test_a_window_without_a_size_gets_one_that_fits(companion):
    companion.show()
    assert companion.size() == QtCore.QSize(*FIRST_SIZE).boundedTo(screen())


@pytest.mark.parametrize("size", [(420, 300), (5000, 4000)])
def test_a_chosen_size_is_kept_unless_the_screen_is_smaller(companion, size):
    companion.resize(*size)
    companion.show()
    assert companion.size() == QtCore.QSize(*size).boundedTo(screen())


def test_one_decimal_mark_in_a_window(companion):
    assert companion.number.text() == "1234,50"
    companion.show()
    assert companion.number.text() == "1234.50"


@pytest.mark.parametrize(
    ("step", "value", "kind", "text"),
    [(0.5, 8, float, "8.0"), (1, 3, int, "3"), (0.5, 8.25, float, "8.25")],
)
def test_numbers_of_sliders_are_as_short_as_their_steps(
    companion, step, value, kind, text
):
    values, given = Range(0, 10, step, value, 100), []
    slider = RangeWidget(values, given.append, "", "counter_slider", kind)
    companion.layout().addWidget(slider)
    companion.show()
    box = slider.findChild(QtWidgets.QDoubleSpinBox)
    assert (box.text(), given) == (text, [])
    box.stepUp()
    assert given == [pytest.approx(value + step)]


def test_a_chooser_that_does_not_fit_shrinks_instead_of_vanishing(companion):
    bar, box = QtWidgets.QToolBar(), QtWidgets.QComboBox()
    box.addItems([30 * "long ", "short"])
    bar.addWidget(QtWidgets.QLabel("Kind: "))
    bar.addWidget(box)
    companion.layout().addWidget(bar)
    companion.resize(300, 300)
    companion.show()
    assert box.isVisible()
    assert "short" in box.toolTip()


def test_keys_change_the_letters_and_fill_the_screen(companion):
    companion.show()
    QtWidgets.QApplication.setActiveWindow(companion)
    letter, font = companion.display.letter(), companion.font().pointSizeF()

    def press(key, *held):
        QtTest.QTest.keyClick(companion, key, *held)

    for _ in range(3):
        press(QtCore.Qt.Key_Plus, QtCore.Qt.ControlModifier)
    assert companion.display.letter() == round(letter * 1.1**3)
    assert companion.font().pointSizeF() == pytest.approx(font * 1.1**3, rel=0.02)
    press(QtCore.Qt.Key_Minus, QtCore.Qt.ControlModifier)
    assert companion.display.letter() == round(letter * 1.1**2)
    press(QtCore.Qt.Key_0, QtCore.Qt.ControlModifier)
    assert companion.display.letter() == letter
    press(QtCore.Qt.Key_F11)
    assert companion.isFullScreen()
    press(QtCore.Qt.Key_F11)
    assert not companion.isFullScreen()


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"ADVPHY_LOOK": "dark"}, "#1B1B1F 1.0"),
        ({"ADVPHY_FONT_SCALE": "1.5"}, "#FFFFFF 1.5"),
        ({"ADVPHY_FONT_SCALE": ""}, "#FFFFFF 1.0"),
        ({"ADVPHY_LOOK": "blue"}, "ADVPHY_LOOK must be light or dark, got 'blue'"),
        ({"ADVPHY_FONT_SCALE": "9"}, "ADVPHY_FONT_SCALE must be 0.5..4, got '9'"),
        ({"ADVPHY_FONT_SCALE": "nan"}, "ADVPHY_FONT_SCALE must be 0.5..4, got 'nan'"),
    ],
)
def test_look_and_letters_are_chosen_by_the_environment(chosen, said):
    program = "from gnuradio.advphy.display.top_window import *\n"
    program += "from gnuradio.advphy.display.top_window import _dark\n"
    program += "print(PAPER, FIRST_SCALE)\n"
    # A check box that is off shows by nothing but its ground.
    program += "assert _dark().base().color().name().upper() != PAPER\n"
    program += "assert _dark().window().color().name().upper() == PAPER.upper()\n"
    program += "assert _dark().text().color().name().upper() == INK.upper()"
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | chosen,
        capture_output=True,
        text=True,
    )
    assert said in found.stdout + found.stderr
    assert "AssertionError" not in found.stderr
