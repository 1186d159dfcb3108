# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in front of every transmitter, which keeps its limits."""

import logging
import threading

import numpy as np
import pmt

from ..block_errors import DONE, guarded_block


class transmit_gate(guarded_block):
    """Clip samples to the amplitude limit and end the stream at the time limit.

    An armed gate also ends it if the signal is wider than the bandwidth of its meter,
    a BandMeter or None. A numbered one tags the first sample of each call with its
    number: "sent".

    Input and output: samples, complex64
    Message port "stream_events": the counts, twice a second.
    """

    at_end = None  # called when the flowgraph stops
    numbered = False  # whether to tag

    def __init__(self, limits, sample_rate, events, meter=None, armed=False):
        guarded_block.__init__(self, "transmit_gate", [np.complex64], [np.complex64])
        self._limits, self._events = limits, events
        self._meter, self._armed = meter, armed
        self._left = max(1, round(limits.seconds * sample_rate))
        self._peak, self._silent = 0.0, False
        self.stopped = threading.Event()
        self.message_port_register_out(pmt.intern("stream_events"))

    def silence(self):
        """End the stream at the next call of work()."""
        self._silent = True

    def peak(self):
        return self._peak

    def start(self):
        """Continue with the time that is left: lock() and unlock() restart a block."""
        self._peak, self._silent = 0.0, False
        if self._meter is not None:
            self._meter.restart()
        self._events.restart()
        self.stopped.clear()
        return True

    def stop(self):
        self._events.publish(self, at_once=True)
        if self._meter is not None:
            self._meter.finish()
        if self.at_end is not None:
            self.at_end()
        self.stopped.set()
        self._require_narrow()
        return True

    def _require_narrow(self):
        if self._meter is not None and self._armed:
            self._meter.require()

    def work(self, input_items, output_items):
        size = min(len(output_items[0]), self._left)
        if self._silent or size == 0:
            if size == 0:
                logging.getLogger(__name__).warning(
                    "sdr_sink: time_limit = %g s is over, nothing more is sent",
                    self._limits.seconds,
                )
            return DONE
        out = output_items[0][:size]
        clipped, non_finite, peak = self._limits.apply(input_items[0][:size], out)
        if self._meter is not None:
            self._meter.take(out)
            self._require_narrow()
        if self.numbered:
            self.tag_item(self.nitems_written(0), "sent", self.nitems_written(0))
        self._left -= size
        self._peak = max(self._peak, peak)
        self._events.add(samples=size, clipped=clipped, non_finite=non_finite)
        self._events.publish(self)
        return size
