#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of docs/reliability.md and paste their output into the page.

.venv/bin/python setup/reliability.py [MARKER ...] runs those of the markers, or all.
MARKER=FILE pastes a file with the output of an earlier run.
"""

import collections
import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
PAGE = CLONE / "docs" / "reliability.md"
STAGED = "QT_QPA_PLATFORM=offscreen PYTHONPATH=build/test_modules"
PYTEST = f"{STAGED} .venv/bin/python -m pytest -v -rA --tb=no -p no:randomly"
SYSTEM = platform.freedesktop_os_release()["PRETTY_NAME"]
MACHINE = f"{SYSTEM}, {platform.machine()}, {os.cpu_count()} cores"
LOST = "tests/test_nothing_lost.py tests/test_power_loss.py"
OFF = "tests/qa_transmit_attempts.py tests/qa_sdr_guardian.py tests/qa_sdr_silence.py"
KEYS = "tests/qa_key_nonces.py tests/test_keying.py tests/test_keyed_transforms.py"
OPEN = "tests/qa_publisher_subscribers.py tests/test_watch_web.py tests/qa_sdr_zmq.py"
SECTIONS = {  # {marker: command}
    "files": f"{PYTEST} tests/test_hostile_files.py",
    "graphs": f"{PYTEST} tests/qa_random_flowgraphs.py tests/qa_far_indices.py",
    "lost": f"{PYTEST} {LOST} -k 'not evaluate and not reproduce'",
    "lost-long": f"{PYTEST} {LOST} -k 'evaluate or reproduce'",
    "network": f"{PYTEST} {OPEN}",
    "transmitter": f"{PYTEST} {OFF}",
    "keys": f"{PYTEST} {KEYS}",
    "mutants": "make -s mutants SEED=2026 | tail -n 3",
    "sanitize": "make -s sanitize 2>&1 | tail -n 25",
    "soak": "make -s soak",
}


def shown(text):
    """Return the output of pytest as a table of its cases "row / column"."""
    found, rows, columns = collections.defaultdict(collections.Counter), {}, {}
    for end, test, case in re.findall(r"^([A-Z]+) \S+::(\w+)(.*)", text, re.M):
        row, slash, column = case.partition(" - ")[0].strip("[]").partition(" / ")
        where = (row, column) if slash else (f"`{test}`", "all cases")
        found[where][end.lower()] += 1
        rows[where[0]] = columns[where[1]] = None
    if not found:
        return f"```\n{text.strip()}\n```"
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    for row in rows:
        cells = (found[row, column] for column in columns)
        lines.append([row, *(", ".join(map(_ended, c.items())) or "-" for c in cells)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{text.strip().splitlines()[-1].strip('= ')}"


def _ended(item):
    end, count = item
    return end if count == 1 else f"{count} {end}"


for argument in sys.argv[1:] or SECTIONS:
    marker, _, kept = argument.partition("=")
    command, day = SECTIONS[marker], datetime.date.today()
    if kept:
        output = Path(kept).read_text(encoding="utf-8")
        day = datetime.date.fromtimestamp(Path(kept).stat().st_mtime)
    else:
        how = {"shell": True, "cwd": CLONE, "text": True, "stdout": subprocess.PIPE}
        output = subprocess.run(command, **how).stdout
    begin, end = f"<!-- {marker} -->\n", f"<!-- end of {marker} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    made = f"{day}, {MACHINE}: `{command}`\n\n{shown(output)}\n"
    text = f"{before}{begin}{made}{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")
