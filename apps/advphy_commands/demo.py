# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the examples of GNU Radio Companion in one window, to start and stop.

Select an example and click Start or press Return; space stops it and starts the next.
Several may run at once, such as Alice, Bob and Eve.
"""

import os
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import advphy_model

from advphy_commands._signals import handled
from advphy_commands._watch_displays import has_screen
from advphy_commands.doctor import GTK, SCREEN

INSTALLED = "share/gnuradio/examples/advphy"


@dataclass(frozen=True)
class Settings:
    pass


class Example(NamedTuple):
    """An example; `picture` is the path of that of its window, or None."""

    flowgraph: Path
    title: str
    sentence: str
    picture: Path | None


def run(settings, output):
    if not has_screen():
        raise ValueError(f"there is no screen for the window; {SCREEN}")
    if not shutil.which("grcc"):
        raise ValueError(f"there is no grcc, which compiles the examples; {GTK}")
    from PyQt5 import QtCore, QtWidgets

    from advphy_commands._demo_window import DemoWindow

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    heed = QtCore.QTimer()
    heed.timeout.connect(lambda: None)  # Python heeds signals when Qt calls it
    heed.start(100)
    with tempfile.TemporaryDirectory(prefix="advphy-demo-") as folder:
        window = DemoWindow(examples(), Path(folder), environment())
        ends = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
        with handled(lambda *_: window.close(), *ends):
            window.show()
            application.exec_()


def folder_of_examples():
    """Return the folder of the examples, in the clone or installed."""
    for parent in Path(__file__).parents:
        for place in (parent / "examples", parent / INSTALLED):
            if (place / "attacked_link.grc").is_file():
                return place
    raise ValueError(f"there are no examples in {INSTALLED}; run make install")


def examples():
    """Return the Examples that have a window, by name."""
    import yaml

    found = []
    for path in sorted(folder_of_examples().glob("*.grc")):
        head = path.read_text(encoding="utf-8").partition("\nblocks:")[0]
        about = yaml.safe_load(head)["options"]["parameters"]
        picture = path.with_name(f"{path.stem}_window.png")
        if about["generate_options"] == "qt_gui":
            texts = about["title"], " ".join(about["description"].split())
            found.append(Example(path, *texts, picture if picture.is_file() else None))
    return found


def environment():
    """Return the variables with which the examples find the blocks, also in a clone."""
    clone, found = folder_of_examples().parent, dict(os.environ)
    paths = {"PYTHONPATH": Path(advphy_model.__file__).parents[1]}
    if (clone / "CMakeLists.txt").is_file():
        paths["GRC_BLOCKS_PATH"] = clone / "grc"
        paths["SOAPY_SDR_PLUGIN_PATH"] = clone / "build" / "standin"
    for name, path in paths.items():
        found[name] = os.pathsep.join(filter(None, [str(path), found.get(name)]))
    return found
