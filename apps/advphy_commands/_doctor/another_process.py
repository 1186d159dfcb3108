# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask another process, which may crash or hang in our place."""

import json
import os
import signal
import subprocess
import sys

PATIENCE = 60.0  # seconds
_FRAME = """
import json, sys
if PATH is not None:
    sys.path[:] = PATH
found = {{}}
try:
{lines}
except ImportError as error:
    found = {{"lacks": error.name or "", "said": str(error)}}
sys.stdout.flush()
print("\\n" + json.dumps(found))
"""


class LackingError(ImportError):
    """A module is not there, or something that it needs."""


def ask(lines, path=None, python=sys.executable, patience=PATIENCE):
    """Return the dictionary `found` that Python lines fill in, in another process.

    Args:
        lines: of Python, in which `found` is filled in.
        path: for sys.path; None: as it is for a program of the user's own.
        python: that runs them.
        patience: seconds.

    Raises:
        LackingError: an import failed.
        RuntimeError: they raised, crashed or took too long.
    """
    indented = "\n".join(f"    {line}" for line in lines.strip().splitlines())
    path = None if path is None else list(path)
    program = f"PATH = {path!r}\n" + _FRAME.format(lines=indented)
    surroundings = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    try:
        done = subprocess.run(
            [str(python), "-c", program],
            capture_output=True,
            timeout=patience,
            text=True,
            errors="replace",
            env=surroundings,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"no answer within {patience:g} s") from None
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise RuntimeError(f"{python} crashed ({name})")
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    if done.returncode:
        raise RuntimeError(last)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if "lacks" in found:
        raise LackingError(found["said"], name=found["lacks"])
    return found
