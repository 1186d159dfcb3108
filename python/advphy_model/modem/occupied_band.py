# SPDX-License-Identifier: GPL-3.0-or-later
"""The band that a transmission occupies: its guard, and the energy outside of it."""

import numpy as np

GUARD_SHARE = 0.1  # of the bandwidth, on each side: the skirts of the pulse
GUARD_PPM = 20.0  # of the carrier, on each side: the error of a radio's crystal
MOST_OUTSIDE = 0.01  # share of the energy, -20 dB
SIZE, EVERY = 4096, 16  # samples of a measured block; one block in so many is measured
SHORTEST = 64  # samples of a stream that can be measured
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
    """Meter of the energy of samples outside of a stated bandwidth.

    The first block with energy is measured, then one in 16. Each block counts half as
    much as the next one, so that pauses between bursts do not matter.

    Args:
        bandwidth: width of the signal around its center in Hz, up to sample_rate.
        sample_rate: samples/s.

    Raises ValueError if the bandwidth is out of range.
    """

    def __init__(self, bandwidth: float, sample_rate: float):
        if not 0 < bandwidth <= sample_rate:
            raise ValueError(
                f"bandwidth must be above 0 and at most sample_rate ({sample_rate:g} "
                f"Hz), got {bandwidth}; for bursts of a frame it is "
                "frame.occupied_width * sample_rate"
            )
        self._bandwidth, self._half = bandwidth, bandwidth / sample_rate / 2
        self._block = np.empty(SIZE, np.complex64)
        self.restart()

    def restart(self) -> None:
        """Begin with no measured block."""
        self._filled = self._skip = 0
        self._sums = np.zeros(2)  # energy outside, all energy
        self.share = self.largest = 0.0  # outside: of the last blocks, of all

    def take(self, samples) -> None:
        """Take finite samples, complex64 [N], and measure the blocks that are full."""
        while len(samples):
            size = min(len(samples), self._skip or SIZE - self._filled)
            if self._skip:
                self._skip -= size
            else:
                self._block[self._filled : self._filled + size] = samples[:size]
                self._filled += size
                if self._filled == SIZE:
                    self._measure()
            samples = samples[size:]

    def finish(self) -> None:
        """Measure a stream that was shorter than a block."""
        if not self._sums[1] and self._filled >= SHORTEST:
            self._measure()

    def _measure(self):
        size, self._filled = self._filled, 0
        power = np.abs(np.fft.fft(self._block[:size] * np.hanning(size))) ** 2
        if not (total := power.sum()):
            return
        outside = np.abs(np.fft.fftfreq(size)) > self._half + LEAK / size
        self._sums = self._sums / 2 + (power[outside].sum(), total)
        self.share = float(self._sums[0] / self._sums[1])
        self.largest = max(self.largest, self.share)
        self._skip = (EVERY - 1) * SIZE

    def require(self) -> None:
        """Raise ValueError if more than 1 % of the energy is outside."""
        if self.share > MOST_OUTSIDE:
            raise ValueError(
                f"bandwidth = {self._bandwidth:g} Hz, but {100 * self.share:.2g} % of "
                "the signal's energy lies outside (at most 1 % may); state the width "
                "that the signal occupies, or filter it"
            )

    def text(self) -> str:
        """Return the measured share in words, for the plan of a dry run."""
        text = f"{100 * self.largest:.2g} % of the energy outside of the bandwidth"
        late = ", which ends an armed transmission (at most 1 %)"
        return f"{self._bandwidth / 1e3:g} kHz wide, {text}" + (
            late if self.largest > MOST_OUTSIDE else ""
        )
