# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample channel: impairments and noise for the samples between two modems."""

import numpy as np
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.randomness import checked_index

from ..block_errors import guarded_general_block

_FASTEST = 1.002  # output samples for each input sample, at the largest clock offset


class sample_channel(guarded_general_block):
    """Pass a stream of samples through impairments and noise.

    Input:  samples, complex64
    Output: samples, complex64. A clock offset changes how many there are; it and a
            timing offset hold the last 16 samples back: send zeros after the last.
    Tags:   keep their index.

    Noise and impairments are pure functions of seed and index of the sample: those of
    advphy_model.air.sample_channel.SampleChannel.

    Args:
        kind: channel with times in samples, such as
            "two_rays(delay=4, gain_db=-10) + cfo(frequency=0.001)"; see
            advphy_model/air/channels.
        snr_db: SNR in dB of samples with unit power; None: no noise. set_snr_db changes
            it.
        seed: seed of noise and impairments.
        first_sample: index of the first sample.
        latency: largest number of samples in one call of general_work().
    """

    def __init__(self, kind="awgn", snr_db=20.0, seed=1, first_sample=0, latency=65536):
        guarded_general_block.__init__(
            self, "sample_channel", [np.complex64], [np.complex64]
        )
        self.first_index = checked_index("first_sample", first_sample)
        self._settings = {"seed": seed, "first_sample": self.first_index}
        self._kind, self._snr_db = kind, snr_db
        self._begin()
        self.size_buffers(latency, 8)

    def _begin(self):
        self._channel = SampleChannel(self._kind, snr_db=self._snr_db, **self._settings)
        self._waiting = np.empty(0, np.complex64)  # not yet written for lack of room

    def set_snr_db(self, snr_db):
        """Set the SNR in dB, or None, from the next call of general_work() on."""
        if snr_db is None:
            self._channel.set_noise_variance(0)
        else:
            self._channel.set_snr_db(snr_db)
        self._snr_db = snr_db

    def snr_db(self):
        """Return the SNR in dB, or None."""
        return self._snr_db

    def start(self):
        self._begin()
        return True

    def forecast(self, noutput_items, ninputs):
        return [1] * ninputs

    def general_work(self, input_items, output_items):
        out = output_items[0]
        room = len(out) - len(self._waiting)
        read = input_items[0][: max(min(room, 1), int(room / _FASTEST), 0)]
        ready = np.concatenate([self._waiting, self._channel.process(read)])
        self.consume(0, len(read))
        size = min(len(out), len(ready))
        out[:size] = ready[:size]
        self._waiting = ready[size:]
        return size
