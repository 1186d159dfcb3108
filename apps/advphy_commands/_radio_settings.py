# SPDX-License-Identifier: GPL-3.0-or-later
"""Options and run loop shared by the actions of `advphy radio`."""

import contextlib
import math
import signal
import threading
import time
from dataclasses import dataclass

from advphy_model.link import any_link
from advphy_model.modem.frame import Frame

from advphy_commands import _progress
from advphy_commands._options import number, operand, option, positive
from advphy_commands.secret import key_file, secret_of

RADIOS = ("uhd", "hackrf", "soapy", "osmosdr")
NEAR = ("file", "zmq", "standin")  # drivers whose signal stays in the computer
DEFAULT_FREQUENCY = 433.92e6  # Hz; for drivers without a carrier


def duration(name, text):
    """Return a finite time in seconds above 0, or raise ValueError."""
    with contextlib.suppress(ValueError):
        if 0 < number(text) < math.inf:
            return float(text)
    raise ValueError(f"{name} must be finite and above 0, got {text}")


@dataclass(frozen=True)
class Link:
    link: str = operand("LINK", "file or name of a link")
    seed: int = option("seed of the messages", "1")
    codewords: int = option("codewords per burst", "128")
    images: str = option("images for a semantic link", "mnist_sample")
    key_file: str = key_file()
    frames: int = option("number of bursts after which to end", None, positive)
    seconds: float = option("duration after which to end", None, duration)

    def load(self):
        """Return (link, {frame, seed, images, secret})."""
        model = any_link.load(self.link)
        return model, {
            "frame": Frame.of_model(model, codewords=self.codewords),
            "seed": self.seed,
            "images": self.images if hasattr(model, "pixels") else None,
            "secret": secret_of(self.key_file, model),
        }


@dataclass(frozen=True)
class Device:
    args: str = option("device arguments; path for file, endpoint for zmq", "")
    frequency: float = option("carrier in Hz", metavar="HZ")
    rate: float = option("samples per second", "1e6")
    gain: float = option("gain in dB", metavar="DB")
    antenna: str = option("name of the antenna port", "")

    def of_driver(self, driver):
        """Return the arguments of sdr_sink and sdr_source; ValueError if invalid."""
        if not 0 < self.rate < math.inf:
            raise ValueError(f"--rate must be above 0 samples/s, got {self.rate:g}")
        if self.frequency is None and driver in RADIOS:
            raise ValueError(f"--frequency is missing: driver {driver} has no default")
        frequency = self.frequency or DEFAULT_FREQUENCY
        at = {"driver": driver, "frequency": frequency, "sample_rate": self.rate}
        return at | {"args": self.args, "gain": self.gain, "antenna": self.antenna}


def driver(flag):
    """Return the field of the option that names a driver."""
    text = "uhd, hackrf, soapy, osmosdr, standin, file or zmq"
    return option(text, flag=flag, required=True, metavar="DRIVER")


def ended_by_signals():
    """Let SIGTERM and SIGHUP have the effect of Ctrl-C while the context is active."""
    return handled(signal.default_int_handler, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def handled(handler, *numbers):
    """Let a handler handle signals while the context is active."""
    before = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) != signal.SIG_IGN  # nohup ignores SIGHUP
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
