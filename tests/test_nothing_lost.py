# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are killed, stopped, or meet a full disk: what was counted is kept.

Each command runs once unbroken. In another folder with earlier results, a calamity
strikes it while it writes; then the same command runs again. It ends with the results
of the unbroken run, and in between there is never less than before.
"""

import csv
import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from advphy_model.files import recording_reader

from .commands import LOOP, advphy, started
from .conftest import CLONE
from .dask_cluster import wait_for_workers, worker, workers

# Name: (the command, its part that differed in an earlier one, the fsync struck).
COMMANDS = {
    "measure": (
        f"measure hamming74_hard --ebn0-db 4,5 --min-errors 1e9 {LOOP} --out r.csv "
        "--max-blocks 200000",
        ("200000", "100000"),
        5,
    ),
    "measure-burst": (
        "measure-burst autoencoder_mlp --ebn0-db 2,4 --out r.csv --max-blocks 4000",
        ("2,4", "2"),
        3,
    ),
    "measure-semantic": (
        f"measure-semantic semantic_mnist --images mnist_sample {LOOP} --snr-db 0,9 "
        "--out r.csv",
        ("0,9", "0"),
        3,
    ),
    "attack": (
        "attack universal_fgm --link two_simplices --out p.safetensors --restarts 2",
        ("restarts 2", "restarts 1"),
        3,
    ),
    "train": (
        "train autoencoder --no-measure --out t.safetensors --set batch=64 --set "
        "steps=25",
        ("steps=25", "steps=5"),
        9,
    ),
    "train --sweep": (
        "train autoencoder --no-measure --out . --set batch=64 --set steps=5 --sweep "
        "ebn0_db=0:8:8",
        None,
        3,
    ),
    "evaluate": (
        "evaluate two_simplices --out . --psr-db -6 --over-ebn0-db 8 --restarts 2 "
        "--steps 3 --min-errors 20 --max-blocks 7e4",
        None,
        5,
    ),
    "reproduce": (
        "reproduce gan-fig3 --quick --ebn0-db 8 --min-errors 20 --max-blocks 70000 "
        "--out .",
        None,
        15,
    ),
}
ERRORS = {
    "disk full": errno.ENOSPC,
    "quota": errno.EDQUOT,
    "read-only remount": errno.EROFS,
}
SIGNALS = {
    "kill -9": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "SIGSTOP and continue": signal.SIGSTOP,
}
CALAMITIES = (*ERRORS, "clock set back", "memory limit", *SIGNALS)
QUICK = {("measure", kind) for kind in CALAMITIES}
QUICK |= {("measure-burst", "disk full"), ("measure-semantic", "kill -9")}
QUICK |= {("attack", "quota")}


def strike(patch, calamity, at):
    """Let a calamity happen in this process at a call of os.fsync."""
    fsync, now, calls = os.fsync, time.time, []

    def struck(handle):
        calls.append(handle)
        if len(calls) == at:
            Path("struck").touch()
            if calamity in SIGNALS:
                os.kill(os.getpid(), SIGNALS[calamity])
            elif calamity == "memory limit":
                pages = int(Path("/proc/self/statm").read_text().split()[0])
                limit = pages * resource.getpagesize() + 2**20
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            elif calamity == "clock set back":
                patch.setattr(time, "time", lambda: now() - 1e8)
        if len(calls) >= at and calamity in ERRORS:
            raise OSError(ERRORS[calamity], os.strerror(ERRORS[calamity]))
        fsync(handle)

    patch.setattr(os, "fsync", struck)


def run(words, calamity=None, at=0):
    """Run a command in this process, with little effort in trainings and attacks."""
    with pytest.MonkeyPatch.context() as patch:
        if not words.startswith("measure"):
            pytest.importorskip("torch", reason="trainings and attacks need torch")
            from advphy_commands import attack

            from . import short_trainings

            short_trainings.quicken(patch)
            short_trainings.judge_little(patch)
            patch.setattr(attack, "BLOCKS", 10_000)
        strike(patch, calamity, at)
        return advphy(words)


def run_alone(words, calamity, at):
    """Run a command in a process of its own; let it go on if it stops."""
    program = (
        f"import sys; sys.path[:0] = {[str(CLONE), *sys.path]!r}\n"
        "from tests.test_nothing_lost import run\n"
        f"found = run({words!r}, {calamity!r}, {at})\n"
        "print(found.stderr, file=sys.stderr); sys.exit(found.returncode)\n"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    if calamity == "SIGSTOP and continue":
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
    _, said = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, "", said)


def results():
    """Return {path: bytes} of the tables and models in the folder of a test."""
    found = [*Path().rglob("*.csv"), *Path().rglob("*.safetensors")]
    return {path: path.read_bytes() for path in found if path.name[0] != "."}


def counted(content):
    """Return {setting: number of items} of a table, or None if it is no table."""
    if not content.startswith(b"link,"):
        return None
    rows = csv.DictReader(content.decode().splitlines())
    names = ("engine", "ebn0_db", "branch", "snr_db", "psr_db", "attack")
    items = "frames" if b",snr_db," in content else "blocks"
    return {tuple(map(r.get, ("link", *names))): int(r[items]) for r in rows}


def require_no_less(before, after, whole):
    """Require each result of before to be there, or a newer one."""
    for path, content in before.items():
        if (earlier := counted(content)) is None:
            assert after[path] in (content, whole[path])
        else:
            now = counted(after[path])
            assert all(now[key] >= items for key, items in earlier.items())


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Give a function that returns the results of a command without a calamity."""
    known = {}

    def of(words):
        if words not in known:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(tmp_path_factory.mktemp("unbroken"))
                found = run(words)
                assert found.returncode == 0, found.stderr
                known[words] = results()
        return known[words]

    return of


CASES = [
    pytest.param(
        *pair, marks=[] if pair in QUICK else pytest.mark.slow, id=" / ".join(pair)
    )
    for pair in ((name, kind) for name in COMMANDS for kind in CALAMITIES)
]


@pytest.mark.parametrize(("name", "calamity"), CASES)
def test_after_a_calamity_a_command_goes_on(name, calamity, unbroken, here):
    words, earlier, at = COMMANDS[name]
    whole = unbroken(words)
    if earlier:
        shorter = run(words.replace(*earlier))
        assert shorter.returncode == 0, shorter.stderr
    before = results()
    alone = calamity in SIGNALS or calamity == "memory limit"
    found = (run_alone if alone else run)(words, calamity, at)
    assert Path("struck").exists()
    require_no_less(before, results(), whole)
    if calamity in ERRORS:
        said = os.strerror(ERRORS[calamity])
        assert (found.returncode, found.stderr.count(said)) == (2, 1), found.stderr
        assert not [path for path in Path().rglob(".*") if ".lock" not in path.name]
    elif calamity == "kill -9":
        assert found.returncode == -signal.SIGKILL
    elif calamity == "SIGTERM":
        assert found.returncode == 130
    elif calamity == "memory limit":
        assert found.returncode in (0, 2), found.stderr
    else:
        assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr
    again = run(words)
    assert again.returncode == 0, again.stderr
    assert results() == whole


@pytest.mark.slow
@pytest.mark.parametrize("calamity", SIGNALS, ids="Dask workers / {}".format)
def test_a_dask_worker_that_is_struck_costs_no_count(calamity, unbroken, here):
    words = COMMANDS["measure"][0].replace("200000", "20000000")
    whole = unbroken(words)
    with workers(1) as (address, _), worker(address) as struck:
        wait_for_workers(address, 2)
        process = started(words.replace(LOOP, ""), "--cluster", address)
        while not Path(".r.csv.lock").exists():
            time.sleep(0.01)
        time.sleep(0.5)
        struck.send_signal(SIGNALS[calamity])
        if calamity == "SIGSTOP and continue":
            time.sleep(3)
            struck.send_signal(signal.SIGCONT)
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert results() == whole


RECORD = """
from gnuradio import advphy, blocks
recorder = advphy.recorder("r.sigmf-meta", "autoencoder_mlp")
flowgraph = advphy.top_block()
ramp = blocks.vector_source_c(list(range(1000)), True)
flowgraph.connect(ramp, blocks.throttle(8, 2e5), recorder)
flowgraph.run()
"""


@pytest.mark.parametrize("calamity", SIGNALS, ids="Recorder / {}".format)
def test_what_the_recorder_has_recorded_is_kept(calamity, here):
    pytest.importorskip("gnuradio.advphy")
    program = f"import sys; sys.path[:0] = {sys.path!r}\n{RECORD}"
    command, data = [sys.executable, "-c", program], here / "r.sigmf-data"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not data.exists() or data.stat().st_size < 8 * 100_000:
        time.sleep(0.01)
    process.send_signal(SIGNALS[calamity])
    if calamity == "SIGSTOP and continue":
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
    process.wait()
    found, kept = recording_reader.read("r.sigmf-meta"), data.read_bytes()
    assert found.complete == found.verified == (calamity != "kill -9")
    samples = np.concatenate(list(found.pieces()))
    assert len(samples) >= 100_000
    assert np.array_equal(samples, np.arange(len(samples)) % 1000)
    again = subprocess.run(command, capture_output=True, text=True)
    assert "exists and is not overwritten" in again.stderr
    assert data.read_bytes() == kept


def test_counts_are_kept_when_the_output_has_no_room(unbroken, here):
    words = COMMANDS["measure"][0]
    whole = unbroken(words)
    with open("/dev/full", "w") as full:
        process = started(words, stdout=full)
        _, said = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in said
    require_no_less({}, results(), whole)
    assert run(words).returncode == 0
    assert results() == whole
