# SPDX-License-Identifier: GPL-3.0-or-later
"""The spectrum sink: power in the bins that it belongs to."""

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.display.spectrum_sink import SpectrumRecord
from gnuradio.advphy.display.spectrum_window import SpectrumWindow

from .display_events import painted


def record_of(samples, sample_rate=64e3, bins=64, **more):
    """Return a record that has taken samples, complex [count * bins]."""
    record = SpectrumRecord(sample_rate, bins, **more)
    record.put(np.asarray(samples, np.complex64).reshape(-1, bins))
    return record


def test_a_carrier_of_amplitude_one_has_0_db_in_its_bin():
    time = np.arange(640)
    frequencies, level = record_of(np.exp(2j * np.pi * time * 5 / 64)).spectrum()
    assert frequencies[[0, 32, 63]].tolist() == [-32e3, 0, 31e3]
    assert frequencies[np.argmax(level)] == 5e3
    assert level.max() == pytest.approx(0, abs=1e-3)
    # The main lobe of the Hann window: 1/2, so -6.02 dB, in the bins next to it.
    assert np.sort(level)[-3:-1] == pytest.approx([-6.02, -6.02], abs=0.01)
    assert np.sort(level)[-4] < -80


def test_white_noise_has_its_power_times_the_width_of_the_window_in_each_bin(rng):
    noise = rng.standard_normal((1000 * 64, 2)) @ [1, 1j] * np.sqrt(0.005)
    samples = noise.reshape(-1, 64).copy()
    samples[3, 5] = np.nan
    _, level = record_of(samples, averaged=1000).spectrum()
    # Power 0.01; a Hann window of 64 has sum(w^2) / sum(w)^2 = 1.5 / 64.
    wanted = 10 * np.log10(0.01 * 1.5 / 64)
    assert level == pytest.approx(wanted, abs=0.7)  # five times 10 % / sqrt(1000)


def test_a_stream_is_drawn_where_it_is(application):
    sink, flowgraph = advphy.spectrum_sink(1e6, "Spectrum", 64, 4), advphy.top_block()
    samples = 0.1 * np.exp(-2j * np.pi * np.arange(6400) * 10 / 64)
    source = blocks.vector_source_c(samples.tolist())
    flowgraph.connect(source, sink)
    flowgraph.run()
    window = sink.qwidget()
    picture = painted(window)
    x, y = window.line.getData()
    assert x[np.argmax(y)] == pytest.approx(-1e4 / 64)
    assert y.max() == pytest.approx(-20, abs=1e-3)
    assert window.axes.vb.home == ((-500.0, 500.0), (-80.0, 0.0))
    blue = (picture.astype(int) @ [-1, 0, 1] > 90).any(axis=0)
    assert blue[60:].any()
    sink.set_sample_rate(2e3)
    painted(window)
    assert window.axes.vb.home[0] == (-1.0, 1.0)


def test_nothing_yet_is_an_empty_plot(application):
    window = SpectrumWindow(SpectrumRecord(1e3))
    painted(window)
    assert max(window.line.getData()[1]) < window.record.lowest_db


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sample_rate": 0}, "sample_rate must be above 0"),
        ({"bins": 0}, "bins must be a whole number of frequencies in 1..16384"),
        ({"averaged": 1001}, "averaged must be a whole number of spectra in 1..1000"),
        ({"lowest_db": 0.0}, "lowest_db must be a level below 0 dB"),
        ({"frame_rate": 31}, "frame_rate must be"),
    ],
)
def test_bad_arguments_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        advphy.spectrum_sink(**{"sample_rate": 1e6} | given)
