# SPDX-License-Identifier: GPL-3.0-or-later
"""A window with the curves of block error rates and what happens over time."""

import math
import signal
import time

MILLISECONDS = 30
ENDS = {"psr_db": (-20.0, 10.0), "snr_db": (-10.0, 20.0)}  # of the horizontal axis


def show(arguments, publishers, takes, tick):
    """Show a window until it is closed; return how many measurements were received."""
    from gnuradio.advphy.display.bler_curve_record import BlerCurveRecord
    from gnuradio.advphy.display.bler_curve_window import BlerCurveWindow
    from gnuradio.advphy.display.onset_record import OnsetRecord
    from gnuradio.advphy.display.onset_window import OnsetWindow
    from PyQt5 import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    first, last = ENDS.get(arguments.x, (0.0, 10.0))
    curves = BlerCurveWindow(BlerCurveRecord(arguments.x, first, last))
    strip = OnsetWindow(OnsetRecord())
    window = QtWidgets.QSplitter(QtCore.Qt.Vertical)
    window.setWindowTitle(f"advphy watch {' '.join(arguments.address)}")
    window.addWidget(curves)
    window.addWidget(strip)
    window.resize(900, 760)
    loop = _Loop(
        publishers,
        [*takes, curves.record.take, strip.record.take],
        tick,
        arguments.seconds,
        application.quit,
    )
    timer = QtCore.QTimer()
    timer.timeout.connect(loop.turn)
    timer.start(MILLISECONDS)
    before = signal.signal(signal.SIGINT, loop.interrupt)
    signal.signal(signal.SIGTERM, loop.interrupt)
    try:
        window.show()
        application.exec_()
    finally:
        signal.signal(signal.SIGINT, before)
        timer.stop()
        window.close()
    if loop.error is not None:
        raise loop.error
    return loop.received


class _Loop:
    """What happens each time the window's timer runs; an error ends the window."""

    def __init__(self, publishers, takes, tick, seconds, leave):
        self._publishers, self._takes, self._tick = publishers, takes, tick
        self._leave = leave
        self._end = None if seconds is None else time.monotonic() + seconds
        self.received, self.error = 0, None
        self._flowgraphs = set()

    def interrupt(self, *_):
        self.error = self.error or KeyboardInterrupt()
        self._leave()

    def turn(self):
        try:
            for message in self._publishers.wait(0):
                self.received += 1
                shown = self._for_displays(message)
                for take in self._takes[:-2]:
                    take(message)
                for take in self._takes[-2:]:
                    take(shown)
            self._tick()
        except Exception as error:  # Qt would abort the process
            self.error = error
            self._leave()
        if self._end is not None and time.monotonic() >= self._end:
            self._leave()

    def _for_displays(self, message):
        """Return a message as blocks send it: a PSR of nothing is -inf dB."""
        self._flowgraphs.add(message["flowgraph"])
        name = message["name"]
        if len(self._flowgraphs) > 1 and message["flowgraph"]:
            name = f"{message['flowgraph']}: {name}"
        settings = dict(message["settings"])
        if "psr_db" in settings and settings["psr_db"] is None:
            settings["psr_db"] = -math.inf
        shown = {
            k: -math.inf if v is None and k.startswith("psr_db") else v
            for k, v in message.items()
        }
        return shown | {"name": name, "settings": settings}
