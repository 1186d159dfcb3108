# SPDX-License-Identifier: GPL-3.0-or-later
"""What `advphy doctor` looks at: one file a subject, each with its CHECKS.

A check is a function that takes the Surroundings and yields Findings. It may raise:
then the exception's sentence is a problem of its own. What may crash or hang, such as
importing a compiled module, is asked of another process (another_process.py).
"""

import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

SUBJECTS = (
    "python_packages",
    "installation",
    "flowgraphs",
    "companion",
    "files",
    "drivers",
)
OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        state: OK; NOTE: something optional is missing; WARNING: something will not
            work as expected; PROBLEM: something that is needed does not work.
        what: was looked at.
        version: of it, or where it is; "" if it has none.
        said: what is wrong, or what an optional thing is needed for.
        remedy: the command that mends it; "" where nothing is wrong.
    """

    state: str
    what: str
    version: str = ""
    said: str = ""
    remedy: str = ""

    def text(self):
        """Return its line."""
        line = f"{self.state:<8} {self.what}"
        line += f" ({self.version})" if self.version else ""
        line += f": {self.said}" if self.said else ""
        return line + (f"  -> {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Surroundings:
    """Where this runs.

    Args:
        clone: folder of the clone that the command belongs to; None if installed.
        devices: whether radios may be looked for, which takes seconds.
        path: sys.path of the command.
    """

    clone: Path | None
    devices: bool = False
    path: tuple = field(default_factory=lambda: tuple(sys.path))

    @property
    def staged(self):
        """Return the folder with what the clone has built."""
        return self.clone / "build" / "test_modules"


def clone_of(file=__file__):
    """Return the clone that a file of apps/ belongs to, or None."""
    parents = Path(file).resolve().parents
    if len(parents) > 3 and (parents[2].parent / "CMakeLists.txt").is_file():
        return parents[2].parent
    return None


def examine(surroundings):
    """Yield (done, all, Findings of one check), in the order of the subjects."""
    checks = []
    for subject in SUBJECTS:
        try:
            checks += importlib.import_module(f"{__name__}.{subject}").CHECKS
        except Exception as error:
            checks.append(_raises(subject, error))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda check: _guarded(check, surroundings), checks)
        for i, findings in enumerate(found):
            yield i + 1, len(checks), findings


def _guarded(check, surroundings):
    """Return a check's Findings; what it raises is one of them."""
    findings = []
    try:
        findings.extend(check(surroundings))
    except Exception as error:
        what = check.__name__.replace("_", " ").strip()
        findings.append(Finding(PROBLEM, what, said=sentence(error)))
    return findings


def _raises(subject, error):
    def check(_):
        raise error

    check.__name__ = subject
    return check


def sentence(error):
    """Return what an exception says, on one line."""
    said = " ".join(str(error).split())
    return said or type(error).__name__
