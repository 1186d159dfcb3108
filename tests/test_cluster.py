# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster engine: the counts of one machine, whatever happens to its workers."""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import time

import dask
import distributed
import pytest
from advphy_model.air import perturbation
from advphy_model.air.adversary import Adversary
from advphy_model.files import images
from advphy_model.link import links
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import cluster, ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.measure.semantic_chain import SemanticSetting

from .commands import LOOP, done, refused
from .conftest import STAGED
from .dask_cluster import process, wait_for_workers, worker, workers


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Let a scheduler take its time on a machine that is busy."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 120)


@pytest.fixture
def no_patience(monkeypatch, patience):
    """Do not wait for long where nobody will answer."""
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)


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


class Slow(LinkSetting):
    """A setting whose ranges take their time, but not the processor's."""

    def count(self, first, begin, end):
        time.sleep(0.2)
        return super().count(first, begin, end)


@pytest.mark.slow
def test_a_worker_killed_every_ten_seconds_costs_no_count():
    setting = Slow(links.load("hamming74_hard"), 5.0)
    with workers(0) as (address, _), contextlib.ExitStack() as stack:
        alive = [stack.enter_context(worker(address)) for _ in range(3)]
        wait_for_workers(address, 3)
        there = stack.enter_context(cluster.workers(address))
        begun, killed = time.monotonic(), 0
        rule, empty = StopRule(None, 10**10), first_rows(setting)
        growing = ranges.counted(setting, empty, rule, there)
        stack.enter_context(contextlib.closing(growing))
        while killed < 18:
            rows = next(growing)
            if time.monotonic() > begun + 10 * (killed + 1):
                alive.pop(0).kill()
                alive.append(stack.enter_context(worker(address)))
                killed += 1
    plain = LinkSetting(setting.model, 5.0)
    assert rows == ranges.total(plain, StopRule(None, rows[0].blocks))


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


def test_a_worker_that_lacks_the_module_of_the_work_is_named():
    check = cluster._sent("advphy_training.nothing", cluster.known_range(), True)
    assert check(dask_worker=True).startswith("cannot import advphy_training.nothing")


def test_a_plain_scheduler_that_others_can_reach_is_refused_unless_trusted():
    with workers(1, scheduler=()) as (address, _):
        with pytest.raises(ValueError, match=r"can be reached at tcp://.* without TLS"):
            connect(address)
        with cluster.workers(address, trusted=True) as there:
            assert list(ranges.in_order(squared, range(4), there)) == [0, 1, 4, 9]


def test_a_worker_that_others_can_reach_is_refused_too():
    with workers(0) as (address, _), contextlib.ExitStack() as stack:
        words = "worker", address, "--no-nanny"
        stack.enter_context(process(*words, PYTHONPATH=str(STAGED)))
        wait_for_workers(address, 1)
        with pytest.raises(ValueError, match=r"worker .* can be reached at tcp://"):
            connect(address)


def test_tls_needs_certificates_and_is_not_refused(tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=cluster"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made.split(), *files], check=True, capture_output=True)
    names = {"ca-file": certificate, "cert": certificate, "key": key}
    both = [word for name in names for word in (f"--tls-{name}", names[name])]
    used = {"distributed.comm.tls.ca-file": str(certificate)}
    for name in ("cert", "key"):
        used[f"distributed.comm.tls.client.{name}"] = str(names[name])
    with dask.config.set(used), contextlib.ExitStack() as stack:
        cluster_of_one = workers(1, "tls://", ("--protocol", "tls"), both)
        address, _ = stack.enter_context(cluster_of_one)
        with cluster.workers(address) as there:
            assert list(ranges.in_order(squared, range(4), there)) == [0, 1, 4, 9]
        monkeypatch.setattr(cluster, "CONNECT_SECONDS", 2)
        with pytest.raises(ValueError, match="no scheduler answers"):
            connect(address.removeprefix("tls://"))
    with pytest.raises(ValueError, match=r"certificates of docs/scale\.md"):
        connect("tls://127.0.0.1:9")


OTHERS = {
    "has version 0.0.1": "import advphy_model.version as v; v.__version__ = '0.0.1'",
    "counts a known range differently": (
        "import math\n"
        "from advphy_model.measure import semantic_chain as chain\n"
        "def last_bit(x, before=chain.energy):  # Dask runs this twice\n"
        "    return math.nextafter(before(x), 0)\n"
        "chain.energy = last_bit\n"
    ),
}


@pytest.mark.parametrize("complaint", OTHERS)
def test_a_worker_that_differs_is_named_and_counts_nothing(tmp_path, complaint):
    other = tmp_path / "other.py"
    other.write_text(OTHERS[complaint])
    setting = LinkSetting(links.load("bpsk"), 5.0)
    with workers(0) as (address, _), contextlib.ExitStack() as stack:
        with worker(address):
            wait_for_workers(address, 1)
            there = stack.enter_context(cluster.workers(address))
        stack.enter_context(worker(address, "--preload", other))  # it comes later
        with pytest.raises(ValueError, match=f"worker tcp://.* {complaint}"):
            ranges.total(setting, StopRule(None, 1), workers=there)
        with pytest.raises(ValueError, match=f"worker tcp://.* {complaint}"):
            connect(address)


def test_a_setting_is_sent_once_and_calls_are_small(two_workers, monkeypatch):
    sent = images.load("mnist_sample")
    setting = SemanticSetting(SemanticLink.load("semantic_mnist"), sent, 10.0, 10.0)
    counted, dumps = [], pickle.dumps
    with cluster.workers(two_workers) as there:
        monkeypatch.setattr(
            pickle, "dumps", lambda value: counted.append(dumps(value)) or counted[-1]
        )
        rule = StopRule(None, 5 * setting.step)
        ranges.total(setting, rule, workers=there)
        sizes = sorted(map(len, counted))
    assert len(sizes) == 6  # the setting and five ranges
    assert sizes[-2] < 200 < sent.pixels.nbytes < sizes[-1]


MEASURE = {
    "measure hamming74_hard --ebn0-db 4,7 --max-blocks 1e6": LOOP,
    "measure bpsk --rare --ebn0-db 9 --relative-width 0.05": "",
    "measure-burst autoencoder_mlp --ebn0-db 2,4 --max-blocks 4e4": "",
    "measure-semantic semantic_mnist --images mnist_sample --eve eve_mnist "
    "--snr-db 0,10 --frames 4e4": LOOP,
}


@pytest.mark.parametrize("command", MEASURE)
def test_a_measurement_on_a_cluster_is_that_of_the_loop(two_workers, here, command):
    done(command, "--out one.csv", MEASURE[command])
    done(command, "--out two.csv --cluster", two_workers)
    assert (here / "one.csv").read_text() == (here / "two.csv").read_text()


def test_certificates_on_a_cluster_are_those_of_one_machine(two_workers):
    certify = "certify two_simplices --blocks 1e6 --psr-db -10,-6"
    assert done(certify, "--cluster", two_workers) == done(certify)


def test_a_sweep_on_a_cluster_trains_what_one_machine_trains(two_workers, here):
    pytest.importorskip("torch", reason="trainings need torch")
    sweep = "train autoencoder --set steps=5 --set batch=64 --no-measure --sweep"
    done(sweep, "ebn0_db=0:8:8,seed=1:2 --out one")
    done(sweep, "ebn0_db=0:8:8,seed=1:2 --out two --cluster", two_workers)
    one, two = ((here / name / "sweep.csv").read_text() for name in ("one", "two"))
    assert one == two
    assert len(one.splitlines()) == 1 + 4


def test_measure_says_in_one_sentence_that_no_scheduler_answers(here, no_patience):
    said = refused("measure bpsk --cluster 127.0.0.1:9 --out run.csv")
    assert "no scheduler answers" in said
