# SPDX-License-Identifier: GPL-3.0-or-later
"""Media that a training uses as black boxes: codewords in, received vectors out.

medium(x, seed, first) takes codewords x, complex64 [count, n], and two numbers below
2^40 that select its random numbers. It returns received vectors, complex64 [arrived,
n], and which codewords they are, int64 [arrived]. Noise variance is per real dimension.
"""

import shlex
import shutil
import subprocess

import numpy as np
from advphy_model.air.channels import channel
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer

PEAK = 3.0  # symbols up to this magnitude are not clipped, as of semantic codes


def of_codewords(kind, noise_variance):
    """Return the medium of a channel of codewords, which all arrive."""
    apply = channel(kind)

    def medium(x, seed, first):
        y = np.empty_like(x)
        apply(x, y, seed=seed, first_block=first, noise_variance=noise_variance)
        return y, np.arange(len(x))

    return medium


def of_bursts(model, carry):
    """Return the medium of bursts of a link model, of which some may be lost.

    carry(samples, scale, seed, first) returns the samples at the receiver; `scale` is
    the amplitude of a symbol of energy 1.
    """
    frame = Frame.of_model(model)
    size = frame.codewords

    def medium(x, seed, first):
        number = first % 2**31  # others are of earlier batches
        modulator = Modulator(frame, model, number, peak_symbol=PEAK)
        bursts = [modulator.modulate(x[i : i + size]) for i in range(0, len(x), size)]
        samples = carry(np.concatenate(bursts), modulator.scale, seed, first)
        arrived = [
            (y, index - number * size)
            for y, index in arrivals(Synchronizer(frame, model), [samples])
            if number <= index[0] // size < number + len(bursts)
        ]
        if not arrived:
            remedy = "raise ebn0_db, the batch or the gain of the radio"
            raise ValueError(f"none of {len(bursts)} bursts arrived; {remedy}")
        return map(np.concatenate, zip(*arrived, strict=True))

    return medium


def arrivals(synchronizer, pieces):
    """Yield (received vectors, their indices) of each burst in pieces of samples."""
    for y, frames in map(synchronizer.push, pieces):
        for found in frames:
            index = found.index + np.arange(found.header.codewords)
            yield y[found.first_codeword :][: len(index)].copy(), index


def simulated(kind, noise_variance):
    """Return `carry` through a channel of samples; the noise is that of y."""
    SampleChannel(kind)  # refuses channels that need codewords

    def carry(samples, scale, seed, first):
        at = {"seed": seed, "first_sample": first}
        air = SampleChannel(kind, noise_variance=noise_variance * scale**2, **at)
        return air.process(np.pad(samples, (0, 64)))  # some impairments hold back 16

    return carry


def by_command(command):
    """Return `carry` that runs a command for each batch, without a shell.

    It sends the samples of its standard input, raw complex64, and writes those that it
    receives to its standard output.
    """
    words = shlex.split(command)
    if not words or shutil.which(words[0]) is None:
        known = "channel, modem or a command that can be run"
        raise ValueError(f"medium must be {known}, got '{command}'")

    def carry(samples, *_):
        data = samples.tobytes()
        ended = subprocess.run(words, input=data, stdout=subprocess.PIPE, check=False)
        if code := ended.returncode:
            raise ValueError(f"'{command}' must end with 0, got {code}; run it by hand")
        return np.frombuffer(ended.stdout, np.complex64)

    return carry
