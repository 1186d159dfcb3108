# SPDX-License-Identifier: GPL-3.0-or-later
"""The bandwidth that a user states: what it permits, and what it ends."""

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.air import radio

from .standin_link import needs_standin, on_air, own_air, sent_through
from .test_occupied_band import tones

RATE = 2e6


@pytest.fixture
def documented_band(tmp_path, monkeypatch):
    """Have the allow-list of the documentation."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "gr-advphy").mkdir()
    (tmp_path / "gr-advphy/transmit.ini").write_text(
        "[433 MHz ISM]\nfirst_hz = 433.05e6\nlast_hz = 434.79e6\n"
    )


@pytest.mark.parametrize("driver", ["uhd", "hackrf", "soapy", "osmosdr"])
def test_the_occupied_width_is_what_must_be_allowed(
    driver, documented_band, monkeypatch
):
    monkeypatch.setattr(radio, "Radio", None)
    width = advphy.Frame.of_model("autoencoder_mlp").occupied_width * RATE
    with pytest.raises(ValueError, match=r"432.92...434.92 MHz lies in no band"):
        advphy.sdr_sink(driver, "", 433.92e6, RATE, 5, armed=True)
    with pytest.raises(TypeError, match="NoneType"):  # now it would be opened
        advphy.sdr_sink(driver, "", 433.92e6, RATE, 5, armed=True, bandwidth=width)
    with pytest.raises(ValueError, match=r"433.995...434.805 MHz lies in no band"):
        advphy.sdr_sink(driver, "", 434.4e6, RATE, 5, armed=True, bandwidth=width)


def test_a_signal_that_is_wider_ends_the_stream(tmp_path):
    path = tmp_path / "sent"
    sink = advphy.sdr_sink(
        "file", str(path), sample_rate=1e6, armed=True, bandwidth=0.2e6
    )
    flowgraph = advphy.top_block()
    wide = blocks.vector_source_c(tones(1000, (0.3, 0.5)).tolist(), True)
    flowgraph.connect(wide, sink)
    with pytest.raises(ValueError, match=r"bandwidth = 200000 Hz, but 1e\+02 %"):
        flowgraph.run()
    # The block that was measured: at most one call of work() before it is full.
    assert path.stat().st_size <= 8 * 4096


def test_a_signal_that_becomes_wider_ends_within_two_periods(tmp_path):
    path = tmp_path / "sent"
    sink = advphy.sdr_sink(
        "file", str(path), sample_rate=1e6, armed=True, bandwidth=0.2e6
    )
    flowgraph = advphy.top_block()
    first, then = tones(100_000, (0.05, 0.5)), tones(400_000, (0.3, 0.5))
    flowgraph.connect(
        blocks.vector_source_c(np.concatenate([first, then]).tolist()), sink
    )
    with pytest.raises(ValueError, match="outside"):
        flowgraph.run()
    assert path.stat().st_size <= 8 * (100_000 + 2 * 65_536)


def test_a_short_stream_that_was_wider_is_an_error_too(tmp_path):
    sink = advphy.sdr_sink(
        "file", str(tmp_path / "x"), sample_rate=1e6, armed=True, bandwidth=0.2e6
    )
    with pytest.raises(ValueError, match="outside"):
        sent_through(sink, tones(1000, (0.3, 0.5)))


def test_clipping_widens_the_signal_that_is_measured(tmp_path):
    at = {"sample_rate": 1e6, "armed": True, "bandwidth": 0.2e6}
    # A clipped square: of two equal tones, 10 % of the energy becomes harmonics.
    loud = tones(20_000, (0.08, 4), (-0.08, 4))
    with pytest.raises(ValueError, match="outside"):
        sent_through(advphy.sdr_sink("file", str(tmp_path / "x"), **at), loud)
    sent_through(advphy.sdr_sink("file", str(tmp_path / "x"), **at), loud / 20)


def test_a_dry_run_says_it(documented_band):
    at = {"frequency": 433.92e6, "sample_rate": 1e6, "bandwidth": 0.2e6}
    sent_through(advphy.sdr_sink("uhd", **at), tones(9000, (0.05, 0.5)))
    wide = tones(9000, (0.05, 0.4), (0.3, 0.2))
    with pytest.raises(ValueError, match=r"200000 Hz, but 20 % "):  # 0.04 / 0.2
        sent_through(advphy.sdr_sink("uhd", **at), wide)


def test_without_a_bandwidth_nothing_is_measured(tmp_path):
    sink = advphy.sdr_sink("file", str(tmp_path / "x"), sample_rate=1e6, armed=True)
    sent_through(sink, tones(9000, (0.3, 0.5)))
    assert (tmp_path / "x").stat().st_size == 8 * 9000


@needs_standin
def test_the_air_is_silent_after_a_signal_that_is_wider(tmp_path):
    record = tmp_path / "air"
    sink = advphy.sdr_sink(
        "standin", own_air(record=record), 433e6, 1e6, armed=True, bandwidth=0.2e6
    )
    flowgraph = advphy.top_block()
    wide = blocks.vector_source_c(tones(1000, (0.3, 0.5)).tolist(), True)
    flowgraph.connect(wide, sink)
    with pytest.raises(ValueError, match="outside"):
        flowgraph.run()
    air, lines = on_air(record)
    assert lines[-1] == f"tx off {len(air)}"
    assert not air[4096:].any()


@pytest.mark.parametrize("bandwidth", [0, 1.5e6, float("nan")])
def test_a_bandwidth_must_be_within_the_sample_rate(bandwidth):
    with pytest.raises(ValueError, match=r"bandwidth must be above 0.*sample_rate"):
        advphy.sdr_sink("file", sample_rate=1e6, bandwidth=bandwidth)
