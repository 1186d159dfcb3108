# SPDX-License-Identifier: GPL-3.0-or-later
"""One direction of a radio, opened through gr-uhd, gr-soapy or gr-osmosdr."""

import contextlib
import importlib
import math
import threading
import weakref

from ..block_errors import kept_hier_block
from . import radio_drivers, radio_gain, standin
from .guardian import Guardian
from .radio_drivers import HACKRF, LISTS, METHODS, REMEDIES, WITHOUT_CHANNEL

_open = weakref.WeakSet()  # Radios
HIGHEST = 1e12  # of a frequency or sample rate, as in SigMF
UNITS = {"frequency": "Hz", "sample_rate": "samples/s", "gain": "dB"}


def checked_settings(driver, frequency, sample_rate, gain, channels=1):
    """Return the settings as a dictionary; ValueError if one is invalid.

    Numbers become plain ones, so that what is checked is what the device gets.
    """
    at = {"frequency": frequency, "sample_rate": sample_rate}
    gain = radio_gain.plain(gain)
    for name, value in at.items():
        with contextlib.suppress(TypeError):
            at[name] = math.nan if isinstance(value, str | bytes) else float(value)
        if not (isinstance(at[name], float) and 0 < at[name] <= HIGHEST):
            rule = f"a number of {UNITS[name]} above 0, at most {HIGHEST:.0e}"
            raise ValueError(f"{name} must be {rule}, got {value}")
    for one in radio_gain.of_channels(gain, channels):
        radio_gain.stages(one)
    return {"driver": driver, **at, "gain": gain}


class radio_edge(kept_hier_block):
    """Base class of SDR sink and source, which may be tuned while they run.

    A subclass implements _set_radio(name, value, requested), which sets one setting;
    `requested` holds all settings with the new one.
    """

    radio = None
    channels = 1

    def _change(self, name, value):
        with self.radio.changing if self.radio else contextlib.nullcontext():
            changed = self._requested | {name: value, "channels": self.channels}
            requested = checked_settings(**changed)
            if self.radio is not None:
                self._set_radio(name, requested[name], requested)
            self._requested = requested

    def set_frequency(self, frequency):
        """Tune to a frequency in Hz; ValueError if it is not allowed."""
        self._change("frequency", frequency)

    def set_gain(self, gain):
        """Set the gain in dB, or of stages; ValueError if it is not allowed."""
        self._change("gain", gain)

    def settings(self, channel=0):
        """Return a dictionary of what the device reports; without one, the request.

        channel: counted from the first one of this sink.
        """
        return self._requested if self.radio is None else self.radio.settings(channel)

    def events(self):
        """Return counts since the start, as a dictionary.

        underruns, overruns, late: None where the driver does not report them.
        samples: sent or received. since: start in unix seconds. A sink adds clipped
        (samples above the amplitude limit), non_finite (samples sent as zero) and
        pauses (times that no sample came for half a second, so that zeros were sent);
        of the bursts that tx_sob marks, bursts, and how many of them were
        late_bursts and bursts_with_underruns, None unless the driver is uhd.
        """
        return self._events.counts()


class Radio:
    """An open transmitter ("sink") or receiver ("source") with the requested settings.

    args, antenna and channel are those of sdr_sink; requested is a dictionary of
    checked_settings(). gr-soapy and gr-osmosdr have only channel 0; of a USRP, so many
    channels from that on are opened. ValueError if there is no such driver or device,
    or it lacks a setting.

    `changing` is held while settings change and while a transmitter starts. `guardian`
    is that of a transmitter, None for a stand-in without a record.
    """

    guardian = None

    def __init__(self, direction, args, requested, antenna, channel, channels=1):
        self.channels, self.changing = channels, threading.RLock()
        self.driver = requested["driver"]
        self.package, self.args = radio_drivers.resolve(self.driver, args)
        self._hackrf = radio_drivers.hackrf_of(self.package, self.args)
        self._require_one_direction()
        self.is_standin = standin.selects_standin(self.package, self.args)
        if self.is_standin:
            self.args = standin.own_end(self.args)
        # Time in s without a sample that is an error; a stand-in may wait for another.
        self.stall_seconds = 10.0 if self.is_standin else 3.0
        self._names, self.block = METHODS[self.package], None
        try:
            self.block = self._open(direction, channel)
            self._prepare(requested, antenna)
        except ValueError:
            self.block = None  # close it: the error's traceback holds this object
            if self.guardian:
                self.guardian.end()
            raise
        _open.add(self)

    def _prepare(self, requested, antenna):
        wanted = [standin.ANTENNA]
        if self.is_standin and (found := list(self._get("antennas"))) != wanted:
            said = f"the device reports antennas {found}"
            raise ValueError(f"args = {self.args!r} asks for the stand-in, but {said}")
        self._set_sample_rate(requested["sample_rate"])
        self.set("frequency", requested["frequency"])
        if antenna:
            self._set_antenna(antenna)
        self.set("gain", requested["gain"])

    def _require_one_direction(self):
        for other in _open:
            if self._hackrf and other._hackrf == self._hackrf:
                raise ValueError(
                    f"args = '{self.args}': this program uses that HackRF already, "
                    "which sends or receives, not both; use a second one (serial)"
                )

    def _open(self, direction, channel):
        standin.make_findable()
        top = "" if self.package == "osmosdr" else "gnuradio."
        try:
            package = importlib.import_module(top + self.package)
        except ImportError:
            said = REMEDIES[self.package]
            raise ValueError(f"driver = '{self.driver}': {said}") from None
        if self.package != "uhd" and channel != 0:
            raise ValueError(
                f"channel = {channel}, but driver = '{self.driver}' opens only 0"
            )
        maker = getattr(package, "usrp_" * (self.package == "uhd") + direction)
        more = ("fc32", 1, "", "", [""], [""]) if self.package == "soapy" else ()
        if direction == "sink" and not (self.is_standin and standin.forgets(self.args)):
            self.guardian = Guardian(self.package, self.args)
            self.guardian.begin()
        try:
            if self.package == "uhd":
                own = list(range(channel, channel + self.channels))
                more = [package.stream_args(cpu_format="fc32", channels=own)]
            return maker(self.args, *more)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ValueError(
                f"driver = '{self.driver}', args = '{self.args}': no such device can "
                f"be opened ({' '.join(str(error).split())}); {LISTS[self.package]} "
                "lists what is connected"
            ) from None

    def _get(self, name, *stage, of=0):
        arguments = [*stage, *self._channel(name, of)]
        if self.package == "soapy":
            arguments.reverse()
        return getattr(self.block, self._names["get"][name])(*arguments)

    def _channel(self, name, of):
        return [] if name in WITHOUT_CHANNEL and self.package != "soapy" else [of]

    def _set(self, name, value, *stage, of=0):
        arguments = [value, *stage, *self._channel(name, of)]
        if self.package == "soapy":
            arguments.reverse()
        try:
            getattr(self.block, self._names["set"][name])(*arguments)
        except (RuntimeError, ValueError) as error:
            said = f"the device refuses it ({' '.join(str(error).split())})"
            raise ValueError(f"{name} = {value}: {said}") from None

    def set(self, name, value):
        """Set frequency, gain or sample rate; ValueError if it is out of range."""
        wanted = [{"": value}] * self.channels
        if name == "gain":
            gains = enumerate(radio_gain.of_channels(value, self.channels))
            names = [list(self._get("gain names", of=n)) for n in range(self.channels)]
            wanted = [radio_gain.by_stage(g, names[n], self._hackrf) for n, g in gains]
        for of, stages in enumerate(wanted):
            for stage, one in self._lowered_first(name, stages, of):
                self._set_within(name, one, *filter(None, [stage]), of=of)

    def _lowered_first(self, name, stages, of):
        """Return pairs of stages in an order in which their sum is never above both."""
        if len(stages) < 2:
            return stages.items()
        change = {s: one - self._get(name, s, of=of) for s, one in stages.items()}
        return sorted(stages.items(), key=lambda pair: change[pair[0]])

    def _set_within(self, name, value, *stage, of):
        try:
            ranges = _ranges(self._get(f"{name} range", *stage, of=of))
        except RuntimeError:  # gr-uhd and gr-osmosdr raise it for an empty range
            ranges = []
        if self._hackrf and name == "sample_rate":  # gr-osmosdr lists the best ones
            ranges = [(HACKRF.lowest, HACKRF.highest)]
        slack = 1e-9 * abs(value)
        if ranges and not any(a - slack <= value <= b + slack for a, b in ranges):
            ends = (f"{a:g}" if a == b else f"{a:g}...{b:g}" for a, b in ranges)
            raise ValueError(
                f"{' '.join([name, *stage])} = {value:g}, but the device (driver = "
                f"'{self.driver}') has {', '.join(ends)} {UNITS[name]}"
            )
        self._set(name, value, *stage, of=of)

    def _set_sample_rate(self, sample_rate):
        self.set("sample_rate", sample_rate)
        # 10 ppm is the error of a good clock; a receiver would not follow a larger one.
        if not math.isclose(self.sample_rate(), sample_rate, rel_tol=1e-5):
            raise ValueError(
                f"sample_rate = {sample_rate:g}, but the nearest rate of the device "
                f"(driver = '{self.driver}') is {self.sample_rate():.9g} samples/s"
            )

    def _set_antenna(self, antenna):
        available = list(self._get("antennas"))
        if available and antenna not in available:
            raise ValueError(
                f"antenna = {antenna!r}, but the device has: {', '.join(available)}"
            )
        for of in range(self.channels):
            self._set("antenna", antenna, of=of)

    def sample_rate(self):
        return self._get("sample_rate")

    def device_time(self):
        """Return the time in s of a USRP."""
        return self.block.get_time_now().get_real_secs()

    def settings(self, of=0):
        """Return the driver and what the device reports, in Hz, samples/s and dB.

        gain is the sum of the stages: gr-osmosdr's gain of a HackRF is its amplifier's.
        """
        names = ("frequency", "sample_rate", "gain", "antenna")
        found = {"driver": self.driver} | {n: self._get(n, of=of) for n in names}
        names = self._get("gain names", of=of)
        stages = {name: self._get("gain", name, of=of) for name in names}
        return found | ({"gain": sum(stages.values())} if stages else {})


def _ranges(given):
    """Return a driver's ranges as pairs (lowest, highest).

    gr-uhd and gr-osmosdr give only the two ends; in a gap, the device chooses a value.
    """
    if hasattr(given, "start"):
        return [(given.start(), given.stop())]
    if hasattr(given, "minimum"):
        given = [given]
    return [(one.minimum(), one.maximum()) for one in given]
