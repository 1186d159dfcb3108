# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the presenter: caption, figures, switches and scenes."""

import html
from functools import partial

from advphy_model.measure.curve_looks import GREEN, VERMILLION, look_of
from PyQt5 import QtCore, QtGui, QtWidgets

from .display_window import DisplayWindow
from .top_window import GRAY, INK, PALE, PAPER, scale_of

ON = {"attack": VERMILLION, "defense": GREEN}
STEPS = {"Space": 1, "PgDown": 1, "PgUp": -1}  # as remote controls send, too


def row_of(name, figure, more="", color=INK):
    """Return a row of a table; the figure is HTML."""
    return (
        f"<tr><td style='color: {color}'>{html.escape(name)}&nbsp; </td>"
        f"<td><b>{figure}</b></td>"
        f"<td style='color: {GRAY}'>&nbsp; <small>{html.escape(more)}</small></td></tr>"
    )


def rows_of(record):
    """Return the rows of a PresenterRecord; labels that an Eve reads are colored."""
    rows = [
        row_of(name, html.escape(figure), more, look_of(name).color)
        for name, figure, more in record.lines()
    ]
    rows += [row_of(name, html.escape(power)) for name, power in record.powers()]
    for name, pairs in record.guesses():
        rows.append(row_of("true labels", " ".join(html.escape(t) for t, _ in pairs)))
        read = (
            f"<span style='color: {VERMILLION if true == read else PALE}'>"
            f"{html.escape(read)}</span>"
            for true, read in pairs
        )
        rows.append(row_of(f"{name} reads", " ".join(read)))
    return rows


class PresenterWindow(DisplayWindow):
    """Window with what a PresenterRecord shows; keys are those of its whole window."""

    def __init__(self, record, title, frame_rate):
        super().__init__(record, title or "presenter", frame_rate)
        self._title, self._sizes = title, (0, 0)
        steps = {key: partial(self.step, by) for key, by in STEPS.items()}
        self._keys = {key: partial(self._do, step) for key, step in steps.items()}
        self.setFocusPolicy(QtCore.Qt.StrongFocus)
        look = {"styleSheet": f"color: {INK}"}
        labels = (QtWidgets.QLabel(**look) for _ in range(3))
        self.caption, self.figures, self.hint = labels
        self.caption.setWordWrap(True)
        self.bar = QtWidgets.QProgressBar(maximum=100, format="crafting: %p %")
        self.switches = {
            which: self._button(which[0].upper(), partial(record.toggle, which))
            for which, name in record.switches.items()
            if name
        }
        self.numbers = [
            self._button(str(k + 1), partial(self.show_scene, k))
            for k in range(len(record.scenes))
        ]
        self._timer = QtCore.QTimer(self, singleShot=True)
        self._timer.timeout.connect(partial(self._do, partial(self.step, 1)))
        self._lay_out()
        self.look()

    def _button(self, key, call):
        button = QtWidgets.QPushButton(key, checkable=True)
        button.setFocusPolicy(QtCore.Qt.NoFocus)  # the space bar is for the scenes
        call = partial(self._do, call)
        button.clicked.connect(call)
        if len(key) == 1:  # no key has the number of a tenth scene
            self._keys[key] = call
        return button

    def _do(self, call, *_):
        self.guarded(call)
        self.look()

    def _lay_out(self):
        layout = QtWidgets.QGridLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setColumnStretch(0, 1)
        layout.setRowStretch(1, 1)
        switches, scenes = QtWidgets.QVBoxLayout(), QtWidgets.QHBoxLayout()
        for button in self.switches.values():
            switches.addWidget(button)
        for button in self.numbers:
            scenes.addWidget(button)
        scenes.addWidget(self.hint, 1)
        layout.addWidget(self.caption, 0, 0, 1, 2)
        layout.addWidget(self.figures, 1, 0)
        layout.addLayout(switches, 1, 1)
        layout.addLayout(scenes, 2, 0)
        layout.addWidget(self.bar, 2, 1)

    # The texts change many times a second; the size of the window must not.
    def sizeHint(self):
        return QtCore.QSize(480, 170)

    def minimumSizeHint(self):
        return QtCore.QSize(240, 110)

    def hasHeightForWidth(self):
        return False  # as a caption that wraps would have

    def paintEvent(self, event):
        QtGui.QPainter(self).fillRect(self.rect(), QtGui.QColor(PAPER))

    def resizeEvent(self, event):
        self.rearrange()

    def rearrange(self):
        rows, caption = self._sizes
        room = min(self.width() / 48, (self.height() - 40) / (2.8 + 1.25 * rows))
        scale = scale_of(self)  # enlarges as far as there is room
        letter = max(12, min(40 * max(1, scale), room) * min(1, scale))
        large = min(1.3 * letter, self.width() / (0.68 * max(1, caption)))
        sizes = {self.caption: max(large, 0.8 * letter), self.figures: letter}
        sizes |= dict.fromkeys(self.switches.values(), 0.9 * letter)
        small = [self.hint, self.bar, *self.numbers]
        for widget, size in (sizes | dict.fromkeys(small, 0.65 * letter)).items():
            font = widget.font()
            font.setPixelSize(round(size))
            font.setBold(widget is self.caption)
            widget.setFont(font)
        for number in self.numbers:
            number.setFixedWidth(round(1.6 * letter))

    def showEvent(self, event):
        super().showEvent(event)
        while self._keys:  # at the first time only
            key, call = self._keys.popitem()
            shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(key), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(call)
        self.setFocus()  # else a digit would go to the first slider's field

    def step(self, by):
        """Show the next scene or the previous one; after the last one the first."""
        scene, count = self.record.scene, len(self.record.scenes)
        if count:
            before = scene if scene is not None else (-1 if by > 0 else 0)
            self.show_scene((before + by) % count)

    def show_scene(self, number):
        """Show a scene, which is counted from 0; the next follows when it is due."""
        seconds = self.record.show(number).seconds
        self._timer.start(round(1000 * seconds)) if seconds else self._timer.stop()

    def fill(self):
        record, scene = self.record, self.record.scene
        caption = self._title if scene is None else record.scenes[scene].caption
        self.caption.setText(caption)
        rows = rows_of(record)
        self.figures.setText(f"<table cellspacing=0>{''.join(rows)}</table>")
        if (len(rows), len(caption)) != self._sizes:
            self._sizes = len(rows), len(caption)
            self.rearrange()
        self.bar.setVisible(record.crafting() >= 0)
        self.bar.setValue(round(100 * record.crafting()))
        for which, button in self.switches.items():
            on = record.is_on(which)
            button.setChecked(on)
            button.setText(f"{which.capitalize()} is {'on' if on else 'off'}")
            look = f"background: {ON[which]}; color: white" if on else ""
            button.setStyleSheet(f"padding: 4px 14px; {look}")
        for k, number in enumerate(self.numbers):
            number.setChecked(k == scene)
        hints = ["space: next scene"] if self.numbers else []
        hints += [f"{which[0].upper()}: {which}" for which in self.switches]
        if record.refusal:
            hints = [record.refusal]
        if refused := record.refused():
            hints.append(f"messages not understood: {refused}")
        self.hint.setText("   ".join(hints))
