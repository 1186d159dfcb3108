# SPDX-License-Identifier: GPL-3.0-or-later
"""SDR source: receives samples by a radio, from a file, or from another process."""

import os

import numpy as np
import pmt
import zmq
from advphy_model.user_folders import user_path
from gnuradio import blocks, gr

from ..block_errors import guarded_block
from ..reports import forward_messages
from . import radio
from .arrival_times import ArrivalTimes
from .sdr_sink import ENDPOINT, zmq_block, zmq_refusal
from .stream_events import StreamEvents
from .zmq_relay import zmq_relay

RX_TIME = pmt.intern("rx_time")


class sdr_source(radio.radio_edge):
    """Receive samples.

    Output: samples, complex64; zmq keeps the sender's tags
    Message port "stream_events": a dictionary twice a second, see events().

    `arrivals` are the ArrivalTimes of the samples.

    The arguments are those of sdr_sink; zmq connects to an endpoint. ValueError if the
    device lacks a setting.
    """

    def __init__(
        self,
        driver="file",
        args="",
        frequency=433.92e6,
        sample_rate=1e6,
        gain=None,
        antenna="",
        channel=0,
    ):
        gr.hier_block2.__init__(
            self, "sdr_source", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, 8)
        )
        self._requested = radio.checked_settings(driver, frequency, sample_rate, gain)
        package = driver
        if driver == "file":
            self.begin = _file_source(args)
        elif driver == "zmq":
            self.begin = _zmq_source(self, args or ENDPOINT)
        else:
            self.radio = radio.Radio("source", args, self._requested, antenna, channel)
            self.begin, package = self.radio.block, self.radio.package
        self._events = StreamEvents("source", package, samples=0)
        self.watch = _stream_watch(package, self._events)
        self.arrivals = self.watch.arrivals
        self.connect(self.begin, self)
        self.connect(self.begin, self.watch)
        forward_messages(self, self.watch, "stream_events")

    def _set_radio(self, name, value, requested):
        if value is not None:
            if name == "frequency":
                self.watch.expect_tag()
            self.radio.set(name, value)


class _stream_watch(guarded_block):
    """Count the samples of a stream and the overruns that its driver reports."""

    def __init__(self, package, events):
        guarded_block.__init__(self, "stream_watch", [np.complex64], [])
        self._package, self._events, self.arrivals = package, events, ArrivalTimes()
        self._expected_tags = 1  # gr-uhd tags the first sample
        self.message_port_register_out(pmt.intern("stream_events"))

    def expect_tag(self):
        """Expect a time tag of gr-uhd that does not mean an overrun."""
        self._expected_tags += 1

    def start(self):
        self._events.restart()
        self.arrivals.clear()
        self._expected_tags = 1
        return True

    def stop(self):
        self._events.publish(self, at_once=True)
        return True

    def work(self, input_items, output_items):
        size = len(input_items[0])
        self.arrivals.note(self.nitems_read(0) + size)
        if self._package == "uhd":
            tags = len(self.get_tags_in_window(0, 0, size, RX_TIME))
            expected = min(tags, self._expected_tags)
            self._expected_tags -= expected
            self._events.add(overruns=tags - expected)
        self._events.add(samples=size)
        self._events.publish(self)
        return size


def _zmq_source(owner, endpoint):
    """Return the source of a sender's samples, and end its relay with the owner."""
    try:
        address = zmq_relay(owner, endpoint)
    except zmq.ZMQError as error:
        raise zmq_refusal(endpoint, "connect to", error) from None
    return zmq_block("req_source", address)


def _file_source(path):
    try:
        path = str(user_path(path))
        size = os.path.getsize(path)
    except OSError as error:
        raise ValueError(
            f"args = '{path}': the file cannot be read ({error.strerror}); give a file "
            "of complex64 samples"
        ) from None
    if size < 8:
        raise ValueError(f"args = '{path}': the file holds no complex64 sample")
    return blocks.file_source(8, path, False)
