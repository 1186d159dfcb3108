# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive frames of a link, count their errors, and record them.

A line a second says what has arrived; Ctrl-C, --frames or --seconds ends it. --record
keeps the samples with all that `advphy rescore` needs.
"""

import sys

from advphy_commands import _radio_settings as settings
from advphy_commands._numbers import whole
from advphy_commands._scored import counted


def add_arguments(parser):
    """Declare the arguments."""
    settings.add_link(parser)
    settings.add_radio(parser, "--source")
    parser.add_argument(
        "--first-frame", metavar="NUMBER",
        help="the first that was sent: those before the first to arrive are missed",
    )  # fmt: skip
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

    source = advphy.sdr_source(**device)
    samples = None if seconds is None else round(seconds * device["sample_rate"])
    flowgraph = receiver(
        model, source, samples=samples, first_frame=first_frame, **sent
    )
    recorder = _recorder(arguments, model, sent, device, first_frame)
    if recorder is not None:
        flowgraph.record(recorder)

    def say(second):
        print(_line(second, flowgraph, device["sample_rate"]))
        sys.stdout.flush()

    def enough():
        return flowgraph.synchronizer.counts()["received"] >= frames

    try:
        settings.run(flowgraph, flowgraph.end, say,
                     enough if frames is not None else None)  # fmt: skip
    finally:
        if recorder is not None:
            recorder.stop()
    counts = flowgraph.counts()
    for line in counted(counts, getattr(model, "pixels", None)):
        print(line)
    print(_last(flowgraph, device["sample_rate"]))
    overruns = source.events()["overruns"]
    print(f"{'overruns':<18}{'not told' if overruns is None else overruns}")
    if recorder is not None:
        recorder.note_counts(counts)
        print(f"recorded {recorder.samples()} samples in {arguments.record}")
        if recorder.samples() != counts["samples"]:
            print(
                f"advphy radio: the receiver took {counts['samples']} of them before "
                "it was stopped, so rescoring may find more frames", file=sys.stderr,
            )  # fmt: skip


def _recorder(arguments, model, sent, device, first_frame):
    if not arguments.record:
        return None
    from gnuradio import advphy

    frame = sent["frame"]
    found = advphy.recorder(
        arguments.record, model, frame, device["sample_rate"], device["frequency"],
        sent["seed"], None if first_frame is None else first_frame * frame.codewords,
        sent["images"])  # fmt: skip
    if arguments.attack:
        found.note_attack(arguments.attack, arguments.psr_db)
    return found


def _line(second, flowgraph, rate):
    counts = flowgraph.counts()
    text = (f"{second:>5} s  frames {counts['received']}  missed {counts['missed']}  "
            f"bad headers {counts['bad_headers']}  ")  # fmt: skip
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
