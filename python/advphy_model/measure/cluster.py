# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster (package distributed) as Workers, with readable errors."""

import asyncio
import concurrent.futures
import contextlib
import importlib
import logging
import pickle
import threading
import time

from advphy_model.measure.ranges import Workers
from advphy_model.version import __version__

CONNECT_SECONDS = 10
PATIENCE_SECONDS = 60  # time without any worker until a run gives up
_POLL_SECONDS = 2  # between polls of the workers
_LARGEST = 128  # checks of the stop rule per range, which take one or two seconds
_RETRIES = 3  # for a task that raises; if a worker dies, another one takes its task

_SILENT = "the scheduler does not answer any more"


@contextlib.contextmanager
def workers(address: str, module: str = "advphy_model.measure.ranges"):
    """Yield the Workers of a scheduler and disconnect from it at the end.

    The address is, for example, "localhost:8786". If a worker dies, only its current
    range is computed again. Raises ValueError if no scheduler answers, there is no
    worker, or a worker cannot import the module or has another version.
    """
    cluster = _Cluster(address)
    try:
        cluster.require(module)
        yield Workers(cluster, cluster.threads, _LARGEST, cluster.result)
    finally:
        cluster.close()


class _Cluster(concurrent.futures.Executor):
    """Executor of a Dask client that notices the loss of scheduler or workers."""

    def __init__(self, address):
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address, self._distributed = address, distributed
        self._polled, self._threads = -float("inf"), 0
        self._client = None
        meeting = threading.Thread(target=self._meet, daemon=True)
        if address:
            meeting.start()
            meeting.join(CONNECT_SECONDS + 1)  # another server may never answer
        if self._client is None:
            raise ValueError(
                f"cluster '{address}': no scheduler answers there within "
                f"{CONNECT_SECONDS} s; start one with `dask scheduler`, which prints "
                "its address"
            )
        self._executor = self._client.get_executor(pure=False, retries=_RETRIES)

    def _meet(self):
        with contextlib.suppress(Exception):  # any error means no usable scheduler
            asyncio.run(asyncio.wait_for(self._greet(), CONNECT_SECONDS))
            self._client = self._distributed.Client(
                self._address, timeout=CONNECT_SECONDS, set_as_default=False
            )

    async def _greet(self):
        """Contact the scheduler first, since a failing Client never ends its thread."""
        async with self._distributed.rpc(self._address) as scheduler:
            await scheduler.identity()

    def close(self):
        """Disconnect from the cluster; pending results are discarded."""
        with contextlib.suppress(Exception):
            self._executor.shutdown(wait=False)
        self._client.close(timeout=CONNECT_SECONDS)

    def require(self, module):
        """Raise ValueError unless there are workers and all can import the module."""

        def version():  # sent by value, so that it runs without advphy_model
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
                f"cluster '{self._address}' has no worker; start one with `dask worker "
                f"{self._address}`"
            )
        for worker, complaint in answers.items():
            if complaint:
                raise ValueError(
                    f"cluster '{self._address}': worker {worker} {complaint}; start it "
                    "with PYTHONPATH set to the folder of this version's packages"
                )

    def threads(self):
        """Return the number of threads of all workers, at least 1."""
        if time.monotonic() > self._polled + _POLL_SECONDS:
            self._threads = self._count_threads()
            self._polled = time.monotonic()
        return max(1, self._threads)

    def submit(self, function, /, *arguments):
        """Return the future of function(*arguments)."""

        def call(packed):  # sent by value, so that the scheduler needs no advphy_model
            function, arguments = pickle.loads(packed)
            return function(*arguments)

        return self._executor.submit(call, pickle.dumps((function, arguments)))

    def result(self, future):
        """Return the result of a future; RuntimeError if the cluster fails."""
        last_worker = time.monotonic()
        while True:
            try:
                return future.result(timeout=_POLL_SECONDS)
            except self._distributed.KilledWorker:
                raise self._lost("several workers died over the same task") from None
            except concurrent.futures.TimeoutError:
                if future.done():  # the task itself raised it
                    raise
            except concurrent.futures.CancelledError:
                raise self._lost(_SILENT) from None
            if self._count_threads():
                last_worker = time.monotonic()
            elif time.monotonic() > last_worker + PATIENCE_SECONDS:
                raise self._lost(f"no worker for {PATIENCE_SECONDS} s")

    def _count_threads(self):
        try:
            if self._client.status == "running":
                return sum(self._client.nthreads().values())
        except (OSError, concurrent.futures.CancelledError):
            pass
        raise self._lost(_SILENT)

    def _lost(self, why):
        return RuntimeError(f"cluster '{self._address}': {why}; what was done is kept")
