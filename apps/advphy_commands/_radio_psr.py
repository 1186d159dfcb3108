# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the PSR at Bob from three SigMF recordings of his.

ALICE has Alice alone, ADVERSARY the adversary alone, BOTH both of them, at the same
gains, rate and frequency. The noise is that of --noise, a recording of neither, or that
of the gaps between Alice's bursts. The powers of ALICE and ADVERSARY must add to that
of BOTH; otherwise a sentence says so, and the exit code is 1.
"""

from dataclasses import dataclass

from advphy_model.files import recording_reader
from advphy_model.measure import received_psr

from advphy_commands._options import operand, option
from advphy_commands._text import entry


@dataclass(frozen=True)
class Settings:
    alice: str = operand("ALICE", "recording of Alice alone")
    adversary: str = operand("ADVERSARY", "recording of the adversary alone")
    both: str = operand("BOTH", "recording of both")
    noise: str = option("recording of neither", metavar="RECORDING")
    tolerance_db: float = option("by how much the sum of powers may differ in dB", 0.5)

    def __post_init__(self):
        if not 0 < self.tolerance_db <= 10:
            found = f"{self.tolerance_db:g}"
            raise ValueError(f"--tolerance-db must be above 0, at most 10, got {found}")


def run(settings, output):
    names = settings.alice, settings.adversary, settings.both, settings.noise
    read = [recording_reader.read(name) for name in names if name is not None]
    for one in read:
        at = [(r.sample_rate, r.frequency) for r in (read[0], one)]
        if at[0] != at[1]:
            raise ValueError(
                f"{one.meta} has (rate, frequency) = {at[1]}, {read[0].meta} {at[0]}; "
                "record all with the same settings"
            )
    silence = read[3] if settings.noise else read[0]
    quiet = received_psr.level(silence.meta, silence.pieces())
    noise = quiet.mean if settings.noise else quiet.quiet
    if noise is None:
        raise ValueError(
            f"{read[0].meta} has no gaps in which only noise is heard; give --noise, a "
            "recording with both transmitters off"
        )
    levels = [received_psr.level(one.meta, one.pieces(), noise[0]) for one in read[:3]]
    psr = received_psr.psr_db(*levels[:2], noise)
    excess = received_psr.excess_db(*levels, noise)
    for one in read:
        for warning in one.warnings:
            output.remark(f"{one.meta}: {warning}")
    for one, found in zip(read[:2], levels, strict=False):
        if found.faint:
            output.remark(f"{one.meta}: so weak a signal must have had no pauses")
    adds = abs(excess.value) <= settings.tolerance_db
    output.line(entry("PSR at Bob", psr.text(".2f") + " dB, 95 %"))
    output.line(entry("BOTH over the sum", excess.text(".2f") + " dB, 95 %"))
    output.note(psr_db=psr._asdict(), excess_db=excess._asdict(), adds=adds)
    output.note(powers=[one.mean[0] for one in levels], noise_power=noise[0])
    if not adds:
        output.line(
            f"the powers do not add within {settings.tolerance_db:g} dB, so this PSR "
            "is not that of BOTH: a gain changed, the receiver is overloaded, or a "
            "sender did not send all the time"
        )
    return 0 if adds else 1
