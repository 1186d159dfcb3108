# SPDX-License-Identifier: GPL-3.0-or-later
"""What sending and receiving have in common on the command line."""

import math
import threading
import time

from advphy_model.link import any_link
from advphy_model.modem.frame import Frame
from advphy_training import progress

from advphy_commands._numbers import whole
from advphy_commands.measure_semantic import secret_of

RADIOS = ("uhd", "hackrf", "soapy", "osmosdr")
NEAR = ("file", "zmq", "standin")  # drivers whose signal stays in the computer
DEFAULT_FREQUENCY = 433.92e6  # Hz; of what has no carrier


def add_link(parser):
    """Declare what is sent."""
    parser.add_argument("link", metavar="LINK")
    parser.add_argument("--seed", default="1", help="(default %(default)s)")
    parser.add_argument(
        "--codewords", default="128", help="of a frame (default %(default)s)"
    )
    parser.add_argument(
        "--images",
        default="mnist_sample",
        help="of a semantic link (default %(default)s)",
    )
    parser.add_argument(
        "--key-file", metavar="FILE", help="the secret of a keyed link (mode 0600)"
    )
    parser.add_argument("--frames", help="end after so many")
    parser.add_argument("--seconds", type=float, help="end after so long")


def add_radio(parser, option):
    """Declare the device behind --sink, --source or --driver, and its settings."""
    parser.add_argument(
        option,
        required=True,
        dest="driver",
        metavar="DRIVER",
        help="uhd, hackrf, soapy, osmosdr, standin, file or zmq",
    )
    add_settings(parser)


def add_settings(parser):
    """Declare the settings of a device."""
    parser.add_argument(
        "--args", default="", help="of the device; the file's path; zmq's endpoint"
    )
    parser.add_argument("--frequency", type=float, metavar="HZ")
    parser.add_argument(
        "--rate", type=float, default=1e6, help="samples/s (default 1e6)"
    )
    parser.add_argument("--gain", type=float, metavar="DB")
    parser.add_argument("--antenna", default="")


def device_of(arguments):
    """Return the settings of a device for sdr_sink and sdr_source.

    Raises:
        ValueError: a radio without a frequency, or a rate that is none.
    """
    frequency = arguments.frequency
    if not 0 < arguments.rate < math.inf:
        raise ValueError(f"--rate {arguments.rate:g}: wanted samples/s, more than 0")
    if frequency is None:
        if arguments.driver in RADIOS:
            raise ValueError(
                f"--frequency is missing: a radio ({arguments.driver}) has no default"
            )
        frequency = DEFAULT_FREQUENCY
    return {
        "driver": arguments.driver,
        "args": arguments.args,
        "frequency": frequency,
        "sample_rate": arguments.rate,
        "gain": arguments.gain,
        "antenna": arguments.antenna,
    }


def link_of(arguments):
    """Return (link, {frame, seed, images, secret}) of the arguments."""
    model = any_link.load(arguments.link)
    frame = Frame.of_model(model, codewords=whole("--codewords", arguments.codewords))
    semantic = hasattr(model, "pixels")
    if arguments.key_file and not semantic:
        raise ValueError(f"link '{model.name}' is not keyed; leave --key-file away")
    return model, {
        "frame": frame,
        "seed": whole("--seed", arguments.seed),
        "images": arguments.images if semantic else None,
        "secret": secret_of(arguments, model) if semantic else None,
    }


def limit_of(arguments):
    """Return (frames or None, seconds or None) of the arguments."""
    frames, seconds = arguments.frames, arguments.seconds
    if frames is not None:
        frames = whole("--frames", frames)
        if not frames:
            raise ValueError("--frames 0: wanted at least 1")
    if seconds is not None and not 0 < seconds < math.inf:
        raise ValueError(f"--seconds {seconds}: wanted a finite time > 0")
    return frames, seconds


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
    bar = progress.bar(total=total, unit=unit)
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
