# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the live demos in processes of their own, as example_program.py plays them."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .conftest import CLONE
from .qa_grc import ENVIRONMENT, compile_example

PROGRAM = Path(__file__).with_name("example_program.py")
# Where they publish, which tests must not take from a demo that is running.
PORTS = [f"tcp://127.0.0.1:{port}" for port in (5570, *range(5572, 5580))]


def compiled(folder, name, *changes):
    """Compile a demo in a folder, where it publishes on ipc, if it is not there.

    Args:
        folder: for the program.
        name: of the demo.
        changes: pairs of texts in its file, the second in the place of the first.
    """
    if (folder / f"{name}.py").is_file():
        return
    text = (CLONE / "examples" / f"{name}.grc").read_text()
    for port in PORTS:
        text = text.replace(port, published(folder, name))
    text = text.replace("air=lab", f"air={air()}")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / f"{name}.grc").write_text(text)
    done = compile_example(folder / f"{name}.grc", folder)
    assert done.returncode == 0, done.stdout + done.stderr


def air():
    """Return the air of the demos, which other tests at the same time do not share."""
    return f"demos{os.getpid()}"


def published(folder, name):
    """Return where a demo publishes what it counts during the tests."""
    return f"ipc://{folder}/{name.removeprefix('distributed_link_')}"


@contextlib.contextmanager
def running(folder, name, plan, *arguments):
    """Compile a demo in a folder and run it; give its process."""
    compiled(folder, name)
    command = [sys.executable, str(PROGRAM), str(folder), name, json.dumps(plan)]
    process = subprocess.Popen(
        [*command, *arguments],
        env=ENVIRONMENT | {"HOME": str(folder)},
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process, timeout):
    """Return what a demo found, once it has ended as it should.

    Args:
        process: the demo.
        timeout: in seconds.
    """
    said, errors = process.communicate(timeout=timeout)
    over = time.time()
    assert process.returncode == 0, said + errors
    for word in ("Traceback", "ends the flowgraph", "not understood", "deleted"):
        assert word not in errors, errors
    found, closed, stopped = map(json.loads, said.splitlines()[-3:])
    print(f"stopped {stopped - closed:.3f} s, ended {over - closed:.3f} s behind close")
    assert not found["scrolls"]
    return found


def control(kind, name, settings=None, **variables):
    """Return a control of a plan: what is set, and where it must be seen."""
    seen = {} if settings is None else {"settings": settings}
    return {"set": variables, "kind": kind, "name": name, **seen}


def shown(**variables):
    """Return a control that changes a display, or how fast messages come."""
    return {"set": variables, "rest": 1.5 if "message_rate" in variables else 0.4}


def reactions(found):
    """Print and return how many seconds each control took."""
    for variables, seconds in found["seconds"]:
        print(variables, "not seen" if seconds is None else f"{seconds:.3f} s")
    rates = sorted(found["rates"])
    print(f"{rates[0]:.3g}..{rates[-1]:.3g} items a second")
    return [seconds for _, seconds in found["seconds"]]
