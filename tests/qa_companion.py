# SPDX-License-Identifier: GPL-3.0-or-later
"""Each flowgraph opens in the real GNU Radio Companion without an error mark."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import virtual_screen
from pictures import flowgraphs

from .conftest import CLONE
from .qa_grc import ENVIRONMENT

FLOWGRAPHS = flowgraphs()
# Companion with its window and all files open, as "gnuradio-companion FILE ..." has it;
# then what each page says, which other windows (dialogs) there are, and the end.
COMPANION = """
import json, os, sys, threading
import gi
gi.require_version("Gtk", "3.0")
gi.require_version("PangoCairo", "1.0")
from gi.repository import GLib, Gtk
from draw_flowgraphs import companion
from gnuradio.grc.gui.BlockTreeWindow import BlockTreeWindow
application = companion(sys.argv[1:])
threads = []  # those in which docstrings are written into the tree of blocks
BlockTreeWindow.update_docs = lambda _: threads.append(threading.current_thread().name)
def tell():
    loaded = application.platform.block_docstrings_loaded_callback
    threading.Thread(target=loaded, name="reader").start()
def look():
    if not threads:
        return True
    pages = {}
    for page in application.main_window.get_pages():
        flowgraph = page.flow_graph
        flowgraph.update()
        pages[page.file_path] = {
            "valid": flowgraph.is_valid(),
            "blocks": len(flowgraph.blocks),
            "errors": [f"{e}: {said}" for e, said in flowgraph.iter_error_messages()],
            "missing": [b.key for b in flowgraph.blocks if b.is_dummy_block],
        }
    windows = [w for w in Gtk.Window.list_toplevels() if w.get_visible()]
    dialogs = [w.get_title() for w in windows if w is not application.main_window]
    known = [key for key in application.platform.blocks if "advphy" in key]
    print(json.dumps({"pages": pages, "dialogs": dialogs, "known": len(known),
                      "threads": sorted(set(threads))}))
    sys.stdout.flush()
    os._exit(0)
GLib.timeout_add(200, tell)
GLib.timeout_add(300, look)
application.run()
"""
# Flowgraphs that are wrong, so that a mark would be seen.
WRONG = {
    "of_another_n": (
        "id: advphy_decoder\n  parameters:\n    comment: ''\n    model: link_model",
        "id: advphy_decoder\n  parameters:\n    model: advphy.LinkModel.load('bpsk')",
    ),
    "without_its_block": ("id: advphy_encoder", "id: advphy_no_such_block"),
    "of_another_model": ("model: autoencoder_mlp_8p5db", "model: nonsense"),
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Return what one Companion says of all flowgraphs, and of the wrong ones."""
    if virtual_screen.is_missing():
        pytest.skip(virtual_screen.is_missing())
    asked = "import gi; gi.require_version('Gtk', '3.0'); gi.require_foreign('cairo')"
    if subprocess.run([sys.executable, "-c", asked], capture_output=True).returncode:
        pytest.skip("GTK for Python is missing (setup/packages.sh test installs it)")
    folder = tmp_path_factory.mktemp("wrong")
    simple = (CLONE / "docs" / "tutorial" / "step1.grc").read_text()
    files = [*FLOWGRAPHS]
    for name, (before, after) in WRONG.items():
        assert before in simple
        files.append(folder / f"{name}.grc")
        files[-1].write_text(simple.replace(before, after))
    with virtual_screen.virtual_screen() as environment:
        for name in ("PYTHONPATH", "GRC_BLOCKS_PATH"):
            environment[name] = ENVIRONMENT[name]
        environment["PYTHONPATH"] += f":{CLONE / 'setup'}"
        done = subprocess.run(
            [sys.executable, "-c", COMPANION, *map(str, files)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    return said | {"wrong": {name: str(folder / f"{name}.grc") for name in WRONG}}


def test_companion_finds_every_block_and_asks_nothing(opened):
    assert opened["known"] == len(list((CLONE / "grc").glob("*.block.yml")))
    assert opened["dialogs"] == []


def test_only_the_thread_of_the_window_writes_into_it(opened):
    assert opened["threads"] == ["MainThread"]


@pytest.mark.parametrize("path", FLOWGRAPHS, ids=lambda path: path.stem)
def test_companion_opens_it_without_an_error_mark(path, opened):
    page = opened["pages"][str(path)]
    assert page["missing"] == []
    assert page["errors"] == []
    assert page["valid"]
    assert page["blocks"] > 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("of_another_n", "does not match"),
        ("without_its_block", "advphy_no_such_block"),
        ("of_another_model", "nonsense"),
    ],
)
def test_companion_marks_what_is_wrong(name, said, opened):
    page = opened["pages"][opened["wrong"][name]]
    assert not page["valid"]
    assert said in " ".join(page["errors"] + page["missing"])


# What make grc starts, which saves its preferences as at its end.
STARTED = """
import json, os, sys
import companion
from gi.repository import Gio, GLib
def look():
    application = Gio.Application.get_default()
    window = application and application.get_active_window()
    if not window or window.current_page.drawing_area.zoom_factor == 1:
        return True
    page = window.current_page
    room, zoom = page.scrolled_window.get_allocation(), page.drawing_area.zoom_factor
    *_, right, bottom = page.flow_graph.get_extents()
    application.config.save()
    print(json.dumps([zoom * right, room.width, zoom * bottom, room.height]))
    sys.stdout.flush()
    os._exit(0)
GLib.timeout_add(200, look)
companion.main(sys.argv[1:])
"""


@pytest.mark.skipif(
    bool(virtual_screen.is_missing()), reason=str(virtual_screen.is_missing())
)
def test_a_flowgraph_opens_so_that_it_fits_and_the_preferences_stay():
    own = "[main]\nmain_window_width = 1270\nmain_window_height = 790\n"
    with virtual_screen.virtual_screen() as environment:
        kept = Path(environment["HOME"]) / "grc.conf"
        kept.write_text(own)
        environment |= {name: ENVIRONMENT[name] for name in ("GRC_BLOCKS_PATH",)}
        environment["GRC_PREFS_PATH"] = str(kept)
        path = f"{ENVIRONMENT['PYTHONPATH']}:{CLONE / 'setup'}"
        done = subprocess.run(
            [sys.executable, "-c", STARTED, CLONE / "examples" / "attacked_link.grc"],
            env=environment | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert kept.read_text() == own
    right, width, bottom, height = json.loads(done.stdout.splitlines()[-1])
    assert 800 < width < 1270  # of the preferences, not of 800 by default
    assert (right < width, bottom < height) == (True, True)
    assert 1.2 * right + 20 > width or 1.2 * bottom + 20 > height


def test_without_a_screen_one_sentence_says_so():
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    none = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, CLONE / "setup" / "companion.py", "x.grc"]
    done = subprocess.run(command, env=none, capture_output=True, text=True)
    assert done.returncode == 1
    said = "gr-advphy: there is no screen for Companion; log in at a desktop\n"
    assert done.stderr == said
