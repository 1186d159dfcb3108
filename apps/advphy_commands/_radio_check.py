# SPDX-License-Identifier: GPL-3.0-or-later
"""Check modem and radio, level after level, against closed limits.

file: frames with noise, no radio. loopback: the same through the stand-in radio with
frequency and clock offset (a build tree with libsoapysdr-dev has it). radio: a real
device sends to itself, which --args names; it needs --arm and the allow-list. A level
first passes those before it; exit code 1 says that a figure missed its limits.
"""

import math
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from advphy_model.files.recording_reader import PIECE
from advphy_model.link import links
from advphy_model.measure import radio_check
from advphy_model.measure.scoring import Scorer
from advphy_model.modem.frame import Frame
from advphy_training import progress

from advphy_commands import _radio_settings as settings
from advphy_commands._numbers import whole

LEVELS = ("file", "loopback", "radio")
# What the modem may cost in Eb/N0: file and loopback measured at 3 and 5 dB; a radio
# has phase noise and multipath of which nothing is known.
LOSS_DB = {"file": 1.0, "loopback": 1.0, "radio": 3.0}
MOST_LOST = {"loopback": 0.01, "radio": 0.1}  # share of the frames
CFO, CLOCK_PPM = 0.002, 20.0  # of the loopback: cycles per sample; two cheap crystals
STANDIN_TAIL = 65536  # samples behind the frames: half of what sdr_sink sends
SLOWEST_START = 1.0  # seconds that a radio may take until it sends
PATIENCE = 20.0  # seconds beyond three times the samples' own


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("link", metavar="LINK", nargs="?", default="autoencoder_mlp")
    parser.add_argument("--level", choices=LEVELS, default="file")
    parser.add_argument(
        "--ebn0-db",
        type=float,
        default=4.0,
        help="of the first two levels, in dB (default %(default)s)",
    )
    parser.add_argument("--frames", default="200", help="(default %(default)s)")
    parser.add_argument("--codewords", default="128", help="(default %(default)s)")
    parser.add_argument("--seed", default="1", help="(default %(default)s)")
    parser.add_argument(
        "--driver", default="soapy", help="of the radio (default soapy)"
    )
    settings.add_settings(parser)
    parser.add_argument("--rx-gain", type=float, metavar="DB")
    parser.add_argument("--amplitude", type=float, default=0.8)
    parser.add_argument("--arm", action="store_true", help="let the radio transmit")


def run(arguments):
    """Run the levels in order; stop at the first that fails."""
    model = links.load(arguments.link)
    frames = whole("--frames", arguments.frames)
    if not 20 <= frames <= 100_000:
        raise ValueError(f"--frames {frames}: wanted 20..100000, or nothing is shown")
    if not 0 <= arguments.ebn0_db <= 20:
        raise ValueError(f"--ebn0-db {arguments.ebn0_db:g}: wanted 0..20 dB")
    frame = Frame.of_model(model, codewords=whole("--codewords", arguments.codewords))
    wanted = LEVELS[: LEVELS.index(arguments.level) + 1]
    output = arguments.output
    output.note(link=model.name, frames=frames, codewords=frame.codewords, levels=[])
    if "radio" in wanted:
        _require_radio(arguments)
    for level in wanted:
        output.line(
            f"{level}: {frames} frames of {frame.codewords} blocks, {model.name}"
        )
        checks = _RUNS[level](arguments, model, frame, frames)
        passed = all(check.passed for check in checks)
        for check in checks:
            output.line(f"  {check.text()}")
        output.row(
            "levels",
            {"level": level, "passed": passed, "checks": list(map(_figures, checks))},
            f"{level}: {'PASS' if passed else 'FAIL'}",
        )
        output.note(passed=passed)
        if not passed:
            return 1
    return 0


def _figures(check):
    """Return a Check for a document."""
    return {
        "name": check.name,
        "figure": check.figure,
        "low": check.low,
        "high": check.high,
        "unit": check.unit,
        "passed": check.passed,
    }


def _require_radio(arguments):
    """Refuse the level "radio" before anything is run."""
    if not arguments.args:
        raise ValueError(
            "--level radio needs the --args of a device, such as --driver uhd --args "
            "serial=..., and a cable with an attenuator from its output to its input"
        )
    if not arguments.arm:
        raise ValueError("--level radio transmits; give --arm when the cable is there")
    settings.device_of(arguments)


def _file(arguments, model, frame, frames):
    seed = whole("--seed", arguments.seed)
    arguments.output.line(
        f"  Eb/N0 {arguments.ebn0_db:g} dB, loss up to {LOSS_DB['file']:g} dB"
    )
    return radio_check.file_level(
        model,
        frame,
        frames,
        arguments.ebn0_db,
        seed,
        LOSS_DB["file"],
        along=lambda pieces: progress.bar(pieces, unit="piece"),
    )


def _loopback(arguments, model, frame, frames):
    from gnuradio.advphy.air import standin

    if standin.plugin_folder() is None:
        raise ValueError(
            "--level loopback wants the stand-in radio of a build tree: apt install "
            "libsoapysdr-dev, then `make test` or cmake -DADVPHY_TESTS=ON in the clone"
        )
    rate, ebn0_db, loss_db = 1e6, arguments.ebn0_db, LOSS_DB["loopback"]
    _, modulator = radio_check.frames_of(model, frame, 1, 1)
    variance = radio_check.sample_noise_variance(modulator, ebn0_db, model.rate)
    args = (
        f"id=check{os.getpid()},cfo={CFO * rate:g},ppm={CLOCK_PPM:g},"
        f"noise_variance={variance:.9g}"
    )
    arguments.output.line(
        f"  stand-in radio: Eb/N0 {ebn0_db:g} dB, CFO {CFO:g} cycles per sample, "
        f"clock {CLOCK_PPM:g} ppm, loss up to {loss_db:g} dB"
    )
    device = {
        "driver": "standin",
        "args": args,
        "sample_rate": rate,
        "frequency": settings.DEFAULT_FREQUENCY,
    }
    counts, means, events = _through(arguments, model, frame, frames, device, device)
    checks = radio_check.judged(
        counts,
        means,
        model,
        frames,
        ebn0_db,
        loss_db,
        MOST_LOST["loopback"],
        CFO,
        CLOCK_PPM,
    )
    return checks + _events(events)


def _radio(arguments, model, frame, frames):
    device = settings.device_of(arguments)
    arguments.output.line(
        f"  {arguments.driver}, {device['frequency'] / 1e6:g} MHz, loss up to "
        f"{LOSS_DB['radio']:g} dB from the SNR that is estimated"
    )
    heard = device | {"gain": arguments.rx_gain}
    counts, means, events = _through(arguments, model, frame, frames, device, heard)
    ebn0_db = means.get("snr_db", math.nan) - 10 * math.log10(model.rate)
    return _events(events) + radio_check.judged(
        counts,
        means,
        model,
        frames,
        min(ebn0_db, 20.0),
        LOSS_DB["radio"],
        MOST_LOST["radio"],
        snr_slack_db=None,
    )


def _events(events):
    """Return the Checks of what drivers tell; they do not all tell the same."""
    return [
        radio_check.Check(name, events[name], 0, 0)
        for name in ("underruns", "late", "clipped", "overruns")
        if events.get(name) is not None
    ]


def _through(arguments, model, frame, frames, sent, heard):
    """Return (counts, means, events) of frames that a device sends to itself."""
    from gnuradio import advphy, blocks
    from gnuradio.advphy.over_the_air import transmitter

    seed, rate = whole("--seed", arguments.seed), sent["sample_rate"]
    samples = frames * frame.samples()
    sink = advphy.sdr_sink(
        **sent,
        armed=True,
        amplitude_limit=arguments.amplitude,
        time_limit=samples / rate + 0.01,
    )
    source = advphy.sdr_source(**heard)
    flowgraph = transmitter(
        model, sink, frame, frames, seed, amplitude=arguments.amplitude
    )
    # The stand-in is heard as long as it sends, and it sends a tail of zeros.
    near = source.radio is not None and source.radio.is_standin
    more = STANDIN_TAIL if near else round(SLOWEST_START * rate)
    head = blocks.head(8, samples + more)
    late = time.monotonic() + PATIENCE + 3 * (samples + more) / rate

    def end():
        sink.silence()
        head.set_length(0)

    with tempfile.TemporaryDirectory() as folder:
        received = Path(folder) / "received"
        keep = blocks.file_sink(8, str(received))
        flowgraph.connect(source, head, keep)
        passed = ("samples", samples + more, lambda: head.nitems_written(0))
        if settings.run(
            flowgraph, end, enough=lambda: time.monotonic() > late, shown=passed
        ):
            raise KeyboardInterrupt
        keep.close()
        scorer = Scorer(model, frame, seed, first_frame=0 if near else None)
        pieces = range(0, received.stat().st_size, 8 * PIECE)
        for begin in progress.bar(pieces, unit="piece"):
            scorer.push(np.fromfile(received, "<c8", PIECE, offset=begin))
    overruns = {"overruns": source.events()["overruns"]}
    return scorer.counts, scorer.means, sink.events() | overruns


_RUNS = {"file": _file, "loopback": _loopback, "radio": _radio}
