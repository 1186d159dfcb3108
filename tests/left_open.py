# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process has open, and how much memory it uses."""

import contextlib
import gc
import os
import re
import threading
import time
from multiprocessing import resource_tracker
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
    """Return the numbers of all threads, also of those that libraries started."""
    return [int(number) for number in os.listdir("/proc/self/task")]


def buffers():
    """Return what is mapped for GNU Radio's buffers: shared memory.

    Left out are the read-only guard pages at their ends: vmcircbuf_sysv_shm.cc keeps
    the first one attached if another thread has taken the place of the second copy.
    """
    gc.collect()
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [
        f"buffer {line}"
        for line in lines
        if re.match(r"\S+ rw-s .*(/SYSV|gnuradio)", line)
    ]


def resident_mib():
    """Return the memory in use, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def by_tests():
    """Return what tests have opened: a set of descriptions.

    Left out is what a library opens once for the whole process: events, fonts, a
    database of ONNX Runtime, the socket on which libusb hears of devices, threads of
    tqdm and Dask that wait for work, and all threads that are none of Python's.
    """
    resource_tracker.ensure_running()  # whose pipe is of the whole process, too
    of_the_kernel = Path("/proc/net/netlink").read_text().split()
    opened = {
        f"{number}: {place}"
        for number, place in descriptors().items()
        if not place.startswith("anon_inode:")
        and not re.search(r"\.ttf$|onnxruntime\.db", place)
        and re.sub(r"\D", "", place) not in of_the_kernel
    }
    started = {
        repr(thread)
        for thread in threading.enumerate()
        if type(thread).__name__ not in ("_DummyThread", "TMonitor")
        and not thread.name.startswith("Dask-Offload")
    }
    return opened | started | set(buffers())


def since(before, seconds=30):
    """Return what tests have opened since then, once the last of it had time to end."""
    end = time.monotonic() + seconds
    while (found := by_tests() - before) and time.monotonic() < end:
        time.sleep(0.05)
    return found
