# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive frames of a link, count their errors, and record them.

A line a second says what has arrived; Ctrl-C, --frames or --seconds ends it. --record
keeps the samples with all that `advphy rescore` needs.
"""

import time
from dataclasses import dataclass

from advphy_commands import _radio_settings as radio
from advphy_commands._numbers import whole
from advphy_commands._options import group, option
from advphy_commands._text import counted, entry, rates

_FIRST = "the first that was sent: those before the first to arrive are missed"


@dataclass(frozen=True)
class Settings:
    """What is received, by which device, and recorded."""

    link: radio.Link = group(radio.Link)
    driver: str = radio.driver("--source")
    device: radio.Device = group(radio.Device)
    first_frame: int = option(None, _FIRST, whole, metavar="NUMBER")
    record: str = option(metavar="RUN.sigmf-meta")
    attack: str = option(None, "what the recording shall say was sent", metavar="WORDS")
    psr_db: float = option(None, "of --attack", type=float, metavar="DB")

    def __post_init__(self):
        """Refuse words of an adversary that are written nowhere."""
        if self.attack and not self.record:
            raise ValueError("--attack is written into a recording; give --record, too")
        if self.psr_db is not None and not self.attack:
            raise ValueError("--psr-db is of an adversary; give --attack WORDS, too")


@radio.ended_by_signals()
def run(settings, output):
    """Receive, and print counts."""
    model, sent = settings.link.load()
    frames, seconds = settings.link.frames, settings.link.seconds
    device = settings.device.of_driver(settings.driver)
    from gnuradio import advphy
    from gnuradio.advphy.over_the_air import receiver

    source, rate = advphy.sdr_source(**device), device["sample_rate"]
    samples = None if seconds is None else round(seconds * rate)
    flowgraph = receiver(
        model, source, samples=samples, first_frame=settings.first_frame, **sent
    )
    recorder = None
    if settings.record:
        recorder = _recorder(settings, model, sent, device)
        flowgraph.record(recorder)

    def received():
        return flowgraph.synchronizer.counts()["received"]

    def say(second):
        output.line(_line(second, flowgraph, rate))

    begun, enough = time.monotonic(), None
    shown = ("s", seconds, lambda: time.monotonic() - begun)
    if frames is not None:
        enough, shown = lambda: received() >= frames, ("frames", frames, received)
    try:
        radio.run(flowgraph, flowgraph.end, say, enough, shown=shown)
    finally:
        if recorder is not None:
            recorder.stop()
    counts = flowgraph.counts()
    _say(output, model, flowgraph, counts, rate)
    overruns = source.events()["overruns"]
    output.line(entry("overruns", "not told" if overruns is None else overruns))
    output.note(overruns=overruns, recording=None)
    if recorder is not None:
        recorder.note_counts(counts)
        _say_recorded(output, settings.record, recorder.samples(), counts["samples"])


def _say(output, model, flowgraph, counts, rate):
    """Say what was counted."""
    pixels = getattr(model, "pixels", None)
    for line in counted(counts, pixels):
        output.line(line)
    output.line(_last(flowgraph, rate))
    last = flowgraph.synchronizer.last()
    if last is not None:
        kept = {name: last[name] for name in ("snr_db", "clock_ppm")}
        last = kept | {"cfo_hz": last["cfo"] * rate}
    output.note(link=model.name, counts=counts, last_frame=last)
    output.note(**rates(counts, pixels))


def _say_recorded(output, path, samples, taken):
    output.line(f"recorded {samples} samples in {path}")
    output.note(recording={"file": path, "samples": samples})
    if samples != taken:
        said = f"the receiver took {taken} of them before it was stopped, so rescoring"
        output.remark(f"{said} may find more frames")


def _recorder(settings, model, sent, device):
    from gnuradio import advphy

    frame, first = sent["frame"], settings.first_frame
    first = None if first is None else first * frame.codewords
    at = device["sample_rate"], device["frequency"], sent["seed"], first
    found = advphy.recorder(settings.record, model, frame, *at, sent["images"])
    if settings.attack:
        found.note_attack(settings.attack, settings.psr_db)
    return found


def _line(second, flowgraph, rate):
    counts = flowgraph.counts()
    text = (
        f"{second:>5} s  frames {counts['received']}  missed {counts['missed']}  "
        f"bad headers {counts['bad_headers']}  "
    )
    last = flowgraph.synchronizer.last()
    if last is not None:
        text += f"SNR {last['snr_db']:.1f} dB  CFO {last['cfo'] * rate:.0f} Hz  "
    return text + flowgraph.meter.text()


def _last(flowgraph, rate):
    last = flowgraph.synchronizer.last()
    if last is None:
        return "no frame arrived: check frequency, gain, rate and the sender's link"
    return (
        entry("last frame", f"SNR {last['snr_db']:.2f} dB, CFO ")
        + f"{last['cfo'] * rate:.1f} Hz, clock {last['clock_ppm']:.1f} ppm"
    )
