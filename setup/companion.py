# SPDX-License-Identifier: GPL-3.0-or-later
"""Open GNU Radio Companion, maximized, and zoom out until its flowgraph fits.

What Companion keeps at its end, such as the size of the window, goes to a copy of the
user's preferences, which is removed. With GNU Radio 3.10.12 this crashes at the start,
so Companion of another version than the one that was tried opens as it is.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from gnuradio import gr

TRIED = "3.10.5"  # version of GNU Radio
LEAST_ZOOM, MARGIN = 0.4, 20  # pixels between the last block and the edge


def fit(window):
    """Zoom out until the flowgraph of the current page fits; return the zoom."""
    page = window.current_page
    area, room = page.drawing_area, page.scrolled_window.get_allocation()
    *_, right, bottom = page.flow_graph.get_extents()
    while area.zoom_factor > LEAST_ZOOM and (
        right * area.zoom_factor + MARGIN > room.width
        or bottom * area.zoom_factor + MARGIN > room.height
    ):
        area.zoom_out()
    return area.zoom_factor


def main(files):
    """Run Companion with these files until the user ends it."""
    from draw_flowgraphs import companion  # first: it begins a circle of imports
    from gi.repository import GLib
    from gnuradio.grc.gui.Config import Config

    with tempfile.TemporaryDirectory(prefix="advphy-companion-") as folder:
        own, copy = Path(Config.gui_prefs_file), Path(folder) / "grc.conf"
        if own.is_file():
            shutil.copy(own, copy)
        Config.gui_prefs_file = str(copy)
        application = companion(files)

        def maximize():
            window = application.get_active_window()
            if window is None:
                return True
            window.maximize()
            GLib.timeout_add(500, lambda: fit(window) and False)
            return False

        GLib.timeout_add(100, maximize)
        application.run()


if __name__ == "__main__":
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        sys.exit("gr-advphy: there is no screen for Companion; log in at a desktop")
    if not gr.version().startswith(TRIED):
        os.execvp("gnuradio-companion", ["gnuradio-companion", *sys.argv[1:]])
    main([os.path.abspath(file) for file in sys.argv[1:]])
