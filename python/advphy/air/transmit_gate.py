# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate before a transmitter, which applies the limits and counts the samples."""

import logging
import threading

import numpy as np
import pmt

from ..block_errors import DONE, guarded_block


class transmit_gate(guarded_block):
    """Clip samples to the amplitude limit and end the stream at the time limit.

    Input and output: samples, complex64
    Message port "stream_events": the counts, twice a second.

    Args:
        limits: advphy_model.modem.transmit_limits.TransmitLimits.
        sample_rate: sample rate in samples/s.
        events: StreamEvents with samples, clipped and non_finite.
    """

    at_end = None  # called when the flowgraph stops

    def __init__(self, limits, sample_rate, events):
        guarded_block.__init__(self, "transmit_gate", [np.complex64], [np.complex64])
        self._limits, self._events = limits, events
        self._most = max(1, round(limits.seconds * sample_rate))
        self._lock = threading.Lock()
        self._left, self._peak, self._silent = self._most, 0.0, False
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
        self._events.restart()
        self.stopped.clear()
        return True

    def stop(self):
        self._events.publish(self, at_once=True)
        if self.at_end is not None:
            self.at_end()
        self.stopped.set()
        return True

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
        self._left -= size
        self._peak = max(self._peak, peak)
        self._events.add(samples=size, clipped=clipped, non_finite=non_finite)
        self._events.publish(self)
        return size
