# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver that never returns is reported and left behind; the flowgraph ends."""

import pytest

from .qa_sdr_silence import running

PROGRAM = """
import sys, threading, time, types
import numpy as np
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air import radio, standin
direction, end = sys.argv[1:]
stuck = threading.Event()

class device(gr.sync_block):
    "A fake of gr-soapy that hangs in its driver, without Python's lock."
    def __init__(self, *_):
        ports = [np.complex64], []
        own = ports if direction == "sink" else ports[::-1]
        gr.sync_block.__init__(self, "device", *own)
        self.rate = 0.0
    def work(self, *given):
        if stuck.is_set():
            held = threading.Lock()
            held.acquire()
            held.acquire()
        return len(given[direction == "source"][0])
    def set_sample_rate(self, channel, rate):
        self.rate = rate
    def get_sample_rate(self, channel):
        return self.rate
    def __getattr__(self, name):
        if name.startswith(("list_", "get_")) and name[-1] in "se":
            return lambda *_: ["stand-in"] if "antennas" in name else []
        if name.startswith(("get_", "set_")):
            return lambda *_: 0.0
        return gr.sync_block.__getattr__(self, name)

package = types.SimpleNamespace(sink=device, source=device)
radio.importlib = types.SimpleNamespace(import_module=lambda name: package)
made, settings = advphy.sdr_source, {}
if direction == "sink":
    made, settings = advphy.sdr_sink, {"armed": True}
edge = made("standin", **settings)
flowgraph = gr.top_block()
other = blocks.null_source(8) if direction == "sink" else blocks.null_sink(8)
flowgraph.connect(*((other, edge) if direction == "sink" else (edge, other)))
flowgraph.start()
while edge.events()["samples"] < 200000:
    time.sleep(0.001)
stuck.set()
time.sleep(0.2)
begun = time.monotonic()
flowgraph.stop()
flowgraph.wait()
print(time.monotonic() - begun, flush=True)
exec(end)
"""


@pytest.mark.parametrize("end", ["pass", "del flowgraph, edge, other; sys.exit(3)"])
@pytest.mark.parametrize("direction", ["sink", "source"])
def test_a_driver_that_never_returns(direction, end):
    with running(["-c", PROGRAM, direction, end]) as process:
        assert float(process.stdout.readline()) < 3  # 2 s, on a busy machine
        said = process.communicate(timeout=60)[1]
    assert "driver = 'standin' does not return: it is left behind" in said
    assert process.returncode == (0 if end == "pass" else 3), said
