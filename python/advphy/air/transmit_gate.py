# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in front of a transmitter: limits of amplitude, time, band and bursts.

Tags mark bursts in a stream of samples, as gr-uhd's sink takes them: tx_sob is on the
first sample of a burst, tx_eob on its last one, and tx_time on the first one if it
shall leave at a time of the device.
"""

import contextlib
import logging
import threading

import numpy as np
import pmt
from gnuradio import gr

from ..block_errors import DONE
from ..stream_tags import MODEL_TAG
from ..transmit.burst_modulator import TAGS, TIME
from .guardian import watched_block


def burst_tags(block, size, port=0):
    """Return sorted [(item, key, value)], PMTs, of the tags in a block's next items."""
    read = block.nitems_read(port)
    tags = sorted(block.get_tags_in_window(port, 0, size), key=lambda tag: tag.offset)
    return [(t.offset - read, t.key, t.value) for t in tags if t.key in TAGS]


def seconds_of(value):
    """Return the seconds of a tx_time; ValueError unless gr-uhd takes it."""
    with contextlib.suppress(Exception):  # pmt raises several
        whole, rest = pmt.tuple_ref(value, 0), pmt.tuple_ref(value, 1)
        return pmt.to_uint64(whole) + pmt.to_double(rest)
    raise ValueError(
        f"tx_time must be a tuple of seconds (uint64) and a fraction (double), got "
        f"{value}; make it with pmt.make_tuple(pmt.from_uint64(2), pmt.from_double(0))"
    )


def is_kept(driver, tags, others):
    """Return whether a driver follows tags of input 0; ValueError if others are there.

    ValueError as well for a time that it cannot keep.
    """
    if others:
        raise ValueError(
            "burst tags are on input 1, but gr-uhd follows only those of input 0, for "
            "both channels; tag that one"
        )
    kept = driver in ("uhd", "zmq", "zmq_pub")  # zmq passes them on
    for _, key, value in tags:
        if key == TIME and seconds_of(value) >= 0 and not kept:
            raise ValueError(
                f"a burst has tx_time, but driver = '{driver}' sends at no given time; "
                "use driver = 'uhd', or omit tx_time"
            )
    return kept


class transmit_gate(watched_block):
    """Clip samples to the amplitude limit, end the stream at the time limit.

    It also ends with an error if the signal is wider than the meter (BandMeter) allows.
    A numbered gate tags the first sample of each call with its number: "sent".
    `meters` has a meter for each input.

    Inputs and outputs: samples, complex64
    Message port "stream_events": the counts, twice a second.
    """

    at_end = None  # called when the flowgraph stops
    numbered = False  # whether to tag
    model = None  # SHA-256 of the model, by a tag of the samples
    _told = False  # that the driver does not know bursts

    def __init__(self, driver, limits, sample_rate, events, meters):
        ports = [np.complex64] * len(meters)
        watched_block.__init__(self, "transmit_gate", ports, ports)
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
        if tags := self.tags_of(size, MODEL_TAG):
            self.model = tags[-1][-1]
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
