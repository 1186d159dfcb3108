# SPDX-License-Identifier: GPL-3.0-or-later
"""Displays next to another Qt: they use PyQt5, like GNU Radio, or say why not."""

import pytest

from .conftest import STAGED
from .qa_grc import ran

SHOW = """
from gnuradio import advphy
from PyQt5 import QtWidgets
application = QtWidgets.QApplication([])
try:
    window = advphy.constellation_sink("bpsk").qwidget()
    import pyqtgraph
    print(pyqtgraph.Qt.QT_LIB, isinstance(window, QtWidgets.QWidget))
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize("other", ["PyQt6", "PySide6"])
def test_another_qt_that_is_imported_or_chosen(other, tmp_path):
    (tmp_path / other).mkdir()
    (tmp_path / other / "__init__.py").write_text('__version__ = "6.4"\n')
    path = f"{tmp_path}:{STAGED}"
    found = ran("-c", f"import {other}\n{SHOW}", PYTHONPATH=path)
    assert found.stdout.splitlines()[-1] == "PyQt5 True"
    found = ran("-c", SHOW, PYTHONPATH=path, PYQTGRAPH_QT_LIB=other)
    assert found.stdout.splitlines()[-1] == "PyQt5 True"


def test_a_pyqtgraph_that_another_qt_has_taken(tmp_path):
    taken = "class Qt:\n    QT_LIB = 'PySide6'\n"
    (tmp_path / "pyqtgraph.py").write_text(taken)
    found = ran("-c", SHOW, PYTHONPATH=f"{tmp_path}:{STAGED}")
    said = found.stdout.splitlines()[-1]
    assert said.startswith("pyqtgraph was imported with PySide6, but GNU Radio 3.10")
