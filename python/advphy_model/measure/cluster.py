# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster (package distributed) as Workers, with readable errors.

Workers run what a client sends, so each of them must have the version of the client and
count a known range as it does, to the last bit: the client checks it when it connects,
and each worker process before its first call, since workers may come later.
"""

import asyncio
import concurrent.futures
import contextlib
import functools
import importlib
import ipaddress
import logging
import pickle
import threading
import time
import warnings

from advphy_model.measure.ranges import Workers
from advphy_model.version import __version__

CONNECT_SECONDS = 10
PATIENCE_SECONDS = 60  # time without any worker until a run gives up
_POLL_SECONDS = 2  # between polls of the workers
_RANGE_SECONDS = 2.0  # of a range; a thousandth of it is the scheduler's work
_RETRIES = 3  # for a task that raises; if a worker dies, another one takes its task

_SILENT = "the scheduler does not answer any more"


@contextlib.contextmanager
def workers(
    address: str,
    module: str = "advphy_model.measure.ranges",
    trusted: bool = False,
    rare: bool = False,
):
    """Yield the Workers of a scheduler and disconnect from it at the end.

    The address is, for example, "localhost:8786" or "tls://host:8786". If a worker
    dies, only its current range is computed again.

    Args:
        address: address of the scheduler.
        module: module that each worker must be able to import.
        trusted: whether a scheduler without TLS may listen beyond this machine.
        rare: whether the known range has rare errors, too.

    Raises ValueError if no scheduler answers or it is not trusted, there is no worker,
    or a worker cannot import the module, has another version or counts differently.
    """
    cluster = _Cluster(address, trusted)
    try:
        cluster.require(module, rare)
        use = cluster.threads, _RANGE_SECONDS, cluster.result, cluster.keep
        yield Workers(cluster, *use)
    finally:
        cluster.close()


@functools.cache
def known_range(rare=False) -> list:
    """Return the totals of a few items, which show a difference in any last bit.

    The decoded images are sums of floats that each instruction of a network enters.
    Rare errors are weights that numpy and scipy compute; bursts are synchronized.
    """
    from advphy_model.files import images
    from advphy_model.link import links
    from advphy_model.link.semantic_link import SemanticLink
    from advphy_model.measure.burst_chain import BurstSetting
    from advphy_model.measure.link_chain import LinkSetting
    from advphy_model.measure.rare_chain import RareSetting
    from advphy_model.measure.semantic_chain import SemanticSetting
    from advphy_model.modem.frame import Frame

    link, semantic = links.load("autoencoder_cnn"), SemanticLink.load("semantic_mnist")
    sent = images.load("mnist_sample")
    found = [
        LinkSetting(link, 0.0).count(0, 0, 4096),
        SemanticSetting(semantic, sent, 10.0, 10.0).count(0, 0, 64),
        BurstSetting(link, Frame.of_model(link), 3.0).count(0, 0, 1),
    ]
    if rare:
        found.append(RareSetting(links.load("bpsk"), 9.0).count(0, 0, 64))
    return found


def call(packed, kept):
    """Call on a worker what _Cluster.submit has packed; bytes stand for `...` in it."""
    kept = iter(kept)
    function, *arguments = [
        _unpacked(next(kept)) if part is ... else part for part in pickle.loads(packed)
    ]
    return function(*arguments)


_unpacked = functools.lru_cache(8)(pickle.loads)  # the same object for all calls


def _sent(module, rare, known):
    """Return the functions complaint() and task(packed, *kept) for workers.

    They are sent by value, so that they also run where advphy_model is missing or of
    another version, and use nothing of it that is not imported there.
    """
    wanted = __version__

    def complaint():
        try:
            importlib.import_module(module)
            found = importlib.import_module("advphy_model.version").__version__
            if found != wanted:
                return f"has version {found}, not {wanted}"
            there = importlib.import_module("advphy_model.measure.cluster")
            if there.known_range(rare) != known:
                return "counts a known range differently"
        except (ImportError, AttributeError) as error:
            return f"cannot import {module} ({error})"
        return None

    def task(packed, *kept):
        complained = complaint()
        if complained:
            address = importlib.import_module("distributed").get_worker().address
            raise ValueError(f"worker {address} {complained}; leave it out")
        there = importlib.import_module("advphy_model.measure.cluster")
        return there.call(packed, kept)

    return complaint, task


class _Cluster(concurrent.futures.Executor):
    """Executor of a Dask client that notices the loss of scheduler or workers."""

    def __init__(self, address, trusted):
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._address, self._distributed = address, distributed
        self._polled, self._threads = -float("inf"), 0
        self._client, self._plain, self._trusted = None, None, trusted
        self._security = distributed.Security()  # of Dask's own configuration
        if address.startswith("tls://") and not self._security.tls_ca_file:
            raise ValueError(
                f"cluster '{address}': no certificates for TLS; set "
                "DASK_DISTRIBUTED__COMM__TLS__CA_FILE and the others of docs/scale.md"
            )
        meeting = threading.Thread(target=self._meet, daemon=True)
        if address:
            meeting.start()
            meeting.join(CONNECT_SECONDS + 1)  # another server may never answer
        if self._plain:
            raise ValueError(
                f"cluster '{address}': the scheduler listens at {self._plain} without "
                "TLS, so whoever reaches it can run programs on its workers; start it "
                "with --host 127.0.0.1, or with TLS (docs/scale.md), or give "
                "--trust-network where you trust everybody"
            )
        if self._client is None:
            raise ValueError(
                f"cluster '{address}': no scheduler answers there within "
                f"{CONNECT_SECONDS} s; start one with `dask scheduler`, which prints "
                "its address, with tls:// if it uses TLS"
            )
        self._executor = self._client.get_executor(pure=False, retries=_RETRIES)

    def _meet(self):
        with contextlib.suppress(Exception):  # any error means no usable scheduler
            found = asyncio.run(asyncio.wait_for(self._greet(), CONNECT_SECONDS))
            if not self._trusted and _open_to_others(found["address"]):
                self._plain = found["address"]
                return
            self._client = self._distributed.Client(
                self._address,
                timeout=CONNECT_SECONDS,
                set_as_default=False,
                security=self._security,
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

    def require(self, module, rare):
        """Raise ValueError unless there are workers and all are like this process."""
        complaint, self._task = _sent(module, rare, known_range(rare))
        answers = self._client.run(complaint)
        if not answers:
            raise ValueError(
                f"cluster '{self._address}' has no worker; start one with `dask worker "
                f"{self._address}`"
            )
        for worker, complained in answers.items():
            if complained:
                raise ValueError(
                    f"cluster '{self._address}': worker {worker} {complained}; start "
                    "it with PYTHONPATH set to the folder of this version's packages, "
                    "on a processor with the instruction sets of this one"
                )

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
            packed = pickle.dumps(value)
            return self._client.submit(bytes, packed, pure=False, retries=_RETRIES)

    def submit(self, /, *parts):
        """Return the future of function(*arguments), the parts, which may be kept."""
        future = self._distributed.Future
        kept = [part for part in parts if isinstance(part, future)]
        packed = [... if isinstance(part, future) else part for part in parts]
        return self._executor.submit(self._task, pickle.dumps(packed), *kept)

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


def _open_to_others(address):
    """Return whether others can reach an address of a scheduler without TLS."""
    from distributed.comm.addressing import get_address_host

    if address.startswith(("tls://", "wss://", "inproc://")):
        return False
    return not ipaddress.ip_address(get_address_host(address)).is_loopback
