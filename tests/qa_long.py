# SPDX-License-Identifier: GPL-3.0-or-later
"""A slow test: memory over ten minutes."""

import time

import pytest
from gnuradio import advphy

from .left_open import resident_mib

MINUTES = 10


@pytest.mark.slow
def test_memory_of_a_ten_minute_run_does_not_grow():
    flowgraph = advphy.top_block()
    link = advphy.link("autoencoder_mlp", 4.0)
    flowgraph.connect(link)
    flowgraph.start()
    try:
        time.sleep(30)
        before, sizes = resident_mib(), []
        for minute in range(MINUTES):
            time.sleep(60)
            link.set_ebn0_db(3.0 + minute % 2)  # a new segment each minute
            sizes.append(resident_mib())
    finally:
        flowgraph.stop()
        flowgraph.wait()
    assert link.segments()[0].blocks > 10**8
    assert max(sizes) - before < 2
