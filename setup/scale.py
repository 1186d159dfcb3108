#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what a Dask cluster on this machine costs: the figures of docs/scale.md.

    PYTHONPATH=build/test_modules .venv/bin/python setup/scale.py 2 4 8

For each number of worker processes it prints processor times, which depend little on
who else uses the machine: that of counting in a thread of a worker and in one here,
that of processes of Dask while nothing is counted, and that of calls of nothing.
"""

import concurrent.futures
import contextlib
import pickle
import socket
import statistics
import subprocess
import sys
import time

import cloudpickle
import psutil
from advphy_model.link import links
from advphy_model.measure import cluster, ranges
from advphy_model.measure.link_chain import LinkSetting

SETTING, BLOCKS = LinkSetting(links.load("autoencoder_mlp"), 4.0), 50_000_000
IDLE_SECONDS, CALLS = 20, 2000


@contextlib.contextmanager
def dask(what, *words):
    """Run Dask's scheduler or a worker of one thread."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
    started = subprocess.Popen([*command, "--no-dashboard"], stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(started.pid)
    finally:
        started.kill()
        started.wait()


def timed(setting, blocks):
    """Return the processor time of this thread for a count."""
    setting.count(0, 0, 65536)
    begun = time.thread_time()
    setting.count(0, 0, blocks)
    return time.thread_time() - begun


def used(parts):
    """Return the processor times of lists of processes in seconds."""
    return [sum(sum(each.cpu_times()[:2]) for each in part) for part in parts]


def more(parts, before, per):
    """Return what parts have used since, divided."""
    return [(b - a) / per for a, b in zip(before, used(parts), strict=True)]


def main(count):
    """Print the figures of a cluster of so many workers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"127.0.0.1:{port}"
    cluster.CONNECT_SECONDS = 120
    with contextlib.ExitStack() as stack:
        words = "--host", "127.0.0.1", "--port", port
        scheduler = stack.enter_context(dask("scheduler", *words))
        words = address, "--host", "127.0.0.1", "--no-nanny", "--nthreads", "1"
        made = [stack.enter_context(dask("worker", *words)) for _ in range(count)]
        time.sleep(30)
        there = stack.enter_context(cluster.workers(address))
        parts = made, [scheduler], [psutil.Process()]
        before = used(parts)
        time.sleep(IDLE_SECONDS)
        idle = more(parts, before, IDLE_SECONDS)
        arguments = [SETTING] * count, [BLOCKS] * count
        with concurrent.futures.ThreadPoolExecutor(count) as threads:
            here = statistics.mean(threads.map(timed, *arguments))
        futures = there.executor._client.map(timed, *arguments, pure=False)
        away = statistics.mean(each.result() for each in futures)
        before = used(parts)
        list(ranges.in_order(abs, range(CALLS), there))
        calls = more(parts, before, CALLS / 1000)
        kept = len(pickle.dumps(SETTING))
        packed = pickle.dumps([..., ..., 0, tuple(range(0, 300 * 65536, 65536))])
        result = pickle.dumps(ranges._count(SETTING, 0, range(0, 301 * 4, 4)))
        function = cloudpickle.dumps(there.executor._task)
    print(f"{count} workers")
    print(f"  s per {BLOCKS} blocks: thread {here:.2f}, worker {away:.2f}")
    print("  idle, % of a core: worker, scheduler, client", end="")
    print(*(f" {100 * each:.1f}" for each in (idle[0] / count, *idle[1:])))
    print("  ms per call: all workers, scheduler, client", end="")
    print(*(f" {each:.2f}" for each in calls))
    print(f"  bytes: setting {kept}, range of 300 checks {len(packed)} and its", end="")
    print(f" result {len(result)}, function {len(function)}", flush=True)


if __name__ == "__main__":
    for number in sys.argv[1:]:
        main(int(number))
