# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive frames of a link, count their errors, and record them.

A line a second says what has arrived; Ctrl-C, --frames or --seconds ends it. --record
keeps the samples with all that `advphy rescore` needs.
"""

import time

from advphy_commands import _radio_settings as settings
from advphy_commands._numbers import whole
from advphy_commands._scored import counted, rates


def add_arguments(parser):
    """Declare the arguments."""
    settings.add_link(parser)
    settings.add_radio(parser, "--source")
    parser.add_argument(
        "--first-frame",
        metavar="NUMBER",
        help="the first that was sent: those before the first to arrive are missed",
    )
    parser.add_argument("--record", metavar="RUN.sigmf-meta")
    parser.add_argument(
        "--attack", metavar="WORDS", help="what the recording shall say was sent"
    )
    parser.add_argument("--psr-db", type=float, metavar="DB", help="of --attack")


def run(arguments):
    """Receive, and print counts."""
    model, sent = settings.link_of(arguments)
    frames, seconds = settings.limit_of(arguments)
    device = settings.device_of(arguments)
    if arguments.attack and not arguments.record:
        raise ValueError("--attack is written into a recording; give --record, too")
    if arguments.psr_db is not None and not arguments.attack:
        raise ValueError("--psr-db is of an adversary; give --attack WORDS, too")
    first_frame = arguments.first_frame
    if first_frame is not None:
        first_frame = whole("--first-frame", first_frame)
    from gnuradio import advphy
    from gnuradio.advphy.over_the_air import receiver

    output, source = arguments.output, advphy.sdr_source(**device)
    samples = None if seconds is None else round(seconds * device["sample_rate"])
    flowgraph = receiver(
        model, source, samples=samples, first_frame=first_frame, **sent
    )
    recorder = _recorder(arguments, model, sent, device, first_frame)
    if recorder is not None:
        flowgraph.record(recorder)

    def say(second):
        output.line(_line(second, flowgraph, device["sample_rate"]))

    def received():
        return flowgraph.synchronizer.counts()["received"]

    begun = time.monotonic()
    shown = ("s", seconds, lambda: time.monotonic() - begun)
    try:
        settings.run(
            flowgraph,
            flowgraph.end,
            say,
            None if frames is None else lambda: received() >= frames,
            shown=shown if frames is None else ("frames", frames, received),
        )
    finally:
        if recorder is not None:
            recorder.stop()
    counts = flowgraph.counts()
    _say(output, model, flowgraph, counts, device["sample_rate"])
    overruns = source.events()["overruns"]
    output.line(f"{'overruns':<18}{'not told' if overruns is None else overruns}")
    output.note(overruns=overruns, recording=None)
    if recorder is not None:
        recorder.note_counts(counts)
        _say_recorded(output, arguments.record, recorder.samples(), counts["samples"])


def _say(output, model, flowgraph, counts, rate):
    """Say what was counted."""
    pixels = getattr(model, "pixels", None)
    for line in counted(counts, pixels):
        output.line(line)
    output.line(_last(flowgraph, rate))
    last = flowgraph.synchronizer.last()
    if last is not None:
        last = {
            "snr_db": last["snr_db"],
            "cfo_hz": last["cfo"] * rate,
            "clock_ppm": last["clock_ppm"],
        }
    output.note(
        link=model.name, counts=counts, **rates(counts, pixels), last_frame=last
    )


def _say_recorded(output, path, samples, taken):
    output.line(f"recorded {samples} samples in {path}")
    output.note(recording={"file": path, "samples": samples})
    if samples != taken:
        output.remark(
            f"the receiver took {taken} of them before it was stopped, so rescoring "
            "may find more frames"
        )


def _recorder(arguments, model, sent, device, first_frame):
    if not arguments.record:
        return None
    from gnuradio import advphy

    frame = sent["frame"]
    found = advphy.recorder(
        arguments.record,
        model,
        frame,
        device["sample_rate"],
        device["frequency"],
        sent["seed"],
        None if first_frame is None else first_frame * frame.codewords,
        sent["images"],
    )
    if arguments.attack:
        found.note_attack(arguments.attack, arguments.psr_db)
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
        f"{'last frame':<18}SNR {last['snr_db']:.2f} dB, CFO {last['cfo'] * rate:.1f} "
        f"Hz, clock {last['clock_ppm']:.1f} ppm"
    )
