# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a semantic link over SNR: Bob's images and Eve's labels.

LINK is a file, or a name that `advphy info` lists. Both branches hang on one
transmitter; Eve may be nearer or farther than Bob (--eve-snr-db). Rows of sums go to
the CSV: bob, bob_without (Alice's module is in, Bob's is not) and eve, an SNR each.
"""

import dataclasses
from argparse import BooleanOptionalAction
from dataclasses import dataclass

from advphy_model.files import images
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.measure.semantic_counts import BRANCHES, SemanticCounts

from advphy_commands import _measuring
from advphy_commands._numbers import db_range, whole
from advphy_commands._options import operand, option
from advphy_commands.secret import key_file, secret_of

ON_OR_OFF = {"action": BooleanOptionalAction}


def _one_db(name, text):
    found = db_range(name, text)
    if len(found) > 1:
        raise ValueError(
            f"{name} must be one number, got '{text}'; measure each of Eve's SNRs with "
            "a command of its own"
        )
    return found[0]


@dataclass(frozen=True)
class Settings:
    """What is measured, and by what."""

    link: str = operand("LINK")
    snr_db: list = _measuring.over(
        "0:20:5", "Bob's SNR in dB: a number, several with commas, or a range"
    )
    eve: str = option(None, "a file or a name; without: none", metavar="EVE")
    eve_snr_db: float = option(
        None, "one SNR of Eve's (default: that of Bob)", _one_db, metavar="DB"
    )
    images: str = option("mnist_test")
    frames: int = option(None, "images sent at each SNR (default: all, once)", whole)
    first_frame: int = option("0", parse=whole)
    alice: bool = option(True, "send through Alice's module", **ON_OR_OFF)
    bob: bool = option(True, "measure with Bob's module, too", **ON_OR_OFF)
    key_file: str = key_file()
    seed: int = option(1, type=int)
    engine: str = option(
        "flowgraph", "both decide the same", choices=("flowgraph", "loop")
    )
    out: str = option(required=True, metavar="FILE.csv")

    def __post_init__(self):
        """Refuse to send none."""
        if self.frames == 0:
            raise ValueError("--frames must be at least 1, got 0")


def run(settings, output):
    """Measure and print a line for each SNR and branch."""
    link = SemanticLink.load(settings.link)
    sent = images.load(settings.images)
    frames = len(sent) if settings.frames is None else settings.frames
    unkeyed = link.keying == "none"  # no secret, and none may be given
    secret = secret_of(settings.key_file, link) if settings.alice or unkeyed else None
    eve = Eve.load(settings.eve) if settings.eve else None
    given = {"alice": settings.alice, "secret": secret, "seed": settings.seed}
    given["branches"] = BRANCHES if settings.bob else BRANCHES[1:]
    chains = []
    for snr_db in settings.snr_db:
        eve_snr_db = snr_db if settings.eve_snr_db is None else settings.eve_snr_db
        at = (snr_db, eve_snr_db, eve)
        chains.append(SemanticSetting(link, sent, *at, **given))
    if not chains[0].measured:
        raise ValueError(
            "there is nothing to measure: without --eve and without Bob's module, the "
            "link must have a pair that is in"
        )
    rule = StopRule(min_errors=None, max_blocks=frames)
    more = {"first": settings.first_frame, "engine": settings.engine}
    if settings.engine == "flowgraph":
        from gnuradio.advphy import semantic_engine

        more["counted"] = semantic_engine.counted
    measurement = _measuring.Measurement(
        chains, rule, settings.out, SemanticCounts, more
    )
    table = _measuring.Table(HEADER, "SNR", _numbers, _line)
    _measuring.run(output, measurement, table)


HEADER = (
    f"{'SNR':>6}  {'branch':<12}{'frames':>8}  {'MSE or accuracy':<38}PSR, power sent"
)


def _numbers(step, row):
    """Return the row of a document: what was counted, and what follows from it."""
    found = dict.fromkeys(("mse", "accuracy", "low", "high"))
    if row.branch == "eve":
        found["accuracy"] = row.accuracy
        found["low"], found["high"] = interval(row.correct, row.frames)
    else:
        found["mse"] = row.mse
    power = {"psr_db": row.psr_db, "transmit_power_db": row.transmit_power_db}
    return dataclasses.asdict(row) | found | power


def _line(step, row, found):
    if row.branch == "eve":
        bounds = f"{found['low']:.4f}..{found['high']:.4f}"
        text = f"accuracy {row.accuracy:.4f} ({bounds})"
    else:
        text = f"MSE {row.mse:.5f}"
    if row.erasures:
        text += f", {row.erasures} erased"
    power = f"{row.psr_db:.2f} dB" if row.psr_db is not None else "none"
    sent = row.transmit_power_db
    if sent is not None:
        power += f", {sent:+.2f} dB"
    return f"{row.snr_db:>6g}  {row.branch:<12}{row.frames:>8}  {text:<38}{power}"
