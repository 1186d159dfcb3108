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
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from advphy_model.files.recording_reader import PIECE
from advphy_model.link import links
from advphy_model.measure import radio_check
from advphy_model.measure.scoring import Scorer
from advphy_model.modem.frame import Frame

from advphy_commands import _progress
from advphy_commands import _radio_settings as radio
from advphy_commands._numbers import whole
from advphy_commands._options import group, operand, option, switch

LEVELS = ("file", "loopback", "radio")
# What the modem may cost in Eb/N0: file and loopback measured at 3 and 5 dB; a radio
# has phase noise and multipath of which nothing is known.
LOSS_DB = {"file": 1.0, "loopback": 1.0, "radio": 3.0}
MOST_LOST = {"loopback": 0.01, "radio": 0.1}  # share of the frames
CFO, CLOCK_PPM = 0.002, 20.0  # of the loopback: cycles per sample; two cheap crystals
STANDIN_TAIL = 65536  # samples after the frames: half of what sdr_sink sends
SLOWEST_START = 1.0  # seconds that a radio may take until it sends
PATIENCE = 20.0  # seconds beyond three times the samples' own


@dataclass(frozen=True)
class Settings:
    """What is checked, up to which level."""

    link: str = operand("LINK", nargs="?", default="autoencoder_mlp")
    level: str = option("file", choices=LEVELS)
    ebn0_db: float = option(4.0, "of the first two levels, in dB", type=float)
    frames: int = option("200", parse=whole)
    codewords: int = option("128", parse=whole)
    seed: int = option("1", parse=whole)
    driver: str = option("soapy", "of the radio")
    device: radio.Device = group(radio.Device)
    rx_gain: float = option(None, type=float, metavar="DB")
    amplitude: float = option(0.8, type=float)
    arm: bool = switch("let the radio transmit")

    def __post_init__(self):
        """Refuse what shows nothing, and a radio that is not named or not armed."""
        if not 20 <= self.frames <= 100_000:
            raise ValueError(f"--frames must be 20..100000, got {self.frames}")
        if not 0 <= self.ebn0_db <= 20:
            raise ValueError(f"--ebn0-db must be 0..20 dB, got {self.ebn0_db:g}")
        if self.level != "radio":
            return
        if not self.device.args:
            raise ValueError(
                "--level radio needs the --args of a device, such as --driver uhd "
                "--args serial=..., and a cable with an attenuator from its output to "
                "its input"
            )
        if not self.arm:
            said = "--level radio transmits; give --arm when the cable is there"
            raise ValueError(said)
        self.device.of_driver(self.driver)


@radio.ended_by_signals()
def run(settings, output):
    """Run the levels in order; stop at the first that fails."""
    model = links.load(settings.link)
    frame = Frame.of_model(model, codewords=settings.codewords)
    frames = settings.frames
    output.note(link=model.name, frames=frames, codewords=frame.codewords, levels=[])
    for level in LEVELS[: LEVELS.index(settings.level) + 1]:
        what = f"{frames} frames of {frame.codewords} blocks, {model.name}"
        output.line(f"{level}: {what}")
        checks = _RUNS[level](settings, output, model, frame)
        passed = all(check.passed for check in checks)
        for check in checks:
            output.line(f"  {check.text()}")
        row = {"level": level, "passed": passed, "checks": [*map(_figures, checks)]}
        output.row("levels", row, f"{level}: {'PASS' if passed else 'FAIL'}")
        output.note(passed=passed)
        if not passed:
            return 1
    return 0


def _figures(check):
    """Return a Check for a document."""
    names = ("name", "figure", "low", "high", "unit", "passed")
    return {name: getattr(check, name) for name in names}


def _file(settings, output, model, frame):
    output.line(f"  Eb/N0 {settings.ebn0_db:g} dB, loss up to {LOSS_DB['file']:g} dB")
    given = settings.frames, settings.ebn0_db, settings.seed, LOSS_DB["file"]
    along = partial(_progress.bar, unit="piece")
    return radio_check.file_level(model, frame, *given, along=along)


def _loopback(settings, output, model, frame):
    from gnuradio.advphy.air import standin

    if standin.plugin_folder() is None:
        raise ValueError(
            "--level loopback wants the stand-in radio of a build tree: apt install "
            "libsoapysdr-dev, then `make test` or cmake -DADVPHY_TESTS=ON in the clone"
        )
    rate, ebn0_db, loss_db = 1e6, settings.ebn0_db, LOSS_DB["loopback"]
    _, modulator = radio_check.frames_of(model, frame, 1, 1)
    variance = radio_check.sample_noise_variance(modulator, ebn0_db, model.rate)
    output.line(
        f"  stand-in radio: Eb/N0 {ebn0_db:g} dB, CFO {CFO:g} cycles per sample, "
        f"clock {CLOCK_PPM:g} ppm, loss up to {loss_db:g} dB"
    )
    args = f"id=check{os.getpid()},cfo={CFO * rate:g},ppm={CLOCK_PPM:g},"
    device = {"driver": "standin", "args": f"{args}noise_variance={variance:.9g}"}
    device |= {"sample_rate": rate, "frequency": radio.DEFAULT_FREQUENCY}
    counts, means, events = _through(settings, model, frame, device, device)
    expected = radio_check.Expected(
        ebn0_db, loss_db, MOST_LOST["loopback"], CFO, CLOCK_PPM
    )
    checks = radio_check.judged(counts, means, model, settings.frames, expected)
    return checks + _events(events)


def _radio(settings, output, model, frame):
    device = settings.device.of_driver(settings.driver)
    output.line(
        f"  {settings.driver}, {device['frequency'] / 1e6:g} MHz, loss up to "
        f"{LOSS_DB['radio']:g} dB from the SNR that is estimated"
    )
    heard = device | {"gain": settings.rx_gain}
    counts, means, events = _through(settings, model, frame, device, heard)
    ebn0_db = means.get("snr_db", math.nan) - 10 * math.log10(model.rate)
    expected = radio_check.Expected(
        min(ebn0_db, 20.0), LOSS_DB["radio"], MOST_LOST["radio"], snr_slack_db=None
    )
    checks = radio_check.judged(counts, means, model, settings.frames, expected)
    return _events(events) + checks


def _events(events):
    """Return the Checks of what drivers tell; they do not all tell the same."""
    return [
        radio_check.Check(name, events[name], 0, 0)
        for name in ("underruns", "late", "clipped", "overruns")
        if events.get(name) is not None
    ]


def _through(settings, model, frame, sent, heard):
    """Return (counts, means, events) of frames that a device sends to itself."""
    from gnuradio import advphy, blocks
    from gnuradio.advphy.over_the_air import transmitter

    frames, seed, rate = settings.frames, settings.seed, sent["sample_rate"]
    samples = frames * frame.samples()
    amplitude, limit = settings.amplitude, samples / rate + 0.01
    sink = advphy.sdr_sink(
        **sent, armed=True, amplitude_limit=amplitude, time_limit=limit
    )
    source = advphy.sdr_source(**heard)
    flowgraph = transmitter(model, sink, frame, frames, seed, amplitude=amplitude)
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
        shown = ("samples", samples + more, lambda: head.nitems_written(0))
        enough = {"enough": lambda: time.monotonic() > late}
        if radio.run(flowgraph, end, shown=shown, **enough):
            raise KeyboardInterrupt
        keep.close()
        scorer = Scorer(model, frame, seed, first_frame=0 if near else None)
        pieces = range(0, received.stat().st_size, 8 * PIECE)
        for begin in _progress.bar(pieces, unit="piece"):
            scorer.push(np.fromfile(received, "<c8", PIECE, offset=begin))
    overruns = {"overruns": source.events()["overruns"]}
    return scorer.counts, scorer.means, sink.events() | overruns


_RUNS = {"file": _file, "loopback": _loopback, "radio": _radio}
