# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installation, and say the remedy for each finding.

A line each: ok; note, something optional is missing; warning, something will not work
as expected; problem, something that is needed does not work. The exit code is 1 if
there is a problem. Radios are looked for with --devices only, since that takes seconds.
"""

import contextlib
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from advphy_commands import _doctor, _progress
from advphy_commands._options import switch


@dataclass(frozen=True)
class Settings:
    """What is looked for."""

    devices: bool = switch("look for radios, too (some seconds)")


def run(settings, output):
    """Say what is found; return 1 if there is a problem."""
    place, states = _doctor.Place(_doctor.clone_of(), settings.devices), Counter()
    output.note(findings=[])
    with contextlib.ExitStack() as stack:
        bar = None
        with contextlib.suppress(Exception):  # no tqdm: a finding, not an end
            bar = _progress.bar(total=len(_doctor.CHECKS), unit="check")
            stack.callback(bar.close)
        pool = stack.enter_context(ThreadPoolExecutor(os.cpu_count()))
        for findings in pool.map(lambda check: check.findings(place), _doctor.CHECKS):
            for finding in findings:
                states[finding.state] += 1
                output.row("findings", finding, finding.text())
            if bar is not None:
                bar.update()
    order = (_doctor.PROBLEM, _doctor.WARNING, _doctor.NOTE, _doctor.OK)
    counts = {state: states[state] for state in order}
    output.note(counts=counts)
    output.line(", ".join(f"{number} {state}" for state, number in counts.items()))
    return 1 if states[_doctor.PROBLEM] else 0
