# SPDX-License-Identifier: GPL-3.0-or-later
"""What sending and receiving have in common on the command line."""

import contextlib
import math
import signal
import threading
import time
from dataclasses import dataclass

from advphy_model.link import any_link
from advphy_model.modem.frame import Frame

from advphy_commands import _progress
from advphy_commands._numbers import whole
from advphy_commands._options import operand, option
from advphy_commands.secret import key_file, secret_of

RADIOS = ("uhd", "hackrf", "soapy", "osmosdr")
NEAR = ("file", "zmq", "standin")  # drivers whose signal stays in the computer
DEFAULT_FREQUENCY = 433.92e6  # Hz; of what has no carrier


@dataclass(frozen=True)
class Link:
    """What is sent, and when to end."""

    link: str = operand("LINK")
    seed: int = option("1", parse=whole)
    codewords: int = option("128", "of a frame", whole)
    images: str = option("mnist_sample", "of a semantic link")
    key_file: str = key_file()
    frames: int = option(None, "end after so many", whole)
    seconds: float = option(None, "end after so long", type=float)

    def __post_init__(self):
        """Refuse an end that is none."""
        if self.frames == 0:
            raise ValueError("--frames must be at least 1, got 0")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise ValueError(f"--seconds must be a finite time > 0, got {self.seconds}")

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
    """Settings of a device; who inherits it declares the driver before."""

    args: str = option("", "of the device; the file's path; zmq's endpoint")
    frequency: float = option(None, type=float, metavar="HZ")
    rate: float = option("1e6", "samples/s", type=float)
    gain: float = option(None, type=float, metavar="DB")
    antenna: str = option("")

    def of_driver(self, driver):
        """Return the arguments of sdr_sink and sdr_source.

        Raises:
            ValueError: a radio without a frequency, or a rate that is none.
        """
        if not 0 < self.rate < math.inf:
            raise ValueError(f"--rate must be above 0 samples/s, got {self.rate:g}")
        if self.frequency is None and driver in RADIOS:
            said = f"a radio ({driver}) has no default"
            raise ValueError(f"--frequency is missing: {said}")
        frequency = self.frequency or DEFAULT_FREQUENCY
        tuned = {"frequency": frequency, "sample_rate": self.rate, "gain": self.gain}
        return {"driver": driver, "args": self.args, **tuned, "antenna": self.antenna}


def driver(flag):
    """Return the field of the option that names a driver."""
    said = "uhd, hackrf, soapy, osmosdr, standin, file or zmq"
    return option(None, said, flag=flag, required=True, metavar="DRIVER")


@contextlib.contextmanager
def ended_by_signals():
    """Let SIGTERM and SIGHUP end what runs within as Ctrl-C does, in silence."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN  # as nohup lets it be
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(flowgraph, end, say=None, enough=None, patience=10.0, shown=None):
    """Run a flowgraph to its end, or end it when there is enough or at Ctrl-C.

    Args:
        flowgraph: top_block of advphy.
        end: is called to let its stream end.
        say: is called once a second with the seconds since the start, or None.
        enough: tells whether to end it, or None.
        patience: seconds that the end may take until the flowgraph is stopped.
        shown: (unit, how many there will be or None, function that tells how many
            there are) of a bar on a terminal; without: the time that has passed.

    Returns:
        Whether it was Ctrl-C.
    """
    ended, failures, interrupted = threading.Event(), [], False

    def wait():
        try:
            flowgraph.wait()
        except Exception as error:  # raised again below
            failures.append(error)
        ended.set()

    begun, said = time.monotonic(), 0
    unit, total, done = shown or ("s", None, lambda: time.monotonic() - begun)
    bar = _progress.bar(total=total, unit=unit)
    try:
        flowgraph.start()
        threading.Thread(target=wait, daemon=True).start()
        while not ended.wait(0.1):
            seconds = int(time.monotonic() - begun)
            if say is not None and seconds > said:
                said = seconds
                say(seconds)
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
