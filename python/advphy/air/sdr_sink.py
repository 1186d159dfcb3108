# SPDX-License-Identifier: GPL-3.0-or-later
"""SDR sink: transmits samples by a radio, into a file, or to another process."""

import atexit
import logging
import threading
import weakref

import numpy as np
import pmt
from advphy_model.modem import transmit_limits
from advphy_model.modem.occupied_band import BandMeter
from advphy_model.user_folders import user_path
from gnuradio import blocks, gr

from ..block_errors import DONE, guarded_block
from ..reports import forward_messages
from . import radio, radio_drivers, radio_gain, standin
from .radio_feed import radio_feed
from .stream_events import StreamEvents, uhd_messages
from .zmq_relay import zmq_stream

# Zeros at the end. HackRF's drivers queue 15 transfers of 131072 samples; the other
# drivers of gr-uhd, gr-soapy and gr-osmosdr queue less than 0.1 s.
SHORTEST_TAIL, HACKRF_TAIL, TAIL_SECONDS = 131072, 2**21, 0.1
_transmitters = weakref.WeakSet()


class transmit_gate(guarded_block):
    """Clip samples to the amplitude limit, end the stream at the time limit.

    It also ends with an error if the signal is wider than the meter (BandMeter) allows.
    A numbered gate tags the first sample of each call with its number: "sent".

    Input and output: samples, complex64
    Message port "stream_events": the counts, twice a second.
    """

    at_end = None  # called when the flowgraph stops
    numbered = False  # whether to tag

    def __init__(self, limits, sample_rate, events, meter):
        guarded_block.__init__(self, "transmit_gate", [np.complex64], [np.complex64])
        self._limits, self._events, self._meter = limits, events, meter
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
        self._meter.finish()
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
        self._meter.take(out)
        if self.numbered:
            self.tag_item(self.nitems_written(0), "sent", self.nitems_written(0))
        self._left -= size
        self._peak = max(self._peak, peak)
        self._events.add(samples=size, clipped=clipped, non_finite=non_finite)
        self._events.publish(self)
        return size


class sdr_sink(radio.radio_edge):
    """Transmit samples once armed, within limits, and end in zeros.

    Input: samples, complex64
    Message port "stream_events": a dictionary twice a second, see events().

    Args:
        driver: "uhd", "soapy", "osmosdr", "hackrf" (by gr-osmosdr), "standin" (the
            stand-in radio of a build tree), "file", "zmq" (for one receiver) or
            "zmq_pub" (for many; a slow one loses samples).
        args: device arguments, the file's path, or the endpoint that zmq binds.
        frequency: frequency in Hz.
        sample_rate: sample rate in samples/s, or None: the driver's, 1e6 (HackRF 2e6).
        gain: gain in dB, or of stages, such as "LNA=16,VGA=20", or None: the device's
            own setting. A HackRF's amplifier (AMP, RF) is off unless it is named.
        antenna: name of the antenna, or "": the device's own setting.
        channel: channel of the device.
        armed: False: a dry run that opens no device; plan() reports what would be sent.
        adversary: "yes" if the signal is an adversary's; it goes to file, zmq and
            standin only, unless permitted.
        permitted: "cabled", "licensed" or None.
        amplitude_limit: largest magnitude; larger samples are clipped and counted.
        time_limit: seconds of samples over all starts, after which the stream ends.
        bandwidth: width in Hz that the signal occupies, which must be allowed with a
            guard: frame.occupied_width * sample_rate; None: the sample rate. The stream
            ends with an error if more than 1 % of the energy is outside; one block of
            4096 samples in 16 is measured.
        serial: serial number of the device, or "".

    ValueError if the device lacks a setting or the user's file does not allow it.
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
        armed=False,
        adversary="no",
        permitted=None,
        amplitude_limit=0.8,
        time_limit=10.0,
        bandwidth=None,
        serial="",
    ):
        gr.hier_block2.__init__(
            self, "sdr_sink", gr.io_signature(1, 1, 8), gr.io_signature(0, 0, 0)
        )
        self._limits = transmit_limits.TransmitLimits(
            amplitude_limit, time_limit, adversary, permitted
        )
        if not isinstance(armed, bool):
            raise ValueError(f"armed must be True or False, got {armed!r}")
        args = radio_drivers.with_serial(driver, args, serial)
        rate = radio_drivers.checked_rate(driver, args, sample_rate)
        self._requested = radio.checked_settings(driver, frequency, rate, gain)
        self._bandwidth = bandwidth
        meter = BandMeter(rate if bandwidth is None else bandwidth, rate)
        package, self._radiates = driver, False
        if driver not in radio_drivers.NO_RADIOS:
            package, full = radio_drivers.resolve(driver, args)
            self._radiates = not standin.selects_standin(package, full)
        self._events = StreamEvents(
            "sink", package, samples=0, clipped=0, non_finite=0, pauses=0
        )
        self.feed = None
        self.gate = transmit_gate(self._limits, rate, self._events, meter)
        if armed:
            self.end = self._armed(args, antenna, channel)
        else:
            self.end = blocks.null_sink(8)
            self.gate.at_end = lambda: logging.getLogger(__name__).warning(self.plan())
        self.connect(self, self.gate, self.end)
        forward_messages(self, self.gate, "stream_events")

    def _armed(self, args, antenna, channel):
        driver, rate = self._requested["driver"], self._requested["sample_rate"]
        if driver == "file":
            return _file_sink(args)
        if driver in ("zmq", "zmq_pub"):
            self.gate.numbered = driver == "zmq_pub"
            return zmq_stream(self, driver, "bind", args)
        if self._radiates:
            self._limits.require_permission(driver)
            self.require_allowed(self._requested)
        self.radio = radio.Radio("sink", args, self._requested, antenna, channel)
        self.require_allowed(self.radio.settings())
        companions = []
        if self.radio.package == "uhd":
            self.messages = uhd_messages(self._events)
            companions.append(("async_msgs", self.messages, "async_msgs"))
        tail = max(SHORTEST_TAIL, round(TAIL_SECONDS * rate))
        # gr-soapy and gr-osmosdr may open a HackRF that the arguments do not name.
        if self._radiates and self.radio.package != "uhd":
            tail = max(tail, HACKRF_TAIL)
        self.feed = radio_feed(
            self.radio, tail, self._limits.seconds, self._events, companions
        )
        _transmitters.add(self)
        return self.feed

    def require_allowed(self, settings):
        """Return the band of the user's file that allows settings; None: any is."""
        if not self._radiates:
            return None
        at, gain = (settings["frequency"], settings["sample_rate"]), settings["gain"]
        gain = radio_gain.total(gain)
        return transmit_limits.require_allowed(*at, gain, self._bandwidth)

    def _set_radio(self, name, value, requested):
        self.require_allowed(requested)
        if value is not None:
            self.radio.set(name, value)
            try:
                self.require_allowed(self.radio.settings())
            except ValueError:
                self.silence()
                raise

    def plan(self):
        """Return a line that describes what a dry run would have sent so far."""
        samples = self._events.counts()["samples"]
        return transmit_limits.describe(samples, self.gate.peak(), self._requested)

    def silence(self):
        """Send zeros, turn the transmitter off, end this stream, and wait for it."""
        self.gate.silence()
        if self.feed is not None:
            self.feed.silence()


@atexit.register
def _silence_all():
    """Silence all transmitters when the program ends."""
    for sink in list(_transmitters):
        if sink.feed.is_running():
            sink.silence()
            # Python must not end while GNU Radio's threads may still call it.
            sink.feed.stopped.wait(2)
            sink.gate.stopped.wait(2)


def _file_sink(path):
    if not path:
        raise ValueError("args must be the path of a file for driver = 'file', got ''")
    try:
        path = str(user_path(path))
        open(path, "wb").close()  # GNU Radio's own error does not give the reason
    except OSError as error:
        raise ValueError(
            f"args = '{path}': the file cannot be written ({error.strerror})"
        ) from None
    return blocks.file_sink(8, path)
