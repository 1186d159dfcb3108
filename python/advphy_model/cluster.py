# SPDX-License-Identifier: GPL-3.0-or-later
"""Spread index ranges and other work over a Dask cluster (package distributed)."""

import asyncio
import concurrent.futures
import contextlib
import importlib
import logging
import multiprocessing
import os
import pickle
import threading
import time
from collections import deque

from advphy_model import loop_engine
from advphy_model.error_rate import CHECK_EVERY, StopRule
from advphy_model.version import __version__

CONNECT_SECONDS = 5
PATIENCE_SECONDS = 60  # without any worker before a run gives up
_LOOK_SECONDS = 2  # between two looks at who works
_AHEAD = 2  # ranges per worker's thread: one that runs, one that waits for it
_GROWTH = 8  # a range is at most this share of what was handed out to each thread ...
_LARGEST = 128  # ... and this many checks of the stop rule: a second at most or two
_RETRIES = 3  # of a task that raises; one whose worker died goes to another anyway

_SILENT = "the scheduler does not answer any more"


def engine(address: str):
    """Return a function like loop_engine.run that counts on a cluster.

    Its counts are those of one machine: ranges end where the stop rule is looked at,
    and results are taken in their order. A worker that dies costs its range only.

    Args:
        address: of the scheduler, such as "localhost:8786".

    Raises:
        ValueError: no scheduler answers there, or a worker cannot count.
    """
    if not address:
        raise ValueError("no scheduler answers at an empty address; wanted HOST:PORT")
    cluster = _connected(address, loop_engine.__name__)

    def run(model, *, rule, counted=(0, 0), threads=None, **settings):
        """Yield what loop_engine.run yields; `threads` is what one range takes."""
        if settings.get("attack") is not None:
            settings["attack"].require_fit(model)
        task = {"model": model, "threads": threads or 1, **settings}
        blocks, failures = counted
        start, ahead = blocks, deque()
        try:
            while not (blocks and rule.met(blocks, failures)):
                slots = cluster.threads()
                while len(ahead) < _AHEAD * slots and rule.next_check(start) > start:
                    checks = (start - counted[0]) // CHECK_EVERY
                    end = _end(rule, start, checks // (_GROWTH * slots))
                    ahead.append(cluster.submit(_count, (start, end, task)))
                    start = end
                for more, errors, erasures in cluster.result(ahead.popleft()):
                    blocks, failures = blocks + more, failures + errors + erasures
                    yield more, errors, erasures
                    if rule.met(blocks, failures):
                        break
        finally:
            cluster.cancel(ahead)

    return run


def _end(rule, start, checks):
    """Return where a range of that many checks of the rule ends."""
    end = rule.next_check(start)
    for _ in range(min(checks, _LARGEST) - 1):
        end = rule.next_check(end)
    return end


def _count(task):
    """Return [(blocks, block_errors, erasures)] per check of the rule."""
    start, end, settings = task
    rule = StopRule(min_errors=None, max_blocks=end)
    return list(loop_engine.run(rule=rule, counted=(start, 0), **settings))


def map(function, arguments, address=None, processes=1):
    """Yield function(argument) for each argument, in order.

    Args:
        function: of a module, so that other processes find it.
        arguments: what it is called with.
        address: of a Dask scheduler; None: this machine.
        processes: of this machine; 1: this process, one after another.

    Raises:
        ValueError: no scheduler answers there, or a worker cannot do it.
    """
    arguments = list(arguments)
    if address is not None:
        yield from _map_on_cluster(function, arguments, address)
    elif processes == 1 or len(arguments) < 2:
        for argument in arguments:
            yield function(argument)
    else:
        pool = concurrent.futures.ProcessPoolExecutor(
            min(processes, len(arguments)),
            multiprocessing.get_context("spawn"),
            _one_thread,
        )
        try:
            yield from pool.map(function, arguments)
        finally:
            pool.shutdown(cancel_futures=True)


def _one_thread():
    """Let numerical libraries, not imported yet, use one thread in each process."""
    os.environ["OMP_NUM_THREADS"] = "1"


def _map_on_cluster(function, arguments, address):
    cluster = _connected(address, function.__module__)
    futures = [cluster.submit(function, argument) for argument in arguments]
    try:
        for future in futures:
            yield cluster.result(future)
    finally:
        cluster.cancel(futures)


_connections = {}


def _connected(address, module):
    """Return the connection to a scheduler whose workers can import a module."""
    cluster = _connections.get(address)
    if cluster is None or not cluster.alive:
        cluster = _connections[address] = _Cluster(address)
    cluster.require(module)
    return cluster


def disconnect(address: str) -> None:
    """Close the connection to a scheduler, if there is one."""
    if address in _connections:
        _connections.pop(address).close()


class _Cluster:
    """A client of a Dask scheduler that says in one sentence what is wrong."""

    def __init__(self, address):
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address, self._distributed = address, distributed
        self._looked, self._threads = -float("inf"), 0
        self._client = None
        meeting = threading.Thread(target=self._meet, daemon=True)
        meeting.start()
        meeting.join(CONNECT_SECONDS + 1)  # what else is on that port may say nothing
        if self._client is None:
            raise ValueError(
                f"cluster '{address}': no scheduler answers there within "
                f"{CONNECT_SECONDS} s; `dask scheduler` starts one and prints its "
                "address"
            )

    def _meet(self):
        with contextlib.suppress(Exception):  # whatever it is, there is no scheduler
            asyncio.run(asyncio.wait_for(self._greet(), CONNECT_SECONDS))
            self._client = self._distributed.Client(
                self._address, timeout=CONNECT_SECONDS, set_as_default=False
            )

    async def _greet(self):
        """Ask who is there: a client that fails leaves its thread behind for ever."""
        async with self._distributed.rpc(self._address) as scheduler:
            await scheduler.identity()

    @property
    def alive(self):
        """Return whether the scheduler is still there."""
        return self._client.status == "running"

    def close(self):
        """Leave the cluster."""
        self._client.close(timeout=CONNECT_SECONDS)

    def require(self, module):
        """Raise ValueError unless there are workers and all can import a module."""

        def version():  # sent by value: it runs where advphy_model is missing
            try:
                importlib.import_module(module)
                found = importlib.import_module("advphy_model.version").__version__
            except ImportError as error:
                return f"cannot import {module} ({error})"
            return None if found == wanted else f"has version {found}, not {wanted}"

        wanted = __version__
        answers = self._client.run(version)
        if not answers:
            raise ValueError(
                f"cluster '{self._address}' has no worker; `dask worker "
                f"{self._address}` starts one"
            )
        for worker, complaint in answers.items():
            if complaint:
                raise ValueError(
                    f"cluster '{self._address}': worker {worker} {complaint}; start it "
                    "with PYTHONPATH naming the folder of this version's packages"
                )

    def threads(self):
        """Return how many threads all workers have, at least 1."""
        if time.monotonic() > self._looked + _LOOK_SECONDS:
            self._threads = self._count_threads()
            self._looked = time.monotonic()
        return max(1, self._threads)

    def submit(self, function, argument):
        """Return the future of function(argument)."""

        def call(packed):  # sent by value, so that the scheduler needs no advphy_model
            function, argument = pickle.loads(packed)
            return function(argument)

        packed = pickle.dumps((function, argument))
        return self._client.submit(call, packed, pure=False, retries=_RETRIES)

    def cancel(self, futures):
        """Forget what is not wanted any more."""
        with contextlib.suppress(OSError, concurrent.futures.CancelledError):
            if futures and self.alive:
                self._client.cancel(list(futures))

    def result(self, future):
        """Return a result; RuntimeError when the cluster cannot give it."""
        last_worker = time.monotonic()
        while True:
            try:
                return future.result(timeout=_LOOK_SECONDS)
            except self._distributed.KilledWorker:
                raise self._lost("several workers died over the same task") from None
            except asyncio.TimeoutError:
                if future.status == "error":  # the task's own
                    raise
            except (OSError, concurrent.futures.CancelledError):
                if future.status == "error":
                    raise
                raise self._lost(_SILENT) from None
            if self._count_threads():
                last_worker = time.monotonic()
            elif time.monotonic() > last_worker + PATIENCE_SECONDS:
                raise self._lost(f"no worker for {PATIENCE_SECONDS} s")

    def _count_threads(self):
        try:
            return sum(self._client.nthreads().values())
        except (OSError, concurrent.futures.CancelledError):
            raise self._lost(_SILENT) from None

    def _lost(self, why):
        return RuntimeError(f"cluster '{self._address}': {why}; what was done is kept")
