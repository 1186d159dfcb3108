# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw flowgraphs as GNU Radio Companion does: draw_flowgraphs.py FILE.grc FILE.png ...

Runs in GNU Radio's Python on a screen; setup/pictures.py calls it.
"""

import os
import sys

import cairo
import gi

gi.require_version("Gtk", "3.0")
gi.require_version("PangoCairo", "1.0")
from gi.repository import GLib  # noqa: E402
from gnuradio import gr  # noqa: E402
from gnuradio.grc.gui.Platform import Platform  # noqa: E402

SCALE = 1.5  # pixels for one of Companion's: its letters are small
MARGIN = 15


class OneThreadPlatform(Platform):
    """Companion's platform that leaves GTK to the thread of the window.

    GNU Radio (3.10.5 to 3.10.12 at least) reads docstrings in a thread that also writes
    them into the tree of blocks, BlockTreeWindow.update_docs. Rarely, both threads are
    in GTK at once, which is a segmentation fault in g_source_set_name.
    """

    @property
    def block_docstrings_loaded_callback(self):
        """What that thread calls at its end."""
        return lambda: GLib.idle_add(self._docstrings_loaded)

    @block_docstrings_loaded_callback.setter
    def block_docstrings_loaded_callback(self, callback):
        self._docstrings_loaded = callback


def companion(files):
    """Return the application of GNU Radio Companion that opens these files."""
    # Their imports go in a circle that only Platform may begin.
    from gnuradio.grc.gui.Application import Application

    platform = OneThreadPlatform(
        version=gr.version(),
        version_parts=(gr.major_version(), gr.api_version(), gr.minor_version()),
        prefs=gr.prefs(),
        install_prefix=gr.prefix(),
    )
    platform.build_library()
    return Application(files, platform)


def draw_on(surface, flow_graph, x, y):
    """Draw a flowgraph, moved by x and y pixels, on white."""
    context = cairo.Context(surface)
    if isinstance(surface, cairo.ImageSurface):
        context.set_source_rgb(1, 1, 1)
        context.paint()
    context.translate(x, y)
    context.scale(SCALE, SCALE)
    flow_graph.create_labels(context)
    flow_graph.create_shapes()
    flow_graph.draw(context)


def draw(flow_graph, path):
    """Draw a flowgraph on white into a PNG, cut to its extent."""
    # Sizes of blocks are known only after labels were laid out once, wires after that,
    # and letters are not as wide at one scale as at another.
    for _ in range(2):
        ink = cairo.RecordingSurface(cairo.CONTENT_COLOR, None)
        draw_on(ink, flow_graph, 0, 0)
    left, top, width, height = ink.ink_extents()
    size = [round(side + 2 * MARGIN) for side in (width, height)]
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, *size)
    draw_on(surface, flow_graph, MARGIN - left, MARGIN - top)
    surface.write_to_png(path)


def draw_open_pages(application, pictures):
    """Draw the flowgraphs that are open; leave with 1 where one is wrong."""
    failed = False
    drawn = set()
    for page in application.main_window.get_pages():
        flow_graph = page.flow_graph
        flow_graph.update()
        for element, said in flow_graph.iter_error_messages():
            failed = True
            print(f"{page.file_path}: {element}: {said}", file=sys.stderr)
        if page.file_path in pictures:
            draw(flow_graph, pictures[page.file_path])
            drawn.add(page.file_path)
    for path in sorted(set(pictures) - drawn):
        failed = True
        print(f"{path}: Companion does not open it", file=sys.stderr)
    sys.stderr.flush()
    os._exit(failed)  # without the question whether to save


def main(words):
    """Open the flowgraphs, draw them, leave."""
    pictures = dict(zip(words[::2], words[1::2], strict=True))
    application = companion(list(pictures))
    GLib.timeout_add(300, draw_open_pages, application, pictures)
    application.run()


if __name__ == "__main__":
    main(sys.argv[1:])
