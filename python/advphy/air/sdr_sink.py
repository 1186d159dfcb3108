# SPDX-License-Identifier: GPL-3.0-or-later
"""SDR sink: transmits samples by a radio, into a file, or to another process."""

import atexit
import logging
import weakref

from advphy_model.modem import transmit_limits
from advphy_model.modem.occupied_band import BandMeter
from advphy_model.user_folders import user_path
from gnuradio import blocks, gr

from ..reports import forward_messages
from . import guardian, radio, radio_drivers, radio_gain, standin
from .radio_feed import radio_feed
from .stream_events import StreamEvents, uhd_messages
from .transmit_gate import transmit_gate
from .zmq_relay import zmq_stream

# Zeros at the end. HackRF's drivers queue 15 transfers of 131072 samples; the other
# drivers of gr-uhd, gr-soapy and gr-osmosdr queue less than 0.1 s.
SHORTEST_TAIL, HACKRF_TAIL, TAIL_SECONDS = 131072, 2**21, 0.1
_transmitters = weakref.WeakSet()


class sdr_sink(radio.radio_edge):
    """Transmit samples once armed, within limits, and end in zeros.

    Input: samples, complex64; as many inputs as channels
    Tags: "tx_sob" and "tx_eob" on the first and last sample of a burst, "tx_time" for
        a burst that shall leave at device_time(), as gr-uhd's sink takes them, on the
        first input; for driver "uhd" only
    Message port "stream_events": a dictionary twice a second, see events().

    A burst with a time waits until 0.25 s before it; what waits can be silenced.

    Args:
        driver: "uhd", "soapy", "osmosdr", "hackrf" (by gr-osmosdr), "standin" (the
            stand-in radio of a build tree), "file", "zmq" (for one receiver) or
            "zmq_pub" (for many; a slow one loses samples).
        args: device arguments, the file's path, or the endpoint that zmq binds.
        frequency: frequency in Hz.
        sample_rate: sample rate in samples/s, or None: the driver's, 1e6 (HackRF 2e6).
        gain: gain in dB, or of stages, such as "LNA=16,VGA=20", or None: the device's
            own setting. A HackRF's amplifier (AMP, RF) is off unless it is named. A
            tuple of gains if there are several channels.
        antenna: name of the antenna, or "": the device's own setting.
        channel: channel of the device, the first one of several.
        armed: False: a dry run that opens no device; plan() reports what would be sent.
        adversary: "yes" if the signal is an adversary's; it goes to file, zmq and
            standin only, unless permitted.
        permitted: "cabled", "licensed" or None.
        amplitude_limit: largest magnitude; larger samples are clipped and counted.
        time_limit: seconds of samples over all starts, and with a radio also of the
            clock from each start, after which the stream ends.
        bandwidth: width in Hz that the signal occupies, which must be allowed with a
            guard: frame.occupied_width * sample_rate; None: the sample rate. The stream
            ends with an error if more than 1 % of the energy is outside; one block of
            4096 samples in 16, at random, is measured.
        serial: serial number of the device, or "".
        channels: 2: two inputs for two channels of one USRP at the same frequency, such
            as Alice and an adversary; then the latter's rules are for both.

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
        channels=1,
    ):
        if channels != 1 and (channels != 2 or driver != "uhd"):
            raise ValueError(
                "channels must be 1, or 2 for two channels of one USRP (driver = "
                f"'uhd'), got {channels} for driver = '{driver}'"
            )
        inputs = gr.io_signature(channels, channels, 8)
        gr.hier_block2.__init__(self, "sdr_sink", inputs, gr.io_signature(0, 0, 0))
        self.channels = channels
        self._limits = transmit_limits.TransmitLimits(
            amplitude_limit, time_limit, adversary, permitted
        )
        if not isinstance(armed, bool):
            raise ValueError(f"armed must be True or False, got {armed!r}")
        driver, args, antenna, serial = radio_drivers.plain(
            driver=driver, args=args, antenna=antenna, serial=serial
        )
        args = radio_drivers.with_serial(driver, args, serial)
        rate = radio_drivers.checked_rate(driver, args, sample_rate)
        wanted = frequency, rate, gain, channels
        self._requested = radio.checked_settings(driver, *wanted)
        rate, self._band = self._requested["sample_rate"], None
        self._bandwidth = bandwidth
        width = rate if bandwidth is None else bandwidth
        meters = [BandMeter(width, rate) for _ in range(channels)]
        package, self._radiates = driver, False
        if driver not in radio_drivers.NO_RADIOS:
            package, full = radio_drivers.resolve(driver, args)
            self._radiates = not standin.selects_standin(package, full)
        self._events = StreamEvents(
            "sink", package, samples=0, clipped=0, non_finite=0, pauses=0
        )
        self.feed = None
        self.gate = transmit_gate(driver, self._limits, rate, self._events, meters)
        if armed:
            self.end = self._armed(args, antenna, channel)
        else:
            self.end = blocks.null_sink(8)
            self.gate.at_end = lambda: logging.getLogger(__name__).warning(self.plan())
        for port in range(channels):
            self.connect((self, port), (self.gate, port), (self.end, port))
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
            self._require_all_allowed(self._requested)
        own = antenna, channel, self.channels
        guardian.log(None)  # before a device is opened
        self.radio = radio.Radio("sink", args, self._requested, *own)
        self._require_all_allowed()
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
        this = weakref.proxy(self)  # a cycle through C++ would never be freed
        if self._radiates:
            self.feed.permit = lambda: this._require_all_allowed()
        if self.radio.guardian:
            self.feed.entry = lambda: this._entry()
            self.gate.guardian = self.radio.guardian
            logging.getLogger(__name__).warning(
                "sdr_sink: armed, %s; each transmission is logged in %s",
                self.radio.args,
                guardian.log_path(),
            )
        return self.feed

    def _entry(self):
        """Return what the log says of a transmission; see guardian.log()."""
        counts, limits = self._events.counts(), self._limits
        now = self.radio.settings()
        entry = {"device": self._requested["driver"], "args": self.radio.args}
        entry |= {"band": self._band, "frequency": now["frequency"]}
        entry |= {"sample_rate": now["sample_rate"], "gain": now["gain"]}
        entry |= {"adversary": limits.adversary, "permitted": limits.permitted}
        entry |= {"seconds": counts["samples"] / now["sample_rate"]}
        return entry | {"peak": self.gate.peak(), "model": self.gate.model}

    def require_allowed(self, settings):
        """Return the band of the user's file that allows settings; None: any is."""
        if not self._radiates:
            return None
        at, gain = (settings["frequency"], settings["sample_rate"]), settings["gain"]
        gain = radio_gain.total(gain)
        band = transmit_limits.require_allowed(*at, gain, self._bandwidth)
        self._band = band.name
        return band

    def _require_all_allowed(self, requested=None):
        """Require that each channel is allowed, as requested or as the device says."""
        gains = radio_gain.of_channels((requested or {}).get("gain"), self.channels)
        for channel, gain in enumerate(gains):
            wanted = requested and requested | {"gain": gain}
            self.require_allowed(wanted or self.radio.settings(channel))

    def device_time(self):
        """Return the time in s of the open USRP, to which tx_time refers."""
        if self.radio is None or self.radio.package != "uhd":
            raise ValueError(
                f"device_time() needs an armed sink of driver = 'uhd', not "
                f"driver = '{self._requested['driver']}'; arm it"
            )
        return self.radio.device_time()

    def bursts(self):
        """Return a dictionary of each of the last 1000 bursts that a USRP was given.

        number: since the start. begin: tx_time, or when it was handed over. handed:
        when that was, in s of device_time(). underruns, late: their counts.
        """
        return self._events.bursts()

    def _set_radio(self, name, value, requested):
        self._require_all_allowed(requested)
        if value is None:
            return
        try:
            self.radio.set(name, value)
        finally:  # also of a device that took a part of it
            try:
                self._require_all_allowed()
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
        elif sink.radio.guardian:
            sink.radio.guardian.end()


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
