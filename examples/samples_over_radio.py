# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples from standard input over a radio: a medium for `advphy train model_free`.

    advphy train model_free --set link=autoencoder_mlp --set steps=100 \
           --set "medium=python3 examples/samples_over_radio.py standin --arm \
           --args cfo=300,noise_variance=0.01" --out air.safetensors

It sends the samples, raw complex64, and writes what it receives meanwhile to standard
output. Without --arm it ends at once. A radio must be allowed to transmit; see
docs/over_the_air.md. A device that starts slowly needs more --silence.
"""

import argparse
import os
import sys

import numpy as np
from gnuradio import advphy, blocks


def main():
    """Send the samples of standard input, and write those received."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver", help="as of advphy radio: standin, uhd, hackrf ...")
    parser.add_argument("--args", default="", help="device arguments")
    parser.add_argument("--frequency", type=float, default=433.92e6, help="in Hz")
    parser.add_argument("--rate", type=float, default=1e6, help="samples per second")
    parser.add_argument("--send-gain", type=float, help="in dB")
    parser.add_argument("--receive-gain", type=float, help="in dB")
    parser.add_argument("--silence", type=int, default=8192, help="samples around")
    parser.add_argument("--arm", action="store_true", help="send")
    given = parser.parse_args()
    if not given.arm:
        sys.exit("nothing is sent; give --arm")
    answer = os.dup(1)
    os.dup2(2, 1)  # what drivers print is no sample
    samples = np.frombuffer(sys.stdin.buffer.read(), np.complex64)
    samples = np.pad(samples, given.silence)
    device = given.driver, given.args, given.frequency, given.rate
    sink = advphy.sdr_sink(*device, gain=given.send_gain, armed=True)
    source = advphy.sdr_source(*device, gain=given.receive_gain)
    head, received = blocks.head(8, len(samples)), blocks.vector_sink_c()
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), sink)
    flowgraph.connect(source, head, received)
    flowgraph.run()
    with os.fdopen(answer, "wb") as file:
        file.write(np.array(received.data(), np.complex64).tobytes())


if __name__ == "__main__":
    main()
