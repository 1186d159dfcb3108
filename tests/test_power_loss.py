# SPDX-License-Identifier: GPL-3.0-or-later
"""Loss of power, files that are cut, the order of writing, disks that fail."""

import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from advphy_model.files import recording_reader
from advphy_model.files.recording_contents import Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link import links
from advphy_model.measure import table
from advphy_model.measure.burst_chain import BurstCounts
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.rare_counts import RareCounts
from advphy_model.measure.semantic_counts import SemanticCounts
from advphy_model.modem.frame import Frame

from .commands import ADVPHY, LOOP, done
from .conftest import STAGED
from .test_nothing_lost import COMMANDS, ERRORS, results, run, run_alone, strike

TABLES = {
    Counts: f"measure bpsk --ebn0-db 4,5 --max-blocks 4e3 {LOOP}",
    RareCounts: "measure bpsk --rare --ebn0-db 9 --relative-width 0.5",
    BurstCounts: "measure-burst autoencoder_mlp --ebn0-db 2 --max-blocks 2e3",
    SemanticCounts: "measure-semantic semantic_mnist --images mnist_sample --snr-db 9",
}
SAMPLES = np.arange(4000, dtype=np.complex64)


def rows_or_sentence(path, schema):
    """Return the rows of a table, or the sentence that refuses it."""
    try:
        return table.read(path, schema)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    "schema",
    [
        Counts,
        BurstCounts,
        pytest.param(RareCounts, marks=pytest.mark.slow),
        pytest.param(SemanticCounts, marks=pytest.mark.slow),
    ],
    ids=lambda schema: schema.__name__,
)
def test_a_table_cut_at_any_byte_is_refused_or_has_whole_rows(schema, here):
    done(TABLES[schema], "--out r.csv")
    path, rows = here / "r.csv", table.read("r.csv", schema)
    whole = path.read_bytes()
    header = whole.index(b"\n")
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        found, lines = rows_or_sentence(path, schema), whole[:size].count(b"\n")
        if size == header or whole[:size].endswith(b"\n"):
            assert found == rows[: max(0, lines - 1)]
        else:
            assert found.startswith(f"{path}: line {lines + (size > 0)}: ")
            assert "\n" not in found
    path.write_bytes(whole[: header + 1])
    done(TABLES[schema], "--out r.csv")
    assert path.read_bytes() == whole


@pytest.mark.slow
@pytest.mark.parametrize("cut", [0, 3, 4, 100, 2000, -1])
def test_a_state_of_a_training_that_is_cut_is_refused(cut, here):
    words, _, at = COMMANDS["train"]
    assert run_alone(words, "kill -9", at).returncode == -signal.SIGKILL
    state = here / "t.safetensors.state.npz"
    state.write_bytes(state.read_bytes()[:cut])
    found = run(words)
    assert (found.returncode, found.stderr.count("advphy train: ")) == (2, 1)
    assert "Traceback" not in found.stderr


@pytest.mark.slow
@pytest.mark.parametrize("program", ["measure", "train"])
@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace")
def test_system_calls_keep_a_file_before_its_name_and_then_its_folder(program, here):
    calls = "trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2"
    command = ["strace", "-f", "-y", "-qq", "-s0", "-e", calls, "-o", "trace", ADVPHY]
    words = COMMANDS[program][0].split()
    subprocess.run([*command, *words], check=True, capture_output=True)
    calls = re.findall(r"^\d+ +(\w+)\((.*)\) += \d", Path("trace").read_text(), re.M)
    renamed = [i for i, (name, _) in enumerate(calls) if name.startswith("rename")]
    renamed = [i for i in renamed if f'"{here}' in calls[i][1]]
    assert len(renamed) >= 2
    for i in renamed:
        old, new = re.findall(r'"([^"]+)"', calls[i][1])
        of_file = [name for name, what in calls[:i] if f"<{old}>" in what]
        assert of_file[-1] == "fsync"
        later = [name for name, what in calls[i:] if f"<{Path(new).parent}>" in what]
        assert later[:1] == ["fsync"]


@contextlib.contextmanager
def recording(samples=SAMPLES):
    """Write a recording; give its writer, and close it."""
    model = links.load("autoencoder_mlp")
    origin = Origin.of(model, Frame.of_model(model), 1)
    with contextlib.closing(RecordingWriter("r.sigmf-meta", origin, 1e6)) as writer:
        writer.write(samples)
        yield writer


def test_a_recording_is_complete_only_after_its_samples_are_kept(here, monkeypatch):
    fsync, kept = os.fsync, []

    def noted(handle):
        fsync(handle)
        kept.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name)

    monkeypatch.setattr(os, "fsync", noted)
    with recording():
        kept.clear()
    assert kept[0] == "r.sigmf-data"
    assert kept[1].startswith(".r.sigmf-meta.")
    assert kept[2:] == [here.name]


@pytest.mark.parametrize("calamity", ERRORS, ids="recording / {}".format)
def test_a_recording_that_is_not_kept_is_not_complete(calamity, here, monkeypatch):
    said = os.strerror(ERRORS[calamity])
    patch = monkeypatch.context()
    with patch as patched, pytest.raises(OSError, match=said), recording():
        strike(patched, calamity, 1)
    found = recording_reader.read("r.sigmf-meta")
    assert (found.complete, found.samples) == (False, len(SAMPLES))
    assert "how much is lost is not known" in found.warnings[0]


def test_samples_lost_on_a_full_disk_are_not_forgotten_when_it_has_room_again(here):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with recording() as writer:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                writer.write(SAMPLES)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        writer.write(SAMPLES)
    assert not recording_reader.read("r.sigmf-meta").complete


def test_a_capture_that_began_as_the_power_went_hides_none_before(here):
    with recording() as writer:
        writer.begin_capture()
        writer.write(SAMPLES)
        shutil.copytree(here, here / "then")
    data = here / "then" / "r.sigmf-data"
    whole = Path("r.sigmf-data").read_bytes()
    for count in (1, len(SAMPLES) - 1, len(SAMPLES), len(SAMPLES) + 1):
        data.write_bytes(whole[: 8 * count])
        found = recording_reader.read(data)
        assert (found.complete, found.samples) == (False, count)
        read = np.concatenate(list(found.pieces()))
        assert np.array_equal(read, np.tile(SAMPLES, 2)[:count])


def test_a_recording_cut_at_any_byte_says_so(here):
    with recording(SAMPLES[:10]):
        pass
    data, meta = Path("r.sigmf-data"), Path("r.sigmf-meta")
    whole, text = data.read_bytes(), meta.read_bytes()
    for size in range(8, len(whole)):
        data.write_bytes(whole[:size])
        found = recording_reader.read(meta)
        assert (found.samples, found.missing) == (size // 8, 10 - size // 8)
    data.write_bytes(whole)
    for size in range(0, len(text) - 2, 9):
        meta.write_bytes(text[:size])
        with pytest.raises(ValueError, match="is not a SigMF recording"):
            recording_reader.read(meta)


def test_processes_end_with_a_parent_that_is_killed():
    program = (
        f"import sys; sys.path[:0] = {[str(STAGED)]!r}\n"
        "import os, time; from advphy_model.measure import ranges\n"
        "with ranges.processes(1) as workers:\n"
        "    print(workers.executor.submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child = Path("/proc", parent.stdout.readline().strip())
        assert child.exists()
        parent.kill()
    end = time.monotonic() + 10
    while child.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not child.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "calamity",
    ["disk full", "read-only remount"],
    ids="measure on a disk of its own / {}".format,
)
def test_a_real_disk_that_fails_leaves_the_counts(calamity, here):
    words = COMMANDS["measure"][0]
    assert run(words).returncode == 0
    whole = results()
    disk = here / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(disk)
            assert run(words.replace("200000", "100000")).returncode == 0
            before = results()
            filler = disk / "filler"
            if calamity == "disk full":
                with contextlib.suppress(OSError):
                    filler.write_bytes(bytes(2**20))
            else:
                subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            found = run(words)
            assert (found.returncode, results()) == (2, before), found.stderr
            assert os.strerror(ERRORS[calamity]) in found.stderr
            subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            filler.unlink(missing_ok=True)
            assert run(words).returncode == 0
            counted = results()
    finally:
        subprocess.run(["umount", disk], check=True)
    assert counted == whole
