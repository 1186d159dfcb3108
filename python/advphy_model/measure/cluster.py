# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster as Workers (package distributed), with what is wrong in a sentence."""

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
PATIENCE_SECONDS = 60  # without any worker before a run gives up
_POLL_SECONDS = 2  # between polls of the workers
_LARGEST = 128  # looks at the stop rule in a range: a second at most or two
_RETRIES = 3  # of a task that raises; one whose worker died goes to another anyway

_SILENT = "the scheduler does not answer any more"


@contextlib.contextmanager
def workers(address: str, module: str = "advphy_model.measure.ranges"):
    """Give the Workers of a scheduler, and disconnect from it in the end.

    A worker that dies costs its range only.

    Args:
        address: of the scheduler, such as "localhost:8786".
        module: that every worker must be able to import, of this version.

    Raises:
        ValueError: no scheduler answers there, or a worker cannot count.
    """
    cluster = _Cluster(address)
    try:
        cluster.require(module)
        yield Workers(cluster, cluster.threads, _LARGEST, cluster.result)
    finally:
        cluster.close()


class _Cluster(concurrent.futures.Executor):
    """Client.get_executor() of a scheduler that is watched."""

    def __init__(self, address):
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address, self._distributed = address, distributed
        self._polled, self._threads = -float("inf"), 0
        self._client = None
        meeting = threading.Thread(target=self._meet, daemon=True)
        if address:
            meeting.start()
            meeting.join(CONNECT_SECONDS + 1)  # another server may say nothing at all
        if self._client is None:
            raise ValueError(
                f"cluster '{address}': no scheduler answers there within "
                f"{CONNECT_SECONDS} s; `dask scheduler` starts one and prints its "
                "address"
            )
        self._executor = self._client.get_executor(pure=False, retries=_RETRIES)

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

    def close(self):
        """Leave the cluster; what it still computes is forgotten."""
        with contextlib.suppress(Exception):
            self._executor.shutdown(wait=False)
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
        """Return a result; RuntimeError when the cluster cannot give it."""
        last_worker = time.monotonic()
        while True:
            try:
                return future.result(timeout=_POLL_SECONDS)
            except self._distributed.KilledWorker:
                raise self._lost("several workers died over the same task") from None
            except concurrent.futures.TimeoutError:
                if future.done():  # the task's own
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
