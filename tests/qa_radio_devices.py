# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates, serial numbers and gain stages of radios, by fakes of their packages."""

import types

import numpy as np
import pmt
import pytest
from gnuradio import advphy, gr
from gnuradio.advphy.air import radio, radio_drivers, radio_gain

HACKRF = {  # stages of a HackRF, with their ranges in dB
    ("osmosdr", "sink"): {"RF": (0, 14), "IF": (0, 47)},
    ("osmosdr", "source"): {"RF": (0, 14), "IF": (0, 40), "BB": (0, 62)},
    ("soapy", "sink"): {"VGA": (0, 47), "AMP": (0, 14)},
    ("soapy", "source"): {"LNA": (0, 40), "AMP": (0, 14), "VGA": (0, 62)},
}
USRP = {("uhd", "sink"): {"PGA": (0, 90)}, ("uhd", "source"): {"PGA": (0, 76)}}


class fake(gr.sync_block):
    """A device that has what it is set to; the order of arguments is the package's."""

    def __init__(self, package, direction, args):
        ports = ([np.complex64], []) if direction == "sink" else ([], [np.complex64])
        gr.sync_block.__init__(self, "fake", *ports)
        self.message_port_register_out(pmt.intern("async_msgs"))
        self.package, self.args = package, args
        self.stages = (HACKRF | USRP)[package, direction]
        self.gains = dict.fromkeys(self.stages, 14.0)  # an amplifier that was left on
        self.now = {"sample_rate": 0.0, "samp_rate": 0.0}

    def get_gain_names(self, channel):
        return list(self.stages)

    list_gains = get_gain_names

    def set_gain(self, *given):
        value, *name, _ = given[::-1] if self.package == "soapy" else given
        self.gains[name[0] if name else next(iter(self.stages))] = value

    def get_gain(self, *given):
        named = [one for one in given if isinstance(one, str)]
        # gr-osmosdr: the amplifier's of a HackRF
        return self.gains[named[0]] if named else next(iter(self.gains.values()))

    def get_gain_range(self, *given):
        named = [one for one in given if isinstance(one, str)] or list(self.stages)
        low, high = self.stages[named[0]]
        return types.SimpleNamespace(start=lambda: low, stop=lambda: high)

    def get_sample_rates(self, *_):  # gr-osmosdr lists the best ones of a HackRF
        return types.SimpleNamespace(start=lambda: 8e6, stop=lambda: 20e6)

    def __getattr__(self, name):
        verb, _, what = name.partition("_")
        if name.endswith(("_range", "_rates")):
            return lambda *_: []
        if verb == "get":
            return lambda *_: self.now.get(what, 0.0)
        if verb == "set":
            return lambda *given: self.now.update({what: max(given)})
        return gr.sync_block.__getattr__(self, name)


@pytest.fixture
def fakes(monkeypatch, tmp_path):
    """Have fake packages and a wide allow-list; return the devices that are opened."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "gr-advphy").mkdir()
    (tmp_path / "gr-advphy/transmit.ini").write_text(
        "[box]\nfirst_hz=1e6\nlast_hz=6e9\nmax_gain_db=40\n"
    )
    opened = []

    def package(name):
        name = name.removeprefix("gnuradio.")

        def maker(direction):
            def make(args, *_):
                opened.append(fake(name, direction, args))
                return opened[-1]

            return make

        made = {f"usrp_{d}" if name == "uhd" else d: maker(d) for d in DIRECTIONS}
        return types.SimpleNamespace(stream_args=lambda **_: None, **made)

    monkeypatch.setattr(
        radio, "importlib", types.SimpleNamespace(import_module=package)
    )
    monkeypatch.setattr(radio, "_open", set())
    return opened


DIRECTIONS = ("sink", "source")


def opened(direction, driver, args="", **settings):
    """Open the device of a sink or a source; return its Radio."""
    made = radio_drivers.with_serial(driver, args, settings.pop("serial", ""))
    rate = radio_drivers.checked_rate(driver, made, settings.pop("sample_rate", None))
    at = radio.checked_settings(driver, 433.92e6, rate, settings.pop("gain", None))
    return radio.Radio(direction, made, at, "", 0)


# Rates


@pytest.mark.parametrize(
    ("driver", "args", "hackrf"),
    [
        ("hackrf", "", True),
        ("hackrf", "hackrf=1", True),
        ("soapy", "driver=hackrf", True),
        ("soapy", "driver=remote,remote:driver=hackrf", True),
        ("soapy", "driver=lime", False),
        ("soapy", "", False),
        ("osmosdr", "hackrf=0", True),
        ("osmosdr", "hackrf", True),
        ("osmosdr", "numchan=1 hackrf=0", True),
        ("osmosdr", "soapy=0,driver=hackrf", True),
        ("osmosdr", "bladerf=0", False),
        ("uhd", "", False),
        ("standin", "", False),
        ("file", "hackrf", False),
        ("zmq", "", False),
    ],
)
def test_a_hackrf_has_rates_of_its_own(driver, args, hackrf):
    rates = radio_drivers.rates(driver, args)
    default = (2e6, 8) if hackrf else (1e6, 4)
    assert (rates.default, rates.symbol) == default
    # The symbol rate is the same: 250 kBd.
    assert rates.default / rates.symbol == 250e3


@pytest.mark.parametrize("made", [advphy.sdr_sink, advphy.sdr_source])
@pytest.mark.parametrize("rate", [1e6, 1.99e6, 20.1e6])
def test_a_rate_that_a_hackrf_lacks_is_refused_before_it_is_opened(
    made, rate, monkeypatch
):
    monkeypatch.setattr(radio, "Radio", None)
    with pytest.raises(ValueError, match=r"a HackRF has 2e\+06...2e\+07 .*raise sam"):
        made("hackrf", sample_rate=rate)


@pytest.mark.parametrize("rate", [2e6, 20e6])
def test_a_rate_that_a_hackrf_just_has_is_taken(rate):
    assert advphy.sdr_sink("hackrf", sample_rate=rate).settings()["sample_rate"] == rate


def test_without_a_rate_it_is_that_of_the_driver():
    assert advphy.sdr_sink("hackrf").settings()["sample_rate"] == 2e6
    assert advphy.sdr_sink("uhd").settings()["sample_rate"] == 1e6


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_rates_that_gr_osmosdr_lists_do_not_refuse_two_million(direction, fakes):
    assert opened(direction, "hackrf").sample_rate() == 2e6
    with pytest.raises(ValueError, match=r"has 8e\+06...2e\+07 samples/s"):
        opened(direction, "osmosdr", "bladerf=0")


# Serial numbers


@pytest.mark.parametrize(
    ("driver", "args", "wanted"),
    [
        ("uhd", "", "serial=31A"),
        ("uhd", "type=b200", "type=b200,serial=31A"),
        ("soapy", "driver=hackrf", "driver=hackrf,serial=31A"),
        ("hackrf", "", "hackrf=31A"),
        ("hackrf", "bias=1", "hackrf=31A,bias=1"),
        ("osmosdr", "hackrf=0", "hackrf=31A"),
        ("osmosdr", "bladerf=0,fpga=x", "bladerf=31A,fpga=x"),
        ("osmosdr", "uhd", "uhd,serial=31A"),
        ("osmosdr", "soapy=0,driver=lime", "soapy=0,driver=lime,serial=31A"),
    ],
)
def test_a_serial_number_is_the_argument_of_each_driver(driver, args, wanted):
    made = radio_drivers.with_serial(driver, args, "31A")
    assert radio_drivers.resolve(driver, made)[1] == wanted
    assert radio_drivers.with_serial(driver, args, "") == args


@pytest.mark.parametrize(
    ("driver", "args", "serial", "text"),
    [
        ("file", "x", "31A", "does not fit driver = 'file', args = 'x'"),
        ("zmq_pub", "", "31A", "does not fit driver"),
        ("standin", "", "31A", "does not fit driver"),
        ("osmosdr", "", "31A", "whose args name its kind"),
        ("uhd", "serial=7", "31A", "does not fit driver = .uhd., args = .serial=7"),
        ("soapy", "driver=advphy_standin", "1,driver=hackrf", "letters and digits"),
        ("uhd", "", "a b", "letters and digits"),
        ("rtl", "", "31A", "driver = 'rtl' is not known"),
    ],
)
def test_a_serial_number_that_cannot_be_is_refused(driver, args, serial, text):
    with pytest.raises(ValueError, match=text):
        advphy.sdr_sink(driver, args, serial=serial)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_serial_number_reaches_the_device(direction, fakes):
    opened(direction, "hackrf", serial="31A")
    assert fakes[-1].args == "hackrf=31A"


# Gain stages


@pytest.mark.parametrize(
    ("gain", "wanted"),
    [
        (None, {}),
        (20, {"": 20}),
        ("20", {"": 20}),
        (-3.5, {"": -3.5}),
        ("LNA=16,VGA=20", {"LNA": 16, "VGA": 20}),
        (" AMP = 0 ", {"AMP": 0}),
    ],
)
def test_a_gain_is_a_number_or_stages(gain, wanted):
    assert radio_gain.stages(gain) == wanted
    assert radio_gain.total(gain) == (sum(wanted.values()) if wanted else None)


@pytest.mark.parametrize(
    "gain", ["", "much", "LNA=", "=3", "LNA=1,LNA=2", "LNA=1,2", "LNA=nan", np.inf]
)
def test_what_is_no_gain_is_refused(gain):
    with pytest.raises(ValueError, match=r"gain must be .*'LNA=16,VGA=20', or None"):
        advphy.sdr_sink("uhd", gain=gain)


@pytest.mark.parametrize(
    ("direction", "driver", "gain", "gains"),
    [
        ("sink", "hackrf", None, {"RF": 0, "IF": 14}),
        ("sink", "hackrf", 30, {"RF": 0, "IF": 30}),
        ("sink", "hackrf", "IF=20", {"RF": 0, "IF": 20}),
        ("sink", "hackrf", "RF=14,IF=20", {"RF": 14, "IF": 20}),
        ("sink", "soapy", 30, {"VGA": 30, "AMP": 0}),
        ("sink", "soapy", "AMP=14", {"VGA": 14, "AMP": 14}),
        # Half in steps of 8 dB, 40 dB at most; the rest.
        ("source", "hackrf", 36, {"RF": 0, "IF": 16, "BB": 20}),
        ("source", "soapy", 36, {"LNA": 16, "AMP": 0, "VGA": 20}),
        ("source", "soapy", 102, {"LNA": 40, "AMP": 0, "VGA": 62}),
        ("source", "soapy", "LNA=8", {"LNA": 8, "AMP": 0, "VGA": 14}),
        ("sink", "uhd", "PGA=20", {"PGA": 20}),
    ],
)
def test_the_amplifier_of_a_hackrf_is_off_unless_said(
    direction, driver, gain, gains, fakes
):
    args = "driver=hackrf" if driver == "soapy" else ""
    made = opened(direction, driver, args, gain=gain)
    assert fakes[-1].gains == gains
    assert made.settings()["gain"] == sum(gains.values())


@pytest.mark.parametrize(
    ("gain", "text"),
    [
        ("LNA=3", "gain has the stage 'LNA', but the device has: RF, IF"),
        ("IF=48", r"gain IF = 48, but the device .* has 0...47 dB"),
        (48, r"gain IF = 48, but the device .* has 0...47 dB"),
    ],
)
def test_a_stage_that_a_device_lacks_is_refused(gain, text, fakes):
    with pytest.raises(ValueError, match=text):
        opened("sink", "hackrf", gain=gain)


def test_the_limit_of_a_band_is_for_the_sum_of_the_stages(fakes):
    at = {"frequency": 433.92e6, "armed": True}
    with pytest.raises(ValueError, match=r"gain must be at most 40 dB.*got 41 dB"):
        advphy.sdr_sink("hackrf", gain="RF=14,IF=27", **at)
    assert not fakes
    with pytest.raises(ValueError, match=r"gain must be at most 40 dB.*got 44 dB"):
        advphy.sdr_sink("soapy", "driver=hackrf", gain="VGA=30,AMP=14", **at)
    sink = advphy.sdr_sink("hackrf", gain="IF=26,RF=14", **at)
    with pytest.raises(ValueError, match="at most 40 dB"):
        sink.set_gain("IF=27,RF=14")
    sink.set_gain(40)
    assert fakes[-1].gains == {"RF": 0, "IF": 40}


def test_a_stage_that_is_not_named_counts_as_the_device_has_it(fakes, tmp_path):
    path = tmp_path / "gr-advphy/transmit.ini"
    path.write_text(path.read_text().replace("40", "20"))
    with pytest.raises(ValueError, match=r"at most 20 dB.*got 28 dB"):
        # 14 dB are stated, and the other stage was left at 14 dB.
        advphy.sdr_sink("hackrf", gain="RF=14", frequency=433.92e6, armed=True)


# One direction


@pytest.mark.parametrize(
    ("driver", "args"), [("hackrf", ""), ("soapy", "driver=hackrf,serial=31A")]
)
def test_a_hackrf_sends_or_receives(driver, args, fakes):
    at = {"frequency": 433.92e6, "gain": 10}
    sink = advphy.sdr_sink(driver, args, armed=True, **at)
    with pytest.raises(ValueError, match=r"uses that HackRF already.* second one"):
        advphy.sdr_source(driver, args, **at)
    assert len(fakes) == 1  # it is not tried
    other = "hackrf=1" if driver == "hackrf" else "driver=hackrf,serial=31B"
    advphy.sdr_source(driver, other, **at)
    assert sink.radio is not None


def test_a_usrp_sends_and_receives(fakes):
    at = {"frequency": 433.92e6, "gain": 10}
    advphy.sdr_sink("uhd", armed=True, **at)
    advphy.sdr_source("uhd", **at)
    assert len(fakes) == 2
