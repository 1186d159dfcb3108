# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program of Companion and take a picture of its window, or film it.

    take_window.py PROGRAM.py PICTURE.png '{"seconds": 8, "set": [[2, "ebn0_db", 6]]}'

A PICTURE.gif shows the last FILM seconds of the window.

Runs in GNU Radio's Python on a screen; setup/pictures.py calls it.
"""

import importlib
import io
import json
import os
import sys
from functools import partial
from pathlib import Path

from PyQt5 import QtCore, QtWidgets

SIZE = (1280, 800)
FILM, FRAMES, WIDTH = 20, 4, 800  # seconds, frames a second, pixels
COLORS = 96  # an octree keeps those of few pixels, such as a curve's


def flowgraph_of(program, arguments):
    """Make the flowgraph of a program that Companion has generated."""
    sys.path.insert(0, str(program.parent))
    module = importlib.import_module(program.stem)
    classes = (found for found in vars(module).values() if isinstance(found, type))
    (made,) = (found for found in classes if found.__module__ == program.stem)
    return made(**arguments)


def set_variable(flowgraph, name, value):
    """Set a variable as a user does: by its slider, where it has one."""
    widget = getattr(flowgraph, f"_{name}_win", None)
    kinds = (QtWidgets.QSpinBox, QtWidgets.QDoubleSpinBox)
    boxes = widget and widget.findChildren(kinds)
    if boxes:
        boxes[0].setValue(value)
    else:
        getattr(flowgraph, f"set_{name}")(value)


def film_of(window, path, comment):
    """Film a window from now on; return a function that ends it and writes the GIF."""
    from PIL import Image

    frames = []

    def take():
        data = QtCore.QBuffer()
        data.open(QtCore.QIODevice.WriteOnly)
        smooth = QtCore.Qt.SmoothTransformation
        window.grab().scaledToWidth(WIDTH, smooth).save(data, "PNG")
        frames.append(Image.open(io.BytesIO(bytes(data.data()))).convert("RGB"))

    timer = QtCore.QTimer(window)
    timer.timeout.connect(take)
    timer.start(1000 // FRAMES)

    def end():
        timer.stop()
        # One table of colors for all, so that a pixel that stays costs nothing.
        colors = frames[-1].quantize(COLORS, Image.Quantize.FASTOCTREE)
        drawn = [frame.quantize(palette=colors, dither=0) for frame in frames]
        rest = {"append_images": drawn[1:], "duration": 1000 // FRAMES, "loop": 0}
        drawn[0].save(path, save_all=True, comment=comment, **rest)

    return end


def picture(flowgraph, path, settings):
    """Arrange what happens while it runs: variables change, the picture, the end."""

    def after(seconds, call):
        QtCore.QTimer.singleShot(int(1000 * seconds), call)

    ends = []
    for seconds, name, value in settings.get("set", []):
        after(seconds, partial(set_variable, flowgraph, name, value))
    if path.endswith(".gif"):
        begin = partial(film_of, flowgraph, path, settings["comment"])
        after(max(0, settings["seconds"] - FILM), lambda: ends.append(begin()))
        after(settings["seconds"], lambda: ends.pop()())
    else:
        after(settings["seconds"], lambda: flowgraph.grab().save(path))
    after(settings["seconds"] + 0.1, QtWidgets.QApplication.instance().quit)


def main(program, path, settings):
    """Run the flowgraph as the program itself would."""
    settings = json.loads(settings)
    application = QtWidgets.QApplication(sys.argv[:1])
    flowgraph = flowgraph_of(Path(program), settings.get("arguments", {}))
    flowgraph.resize(*settings.get("size", SIZE))
    flowgraph.start()
    if hasattr(flowgraph, "flowgraph_started"):  # from GNU Radio 3.10.11 on
        flowgraph.flowgraph_started.set()
    flowgraph.show()
    picture(flowgraph, path, settings)
    application.exec_()
    flowgraph.stop()
    flowgraph.wait()
    # The threads of Companion's function probes never end: one that sets the text of a
    # label while Python takes the window apart prints a traceback.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
