# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster (package distributed) as Workers, with readable errors."""

import asyncio
import concurrent.futures
import contextlib
import functools
import importlib
import ipaddress
import logging
import pickle
import socket
import threading
import time
import warnings

from advphy_model.files import images
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.ranges import Workers
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.version import __version__

CONNECT_SECONDS = 10
PATIENCE_SECONDS = 60  # time without any worker until a run gives up
_POLL_SECONDS = 2  # between polls of the workers
_RANGE_SECONDS = 2.0  # of a range; a thousandth of it is the scheduler's work
_RETRIES = 3  # for a task that raises; if a worker dies, another one takes its task

_SAME = (
    "start it with PYTHONPATH set to the folder of this version's packages, on a "
    "processor like this one"
)
_SILENT = "the scheduler does not answer any more"


@contextlib.contextmanager
def workers(address: str, module="advphy_model.measure.ranges", trusted=False):
    """Yield the Workers of a scheduler and disconnect from it at the end.

    The address is, for example, "localhost:8786". If a worker dies, only its current
    range is computed again. Raises ValueError if no scheduler answers, it can be
    reached without TLS and is not trusted, there is no worker, or a worker cannot
    import the module, has another version or differs in the known range; ranges raise
    it for workers that come later.
    """
    cluster = _Cluster(address, trusted)
    try:
        cluster.require(module)
        use = cluster.threads, _RANGE_SECONDS, cluster.result, cluster.keep
        yield Workers(cluster, *use)
    finally:
        cluster.close()


@functools.cache
def known_range():
    """Return the sums of a few images, in which each bit of noise and network shows."""
    sent, link = images.load("mnist_sample"), SemanticLink.load("semantic_mnist")
    return SemanticSetting(link, sent, 10.0, 10.0).count(0, 0, 64)


_unpacked = functools.lru_cache(8)(pickle.loads)  # the same object for all calls


def call(packed, kept):
    """Call on a worker what _Cluster.submit packed; `...` stands for the next kept."""
    kept = map(_unpacked, kept)
    parts = [next(kept) if part is ... else part for part in pickle.loads(packed)]
    return parts[0](*parts[1:])


def _sent(module, known, trusted):
    """Return a function that is sent by value, so that workers need no advphy_model.

    Without arguments it returns what is wrong with its process, or None.
    """
    wanted, same = __version__, _SAME

    def task(packed=None, *kept, dask_worker=None):
        worker = dask_worker or importlib.import_module("distributed").get_worker()
        try:
            importlib.import_module(module)
            found = importlib.import_module("advphy_model.version").__version__
            there = importlib.import_module("advphy_model.measure.cluster")
            wrong = None if found == wanted else f"has version {found}, not {wanted}"
            if not wrong and there.known_range() != known:
                wrong = "counts a known range differently"
        except Exception as error:  # whatever is installed there
            wrong = f"cannot import {module} and count with it ({error})"
        wrong = wrong and f"{wrong}; {same}"
        if not (wrong or trusted):
            heard = [each.listen_address for each in worker.listeners]
            wrong = there.open_to_others(*heard)
        if packed is None:
            return wrong
        if wrong:
            raise ValueError(f"worker {worker.address} {wrong}")
        return there.call(packed, kept)

    return task


class _Cluster(concurrent.futures.Executor):
    """Executor of a Dask client that notices the loss of scheduler or workers."""

    def __init__(self, address, trusted):
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address, self._distributed = address, distributed
        self._polled, self._threads = -float("inf"), 0
        self._client, self._open, self._trusted = None, None, trusted
        self._security = distributed.Security()  # of Dask's own configuration
        meeting = threading.Thread(target=self._meet, daemon=True)
        if address:
            meeting.start()
            meeting.join(CONNECT_SECONDS + 1)  # another server may never answer
        if self._open and not trusted:
            raise ValueError(f"cluster '{address}': the scheduler {self._open}")
        if self._client is None:
            raise ValueError(
                f"cluster '{address}': no scheduler answers there within "
                f"{CONNECT_SECONDS} s; start one with `dask scheduler`, which prints "
                "its address; with tls://, it needs the certificates of docs/scale.md"
            )
        self._executor = self._client.get_executor(pure=False, retries=_RETRIES)

    def _meet(self):
        with contextlib.suppress(Exception):  # any error means no usable scheduler
            greeting = asyncio.wait_for(self._greet(), CONNECT_SECONDS)
            listens = asyncio.run(greeting)["address"]
            self._open = open_to_others(listens, self._address)
            if self._trusted or not self._open:
                how = {"timeout": CONNECT_SECONDS, "security": self._security}
                self._client = self._distributed.Client(
                    self._address, **how, set_as_default=False
                )

    async def _greet(self):
        """Contact the scheduler first, since a failing Client never ends its thread."""
        secured = self._security.get_connection_args("client")
        rpc = self._distributed.rpc(self._address, connection_args=secured)
        async with rpc as scheduler:
            return await scheduler.identity()

    def close(self):
        """Disconnect from the cluster; pending results are discarded."""
        with contextlib.suppress(Exception):
            self._executor.shutdown(wait=False)
        self._client.close(timeout=CONNECT_SECONDS)

    def require(self, module):
        """Raise ValueError unless there are workers and all are like this process."""
        self._task = _sent(module, known_range(), self._trusted)
        answers = self._client.run(self._task)
        if not answers:
            raise ValueError(
                f"cluster '{self._address}' has no worker; start one with `dask worker "
                f"{self._address}`"
            )
        for worker, wrong in answers.items():
            if wrong:
                raise ValueError(f"cluster '{self._address}': worker {worker} {wrong}")

    def threads(self):
        """Return the number of threads of all workers, at least 1."""
        if time.monotonic() > self._polled + _POLL_SECONDS:
            self._threads = self._count_threads()
            self._polled = time.monotonic()
        return max(1, self._threads)

    def keep(self, value):
        """Return the Dask future of a pickled value, which each worker gets once."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Dask about more than 10 MB
            how = {"pure": False, "retries": _RETRIES}
            return self._client.submit(bytes, pickle.dumps(value), **how)

    def submit(self, /, *parts):
        """Return the future of function(*arguments), the parts, which may be kept."""
        kept = [each for each in parts if isinstance(each, self._distributed.Future)]
        inline = [... if any(each is k for k in kept) else each for each in parts]
        return self._executor.submit(self._task, pickle.dumps(inline), *kept)

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


def open_to_others(*addresses):
    """Return what is wrong if others reach one of them without TLS, or None."""
    for address in addresses:
        if not _is_closed(address):
            return (
                f"can be reached at {address} without TLS, and whoever does so can run "
                "programs there; start it with --host 127.0.0.1 or with TLS "
                "(docs/scale.md), or give --trust-network"
            )
    return None


def _is_closed(address):
    """Return whether only this machine reaches an address, or TLS protects it."""
    from distributed.comm.addressing import get_address_host

    if address.startswith(("tls://", "wss://")):
        return True
    try:
        found = socket.getaddrinfo(get_address_host(address), None)
    except (OSError, ValueError):
        return False
    return all(ipaddress.ip_address(each[4][0]).is_loopback for each in found)
