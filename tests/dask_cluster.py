# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of Dask's own scheduler and workers, for tests."""

import contextlib
import os
import socket
import subprocess
import sys

import distributed

from .conftest import CLONE, STAGED


@contextlib.contextmanager
def process(what, *words, **environment):
    """Run Dask's own scheduler or worker."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *map(str, words)]
    started = subprocess.Popen(
        [*command, "--no-dashboard"],
        env={**os.environ, **environment},
        cwd="/",
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def worker(address, *words):
    """Run a worker of one thread, which can import the packages and the tests."""
    words = "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1", *words
    return process("worker", address, *words, PYTHONPATH=f"{STAGED}:{CLONE}")


@contextlib.contextmanager
def workers(count, scheme="", scheduler=("--host", "127.0.0.1"), both=()):
    """Give (address, scheduler) of a cluster of so many worker processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"{scheme}127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        words = *scheduler, *both, "--port", port
        scheduler = stack.enter_context(process("scheduler", *words))
        for _ in range(count):
            stack.enter_context(worker(address, *both))
        wait_for_workers(address, count)
        yield address, scheduler


def wait_for_workers(address, count):
    with distributed.Client(address, timeout=120, set_as_default=False) as client:
        if count:
            client.wait_for_workers(count)
