# SPDX-License-Identifier: GPL-3.0-or-later
"""SDR source: receives samples by a radio, from a file, or from another process."""

import os

import numpy as np
import pmt
from advphy_model.file_gate import open_file
from advphy_model.user_folders import user_path
from gnuradio import blocks, gr

from ..block_errors import guarded_block
from ..reports import forward_messages
from . import radio, radio_drivers
from .arrival_times import ArrivalTimes
from .radio_tap import radio_tap
from .stream_events import StreamEvents
from .zmq_relay import zmq_stream

RX_TIME, SENT = pmt.intern("rx_time"), pmt.intern("sent")


class sdr_source(radio.radio_edge):
    """Receive samples.

    Output: samples, complex64; zmq and zmq_pub keep the sender's tags. With zmq_pub,
        tags "sent" have the sender's number of a sample; a gap counts as an overrun.
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
        sample_rate=None,
        gain=None,
        antenna="",
        channel=0,
        serial="",
    ):
        gr.hier_block2.__init__(
            self, "sdr_source", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, 8)
        )
        driver, args, antenna, serial = radio_drivers.plain(
            driver=driver, args=args, antenna=antenna, serial=serial
        )
        args = radio_drivers.with_serial(driver, args, serial)
        rate = radio_drivers.checked_rate(driver, args, sample_rate)
        self._requested = radio.checked_settings(driver, frequency, rate, gain)
        package = driver
        if driver == "file":
            self.begin = _file_source(args)
        elif driver in ("zmq", "zmq_pub"):
            self.begin = zmq_stream(self, driver, "connect to", args)
        else:
            self.radio = radio.Radio("source", args, self._requested, antenna, channel)
            self.begin, package = radio_tap(self.radio), self.radio.package
        self._events = StreamEvents("source", package, samples=0)
        self.watch = _stream_watch(package, self._events)
        self.arrivals = self.watch.arrivals
        self.connect(self.begin, self)
        self.connect(self.begin, self.watch)
        forward_messages(self, self.watch, "stream_events")

    def fail(self, error):
        """End the flowgraph with an error."""
        self.watch.fail(error)

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
        self._expected_tags, self._behind = 1, None
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
        if self._package == "zmq_pub":
            self._events.add(overruns=self._gaps(size))
        self._events.add(samples=size)
        self._events.publish(self)
        return size

    def _gaps(self, size):
        """Count the gaps before the tags of the sender's sample numbers."""
        gaps = 0
        for tag in self.get_tags_in_window(0, 0, size, SENT):
            behind = pmt.to_long(tag.value) - tag.offset
            # It falls when the sender starts again.
            gaps += self._behind is not None and behind > self._behind
            self._behind = behind
        return gaps


def _file_source(path):
    try:
        path = str(user_path(path))
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise ValueError(
            f"args = '{path}': the file cannot be read ({error.strerror}); give a file "
            "of complex64 samples"
        ) from None
    if size < 8:
        raise ValueError(f"args = '{path}': the file holds no complex64 sample")
    return blocks.file_source(8, path, False)
