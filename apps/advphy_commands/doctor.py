# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installation, and say the remedy for each finding.

A line each: ok; note, something optional is missing; warning, something will not work
as expected; problem, something that is needed does not work. The exit code is 1 if
there is a problem. Radios are looked for with --devices only, since that takes seconds.
"""

import sys
from collections import Counter

from advphy_commands import _doctor


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument(
        "--devices", action="store_true", help="look for radios, too (some seconds)"
    )


def run(arguments):
    """Say what is found; return 1 if there is a problem."""
    output, states = arguments.output, Counter()
    output.note(findings=[])
    surroundings = _doctor.Surroundings(_doctor.clone_of(), arguments.devices)
    with _bar() as bar:
        for done, total, findings in _doctor.examine(surroundings):
            for finding in findings:
                states[finding.state] += 1
                output.row("findings", finding, finding.text())
            bar.total, bar.n = total, done
            bar.refresh()
    counts = {
        state: states[state]
        for state in (_doctor.PROBLEM, _doctor.WARNING, _doctor.NOTE, _doctor.OK)
    }
    output.note(counts=counts)
    output.line(", ".join(f"{number} {state}" for state, number in counts.items()))
    return 1 if states[_doctor.PROBLEM] else 0


def _bar():
    """Return the bar; one that shows nothing where there is no tqdm."""
    try:
        from advphy_training import progress

        return progress.bar(unit="checks")
    except Exception:  # it is broken or not there: a finding, not an end
        return _NoBar()


class _NoBar:
    total = n = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def refresh(self):
        """Show nothing."""
        sys.stderr.flush()
