# SPDX-License-Identifier: GPL-3.0-or-later
"""The command advphy: run here, or in a process of its own.

What is run is given in parts: a string is split as a shell does it, a tuple has parts,
anything else is one word: advphy("measure bpsk --out", tmp_path / "run.csv").
"""

import contextlib
import importlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .conftest import CLONE

ADVPHY = str(CLONE / "apps" / "advphy")
LOOP = "--engine loop"


def words(*parts):
    """Return the words of a command."""
    found = []
    for part in parts:
        if isinstance(part, tuple):
            found += words(*part)
        else:
            found += shlex.split(part) if isinstance(part, str) else [str(part)]
    return found


@contextlib.contextmanager
def _caught(name, number):
    """Give a file that gets what Python and others write to a standard stream."""
    getattr(sys, name).flush()
    with tempfile.TemporaryFile("w+b") as file, contextlib.ExitStack() as stack:
        before = os.dup(number)
        stack.callback(os.close, before)
        stack.callback(os.dup2, before, number)
        os.dup2(file.fileno(), number)
        stream = io.TextIOWrapper(os.fdopen(number, "wb", closefd=False), "utf-8")
        stack.callback(stream.flush)
        stack.enter_context(getattr(contextlib, f"redirect_{name}")(stream))
        yield file


def advphy(*parts):
    """Run a command in this process; return it as subprocess.run() does."""
    main, given = importlib.import_module("advphy_commands").main, words(*parts)
    with _caught("stdout", 1) as out, _caught("stderr", 2) as err:
        try:
            code = main(given)
        except SystemExit as end:  # argparse has its own way
            code = end.code
        sys.stdout.flush()
        sys.stderr.flush()
        sizes = [(f.fileno(), os.fstat(f.fileno()).st_size) for f in (out, err)]
        said = [os.pread(number, size, 0).decode() for number, size in sizes]
    return subprocess.CompletedProcess(given, code, *said)


def done(*parts):
    """Run a command that must succeed; return what it wrote to standard output."""
    found = advphy(*parts)
    assert found.returncode == 0, found.stderr
    return found.stdout


def document(*parts):
    """Run a command that must succeed; return its JSON document."""
    return json.loads(done(*parts, "--json"))


def files_here():
    """Return {path: (size, time of the last change)} of the folder of a test.

    In the clone, where other tests work at the same time, only the names.
    """
    if Path.cwd() == CLONE:
        return dict.fromkeys(os.listdir())
    found = {path: path.stat() for path in Path().rglob("*")}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def refused(*parts):
    """Run a command that must fail and write nothing here; return its one sentence."""
    before = files_here()
    found = advphy(*parts)
    assert found.returncode == 2, found.stdout + found.stderr
    lines = [line for line in found.stderr.splitlines() if line.startswith("advphy")]
    assert len(lines) == 1, found.stderr
    assert "Traceback" not in found.stderr
    assert files_here() == before
    return lines[0]


def heed_signals():
    """Let a new process end by signals that background jobs and nohup ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def started(*parts, **options):
    """Start a command in a process of its own; return the process."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    pipes["preexec_fn"] = heed_signals
    return subprocess.Popen([ADVPHY, *words(*parts)], **{**pipes, **options})


def without_torch(*parts):
    """Run a command in a process that cannot import torch."""
    program = (
        "import sys; sys.modules['torch'] = None\n"
        f"sys.path[:0] = {[str(CLONE / 'apps'), *sys.path]!r}\n"
        f"from advphy_commands import main; sys.exit(main({words(*parts)!r}))\n"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True)


def wait_for_work(process, lock):
    """Wait until a command has computed for two seconds since it locked a file."""

    def seconds():
        times = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    while not lock.exists():
        time.sleep(0.01)
    begun = seconds()
    while seconds() < begun + 2:
        time.sleep(0.01)
