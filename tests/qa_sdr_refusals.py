# SPDX-License-Identifier: GPL-3.0-or-later
"""What an SDR sink does not send, and what it and the source refuse."""

import sys

import numpy as np
import pytest
from gnuradio import advphy, blocks
from gnuradio.advphy.air import radio

from .standin_link import needs_standin, on_air, own_air, sent_through


@pytest.fixture
def no_allow_list(tmp_path, monkeypatch):
    """Have no allow-list during a test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


@pytest.mark.parametrize("driver", ["uhd", "hackrf", "soapy", "osmosdr", "standin"])
def test_a_dry_run_opens_no_device(driver, monkeypatch, no_allow_list):
    monkeypatch.setattr(radio, "Radio", None)  # to call it would raise
    sink = advphy.sdr_sink(driver, adversary="yes")
    sent_through(sink, np.zeros(10, np.complex64))
    assert f"driver={driver}) - not armed" in sink.plan()
    sink.set_gain(3)
    sink.set_frequency(1e9)
    assert "1000 MHz, gain 3 dB" in sink.plan()


RADIATES = ["uhd", "hackrf", "soapy", "osmosdr"]


@pytest.mark.parametrize("driver", RADIATES)
def test_no_radio_is_opened_without_an_allow_list(driver, monkeypatch, no_allow_list):
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match="there is no allow-list"):
        advphy.sdr_sink(driver, armed=True)


@pytest.mark.parametrize(
    ("driver", "args"),
    [
        ("standin", "driver=hackrf"),
        ("soapy", "driver=advphy_standin,driver=hackrf"),
        ("soapy", "driver=advphy_standin,remote:driver=hackrf"),
        ("osmosdr", "soapy=0,driver=advphy_standin,hackrf=0"),
        ("osmosdr", "soapy=0,driver=advphy_standin hackrf=0"),
        ("osmosdr", "driver=advphy_standin,uhd"),
        ("osmosdr", "file=/tmp/x,rate=1e6"),
        ("hackrf", "driver=advphy_standin"),
        ("uhd", "driver=advphy_standin"),
    ],
)
def test_what_only_looks_like_the_stand_in_is_a_radio(
    driver, args, monkeypatch, no_allow_list
):
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match="there is no allow-list"):
        advphy.sdr_sink(driver, args, armed=True)


@pytest.mark.parametrize("driver", RADIATES)
def test_an_adversary_opens_no_radio_unless_permitted(driver, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "gr-advphy").mkdir()
    (tmp_path / "gr-advphy/transmit.ini").write_text(
        "[cable]\nfirst_hz=400e6\nlast_hz=500e6\nmax_gain_db=10\n"
    )
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match="permitted = 'cabled' or 'licensed'"):
        advphy.sdr_sink(driver, gain=5, armed=True, adversary="yes")
    with pytest.raises(ValueError, match="must be at most 10 dB"):
        advphy.sdr_sink(
            driver, gain=11, armed=True, adversary="yes", permitted="cabled"
        )
    with pytest.raises(TypeError, match="NoneType"):  # now it would be opened
        advphy.sdr_sink(driver, gain=5, armed=True, adversary="yes", permitted="cabled")


@needs_standin
def test_an_adversary_may_use_the_stand_in(tmp_path, no_allow_list):
    sink = advphy.sdr_sink(
        "standin", own_air(record=tmp_path / "air"), armed=True, adversary="yes"
    )
    sent_through(sink, np.full(100, 0.5, np.complex64))
    air, _ = on_air(tmp_path / "air")
    assert np.array_equal(air[:100], np.full(100, 0.5, np.complex64))


@needs_standin
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"driver": "rtl"}, r"driver = 'rtl' is not known; choose from uhd, .*zmq"),
        ({"args": "cof=1"}, "'cof' is not one of its arguments"),
        ({"args": "cfo=x"}, "cfo = 'x', expected a number"),
        ({"args": "delay=-1"}, "delay = '-1', expected a whole number"),
        ({"frequency": 10e9}, r"frequency = 1e\+10, but the device"),
        ({"frequency": float("nan")}, "frequency must be.*Hz above 0.*got nan"),
        ({"sample_rate": 1e3}, r"sample_rate = 1000, but .*100000...2e\+07"),
        ({"sample_rate": -1}, "sample_rate must be.*got -1"),
        ({"gain": 61}, "gain = 61, but the device .* has 0...60 dB"),
        ({"antenna": "TX/RX"}, "antenna = 'TX/RX', but the device has: stand-in"),
        ({"channel": 1}, "channel = 1, but driver = 'standin' opens only 0"),
    ],
)
def test_what_the_device_does_not_have_is_one_sentence(arguments, said):
    arguments = {"driver": "standin"} | arguments
    for made, more in ((advphy.sdr_sink, {"armed": True}), (advphy.sdr_source, {})):
        with pytest.raises(ValueError, match=said) as found:
            made(**arguments, **more)
        assert "\n" not in str(found.value)


@pytest.mark.parametrize("driver", ["uhd", "hackrf", "soapy"])
def test_without_a_device_one_sentence_says_so(driver):
    with pytest.raises(ValueError, match="no such device can be opened") as found:
        advphy.sdr_source(driver, "driver=none" if driver == "soapy" else "")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("driver", ["uhd", "soapy", "osmosdr"])
def test_a_driver_that_is_not_installed_is_named_with_its_remedy(driver, monkeypatch):
    name = driver if driver == "osmosdr" else f"gnuradio.{driver}"
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=f"gr-{driver} is not installed; apt install"):
        advphy.sdr_source(driver)


def test_files_and_endpoints_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must be the path of a file"):
        advphy.sdr_sink("file", armed=True)
    with pytest.raises(ValueError, match="cannot be written"):
        advphy.sdr_sink("file", str(tmp_path / "no" / "x"), armed=True)
    with pytest.raises(ValueError, match="cannot be read"):
        advphy.sdr_source("file", str(tmp_path / "x"))
    (tmp_path / "x").write_bytes(b"123")
    with pytest.raises(ValueError, match="no complex64 sample"):
        advphy.sdr_source("file", str(tmp_path / "x"))
    with pytest.raises(ValueError, match="zmq cannot bind"):
        advphy.sdr_sink("zmq", "nonsense", armed=True)
    with pytest.raises(ValueError, match="zmq cannot connect"):
        advphy.sdr_source("zmq", "nonsense")


@pytest.mark.parametrize("armed", ["False", "no", 1, None])
def test_only_true_arms(armed, tmp_path):
    with pytest.raises(ValueError, match=r"armed must be True or False.*got .*"):
        advphy.sdr_sink("file", str(tmp_path / "x"), armed=armed)
    assert not (tmp_path / "x").exists()


def test_the_time_limit_is_over_all_starts(tmp_path):
    path = tmp_path / "sent"
    sink = advphy.sdr_sink(
        "file", str(path), sample_rate=1e6, armed=True, time_limit=0.015
    )
    flowgraph = advphy.top_block()
    source = blocks.vector_source_c([0.5 + 0j] * 10_000)
    flowgraph.connect(source, sink)
    for _ in range(3):
        flowgraph.run()
        source.rewind()
    assert sink.events()["samples"] <= 15_000
    assert path.stat().st_size <= 8 * 15_000
