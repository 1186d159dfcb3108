# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process has open, and how much memory it uses."""

import contextlib
import gc
import os
import threading
from pathlib import Path


def descriptors():
    """Return {descriptor: what it is open on}."""
    gc.collect()  # what only a cycle of objects holds is closed by its collection
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


def threads():
    """Return {number: name} of Python's threads and of those that libraries started."""
    known = {thread.native_id: thread.name for thread in threading.enumerate()}
    numbers = map(int, os.listdir("/proc/self/task"))
    return {number: known.get(number, "of a library") for number in numbers}


def buffers():
    """Return how many shared mappings there are: each of GNU Radio's buffers has 4."""
    gc.collect()
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum(line.split()[1].endswith("s") for line in lines)


def resident_mib():
    """Return the memory in use, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20
