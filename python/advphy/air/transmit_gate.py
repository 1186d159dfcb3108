# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in front of a transmitter: limits of amplitude, time, band and bursts."""

import logging
import threading

import numpy as np
import pmt
from gnuradio import gr

from ..block_errors import DONE, guarded_block
from .timed_bursts import burst_tags, is_kept


class transmit_gate(guarded_block):
    """Clip samples to the amplitude limit, end the stream at the time limit.

    It also ends with an error if the signal is wider than the meter (BandMeter) allows.
    A numbered gate tags the first sample of each call with its number: "sent".
    `meters` has a meter for each input.

    Inputs and outputs: samples, complex64
    Message port "stream_events": the counts, twice a second.
    """

    at_end = None  # called when the flowgraph stops
    numbered = False  # whether to tag
    _told = False  # that the driver does not know bursts

    def __init__(self, driver, limits, sample_rate, events, meters):
        ports = [np.complex64] * len(meters)
        guarded_block.__init__(self, "transmit_gate", ports, ports)
        self.set_tag_propagation_policy(gr.TPP_ONE_TO_ONE)
        self._limits, self._events, self._meters = limits, events, meters
        self._driver = driver
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
        self._events.restart()
        self.stopped.clear()
        return True

    def stop(self):
        self._events.publish(self, at_once=True)
        if self.at_end is not None:
            self.at_end()
        self.stopped.set()
        for meter in self._meters:
            meter.finish()
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
        self._check_bursts(size)
        for port, meter in enumerate(self._meters):
            given, out = input_items[port][:size], output_items[port][:size]
            clipped, non_finite, peak = self._limits.apply(given, out)
            meter.take(out)
            self._peak = max(self._peak, peak)
            self._events.add(clipped=clipped, non_finite=non_finite)
        if self.numbered:
            self.tag_item(self.nitems_written(0), "sent", self.nitems_written(0))
        self._left -= size
        self._events.add(samples=size)
        self._events.publish(self)
        return size

    def _check_bursts(self, size):
        tags, *others = (burst_tags(self, size, i) for i in range(len(self._meters)))
        if not is_kept(self._driver, tags, any(others)) and tags and not self._told:
            said = "sends bursts as one stream: tx_sob and tx_eob have no effect"
            logging.getLogger(__name__).warning(f"driver = '{self._driver}' {said}")
            self._told = True
