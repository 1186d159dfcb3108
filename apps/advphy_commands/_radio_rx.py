# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive bursts of a link, count their errors and record them.

Prints the counts once per second. Ctrl-C, --frames or --seconds ends the reception.
--record writes the samples and all that `advphy rescore` needs into a recording.
"""

import time
from dataclasses import dataclass

from advphy_model.checked_values import checked_number

from advphy_commands import _radio_settings as radio
from advphy_commands._options import group, option, switch
from advphy_commands._text import counted, entry, rates, require_own
from advphy_commands.secret import no_nonce

_FIRST = (
    "number of the first burst sent; then bursts lost before the first arrival count "
    "as missed, too"
)

_NOISE = (
    "add noise to the bursts of messages, after synchronization, down to this Eb/N0 in "
    "dB; synchronization still sees the better signal"
)


_SENT = "time at which keyed bursts of a file were sent, in s since 1970 (default: now)"


@dataclass(frozen=True)
class Settings:
    link: radio.Link = group(radio.Link)
    driver: str = radio.driver("--source")
    device: radio.Device = group(radio.Device)
    first_frame: int = option(_FIRST, metavar="NUMBER")
    swap_iq: bool = switch("exchange I and Q of the samples")
    record: str = option("record into this file", metavar="RUN.sigmf-meta")
    attack: str = option("adversary, for the recording", metavar="WORDS")
    psr_db: float = option("PSR of --attack in dB")
    eve: str = option("Eve whose accuracy on a semantic link is counted")
    ebn0_db: float = option(_NOISE)
    sent_at: float = option(_SENT, metavar="TIME")
    nonce: str = no_nonce()

    def __post_init__(self):
        if self.sent_at is not None:
            checked_number("--sent-at", self.sent_at, of="(seconds since 1970)")
            if not self.link.key_file:
                needed = "keyed bursts; give --key-file, too"
                raise ValueError(f"--sent-at belongs to {needed}")
        if self.attack and not self.record:
            raise ValueError("--attack is written into a recording; give --record, too")
        if self.psr_db is not None and not self.attack:
            needed = "an adversary; give --attack WORDS, too"
            raise ValueError(f"--psr-db belongs to {needed}")
        if self.ebn0_db is not None and self.record:
            why = "--ebn0-db adds noise that a recording does not have"
            raise ValueError(f"{why}; omit it or --record")


def run(settings, output):
    model, sent = settings.link.load(settings.device, settings.driver)
    frames, seconds = settings.link.frames, settings.link.seconds
    device = settings.device.of_driver(settings.driver)
    from gnuradio import advphy
    from gnuradio.advphy.over_the_air import receiver

    source, rate = advphy.sdr_source(**device), device["sample_rate"]
    samples = None if seconds is None else min(round(seconds * rate), 2**63 - 1)
    names = ("first_frame", "swap_iq", "eve", "ebn0_db", "sent_at", "nonce")
    own = {name: getattr(settings, name) for name in names}
    flowgraph = receiver(model, source, samples=samples, **own, **sent)
    recorder = _recorder(settings, model, sent, device) if settings.record else None
    if recorder is not None:
        flowgraph.record(recorder)
    begun, enough = time.monotonic(), None
    shown = ("s", seconds, lambda: time.monotonic() - begun)
    if frames is not None:
        shown = ("bursts", frames, lambda: flowgraph.synchronizer.counts()["received"])

        def enough():
            return shown[2]() >= frames

    def show(second):
        output.line(_line(second, flowgraph, rate))

    try:
        radio.run(flowgraph, flowgraph.end, show, enough, shown=shown)
    finally:
        if recorder is not None:
            recorder.stop()
    counts, overruns = flowgraph.counts(), source.events()["overruns"]
    _print_counts(output, model, counts, flowgraph.synchronizer.last(), rate)
    output.line(entry("overruns", "unknown" if overruns is None else overruns))
    if settings.eve:
        _print_eve(output, settings.eve, flowgraph.eve_counter)
    latency = flowgraph.meter.latency.figures()
    if latency:
        texts = (f"{1e3 * seconds:.3g} ms" for seconds in latency.values())
        text = "median {}, 99 % {}, last sample of a burst to decision"
        output.line(entry("latency", text.format(*texts)))
    output.note(overruns=overruns, recording=None, latency_seconds=latency)
    output.note(ebn0_db=settings.ebn0_db)
    if recorder is None:
        require_own(counts, flowgraph.synchronizer.hint)
        return
    recorder.note_counts(counts)
    samples, taken = recorder.samples(), counts["samples"]
    output.line(f"recorded {samples} samples in {settings.record}")
    output.note(recording={"file": settings.record, "samples": samples})
    if samples != taken:
        output.remark(
            f"the receiver took {taken} of them before it was stopped, so rescoring "
            "may find more bursts"
        )
    require_own(counts, flowgraph.synchronizer.hint)


def _recorder(settings, model, sent, device):
    from gnuradio import advphy

    frame, first = sent["frame"], settings.first_frame
    first = None if first is None else first * frame.codewords
    at = device["sample_rate"], device["frequency"], sent["seed"], first, sent["images"]
    recorder = advphy.recorder(settings.record, model, frame, *at)
    if settings.attack:
        recorder.note_attack(settings.attack, settings.psr_db)
    return recorder


def _print_counts(output, model, counts, last, rate):
    """Print the counts and the last burst, and note them in the document."""
    pixels = getattr(model, "pixels", None)
    text = "no burst arrived: check frequency, gain, rate, link and secret"
    if last is not None:
        last = {name: last[name] for name in ("snr_db", "clock_ppm", "cfo")}
        last["cfo_hz"] = last.pop("cfo") * rate
        text = "SNR {snr_db:.2f} dB, CFO {cfo_hz:.1f} Hz, clock {clock_ppm:.1f} ppm"
        text = entry("last burst", text.format(**last))
    for line in (*counted(counts, pixels), text):
        output.line(line)
    output.note(link=model.name, counts=counts, last_frame=last)
    output.note(**rates(counts, pixels))


def _print_eve(output, name, counter):
    """Print the accuracy of Eve on the images that arrived, and note it."""
    sums = counter.total()
    found = sums | counter.figures(sums)
    text = "{accuracy:.1%}  ({low:.1%}..{high:.1%}, 95 %), {correct} of {frames}"
    output.line(entry("Eve's accuracy", text.format(**found) if sums else "no image"))
    output.note(eve={"name": name} | found)


def _line(second, flowgraph, rate):
    counts, last = flowgraph.counts(), flowgraph.synchronizer.last()
    text = (
        f"{second:>5} s  bursts {counts['received']}  missed {counts['missed']}  "
        f"bad headers {counts['bad_headers']}  "
    )
    for name in ("suspicious", "foreign"):
        text += f"{name} {counts[name]}  " if counts[name] else ""
    if last is not None:
        text += f"SNR {last['snr_db']:.1f} dB  CFO {last['cfo'] * rate:.0f} Hz  "
    return text + flowgraph.meter.text()
