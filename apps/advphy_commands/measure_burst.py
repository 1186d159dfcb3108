# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block error rates of links through the over-the-air modem.

Frames of samples are made, disturbed, found and decided again, without GNU Radio.
LINK, Eb/N0 and --attack are those of `advphy measure`; the noise is that of the same
Eb/N0, so the BLER stands beside that of the aligned link ("aligned": under the same p
in step, if there is an attack, and with the same canceller), and, without attack, what
that is in dB. Frames that are missed are counted apart. The overhead of preamble,
header, pilots and gaps is said, not counted. Counts are written to the CSV after every
point and at Ctrl-C; the same command again goes on where it stopped.
"""

import dataclasses
import time

from advphy_model.air.adversary import Adversary
from advphy_model.link import links
from advphy_model.measure import burst_sweep
from advphy_model.measure.burst_sweep import BurstSetting
from advphy_model.modem.frame import Frame

from advphy_commands import _options, _progress, _text
from advphy_commands._adversary import OverTheAir
from advphy_commands._numbers import db_range, whole


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("links", metavar="LINK", nargs="+")
    parser.add_argument(
        "--ebn0-db",
        default="0:8:1",
        metavar="FIRST:LAST:STEP",
        help="Eb/N0 in dB: one number, several with commas, or a range with its end; "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--min-errors",
        default="200",
        help="stop a point at this many (default %(default)s)",
    )
    parser.add_argument(
        "--max-blocks",
        default="1e7",
        help="stop a point at this many sent (default %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--channel",
        default="awgn",
        metavar="KIND",
        help="impairments of the victim's samples before the noise, such as "
        "'cfo(frequency=0.001)' in cycles per sample (default %(default)s)",
    )
    parser.add_argument(
        "--frame",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the frame, such as codewords=64; may be repeated",
    )
    parser.add_argument("--out", required=True, metavar="FILE.csv")
    _options.declare(parser, OverTheAir)


def run(arguments):
    """Measure and print a line per point."""
    output, settings = arguments.output, list(_settings(arguments))
    min_errors = whole("--min-errors", arguments.min_errors)
    output.note(out=arguments.out, frames=[], rows=[])
    for frame in dict.fromkeys(setting.frame for setting in settings):
        output.row(
            "frames",
            frame.describe()
            | {"samples": frame.samples(), "overhead_db": frame.overhead_db},
            f"frame of n = {frame.n}: {frame.codewords} codewords, "
            f"{frame.samples()} samples, overhead {frame.overhead_db:.2f} dB",
        )
    output.line(HEADER)
    begun, done = time.perf_counter(), 0
    with _progress.bar(total=len(settings), unit="point") as bar:

        def running(setting, row):
            share = max(row.frames / setting.frames, row.failures / min_errors)
            bar.n = round(done + min(1.0, share), 2)
            bar.set_postfix_str(f"{row.link} {row.ebn0_db:g} dB")

        for setting, row in burst_sweep.measure(
            settings,
            min_errors=min_errors,
            seed=arguments.seed,
            out=arguments.out,
            running=running,
        ):
            bar.n = done = done + 1
            found = _numbers(setting, row)
            output.row("rows", found, _line(row, found))
    output.line(f"{len(settings)} points in {time.perf_counter() - begun:.1f} s")


HEADER = (
    f"{'link':<24}{'Eb/N0':>7}{'frames':>9}{'missed':>8}{'blocks':>11}{'errors':>8}"
    f"{'BLER':>10}  {'95 % interval':<21}{'aligned':>9}{'loss':>9}"
)


def _settings(arguments):
    channel, impair = _channel(arguments)
    air = _options.parsed(OverTheAir, arguments)
    most = whole("--max-blocks", arguments.max_blocks)
    for link in arguments.links:
        model = links.load(link)
        frame = Frame.of_model(model, **_layout(arguments.frame))
        for ebn0_db in db_range("--ebn0-db", arguments.ebn0_db):
            kept = arguments.seed, arguments.out, arguments.output.remark
            for adversary in air.adversaries(model, frame, ebn0_db, *kept):
                yield BurstSetting(
                    model,
                    frame,
                    ebn0_db,
                    adversary,
                    air.canceller,
                    channel,
                    impair,
                    frames=max(1, -(-most // frame.codewords)),
                )


def _channel(arguments):
    """Return the name of the channel and what makes one for burst_engine."""
    if arguments.channel == "awgn":
        return "awgn", None
    from advphy_model.air.sample_channel import SampleChannel

    def impair(first_sample):
        return SampleChannel(
            arguments.channel, seed=arguments.seed, first_sample=first_sample
        )

    return impair(0).kind, impair


def _layout(words):
    """Return the settings of Frame that KEY=VALUE words say."""
    found = {}
    known = [name for name in Frame(n=1).describe() if name not in ("n",)]
    for word in words:
        key, _, value = word.partition("=")
        if key not in known:
            raise ValueError(
                f"--frame '{word}': wanted KEY=VALUE of {', '.join(known)}"
            )
        try:
            found[key] = float(value) if "." in value else int(value)
        except ValueError:
            raise ValueError(f"--frame '{word}': wanted a number as VALUE") from None
    return found


def _numbers(setting, row):
    """Return the row of a document: what was counted, and what follows from it."""
    attack, loss = setting.adversary, None
    if attack is not None:
        attack = Adversary(attack.perturbation, attack.psr_db)
    if attack is None and setting.canceller is None and row.blocks:
        loss = burst_sweep.loss_db(setting, row.failures / row.blocks)
    return {
        **dataclasses.asdict(row),
        **_text.rated(row.failures, row.blocks),
        "aligned_bler": burst_sweep.aligned_bler(setting, attack),
        "loss_db": loss,
    }


def _line(row, found):
    bler, bounds = _text.rate_and_interval(row.failures, row.blocks)
    text = "" if found["loss_db"] is None else f"{found['loss_db']:.2f} dB"
    said = [f"over {row.channel}"] if row.channel != "awgn" else []
    if row.attack != "none":
        said.append(f"{row.attack} at PSR {row.psr_db:g} dB")
    if row.canceller != "none":
        said.append(row.canceller)
    return (
        f"{row.link:<24}{row.ebn0_db:>7g}{row.frames:>9}{row.missed_frames:>8}"
        f"{row.blocks:>11}{row.failures:>8}{bler:>10}  {bounds:<21}"
        f"{found['aligned_bler']:>9.2e}{text:>9}  {', '.join(said)}"
    ).rstrip()
