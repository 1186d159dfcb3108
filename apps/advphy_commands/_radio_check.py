# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the modem and a radio, level by level, against fixed limits.

file: recordings whose counts are known, then bursts with noise, without a radio.
loopback: bursts through the stand-in radio, with frequency and clock offset (needs a
build tree with libsoapysdr-dev). radio: a real device, given by --args, sends to
itself; needs --arm and the allow-list. The lower levels are checked first. The exit
code is 1 if a figure is outside its limits.
"""

import math
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from advphy_model.files.recording_reader import PIECE
from advphy_model.link import links
from advphy_model.measure import known_answers, radio_check
from advphy_model.measure.scoring import Scorer

from advphy_commands import _progress
from advphy_commands import _radio_settings as radio
from advphy_commands._options import group, operand, option, switch

LEVELS = ("file", "loopback", "radio")
# Allowed loss of the modem in Eb/N0. Those of file and loopback were measured at 3 and
# 5 dB; the phase noise and the multipath of a radio are not known.
LOSS_DB = {"file": 1.0, "loopback": 1.0, "radio": 3.0}
MOST_LOST = {"loopback": 0.01, "radio": 0.1}  # share of the bursts
CFO = 0.008  # of the loopback, in cycles per symbol
CLOCK_PPM = 20.0  # of the loopback; the offset of two cheap crystals
STANDIN_TAIL = 65536  # samples after the bursts: half of what sdr_sink sends
SLOWEST_START = 1.0  # seconds until a radio sends, at most
PATIENCE = 20.0  # seconds, in addition to three times the length of the samples


@dataclass(frozen=True)
class Settings:
    link: str = operand(
        "LINK",
        "file or name of the link (default autoencoder_mlp)",
        nargs="?",
        default="autoencoder_mlp",
    )
    level: str = option("last level to check", "file", choices=LEVELS)
    ebn0_db: float = option("Eb/N0 in dB of file and loopback", 4.0)
    frames: int = option("number of bursts", "200")
    codewords: int = option("codewords per burst", "128")
    seed: int = option("seed of the messages", "1")
    driver: str = option("driver of the radio", "soapy")
    device: radio.Device = group(radio.Device)
    rx_gain: float | str = option(
        "receive gain in dB, or of stages", None, radio.gain_of, metavar="DB"
    )
    amplitude: float = option("largest magnitude of a sample", 0.8)
    arm: bool = switch("allow the radio to transmit")

    def __post_init__(self):
        if not 20 <= self.frames <= 100_000:
            raise ValueError(f"--frames must be in 20..100000, got {self.frames}")
        if not 0 <= self.ebn0_db <= 20:
            raise ValueError(f"--ebn0-db must be in 0..20 dB, got {self.ebn0_db:g}")
        if self.level != "radio":
            return
        if not (self.device.args or self.device.serial):
            raise ValueError(
                "--level radio needs the --args of a device, such as --driver uhd "
                "--args serial=..., and a cable with an attenuator from the output to "
                "the input of the device"
            )
        if not self.arm:
            raise ValueError(
                "--level radio transmits; give --arm when the cable is connected"
            )
        self.device.of_driver(self.driver)


def run(settings, output):
    """Run the levels in order; stop at the first that fails."""
    model = links.load(settings.link)
    frame = settings.device.frame(settings.driver, model, settings.codewords)
    frames = settings.frames
    output.note(link=model.name, frames=frames, codewords=frame.codewords, levels=[])
    for level in LEVELS[: LEVELS.index(settings.level) + 1]:
        what = f"{frames} bursts of {frame.codewords} blocks, {model.name}"
        output.line(f"{level}: {what}")
        checks = _RUNS[level](settings, output, model, frame)
        passed = all(check.passed for check in checks)
        for check in checks:
            output.line(f"  {check.text()}")
        figures = [asdict(check) | {"passed": check.passed} for check in checks]
        row = {"level": level, "passed": passed, "checks": figures}
        output.row("levels", row, f"{level}: {'PASS' if passed else 'FAIL'}")
        output.note(passed=passed)
        if not passed:
            return 1
    return 0


def _file(settings, output, model, frame):
    known = []
    for sentence, checks in known_answers.answers():
        output.line(f"  {sentence}")
        known += checks
    output.line(f"  Eb/N0 {settings.ebn0_db:g} dB, loss up to {LOSS_DB['file']:g} dB")
    at = settings.frames, settings.ebn0_db, settings.seed, LOSS_DB["file"]
    along = partial(_progress.bar, unit="piece")
    return known + radio_check.file_level(model, frame, *at, along=along)


def _loopback(settings, output, model, frame):
    from gnuradio.advphy.air import standin

    if standin.plugin_folder() is None:
        raise ValueError(
            "--level loopback needs the stand-in radio of a build tree; apt install "
            "libsoapysdr-dev, then `make test` or cmake -DADVPHY_TESTS=ON in the clone"
        )
    cfo = CFO / frame.samples_per_symbol
    rate, ebn0_db, loss_db = 1e6, settings.ebn0_db, LOSS_DB["loopback"]
    _, modulator = radio_check.frames_of(model, frame, 1, 1)
    variance = radio_check.sample_noise_variance(modulator, ebn0_db, model.rate)
    output.line(
        f"  stand-in radio: Eb/N0 {ebn0_db:g} dB, CFO {cfo:g} cycles per sample, "
        f"clock {CLOCK_PPM:g} ppm, loss up to {loss_db:g} dB"
    )
    args = f"id=check{os.getpid()},cfo={cfo * rate:g},ppm={CLOCK_PPM:g},"
    device = {"driver": "standin", "args": f"{args}noise_variance={variance:.9g}"}
    device |= {"sample_rate": rate, "frequency": radio.DEFAULT_FREQUENCY}
    scorer, events = _through(settings, model, frame, device, device)
    limits = {"loss_db": loss_db, "most_lost": MOST_LOST["loopback"]}
    limits |= {"cfo": cfo, "clock_ppm": CLOCK_PPM}
    expected = radio_check.Expected(ebn0_db=ebn0_db, **limits)
    found = scorer.counts, scorer.means, model, settings.frames, expected
    return radio_check.judged(*found) + events


def _radio(settings, output, model, frame):
    device = settings.device.of_driver(settings.driver)
    output.line(
        f"  {settings.driver}, {device['frequency'] / 1e6:g} MHz, loss up to "
        f"{LOSS_DB['radio']:g} dB from the estimated SNR"
    )
    receiving = device | {"gain": settings.rx_gain}
    scorer, events = _through(settings, model, frame, device, receiving)
    ebn0_db = scorer.means.get("snr_db", math.nan) - 10 * math.log10(model.rate)
    limits = {"loss_db": LOSS_DB["radio"], "most_lost": MOST_LOST["radio"]}
    ebn0_db = min(ebn0_db, 20.0)
    expected = radio_check.Expected(ebn0_db=ebn0_db, **limits, snr_slack_db=None)
    found = scorer.counts, scorer.means, model, settings.frames, expected
    return events + radio_check.judged(*found)


def _through(settings, model, frame, sending, receiving):
    """Return the Scorer of bursts of a device to itself, and Checks of its events."""
    from gnuradio import advphy, blocks
    from gnuradio.advphy.over_the_air import transmitter

    frames, seed, rate = settings.frames, settings.seed, sending["sample_rate"]
    samples = frames * frame.samples()
    amplitude, limit = settings.amplitude, samples / rate + 0.01
    limits = {"amplitude_limit": amplitude, "time_limit": limit}
    limits["bandwidth"] = frame.occupied_width * rate
    sink = advphy.sdr_sink(**sending, armed=True, **limits)
    source = advphy.sdr_source(**receiving)
    flowgraph = transmitter(model, sink, frame, frames, seed, amplitude=amplitude)
    # The stand-in radio delivers samples only while it sends; it sends trailing zeros.
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
        in_time = {"enough": lambda: time.monotonic() > late, "shown": shown}
        if radio.run(flowgraph, end, **in_time):
            raise KeyboardInterrupt
        keep.close()
        scorer = Scorer(model, frame, seed, first_frame=0 if near else None)
        pieces = range(0, received.stat().st_size, 8 * PIECE)
        for begin in _progress.bar(pieces, unit="piece"):
            scorer.push(np.fromfile(received, "<c8", PIECE, offset=begin))
    events = sink.events() | {"overruns": source.events()["overruns"]}
    names = ("underruns", "late", "clipped", "overruns")
    known = [name for name in names if events.get(name) is not None]
    return scorer, [radio_check.Check(name, events[name], 0, 0) for name in known]


_RUNS = {"file": _file, "loopback": _loopback, "radio": _radio}
