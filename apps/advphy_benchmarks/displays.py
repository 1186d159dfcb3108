# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost of the displays for an unthrottled stream, and time to draw a picture.

A link under an attack that is switched every second is compared with the same link and
four visible displays. Both run for the same time with the event loop of Qt.
"""

import os
import statistics
import time

from gnuradio import advphy
from gnuradio.advphy.display.display_block import require

from advphy_benchmarks.link_flowgraph import turn
from advphy_benchmarks.link_loop import EBN0_DB

WARM_UP = 0.4  # seconds before the rate is taken
PICTURES = 15  # pictures of each window that are timed
SWITCH = 1.0  # seconds between changes of the attack
FRAME_RATE = 15  # pictures per second of the displays
SIZE = 640, 400  # screen pixels of a window, four of them on a screen of 1280x800


def application():
    """Return the Qt application, offscreen without a screen; ImportError without Qt."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    require("PyQt5.QtWidgets", "pyqtgraph")
    from PyQt5 import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(["advphy"])


class _attacked_link(advphy.top_block):
    """Link under attack with a canceller, and with displays if `displayed`."""

    def __init__(self, model, displayed):
        advphy.top_block.__init__(self, "displayed" if displayed else "plain")
        self.adversary = advphy.perturbation_source(model, turn(model))
        self.channel = advphy.channel(model, EBN0_DB)
        self.canceller = advphy.perturbation_canceller(model)
        self.counter = advphy.error_counter(model)
        source, sent = advphy.message_source(model), advphy.encoder(model)
        self.connect(source, sent, (self.channel, 0))
        self.connect(self.adversary, (self.channel, 1))
        self.connect(self.channel, self.canceller, advphy.decoder(model), self.counter)
        self.windows = self._displays(model) if displayed else []

    def _displays(self, model):
        rate = {"frame_rate": FRAME_RATE}
        curves = advphy.bler_curve_sink(closed_forms="hamming74_ml", **rate)
        strip = advphy.onset_strip(**rate)
        planes = advphy.perturbation_sink(model, **rate)
        received = advphy.constellation_sink(model, **rate)
        self.connect(self.channel, received)
        ports = {"counts": self.counter, "psr": self.adversary}
        ports["estimate"] = self.canceller
        for port, block in ports.items():
            self.msg_connect(block, port, strip, "in")
            other = curves if port == "counts" else planes
            self.msg_connect(block, port, other, "in")
        return [part.qwidget() for part in (curves, strip, planes, received)]

    def blocks(self):
        """Return the number of counted blocks."""
        return sum(segment.blocks for segment in self.counter.segments())


def stream_rate(model, displayed, seconds=2.0, frames=None):
    """Return messages/s of a link; append the slowest picture's seconds to `frames`."""
    loop = application()
    flowgraph = _attacked_link(model, displayed)
    for window in flowgraph.windows:
        window.resize(*SIZE)
        window.show()
    flowgraph.start()
    try:
        _attend(loop, flowgraph, WARM_UP)
        before, begun = flowgraph.blocks(), time.perf_counter()
        _attend(loop, flowgraph, seconds)
        found = (flowgraph.blocks() - before) / (time.perf_counter() - begun)
    finally:
        flowgraph.stop()
        flowgraph.wait()
    if frames is not None and flowgraph.windows:
        frames.append(max(map(picture_seconds, flowgraph.windows)))
    for window in flowgraph.windows:
        window.close()
    return found


def picture_seconds(window):
    """Return the median time to fill and paint a window, in seconds."""
    spent = []
    for _ in range(PICTURES):
        begun = time.perf_counter()
        window.refresh()
        window.canvas.grab()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def _attend(loop, flowgraph, seconds):
    """Run the event loop of Qt for some time, and switch the attack every second."""
    from PyQt5 import QtCore

    begun, passed = time.monotonic(), 0.0
    while passed < seconds:
        flowgraph.adversary.set_enabled(int(passed / SWITCH) % 2)
        turn = min(SWITCH / 4, seconds - passed)
        QtCore.QTimer.singleShot(round(1000 * turn), loop.quit)
        loop.exec_()
        passed = time.monotonic() - begun


def displayed_rates(model, seconds=2.0, frames=None):
    """Return {name: function that returns a rate} without and with all displays."""
    application()  # raises an ImportError without Qt
    return {
        "undisplayed": lambda: stream_rate(model, False, seconds),
        "displayed": lambda: stream_rate(model, True, seconds, frames=frames),
    }
