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

from advphy_model.air.adversary import Adversary
from advphy_model.link import links
from advphy_model.measure.burst_chain import (
    BurstCounts,
    BurstSetting,
    aligned_bler,
    loss_db,
)
from advphy_model.modem.frame import Frame

from advphy_commands import _air_adversary, _measuring, _rates
from advphy_commands._numbers import db_range


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
    _measuring.add_stop_rule(parser, "1e7")
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
    _air_adversary.add_arguments(parser)


def run(arguments):
    """Measure and print a line per point."""
    output, settings = arguments.output, list(_settings(arguments))
    output.note(frames=[])
    for frame in dict.fromkeys(setting.frame for setting in settings):
        output.row(
            "frames",
            frame.describe()
            | {"samples": frame.samples(), "overhead_db": frame.overhead_db},
            f"frame of n = {frame.n}: {frame.codewords} codewords, "
            f"{frame.samples()} samples, overhead {frame.overhead_db:.2f} dB",
        )
    rule = _measuring.rule_of(arguments)
    measurement = _measuring.Measurement(
        settings, rule, arguments.out, BurstCounts, {"engine": "burst"}
    )
    table = _measuring.Table(HEADER, "point", _numbers, _line)
    _measuring.run(output, measurement, table)


HEADER = (
    f"{'link':<24}{'Eb/N0':>7}{'frames':>9}{'missed':>8}{'blocks':>11}{'errors':>8}"
    f"{'BLER':>10}  {'95 % interval':<21}{'aligned':>9}{'loss':>9}"
)


def _settings(arguments):
    """Yield the BurstSettings in the order of measuring."""
    canceller = _air_adversary.canceller_of(arguments)
    for link in arguments.links:
        model = links.load(link)
        frame = Frame.of_model(model, **_layout(arguments.frame))
        for ebn0_db in db_range("--ebn0-db", arguments.ebn0_db):
            for adversary in _air_adversary.adversaries_of(
                arguments, model, frame, ebn0_db
            ):
                yield BurstSetting(
                    model,
                    frame,
                    ebn0_db,
                    arguments.seed,
                    adversary,
                    canceller,
                    arguments.channel,
                )


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


def _numbers(step, row):
    """Return the row of a document: what was counted, and what follows from it."""
    setting, loss = step.setting, None
    attack = setting.attack
    if attack is not None:
        attack = Adversary(attack.perturbation, attack.psr_db)
    if attack is None and setting.canceller is None and row.blocks:
        loss = loss_db(setting, row.failures / row.blocks)
    return {
        **_measuring.rated(row),
        "aligned_bler": aligned_bler(setting, attack),
        "loss_db": loss,
    }


def _line(step, row, found):
    bler, bounds = _rates.texts(row.failures, row.blocks)
    text = "" if found["loss_db"] is None else f"{found['loss_db']:.2f} dB"
    return (
        f"{row.link:<24}{row.ebn0_db:>7g}{row.frames:>9}{row.missed_frames:>8}"
        f"{row.blocks:>11}{row.failures:>8}{bler:>10}  {bounds:<21}"
        f"{found['aligned_bler']:>9.2e}{text:>9}{_measuring.circumstances(row)}"
    ).rstrip()
