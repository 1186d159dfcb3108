# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry samples from one ZMQ endpoint to another with noise, a CFO, a clock offset.

For the picture of a receiver: between the programs of examples/over_the_air_tx.grc and
examples/over_the_air_rx.grc nothing disturbs the samples.
"""

import sys

from gnuradio import advphy

# 1e-4 cycles/sample is 200 Hz at 2 Msample/s; the SNR is that of the samples.
KIND = "cfo(frequency=1e-4) + clock_offset(ppm=5)"


def main(source, sink, snr_db):
    """Run until it is ended."""
    flowgraph = advphy.top_block()
    arriving = advphy.sdr_source("zmq", source)
    air = advphy.sample_channel(KIND, float(snr_db))
    leaving = advphy.sdr_sink("zmq", sink, armed=True, time_limit=600.0)
    flowgraph.connect(arriving, air, leaving)
    flowgraph.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
