# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block error rates of links through the over-the-air modem.

Bursts are modulated, disturbed, synchronized and decided, without GNU Radio. LINK,
Eb/N0 and --attack are those of `advphy measure`. The column "aligned" is the BLER at
the same Eb/N0 without a modem: with the same canceller, and with the perturbation in
step if there is an attack. Without an attack, "loss" is the difference in dB. Missed
bursts are counted separately. The overhead of preamble, header, pilots and gaps is
printed, but not included in Eb/N0. The counts are written to the CSV after every point
and at Ctrl-C, and the same command continues an interrupted measurement.
"""

import functools
from dataclasses import dataclass

from advphy_model.air.adversary import Adversary
from advphy_model.measure import ranges
from advphy_model.measure.burst_chain import (
    BurstCounts,
    BurstSetting,
    aligned_bler,
    loss_db,
)
from advphy_model.measure.error_rate import StopRule
from advphy_model.modem.burst_adversary import WHERE, BurstAdversary
from advphy_model.modem.frame import OF_LINK, Frame

from advphy_commands import _measuring, _text
from advphy_commands._adversary import REAL, Attack
from advphy_commands._options import group, option, repeated


@dataclass(frozen=True)
class OverTheAir(Attack):
    """Adversary with a second transmitter, synchronized or not."""

    where: str = option(
        "payload: at every codeword; frame: over the whole burst; stream: without "
        "knowledge of bursts; preamble, header or pilots: at those symbols only, with "
        "the energy of payload",
        "payload",
        choices=WHERE,
    )
    delay: float | str = option(
        "channel uses (fractions too), or random within a codeword per burst", "0", REAL
    )

    def adversaries(self, seed, out, remark):
        """Return a function (model, frame, ebn0_db) -> BurstAdversaries.

        The seed is that of random phases, shifts and gains; see perturbations().
        """

        def adversaries(model, frame, ebn0_db):
            sps, delay = frame.samples_per_symbol, self.delay
            cfo = self.frequency_offset
            arrival = {
                "where": self.where,
                "phase": self.phase,
                "fading": self.fading,
                "delay": delay if delay == "random" else delay * sps,
                "cfo": cfo if cfo == "random" else cfo / sps,
            }
            return [
                BurstAdversary(p, frame, psr_db, **arrival, seed=seed)
                for p, psr_db in self.perturbations(model, ebn0_db, out, remark)
            ]

        return adversaries


def _layout(name, words):
    found = {}
    known = [key for key in Frame(n=1).describe() if key not in OF_LINK]
    for word in words:
        key, _, value = word.partition("=")
        if key not in known:
            keys = f"choose KEY from {', '.join(known)}"
            raise ValueError(f"{name} must be KEY=VALUE, got '{word}'; {keys}")
        try:
            found[key] = float(value) if "." in value else int(value)
        except ValueError:
            said = f"VALUE of {name} must be a number, got '{word}'"
            raise ValueError(said) from None
    return found


@dataclass(frozen=True)
class Settings(_measuring.Points):
    max_blocks: int = option("blocks at which a point ends", "1e7")
    channel: str = option(
        "impairments of the transmitted samples before the noise, such as "
        "'cfo(frequency=0.001)' in cycles per sample",
        "awgn",
        metavar="KIND",
    )
    frame: dict = repeated(
        "KEY=VALUE",
        "setting of the frame, such as codewords=64; may be repeated",
        _layout,
    )
    adversary: OverTheAir = group(OverTheAir, "adversary, a second transmitter")


def run(settings, output):
    with settings.cluster.workers() as workers:
        _measure(settings, output, workers)


def _measure(settings, output, workers):
    def framed(model):
        return {"model": model, "frame": Frame.of_model(model, **settings.frame)}

    chains = list(_measuring.chains(settings, output.remark, BurstSetting, framed))
    output.note(frames=[])
    for frame in dict.fromkeys(chain.frame for chain in chains):
        size = {"samples": frame.samples(), "overhead_db": frame.overhead_db}
        text = (
            f"frame of n = {frame.n}: {frame.codewords} codewords, "
            f"{frame.samples()} samples, overhead {frame.overhead_db:.2f} dB"
        )
        output.row("frames", frame.describe() | size, text)
    rule = StopRule(settings.min_errors, settings.max_blocks)
    wanted = chains, rule, settings.out, BurstCounts
    numbers = functools.partial(_numbers, workers=workers)
    table = _measuring.Table(HEADER, "point", numbers, _line)
    counted = functools.partial(ranges.counted, workers=workers)
    _measuring.run(output, table, *wanted, engine="burst", counted=counted)


HEADER = (
    f"{'link':<24}{'Eb/N0':>7}{'frames':>9}{'missed':>8}{'blocks':>11}{'errors':>8}"
    f"{'BLER':>10}  {'95 % interval':<21}{'aligned':>9}{'loss':>9}"
)


def _numbers(step, row, workers):
    setting, loss = step.setting, None
    attack = setting.attack
    if attack is not None:
        attack = Adversary(attack.perturbation, attack.psr_db)
    if attack is None and setting.canceller is None and row.blocks:
        loss = loss_db(setting, row.failures / row.blocks, workers)
    aligned = aligned_bler(setting, attack, workers)
    return _measuring.rated(row) | {"aligned_bler": aligned, "loss_db": loss}


def _line(step, row, found):
    bler, bounds = _text.table_texts(row.failures, row.blocks)
    text = "" if found["loss_db"] is None else f"{found['loss_db']:.2f} dB"
    return (
        f"{row.link:<24}{row.ebn0_db:>7g}{row.frames:>9}{row.missed_frames:>8}"
        f"{row.blocks:>11}{row.failures:>8}{bler:>10}  {bounds:<21}"
        f"{found['aligned_bler']:>9.2e}{text:>9}{_measuring.circumstances(row)}"
    ).rstrip()
