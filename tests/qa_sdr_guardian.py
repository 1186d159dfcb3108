# SPDX-License-Identifier: GPL-3.0-or-later
"""A transmitter is silent whatever dies: the guardian, on a stand-in with a record.

The stand-in goes on like a HackRF: its events end in "tx on" until it is closed.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.air import guardian, guardian_process
from gnuradio.advphy.over_the_air import transmitter

from .left_open import descriptors, threads
from .qa_grc import ENVIRONMENT
from .qa_sdr_silence import endless, running
from .standin_link import happened, needs_standin, on_air, own_air
from .while_running import until

pytestmark = needs_standin

PROGRAM = """
import ctypes, os, resource, signal, sys, threading, time
import numpy as np
from gnuradio import advphy, blocks, gr
flowgraph = gr.top_block()
source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
sink = advphy.sdr_sink("standin", sys.argv[1], armed=True, time_limit=600)
flowgraph.connect(source, sink)
stuck, pump = threading.Event(), sink.feed.pump

def failing(block, fail):
    work = block.work
    block.work = lambda *given: fail() if stuck.is_set() else work(*given)

def locked():
    "Wait for ever, without Python's lock."
    held = threading.Lock()
    held.acquire()
    held.acquire()

def memory():
    "Take all the memory that there is, then what else asks for some."
    used = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, used + 2**24))
    kept, size = [], 2**22
    while size:
        try:
            kept.append(bytearray(size))
        except MemoryError:
            size //= 2

exec(sys.argv[3])
flowgraph.start()
while sink.events()["samples"] < 400000:
    time.sleep(0.001)
print("on", flush=True)
stuck.set()
exec(sys.argv[2])
time.sleep(60)
"""
NEXT = 5.0  # s of a call; 12 until the next one, of a stand-in
ENDS = {  # how a program ends, or what it has set before, and the most s until then
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "", 0),
    "crashed": ("ctypes.string_at(0)", "", 0),
    "gone": ("os._exit(0)", "", 0),
    "stopped": ("os.kill(os.getpid(), signal.SIGSTOP)", "", 0),
    "group": ("os.setpgid(0, 0); os.killpg(0, signal.SIGKILL)", "", 0),
    "gate stuck": ("", "failing(sink.gate, locked)", NEXT),
    "feed stuck": ("", "failing(sink.feed, locked)", NEXT),
    "pump stuck": ("", "failing(pump, locked)", NEXT),
    "Python's lock": ("ctypes.PyDLL(None).pause()", "", 12),
    "memory of the pump": ("", "failing(pump, lambda: bytearray(2**60))", 12),
    "memory": ("memory(); bytearray(2**30)", "", NEXT),
}


@pytest.mark.parametrize("end", ENDS)
def test_however_a_program_ends_the_transmitter_is_off(end, tmp_path):
    record, (code, before, seconds) = tmp_path / "air", ENDS[end]
    environment = ENVIRONMENT | {"XDG_STATE_HOME": str(tmp_path)}
    air = own_air(record=record, paced=1)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, air, code, before],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert "on\n" in process.stdout  # GNU Radio says something at its first start
        begun = time.monotonic()
        until(lambda: happened(record)[-1].startswith("tx off"))
        took = time.monotonic() - begun
        process.kill()
        said = process.stderr.read()
    assert took < seconds + 1
    lines = (tmp_path / "gr-advphy/transmissions.jsonl").read_text().splitlines()
    if "memory" in end:  # whether the program or its guardian was first
        return
    assert [json.loads(line)["event"] for line in lines] == ["on", "guardian"]
    assert "guardian: ended the transmission of driver=advphy_standin" in said


BUSY = """
for _ in range(3):
    ends = f"while __import__('os').getppid() == {os.getpid()}: pass"
    subprocess.Popen([sys.executable, "-c", ends])

class paused(gr.sync_block):
    def __init__(self):
        gr.sync_block.__init__(self, "paused", [], [np.complex64])
        self.until = 0
    def work(self, input_items, output_items):
        time.sleep(max(0, self.until - time.monotonic()))
        output_items[0][:] = 0.5
        return len(output_items[0])

flowgraph.stop()
flowgraph.wait()
flowgraph.disconnect_all()
source = paused()
flowgraph.connect(source, sink)
flowgraph.start()
for _ in range(5):
    flowgraph.lock()
    time.sleep(0.1)
    flowgraph.unlock()
source.until = time.monotonic() + 7
ctypes.PyDLL(None).usleep(3000000)  # with Python's lock
time.sleep(5)
flowgraph.stop()
flowgraph.wait()
print("ended", flush=True)
"""


@pytest.mark.slow
def test_what_is_only_busy_or_waits_is_not_ended(tmp_path):
    imports = "import subprocess;"
    air = own_air(record=tmp_path / "air", paced=1)
    with running(["-c", PROGRAM, air, imports + BUSY, ""]) as process:
        assert "on\n" in process.stdout  # GNU Radio says something at its first start
        assert process.stdout.readline() == "ended\n", process.stderr.read()
        process.kill()
        assert "guardian" not in process.stderr.read()


def children():
    """Return {number: command} of the processes that this one started."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread or child has ended
            for number in map(int, (task / "children").read_text().split()):
                found[number] = Path(f"/proc/{number}/cmdline").read_text()
    return {n: words for n, words in found.items() if "resource_tracker" not in words}


def guardians():
    return [n for n, words in children().items() if guardian_process.__file__ in words]


def test_after_a_stop_nothing_of_the_guardian_is_left(tmp_path, capfd):
    for turn in range(12):
        flowgraph = endless("standin", tmp_path / f"air{turn}", paced=1)
        assert len(guardians()) == 1
        if turn % 3:  # else it never starts
            flowgraph.start()
            flowgraph.stop()
            flowgraph.wait()
            assert children() == {}
        flowgraph.disconnect_all()
        del flowgraph
        gc.collect()
        if turn == 2:
            opened, ran = len(descriptors()), len(threads())
    until(lambda: len(descriptors()) <= opened and len(threads()) <= ran)
    assert children() == {}
    assert "guardian:" not in capfd.readouterr().err


def test_a_guardian_that_is_killed_ends_the_transmission(tmp_path):
    flowgraph = advphy.top_block()
    sink = advphy.sdr_sink("standin", own_air(record=tmp_path / "air"), armed=True)
    source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
    flowgraph.connect(source, blocks.throttle(8, 1e6), sink)
    flowgraph.start()
    (number,) = guardians()
    os.kill(number, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"the guardian process .* has ended"):
        flowgraph.wait()
    assert happened(tmp_path / "air")[-1].startswith("tx off")


FORKS = """
from gnuradio import advphy
sink = advphy.sdr_sink("standin", sys.argv[1], armed=True)
def child():
    sink.radio.guardian.end()
    os._exit(0)
os.fork() or child()
os.wait()
print(os.waitpid(-1, os.WNOHANG), flush=True)  # its guardian runs
"""


def test_a_child_of_the_program_does_not_end_its_guardian(tmp_path):
    with running(
        ["-c", "import os, sys" + FORKS, own_air(record=tmp_path / "a")]
    ) as ran:
        assert ran.stdout.readline() == "(0, 0)\n"
        said = ran.communicate()[1]
    assert "guardian:" not in said


HACKRF = """
#include <stdio.h>
static FILE *f; static int tries;
int hackrf_init(void)
{ if (!f) { f = fopen(PATH, "w"); fputs("init", f); } return 0; }
void *hackrf_device_list(void) { return 0; }
int hackrf_open_by_serial(const char *s, void **d)
{ if (!tries++) return -1000; fprintf(f, " open %s", s); *d = f; return 0; }
int hackrf_stop_tx(FILE *d) { fputs(" stop", d); return 0; }
int hackrf_close(FILE *d) { fputs(" close", d); return fclose(d); }
"""


def test_a_busy_hackrf_is_stopped_once_it_is_free(tmp_path):
    code = tmp_path / "hackrf.c"
    code.write_text(HACKRF)
    words = ["cc", "-shared", "-fPIC", f'-DPATH="{tmp_path}/said"', str(code)]
    subprocess.run([*words, "-o", str(tmp_path / "lib.so")], check=True)
    device = guardian_process.hackrf, ctypes.CDLL(str(tmp_path / "lib.so")), "31a"
    assert guardian_process.turned_off(*device, 5) is None
    assert (tmp_path / "said").read_text() == "init open 31a stop close"


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("libhackrf.so.0", "init open_by_serial device_list_open stop_tx close"),
        ("libuhd.so.4.3.0", "make free"),
    ],
)
def test_the_drivers_have_what_the_guardian_calls(name, functions):
    try:
        library = ctypes.CDLL(name)
    except OSError:
        pytest.skip(f"{name} is missing (make test has it)")
    prefix = "hackrf_" if "hackrf" in name else "uhd_usrp_"
    assert all(hasattr(library, prefix + one) for one in functions.split())


@pytest.mark.parametrize(
    ("package", "args", "means"),
    [
        ("soapy", "driver=lime,soapy=1", ("soapy", "driver=lime,soapy=1")),
        ("osmosdr", "soapy=0,driver=lime", ("soapy", "driver=lime")),
        ("osmosdr", "hackrf=31A,bias=1", ("hackrf", "31A")),
        ("osmosdr", "hackrf", ("hackrf", "0")),
        ("osmosdr", "bladerf=0", ("osmosdr", "bladerf=0")),
        ("uhd", "type=b200", ("uhd", "type=b200")),
    ],
)
def test_each_driver_has_its_means(package, args, means):
    assert guardian.means_of(package, args) == means


def test_without_a_log_nothing_is_armed(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    record = tmp_path / "air"
    with pytest.raises(ValueError, match=r"the log of transmissions .* cannot be wri"):
        advphy.sdr_sink("standin", own_air(record=record), armed=True)
    assert not record.exists()


def test_a_transmission_leaves_a_line_with_peak_seconds_and_model(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    model = advphy.LinkModel.load("autoencoder_mlp")
    own = own_air(record=tmp_path / "air")
    sink = advphy.sdr_sink("standin", own, 433e6, armed=True, adversary="yes")
    flowgraph = transmitter(model, sink, frames=2, amplitude=0.5)
    flowgraph.run()
    path = tmp_path / "gr-advphy" / "transmissions.jsonl"
    assert f"each transmission is logged in {path}" in caplog.text
    on, off = map(json.loads, path.read_text().splitlines())
    assert (on["event"], off["event"]) == ("on", "off")
    assert off["seconds"] == 2 * advphy.Frame.of_model(model).samples() / 1e6
    air, _ = on_air(tmp_path / "air")
    assert off["peak"] == pytest.approx(np.abs(air).max(), rel=1e-6)
    assert (off["model"], off["adversary"]) == (model.sha256, "yes")
    assert (off["band"], off["frequency"]) == (None, 433e6)  # no list is asked


def test_a_device_that_another_program_has_is_busy(tmp_path):
    own = own_air(record=tmp_path / "air", paced=1)
    with running(["-c", PROGRAM, own, "", ""]) as process:
        assert "on\n" in process.stdout  # GNU Radio says something at its first start
        with pytest.raises(ValueError, match="busy: another program has that device"):
            advphy.sdr_sink("standin", own, armed=True)
