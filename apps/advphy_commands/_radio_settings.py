# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and run loop shared by the actions of `advphy radio`."""

import contextlib
import threading
import time
from dataclasses import dataclass

from advphy_model.checked_values import checked_positive
from advphy_model.link import any_link
from advphy_model.modem.frame import Frame

from advphy_commands import _progress
from advphy_commands._options import changed, number, operand, option, positive
from advphy_commands.secret import key_file, secret_of

RADIOS = ("uhd", "hackrf", "soapy", "osmosdr")
NEAR = ("file", "zmq", "zmq_pub", "standin")  # their signal stays in the computer
DEFAULT_FREQUENCY = 433.92e6  # Hz; for drivers without a carrier
_LONGEST = 1e9  # seconds, 30 years


def duration(name, text):
    """Return a time in seconds above 0, or raise ValueError."""
    with contextlib.suppress(ValueError):
        if 0 < number(text) <= _LONGEST:
            return float(text)
    raise ValueError(f"{name} must be above 0, at most {_LONGEST:.0e} s, got {text}")


@dataclass(frozen=True)
class Link:
    link: str = operand("LINK", "file or name of a link")
    seed: int = option("seed of the messages", "1")
    codewords: int = option("codewords per burst", "128")
    images: str = option("images for a semantic link", "mnist_sample")
    key_file: str = key_file("of a keyed link, or for keyed bursts of other links")
    frames: int = option("number of bursts after which to end", None, positive)
    seconds: float = option("duration after which to end", None, duration)

    def load(self, device, driver):
        """Return (link, {frame, seed, images, secret}) for a Device and its driver."""
        model = any_link.load(self.link)
        semantic = hasattr(model, "pixels")
        if "--images" in changed(self) and not semantic:
            raise ValueError(f"link '{model.name}' sends no images; omit --images")
        return model, {
            "frame": device.frame(driver, model, self.codewords),
            "seed": self.seed,
            "images": self.images if semantic else None,
            "secret": secret_of(self.key_file, model, bursts=True),
        }


def gain_of(option, text):
    """Return the text of a gain, as a number if it is one."""
    try:
        return float(text)
    except ValueError:
        return text  # sdr_sink and sdr_source check the stages


@dataclass(frozen=True)
class Device:
    args: str = option("device arguments; path for file, endpoint for zmq", "")
    serial: str = option("serial number of the device", "", metavar="NUMBER")
    frequency: float = option("carrier in Hz", metavar="HZ")
    rate: float = option("samples per second (HackRF 2e6, others 1e6)", metavar="HZ")
    samples_per_symbol: int = option(
        "samples per symbol (HackRF 8, others 4)", metavar="NUMBER"
    )
    gain: float | str = option(
        "gain in dB, or of stages: LNA=16,VGA=20", None, gain_of, metavar="DB"
    )
    antenna: str = option("name of the antenna port", "")

    def of_driver(self, driver):
        """Return the arguments of sdr_sink and sdr_source; ValueError if invalid."""
        from gnuradio.advphy.air import radio_drivers
        from gnuradio.advphy.air.radio import HIGHEST

        if self.rate is not None:
            checked_positive("--rate", self.rate, HIGHEST, "samples/s")
        if self.frequency is None and driver in RADIOS:
            raise ValueError(f"--frequency is missing: driver {driver} has no default")
        rate = radio_drivers.checked_rate(driver, self.args, self.rate)
        frequency = DEFAULT_FREQUENCY if self.frequency is None else self.frequency
        checked_positive("--frequency", frequency, HIGHEST, "Hz")
        at = {"driver": driver, "frequency": frequency, "sample_rate": rate}
        at |= {"args": self.args, "serial": self.serial, "antenna": self.antenna}
        return at | {"gain": self.gain}

    def frame(self, driver, model, codewords):
        """Return the Frame with the samples per symbol of the option or the driver."""
        from gnuradio.advphy.air import radio_drivers

        sps = self.samples_per_symbol
        sps = radio_drivers.rates(driver, self.args).symbol if sps is None else sps
        return Frame.of_model(model, codewords=codewords, samples_per_symbol=sps)


def driver(flag):
    """Return the field of the option that names a driver."""
    text = "uhd, hackrf, soapy, osmosdr, standin, file, zmq or zmq_pub"
    return option(text, flag=flag, required=True, metavar="DRIVER")


def run(flowgraph, end, show=None, enough=None, patience=10.0, shown=None):
    """Run a top_block of advphy until it ends; return whether Ctrl-C ended it.

    Args:
        flowgraph: top_block, whose stream end() ends.
        end: called at Ctrl-C, or when enough() is true.
        show: function of the seconds since the start, called once a second, or None.
        enough: function that returns whether to end the flowgraph, or None.
        patience: seconds after which a flowgraph that does not end is stopped.
        shown: (unit, total or None, function that returns the present count) of the
            progress bar; None: elapsed seconds.
    """
    ended, failures, interrupted = threading.Event(), [], False

    def wait():
        try:
            flowgraph.wait()
        except Exception as error:  # raised again below
            failures.append(error)
        ended.set()

    begun, shown_at = time.monotonic(), 0
    unit, total, done = shown or ("s", None, lambda: time.monotonic() - begun)
    bar = _progress.bar(total=total, unit=unit)
    try:
        flowgraph.start()
        threading.Thread(target=wait, daemon=True).start()
        while not ended.wait(0.1):
            seconds = int(time.monotonic() - begun)
            if show is not None and seconds > shown_at:
                shown_at = seconds
                show(seconds)
            bar.n = round(done() if total is None else min(done(), total), 1)
            bar.refresh()
            if enough is not None and enough():
                break
    except KeyboardInterrupt:
        interrupted = True
    finally:
        bar.close()
    end()
    if not ended.wait(patience):
        flowgraph.stop()
        ended.wait(patience)
    if failures:
        raise failures[0]
    return interrupted
