#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the commands of docs/reliability.md and paste their output into the page.

.venv/bin/python setup/reliability.py [MARKER ...] runs those of the markers, or all.
"""

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
PAGE = CLONE / "docs" / "reliability.md"
PYTHON = "PYTHONPATH=build/test_modules .venv/bin/python"
PYTEST = f"{PYTHON} -m pytest -v -rA --tb=no -p no:randomly"
SYSTEM = platform.freedesktop_os_release()["PRETTY_NAME"]
MACHINE = f"{SYSTEM}, {platform.machine()}, {os.cpu_count()} cores"
LOST = "tests/test_nothing_lost.py tests/test_power_loss.py"
SECTIONS = {  # {marker: command}
    "lost": f"{PYTEST} {LOST} -k 'not evaluate and not reproduce'",
    "lost-long": f"{PYTEST} {LOST} -k 'evaluate or reproduce'",
}


def shown(text):
    """Return the output of pytest as a table of its cases "row / column"."""
    found, columns, rows = {}, {}, {}
    for end, test, case in re.findall(r"^([A-Z]+) \S+::(\w+)(.*)", text, re.M):
        row, slash, column = case.partition(" - ")[0].strip("[]").partition(" / ")
        where = (row, column) if slash else (f"`{test}`", "all cases")
        found.setdefault(where, set()).add(end.lower())
        rows[where[0]] = columns[where[1]] = None
    if not found:
        return f"```\n{text.strip()}\n```"
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    for row in rows:
        lines.append([row, *("/".join(found.get((row, c), "-")) for c in columns)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{text.strip().splitlines()[-1].strip('= ')}"


for marker in sys.argv[1:] or SECTIONS:
    how = {"shell": True, "cwd": CLONE, "text": True, "stdout": subprocess.PIPE}
    done = subprocess.run(SECTIONS[marker], **how)
    made = f"{datetime.date.today()}, {MACHINE}: `{SECTIONS[marker]}`"
    begin, end = f"<!-- {marker} -->\n", f"<!-- end of {marker} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    text = (
        f"{before}{begin}{made}\n\n{shown(done.stdout)}\n{end}{rest.partition(end)[2]}"
    )
    PAGE.write_text(text, encoding="utf-8")
