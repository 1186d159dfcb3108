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
from advphy_commands import main
from advphy_model import cluster, links, loop_engine, perturbation
from advphy_model.adversary import Adversary
from advphy_model.error_rate import StopRule

from .conftest import STAGED


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Let a scheduler take its time on a machine that is busy."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 120)


@pytest.fixture
def no_patience(monkeypatch, patience):
    """Do not wait for long where nobody will answer."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)


@contextlib.contextmanager
def workers(count):
    """Give the address of a cluster of so many worker processes of one thread."""
    with distributed.LocalCluster(
        n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        address = local.scheduler_address
        try:
            yield address
        finally:
            cluster.disconnect(address)


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


def wait_for_a_worker(address):
    with distributed.Client(address, timeout=120, set_as_default=False) as client:
        client.wait_for_workers(1)


@pytest.fixture(scope="module")
def two_workers():
    with workers(2) as address:
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
    settings = {
        "rule": rule,
        "ebn0_db": 7.0,
        "seed": 3,
        "first_block": 12_345,
        "counted": counted,
        "attack": jammed(model) if attacked else None,
    }
    run = cluster.engine(two_workers)
    assert list(run(model, **settings)) == list(loop_engine.run(model, **settings))


def test_what_is_left_early_is_forgotten(two_workers):
    run = cluster.engine(two_workers)
    ranges = run(links.load("bpsk"), rule=StopRule(None, 10**9), ebn0_db=5.0)
    next(ranges)
    ranges.close()
    assert len(list(run(links.load("bpsk"), rule=StopRule(1, None), ebn0_db=0.0))) == 1


def test_a_worker_killed_half_way_costs_no_result():
    model, rule = links.load("autoencoder_mlp"), StopRule(None, 60_000_000)
    with workers(2) as address:
        client = distributed.Client(address, set_as_default=False)
        first = next(iter(client.run(os.getpid).values()))
        found = []
        for step in cluster.engine(address)(model, rule=rule, ebn0_db=4.0):
            if len(found) == 20:
                os.kill(first, signal.SIGKILL)
            found.append(step)
        assert first not in client.run(os.getpid).values()
        client.close()
    assert found == list(loop_engine.run(model, rule=rule, ebn0_db=4.0))


def squared(number):
    time.sleep(0.2 if number == 0 else 0)
    return number**2


@pytest.mark.parametrize("processes", [1, 2])
def test_work_on_this_machine_comes_back_in_order(processes):
    found = list(cluster.map(squared, range(4), processes=processes))
    assert found == [0, 1, 4, 9]


def test_work_on_a_cluster_comes_back_in_order(two_workers):
    assert list(cluster.map(squared, range(4), two_workers)) == [0, 1, 4, 9]


def test_a_scheduler_that_goes_away_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (
        process("scheduler", "--port", address.partition(":")[2]) as scheduler,
        process("worker", address, "--no-nanny", PYTHONPATH=str(STAGED)),
    ):
        wait_for_a_worker(address)
        run = cluster.engine(address)
        ranges = run(links.load("bpsk"), rule=StopRule(None, 10**10), ebn0_db=5.0)
        next(ranges)
        scheduler.kill()
        with pytest.raises(RuntimeError, match="the scheduler does not answer"):
            list(ranges)
    cluster.disconnect(address)


def test_a_port_where_nobody_speaks_is_no_scheduler(no_patience):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(ValueError, match="no scheduler answers"):
            cluster.engine(f"127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere", "tcp://:x", ""])
def test_no_scheduler_is_one_sentence(address, no_patience):
    with pytest.raises(ValueError, match="no scheduler answers"):
        cluster.engine(address)


def test_a_worker_without_the_packages_is_named():
    with workers(0) as address:
        with pytest.raises(ValueError, match="has no worker"):
            cluster.engine(address)
        with process("worker", address, "--no-nanny", PYTHONPATH=""):
            wait_for_a_worker(address)
            with pytest.raises(ValueError, match=r"cannot import advphy_model\."):
                cluster.engine(address)


def test_measure_counts_on_a_cluster_what_the_loop_counts(two_workers, tmp_path):
    words = ("measure", "hamming74_hard", "--ebn0-db", "4,7", "--max-blocks", "1e6")
    for name, where in (
        ("one", ("--engine", "loop")),
        ("two", ("--cluster", two_workers)),
    ):
        assert main([*words, *where, "--out", str(tmp_path / f"{name}.csv")]) == 0
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "two.csv").read_text()


def test_measure_says_in_one_sentence_that_no_scheduler_answers(
    tmp_path, refuse, no_patience
):
    words = ("--cluster", "127.0.0.1:9", "--out", tmp_path / "run.csv")
    assert "no scheduler answers" in refuse("measure", "bpsk", *words)


@pytest.mark.slow
def test_a_second_worker_shortens_a_sweep():
    """Print the ratio; two shared cores do not let a test demand it."""
    model, rule = links.load("autoencoder_cnn"), StopRule(None, 60_000_000)
    seconds = {1: [], 2: []}
    with workers(1) as one, workers(2) as two:
        engines = {1: cluster.engine(one), 2: cluster.engine(two)}
        for _ in range(3):
            for count, engine in engines.items():
                begun = time.perf_counter()
                for _ in engine(model, rule=rule, ebn0_db=4.0):
                    pass
                seconds[count].append(time.perf_counter() - begun)
    ratios = [a / b for a, b in zip(*seconds.values(), strict=True)]
    print(f"1 worker over 2, seconds: {seconds}, ratios: {ratios}")
    assert sorted(ratios)[1] > 1.2
