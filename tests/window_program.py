# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program of Companion and see in the pixels of its displays what controls do.

    window_program.py FOLDER NAME '[["ebn0_db", 6.0, "curves", "ink"], ...]'
    window_program.py FOLDER NAME SECONDS [OPTION ...]

A control is a variable, its value, the display that shows it and the color there, in
the plot or, after "edge ", where its newest seconds are. Prints one line of JSON: the
seconds from each set_VARIABLE until pixels of that color have changed, or null; for
each display the paintings a second and the longest time between two; the paintings of
all displays while the window is hidden; the color of each name.

For some SECONDS: moves all controls at random. Prints rows of every few seconds (the
time; MiB of memory; the longest time in s that a move took, or that Qt did not call a
timer) and the number of moves. The OPTIONs are the program's.
"""

import importlib
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path

import numpy as np
from advphy_model.measure import curve_looks
from gnuradio.advphy.display.display_window import DisplayWindow
from PyQt5 import QtCore, QtGui, QtWidgets

COLORS = {  # red, green, blue
    "ink": (17, 17, 17),
    "codewords": (213, 94, 0),
    "attack": (250, 234, 199),  # the pale stripe
    "psr": (230, 159, 0),
}
NEAR = {"ink": 250}  # largest distance of a color, 40 for the others
EDGE, ENOUGH = 3, 3  # columns; columns, or rows at the edge, that changed
BEAT_MS = 100
WARM_UP, WATCHED, GIVE_UP = 4.0, 4.0, 5.0  # seconds


class Paintings(QtCore.QObject):
    """The times at which a widget is painted."""

    def __init__(self, widget):
        super().__init__()
        self.times = []
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == QtCore.QEvent.Paint:
            self.times.append(time.monotonic())
        return False


def wait(seconds, until=lambda: False):
    """Let Qt work; return the seconds until something is so, or None."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        QtWidgets.QApplication.processEvents(QtCore.QEventLoop.AllEvents, 20)
        if until():
            return time.monotonic() - begun
        time.sleep(0.005)
    return None


def mask(display, color):
    """Return which columns of a display's plots, or rows at the edge, have a color."""
    edge, _, name = color.rpartition(" ")
    found = []
    for plot in display.plots:
        rect = plot.vb.sceneBoundingRect().toRect().adjusted(2, 2, -2, -2)
        if edge:
            rect.setLeft(rect.right() - EDGE)
        picture = display.canvas.grab(rect).toImage()
        picture = picture.convertToFormat(QtGui.QImage.Format_RGB32)
        data = np.array(picture.constBits().asarray(picture.sizeInBytes()), np.uint8)
        pixels = data.reshape(picture.height(), picture.width(), 4)[:, :, 2::-1]
        far = np.abs(pixels.astype(int) - COLORS[name]).sum(axis=2)
        found.append((far < NEAR.get(name, 40)).any(axis=1 if edge else 0))
    return np.concatenate(found)


def reaction(flowgraph, variable, value, display, color):
    """Set a variable; return the seconds until its display has changed."""
    window = getattr(flowgraph, display).qwidget()
    before = mask(window, color)
    getattr(flowgraph, f"set_{variable}")(value)

    def changed():
        return np.count_nonzero(mask(window, color) != before) >= ENOUGH

    return wait(GIVE_UP, changed)


def play(flowgraph, controls):
    displays = flowgraph.findChildren(DisplayWindow)
    parts = [getattr(each, "canvas", None) for each in displays]
    parts = [c.viewport() if c else d for c, d in zip(parts, displays, strict=True)]
    flowgraph.resize(1280, 760)
    wait(WARM_UP)
    seconds = []
    for control in controls:
        seconds.append(reaction(flowgraph, *control))
        wait(1.0)
    paintings, begun = [Paintings(part) for part in parts], time.monotonic()
    wait(WATCHED)
    rates, gaps = [], []
    for each in paintings:
        times = [begun, *each.times, time.monotonic()]
        rates.append(len(each.times) / WATCHED)
        gaps.append(max(np.diff(times)))
        each.times = []
    flowgraph.hide()
    wait(0.2)
    before = sum(len(each.times) for each in paintings)
    wait(1.0)
    hidden = sum(len(each.times) for each in paintings) - before
    colors = {name: curve_looks.look_of(name)[0] for name in curve_looks._numbers}
    errors = [str(display.error) for display in displays if display.error]
    found = {"seconds": seconds, "rates": rates, "gaps": gaps, "hidden": hidden}
    print(json.dumps(found | {"colors": colors, "errors": errors}), flush=True)
    os._exit(0)  # the end of a flowgraph is the subject of other tests


def move(control, chance):
    """Move a slider, box or chooser at random."""
    if isinstance(control, QtWidgets.QDoubleSpinBox):
        steps = (control.maximum() - control.minimum()) / control.singleStep()
        step = control.singleStep() * chance.randint(0, round(steps))
        control.setValue(control.minimum() + step)
    elif isinstance(control, QtWidgets.QComboBox):
        control.setCurrentIndex(chance.randrange(control.count()))
    else:
        control.toggle()


def move_at_random(flowgraph, seconds):
    """Move all controls at random; print memory and delays over time."""
    chance, begun, memory, moves = random.Random(1), time.monotonic(), [], 0
    delay, beats = 0.0, []
    beat = QtCore.QTimer()
    beat.timeout.connect(lambda: beats.append(time.monotonic()))
    beat.start(BEAT_MS)
    kinds = QtWidgets.QDoubleSpinBox, QtWidgets.QComboBox, QtWidgets.QCheckBox
    controls = [c for kind in kinds for c in flowgraph.findChildren(kind)]
    flowgraph.resize(1280, 760)
    while (now := time.monotonic() - begun) < seconds:
        before = time.monotonic()
        if controls:
            move(chance.choice(controls), chance)
            moves += 1
        delay = max(delay, time.monotonic() - before)
        wait(chance.uniform(0.05, 1.5))
        if now >= 5 * len(memory):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            late = max(np.diff(beats), default=0) - BEAT_MS / 1000
            mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
            memory.append([now, mib, max(delay, late)])
            delay, beats[:-1] = 0.0, []
    errors = [str(d.error) for d in flowgraph.findChildren(DisplayWindow) if d.error]
    found = {"memory": memory, "moves": moves, "errors": errors}
    print(json.dumps(found), flush=True)
    os._exit(0)


def main(folder, name, controls, *options):
    sys.path.insert(0, folder)
    program = importlib.import_module(name)
    sys.argv = [f"{name}.py", *options]

    def made(**options):
        flowgraph = getattr(program, name)(**options)
        QtCore.QTimer.singleShot(0, lambda: played(flowgraph))
        return flowgraph

    def played(flowgraph):
        try:
            given = json.loads(controls)
            (play if isinstance(given, list) else move_at_random)(flowgraph, given)
        except BaseException:
            traceback.print_exc()
            os._exit(1)

    program.main(made)


if __name__ == "__main__":
    main(*sys.argv[1:])
