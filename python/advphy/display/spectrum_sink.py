# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectrum sink: draws the power of samples over frequency."""

import numpy as np
from advphy_model.checked_values import checked_positive, is_number
from gnuradio import blocks

from .display_block import checked_count
from .newest_vectors import NewestVectors, stream_display

MOST_BINS, MOST_AVERAGED = 16384, 1000


class SpectrumRecord(NewestVectors):
    """The newest parts of a stream, and their mean power in each bin of frequency."""

    def __init__(self, sample_rate, bins=1024, averaged=30, lowest_db=-80.0):
        self.bins = checked_count("bins", bins, MOST_BINS, "frequencies")
        averaged = checked_count("averaged", averaged, MOST_AVERAGED, "spectra")
        super().__init__(averaged, self.bins)
        self.set_sample_rate(sample_rate)
        if not (is_number(lowest_db) and -1e300 < lowest_db < 0):
            raise ValueError(
                f"lowest_db must be a level below 0 dB, got {lowest_db!r}; give -80.0"
            )
        self.lowest_db = float(lowest_db)

    def set_sample_rate(self, sample_rate):
        checked_positive("sample_rate", sample_rate, of="samples/s")
        self.sample_rate = float(sample_rate)

    def state(self):
        return super().state(), self.sample_rate

    def spectrum(self):
        """Return frequencies in Hz from the center, and the power in dB of each bin.

        It is Welch's mean of Hann periodograms without overlap: 0 dB is a carrier of
        amplitude 1 in the middle of its bin. Parts that are not finite are left out.
        """
        parts, window = self.newest(), np.hanning(self.bins + 1)[:-1]
        parts = parts[np.isfinite(parts).all(axis=1)]
        power = np.abs(np.fft.fft(parts * window / window.sum())) ** 2
        power = power.mean(axis=0) if len(parts) else np.zeros(self.bins)
        frequencies = np.fft.fftfreq(self.bins, 1 / self.sample_rate)
        level = 10 * np.log10(np.maximum(power, 1e-30))
        return np.fft.fftshift(frequencies), np.fft.fftshift(level)


class spectrum_sink(stream_display):
    """Draw the power of the newest samples over frequency.

    The stream does not wait: for each picture `averaged` parts of `bins` samples are
    copied, the others are dropped without Python.

    Input: samples, complex64

    Args:
        sample_rate: samples/s; set_sample_rate changes it.
        title: title above the plot.
        bins: number of frequencies, 1..16384.
        averaged: number of spectra whose mean is drawn, 1..1000.
        lowest_db: lower end of the axis, below 0; a carrier of amplitude 1 has 0 dB.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("spectrum_window", "SpectrumWindow")

    def __init__(
        self,
        sample_rate,
        title="",
        bins=1024,
        averaged=30,
        lowest_db=-80.0,
        frame_rate=15,
    ):
        self.set_window(str(title), frame_rate)
        record = SpectrumRecord(sample_rate, bins, averaged, lowest_db)
        before = blocks.stream_to_vector(8, record.bins)
        stream_display.__init__(self, record, record.bins, before)

    def set_sample_rate(self, sample_rate):
        """Change the number of samples/s, which is the width of the spectrum in Hz."""
        self.record.set_sample_rate(sample_rate)
