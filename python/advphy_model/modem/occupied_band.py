# SPDX-License-Identifier: GPL-3.0-or-later
"""The band that a transmission occupies: its guard, and the energy outside of it."""

import secrets

import numpy as np

from advphy_model.checked_values import is_number

GUARD_SHARE = 0.1  # of the bandwidth, on each side: the skirts of the pulse
GUARD_PPM = 20.0  # of the carrier, on each side: the error of a radio's crystal
MOST_OUTSIDE = 0.01  # share of the energy, -20 dB
SIZE, EVERY = 4096, 16  # samples of a measured block; one block in so many on average
FAINT = 1e-4  # mean power over peak power of a block that holds only a signal's edge
LEAK = 2  # bins by which a Hann window widens a line, on each side


def band_edges(frequency: float, sample_rate: float, bandwidth=None):
    """Return (lowest, highest) frequency in Hz that a transmission may reach.

    They are frequency +- (bandwidth / 2 + guard). The guard is 10 % of the bandwidth,
    at least 20 ppm of the frequency. bandwidth = None: frequency +- sample_rate / 2.
    """
    half = sample_rate / 2
    if bandwidth is not None:
        guard = max(GUARD_SHARE * bandwidth, GUARD_PPM * 1e-6 * frequency)
        half = bandwidth / 2 + guard
    return frequency - half, frequency + half


class BandMeter:
    """Meter of the energy outside of a bandwidth in Hz, up to the sample rate.

    Each measured block counts half as much as the next one, so that pauses between
    bursts do not matter. Raises ValueError if the bandwidth is out of range.
    """

    def __init__(self, bandwidth: float, sample_rate: float):
        if not (is_number(bandwidth) and 0 < bandwidth <= sample_rate):
            raise ValueError(
                f"bandwidth must be above 0 and at most sample_rate ({sample_rate:g} "
                f"Hz), got {bandwidth}; for bursts of a frame it is "
                "frame.occupied_width * sample_rate"
            )
        self._bandwidth, self._half = bandwidth, bandwidth / sample_rate / 2
        self._block, self._skip = np.empty(0, np.complex64), 0
        self._outside = self._total = 0.0

    def take(self, samples) -> None:
        """Take finite samples, complex64 [N], and measure a block that is full.

        Raises ValueError if more than 1 % of the energy is outside.
        """
        self._block = np.append(self._block, samples[self._skip :])[:SIZE]
        self._skip = max(0, self._skip - len(samples))
        if len(self._block) == SIZE:
            self.finish()

    def finish(self) -> None:
        """Measure the block as far as it is full, as take() does."""
        samples, size = self._block, len(self._block)
        self._block, window = samples[:0], np.hanning(size)
        energy = (np.abs(samples * window) ** 2).sum()
        if energy <= FAINT * (np.abs(samples) ** 2).max(initial=0) * size:
            return
        power = np.abs(np.fft.fft(samples * window)) ** 2
        outside = np.abs(np.fft.fftfreq(size)) > self._half + LEAK / size
        # At random, so that no signal can be narrow just where it is measured.
        self._skip = secrets.randbelow(2 * (EVERY - 1) * SIZE + 1)
        self._outside = self._outside / 2 + float(power[outside].sum())
        self._total = self._total / 2 + float(power.sum())
        if (share := self._outside / self._total) > MOST_OUTSIDE:
            raise ValueError(
                f"bandwidth = {self._bandwidth:g} Hz, but {100 * share:.2g} % of the "
                "signal's energy lies outside (at most 1 % may); state the width that "
                "the signal occupies, or filter it"
            )
