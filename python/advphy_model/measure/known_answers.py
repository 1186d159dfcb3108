# SPDX-License-Identifier: GPL-3.0-or-later
"""Known answers: recordings of bursts whose counts are known exactly.

setup/known_answers.py made them: noise alone; offset, clock, echo and a lost burst; an
attack. Neither the instruction set nor noise 80 dB below full scale changes their
counts, so another count means a defect of the installation or of a receiver.
"""

from pathlib import Path

from advphy_model.files import recording_reader
from advphy_model.link import any_link
from advphy_model.measure import scoring
from advphy_model.measure.radio_check import Check
from advphy_model.modem.frame import Frame

FOLDER = Path(__file__).parents[1] / "known_answers"
NAMES = ("noise", "offset_clock_echo", "attacked")
_FAILURES = ("block_errors", "erasures")


def answers(folder=FOLDER):
    """Yield (sentence, Checks) of each recording; ValueError if missing or damaged."""
    for name in NAMES:
        found = recording_reader.read(Path(folder) / f"{name}.sigmf-meta")
        model, frame = any_link.load(found.origin.link), found.origin.frame
        found.origin.require(model)
        at = {"seed": found.origin.seed, "first_frame": found.origin.first_frame}
        counts = scoring.score(found, model, Frame.restore(frame), **at).counts
        wrong, expected = (sum(map(c.get, _FAILURES)) for c in (counts, found.counts))
        text = f"this receiver counts {wrong} of {counts['blocks']}"
        checks = [
            Check(
                f"{name}: {what}", counts[what], found.counts[what], found.counts[what]
            )
            for what in ("missed", "blocks")
        ]
        checks.append(Check(f"{name}: wrong", wrong, expected, expected))
        yield f"{name}: {text}, expected {expected}", checks
