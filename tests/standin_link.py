# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples through the stand-in radio: sdr_sink, its air, sdr_source."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.air import standin

RATE = 1e6
# The same device through gr-soapy, through gr-osmosdr, and by its short name.
WAYS = {
    "soapy": "driver=advphy_standin",
    "osmosdr": "soapy=0,driver=advphy_standin",
    "standin": "",
}
_ids = itertools.count()

needs_standin = pytest.mark.skipif(
    standin.plugin_folder() is None,
    reason="no stand-in radio in build/: libsoapysdr-dev is missing (make test has it)",
)


def own_air(driver="standin", **settings):
    """Return device arguments of an air that no other test uses."""
    parts = [WAYS[driver], f"id=air{next(_ids)}"]
    parts += [f"{key}={value}" for key, value in settings.items()]
    return ",".join(filter(None, parts))


def tones(rng, size):
    """Return band-limited complex64 samples below magnitude 0.8: noise, smoothed."""
    noise = rng.standard_normal(size) + 1j * rng.standard_normal(size)
    smooth = np.convolve(noise, np.hanning(16), "same")
    return (0.7 * smooth / np.abs(smooth).max()).astype(np.complex64)


def loopback(samples, count, driver="standin", tx=None, rx=None, **settings):
    """Send samples and receive `count`; return them, the sink and the source."""
    args = own_air(driver, **settings)
    flowgraph = advphy.top_block()
    source = blocks.vector_source_c(samples.tolist())
    sink = advphy.sdr_sink(driver, args, 433e6, RATE, armed=True, **(tx or {}))
    receiver = advphy.sdr_source(driver, args, 433e6, RATE, **(rx or {}))
    head, found = blocks.head(8, count), blocks.vector_sink_c()
    flowgraph.connect(source, sink)
    flowgraph.connect(receiver, head, found)
    flowgraph.run()
    return np.array(found.data(), np.complex64), sink, receiver


def sent_through(sink, samples):
    """Run a flowgraph that sends samples; return the sink."""
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), sink)
    flowgraph.run()
    return sink


def happened(record):
    """Return the lines of what happened on an air so far."""
    events = Path(f"{record}.events")
    return events.read_text().splitlines() if events.is_file() else []


def on_air(record):
    """Return what was on the air, complex64 [N], and the lines of what happened."""
    return np.fromfile(record, np.complex64), happened(record)
