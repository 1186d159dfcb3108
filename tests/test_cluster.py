# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster engine: the counts of one machine, whatever happens to its workers."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import distributed
import pytest
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.link import links
from advphy_model.measure import cluster, ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting

from .commands import LOOP, done, refused
from .conftest import CLONE, STAGED


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Let a scheduler take its time on a machine that is busy."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 120)


@pytest.fixture
def no_patience(monkeypatch, patience):
    """Do not wait for long where nobody will answer."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)


@contextlib.contextmanager
def process(what, *words, **environment):
    """Run Dask's own scheduler or worker."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
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


def worker(address):
    """Run a worker of one thread, which can import the packages and the tests."""
    words = "--no-nanny", "--nthreads", "1"
    return process("worker", address, *words, PYTHONPATH=f"{STAGED}:{CLONE}")


@contextlib.contextmanager
def workers(count, *words):
    """Give (address, scheduler) of a cluster of so many worker processes."""
    words = words or ("--host", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        scheduler = stack.enter_context(process("scheduler", *words, "--port", port))
        for _ in range(count):
            stack.enter_context(worker(address))
        wait_for_workers(address, count)
        yield address, scheduler


def wait_for_workers(address, count):
    with distributed.Client(address, timeout=120, set_as_default=False) as client:
        if count:
            client.wait_for_workers(count)


@pytest.fixture(scope="module")
def two_workers():
    with workers(2) as (address, _):
        yield address


def jammed(model):
    p = perturbation.jammer(model.k, model.n, -6)
    return Adversary(p, shift="random", seed=5)


@pytest.mark.parametrize("attacked", [False, True])
@pytest.mark.parametrize(
    ("rule", "counted"),
    [
        (StopRule(300, None), (0, 0)),
        (StopRule(None, 3_000_001), (0, 0)),
        (StopRule(400, None), (100_000, 7)),
        (StopRule(1, None), (65536, 3)),
    ],
)
def test_counts_and_their_order_are_those_of_one_machine(
    two_workers, rule, counted, attacked
):
    model = links.load("hamming74_hard")
    attack = jammed(model) if attacked else None
    setting = LinkSetting(model, 7.0, 3, attack)
    (row,) = setting.rows("loop", 12_345)
    blocks, errors = counted
    rows = (row.plus({"blocks": blocks, "block_errors": errors}),)
    here = list(ranges.counted(setting, rows, rule))
    with cluster.workers(two_workers) as there:
        assert list(ranges.counted(setting, rows, rule, there)) == here


def first_rows(setting):
    return setting.rows("loop", 0)


def test_what_is_left_early_is_forgotten(two_workers):
    long, short = (
        LinkSetting(links.load("bpsk"), 5.0),
        LinkSetting(links.load("bpsk"), 0.0),
    )
    with cluster.workers(two_workers) as there:
        left = ranges.counted(long, first_rows(long), StopRule(None, 10**9), there)
        next(left)
        left.close()
        found = ranges.counted(short, first_rows(short), StopRule(1, None), there)
        assert len(list(found)) == 1


def test_a_worker_killed_half_way_costs_no_result():
    setting = LinkSetting(links.load("autoencoder_mlp"), 4.0)
    rule, empty = StopRule(None, 20_000_000), first_rows(setting)
    with workers(2) as (address, _), cluster.workers(address) as there:
        client = distributed.Client(address, set_as_default=False)
        first = next(iter(client.run(os.getpid).values()))
        found = []
        for rows in ranges.counted(setting, empty, rule, there):
            if len(found) == 20:
                os.kill(first, signal.SIGKILL)
            found.append(rows)
        assert first not in client.run(os.getpid).values()
        client.close()
    assert found == list(ranges.counted(setting, empty, rule))


def squared(number):
    time.sleep(0.2 if number == 0 else 0)
    return number**2


def test_work_on_this_machine_comes_back_in_order():
    assert list(ranges.in_order(squared, range(4))) == [0, 1, 4, 9]
    with ranges.processes(2) as there:
        assert list(ranges.in_order(squared, range(4), there)) == [0, 1, 4, 9]


def test_work_on_a_cluster_comes_back_in_order(two_workers):
    with cluster.workers(two_workers) as there:
        assert list(ranges.in_order(squared, range(4), there)) == [0, 1, 4, 9]


def test_a_scheduler_that_goes_away_is_one_sentence():
    with workers(1) as (address, scheduler):
        setting = LinkSetting(links.load("bpsk"), 5.0)
        with cluster.workers(address) as there:
            rule = StopRule(None, 10**10)
            growing = ranges.counted(setting, first_rows(setting), rule, there)
            next(growing)
            scheduler.kill()
            with pytest.raises(RuntimeError, match="the scheduler does not answer"):
                list(growing)


def connect(address):
    with cluster.workers(address):
        pass


def test_a_port_where_nobody_speaks_is_no_scheduler(no_patience):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(ValueError, match="no scheduler answers"):
            connect(f"127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere", "tcp://:x", ""])
def test_no_scheduler_is_one_sentence(address, no_patience):
    with pytest.raises(ValueError, match="no scheduler answers"):
        connect(address)


def test_a_worker_without_the_packages_is_named():
    with workers(0) as (address, _):
        with pytest.raises(ValueError, match="has no worker"):
            connect(address)
        with process("worker", address, "--no-nanny", PYTHONPATH=""):
            wait_for_workers(address, 1)
            with pytest.raises(ValueError, match=r"cannot import advphy_model\."):
                connect(address)


def test_measure_counts_on_a_cluster_what_the_loop_counts(two_workers, here):
    measure = "measure hamming74_hard --ebn0-db 4,7 --max-blocks 1e6 --out"
    done(measure, "one.csv", LOOP)
    done(measure, "two.csv --cluster", two_workers)
    assert (here / "one.csv").read_text() == (here / "two.csv").read_text()


def test_measure_says_in_one_sentence_that_no_scheduler_answers(here, no_patience):
    said = refused("measure bpsk --cluster 127.0.0.1:9 --out run.csv")
    assert "no scheduler answers" in said
