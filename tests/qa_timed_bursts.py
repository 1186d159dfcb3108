# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts with times, and two channels, at a fake of gr-uhd's sink."""

import importlib
import time

import numpy as np
import pmt
import pytest
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air import radio_feed, stream_events

from .fake_usrp import in_bursts, installed, ran, sink, tagged
from .qa_grc import compile_example
from .standin_link import sent_through, tones
from .while_running import until


@pytest.fixture
def devices(monkeypatch, tmp_path):
    yield from installed(monkeypatch, tmp_path)


def test_samples_and_tags_arrive_as_they_were_and_nothing_else_does(devices, rng):
    samples = tones(rng, 300_000)  # more than the queue holds
    begins = [(0, None), (1000, 1000.3), (150_000, 1000.35), (299_000, None)]
    made = sink(time_limit=10.0)
    ran(in_bursts(samples, *begins), made)
    (device,) = devices
    sent = device.samples()
    assert np.array_equal(sent[:300_000], samples)
    assert not sent[300_000:].any()
    assert len(sent) == 300_000 + 131_072  # the zeros at the end
    wanted = []
    for item, seconds in begins:
        wanted += [(item, "tx_sob", True), (item + 999, "tx_eob", True)]
        if seconds is not None:
            wanted.append((item, "tx_time", pytest.approx((1000, seconds - 1000))))
    assert sorted(device.tags, key=lambda tag: tag[:2]) == sorted(
        wanted, key=lambda tag: tag[:2]
    )


def test_commands_of_gr_uhd_do_not_get_past_the_gate(devices):
    tags = [(5, "tx_freq", 2.4e9), (7, "tx_command", {"gain": 80.0})]
    ran(tagged([0.1] * 1000, *tags), sink())
    assert devices[0].tags == []


def test_a_burst_waits_until_shortly_before_its_time(devices):
    for _ in range(5):  # a busy computer may be late now and then
        ran(in_bursts([0.5] * 2000, (0, None), (1000, 1000.8)), sink())
        came = devices[-1].when(1000)
        assert came >= 1000.8 - radio_feed.LEAD
        # The transmitter is not turned off before the burst has left.
        assert devices[-1].get_time_now().get_real_secs() >= 1000.801
        if came < 1000.8:
            break
    assert came < 1000.8


def test_what_waits_is_discarded_when_the_sink_is_silenced(devices, caplog):
    made = sink(time_limit=100.0)
    flowgraph = advphy.top_block()
    flowgraph.connect(in_bursts([0.5] * 2000, (0, None), (1000, 1060.0)), made)
    flowgraph.start()
    until(lambda: devices[0].heard[0])
    made.silence()
    flowgraph.wait()
    sent = devices[0].samples()
    assert np.count_nonzero(sent) == 1000
    assert len(sent) == 1000 + 131_072
    assert "ended before tx_time = 1060.000000 s, whose burst is not sent" in (
        caplog.text
    )


def test_the_time_limit_is_one_of_the_clock_too(devices, caplog):
    ran(in_bursts([0.5] * 1000, (0, 1030.0)), sink(time_limit=0.2))
    assert not devices[0].samples().any()
    assert "ended before tx_time = 1030.000000 s" in caplog.text


def test_limits_of_amplitude_and_band_hold_for_bursts(devices):
    made = sink(amplitude_limit=0.25)
    ran(in_bursts([0.5] * 1000, (0, 1000.1)), made)
    assert np.abs(devices[0].samples()).max() == pytest.approx(0.25)
    assert made.events()["clipped"] == 1000
    narrow = sink(bandwidth=1e5)
    wide = 0.5 * np.exp(2j * np.pi * 0.3 * np.arange(8000))
    with pytest.raises(ValueError, match="bandwidth = 100000 Hz, but"):
        ran(in_bursts(wide, (0, 1000.1)), narrow)
    with pytest.raises(ValueError, match="is not allowed"):
        sink(frequency=550e6)
    with pytest.raises(ValueError, match="permitted = 'cabled'"):
        sink(adversary="yes")


def test_no_zeros_are_sent_between_bursts_but_within_one(devices, monkeypatch):
    monkeypatch.setattr(radio_feed, "HOLD_SECONDS", 0.05)

    def pauses(many, *tags):
        made, flowgraph = sink(), advphy.top_block()
        flowgraph.connect(tagged([0.5] * 1000, *tags), endless(), made)
        flowgraph.start()
        until(lambda: devices[-1].heard[0])
        if many:
            until(lambda: made.events()["pauses"])
        else:
            time.sleep(0.3)
        flowgraph.stop()
        flowgraph.wait()
        return made.events()["pauses"]

    assert pauses(0, (0, "tx_sob", True), (999, "tx_eob", True)) == 0
    assert pauses(1, (0, "tx_sob", True)) == 1
    assert pauses(1) == 1


class endless(gr.basic_block):
    """Pass samples, and stay when they have ended."""

    def __init__(self):
        gr.basic_block.__init__(self, "endless", [np.complex64], [np.complex64])

    def forecast(self, noutput_items, ninputs):
        return [0] * ninputs

    def general_work(self, input_items, output_items):
        size = min(len(input_items[0]), len(output_items[0]))
        output_items[0][:size] = input_items[0][:size]
        self.consume(0, size)
        time.sleep(0.001)
        return size


# Refused or said


@pytest.mark.parametrize("driver", ["file", "hackrf", "soapy"])
@pytest.mark.parametrize("armed", [False, True])
def test_a_time_that_a_driver_cannot_keep_is_refused(driver, armed, tmp_path):
    if armed and driver != "file":
        pytest.skip("needs the device")
    made = advphy.sdr_sink(driver, str(tmp_path / "x") if armed else "", armed=armed)
    with pytest.raises(ValueError, match=f"driver = '{driver}' sends at no given time"):
        ran(in_bursts([0.5] * 1000, (0, 2.5)), made)


def test_bursts_without_times_are_said_to_be_one_stream(tmp_path, caplog):
    made = advphy.sdr_sink("file", str(tmp_path / "x"), armed=True)
    ran(in_bursts([0.5] * 2000, (0, None), (1000, None)), made)
    assert caplog.text.count("driver = 'file' sends bursts as one stream") == 1
    assert (tmp_path / "x").stat().st_size == 8 * 2000


@pytest.mark.parametrize("value", [2.5, (1,), pmt.intern("now"), (-1, 0.5)])
def test_a_time_that_gr_uhd_does_not_take_is_refused(devices, value):
    with pytest.raises(ValueError, match="tx_time must be a tuple of seconds"):
        ran(tagged([0.5] * 100, (0, "tx_time", value)), sink())


# Events of bursts


def test_events_are_those_of_the_burst_of_their_time():
    events = stream_events.StreamEvents("sink", "uhd")
    for begin, handed in [(1.0, 0.8), (2.0, 1.8), (2.1, 2.5), (2.2, 2.5), (9.0, 8.8)]:
        events.begin_burst(begin, handed)
    events.lose("underruns", 0.5)  # before the first
    events.lose("underruns", 1.2)
    events.lose("underruns", 1.3)
    events.lose("late", 2.51)  # two were handed over late: in their order
    events.lose("late", 2.52)
    events.lose("late", None)  # without a time: the last one
    found = [(b["underruns"], b["late"]) for b in events.bursts()]
    assert found == [(2, 0), (0, 0), (0, 1), (0, 1), (0, 1)]
    counts = events.counts()
    assert (counts["underruns"], counts["late"]) == (3, 3)
    assert (counts["bursts"], counts["bursts_with_underruns"]) == (5, 1)
    assert counts["late_bursts"] == 3
    events.restart()
    assert events.bursts() == []


def test_a_burst_without_a_time_is_not_late():
    events = stream_events.StreamEvents("sink", "uhd")
    events.begin_burst(1.0, 1.0)  # without a time: it begins when it is handed over
    events.begin_burst(2.0, 1.75)
    events.lose("late", 2.05)
    assert [burst["late"] for burst in events.bursts()] == [0, 1]


def test_events_of_gr_uhd_reach_the_report(devices):
    made = sink()
    flowgraph = advphy.top_block()
    source = in_bursts([0.5] * 3000, (0, 1000.2), (1000, 1000.3), (2000, 1002.0))
    flowgraph.connect(source, made)
    flowgraph.start()
    until(lambda: made.events()["bursts"] == 2)
    devices[0].report("underflow", 1000.2005)
    devices[0].report("time_error", 1000.31)
    devices[0].report("burst_ack", 1000.31)
    until(lambda: made.events()["bursts"] == 3)
    flowgraph.wait()
    found = [(b["underruns"], b["late"]) for b in made.bursts()]
    assert found == [(1, 0), (0, 1), (0, 0)]
    wanted = {"underruns": 1, "late": 1, "bursts": 3}
    wanted |= {"bursts_with_underruns": 1, "late_bursts": 1}
    assert made.events().items() >= wanted.items()
    assert [round(b["begin"], 6) for b in made.bursts()] == [1000.2, 1000.3, 1002.0]


def test_other_drivers_know_no_events_of_bursts(tmp_path):
    made = advphy.sdr_sink("file", str(tmp_path / "x"), armed=True)
    sent_through(made, np.full(10, 0.5, np.complex64))
    assert made.events()["late_bursts"] is None
    with pytest.raises(ValueError, match="needs an armed sink of driver = 'uhd'"):
        made.device_time()


# Two channels


def test_two_channels_carry_two_signals_with_their_gains(devices, rng):
    made = sink(channels=2, gain=(10, "PGA=30"))
    one, two = tones(rng, 200_000), tones(rng, 200_000)
    flowgraph = advphy.top_block()
    flowgraph.connect(in_bursts(one, (0, 1000.1), size=200_000), (made, 0))
    flowgraph.connect(blocks.vector_source_c(two.tolist()), (made, 1))
    flowgraph.run()
    (device,) = devices
    assert device.channels == [0, 1]
    assert device.gains == [10, 30]
    assert device.frequencies == [433e6, 433e6]
    for channel, sent in enumerate((one, two)):
        found = device.samples(channel)
        assert np.array_equal(found[:200_000], sent)
        assert not found[200_000:].any()
    assert [tag[1] for tag in device.tags].count("tx_time") == 1
    assert made.settings(1)["gain"] == 30
    made.set_gain((5, 6))
    assert device.gains == [5, 6]


def test_each_channel_is_within_the_limits(devices):
    with pytest.raises(ValueError, match=r"must be at most 40 dB.*got 41 dB"):
        sink(channels=2, gain=(10, 41))
    made = sink(channels=2, gain=(10, 10), amplitude_limit=0.25)
    with pytest.raises(ValueError, match="must be at most 40 dB"):
        made.set_gain((41, 10))
    assert devices[-1].gains == [10, 10]
    flowgraph = advphy.top_block()
    for port in (0, 1):
        flowgraph.connect(blocks.vector_source_c([0.5] * 1000), (made, port))
    flowgraph.run()
    assert np.abs(devices[-1].samples(1)).max() == pytest.approx(0.25)
    assert made.events()["clipped"] == 2000


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"driver": "hackrf", "channels": 2}, "channels must be 1, or 2 for two"),
        ({"driver": "file", "channels": 2}, "got 2 for driver = 'file'"),
        ({"driver": "uhd", "channels": 3}, "channels must be 1, or 2"),
        ({"driver": "uhd", "channels": 2, "gain": 5}, "must be None or have 2 values"),
        ({"driver": "uhd", "gain": (5, 6)}, "gain must be a finite number"),
    ],
)
def test_channels_that_cannot_be_are_refused(settings, text):
    with pytest.raises(ValueError, match=text):
        advphy.sdr_sink(**settings)


def test_tags_on_the_second_channel_are_refused(devices):
    made = sink(channels=2, gain=(10, 10))
    flowgraph = advphy.top_block()
    flowgraph.connect(blocks.vector_source_c([0.5] * 1000), (made, 0))
    flowgraph.connect(in_bursts([0.5] * 1000, (0, 1000.1)), (made, 1))
    with pytest.raises(
        ValueError, match="burst tags are on input 1, but gr-uhd follows only"
    ):
        flowgraph.run()


def test_a_dry_run_of_two_channels_names_both_gains():
    made = advphy.sdr_sink("uhd", channels=2, gain=(10, "PGA=30"))
    assert "gain 10 dB and PGA=30, peak" in made.plan()


# gr-uhd itself


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("__init__", ["device_addr", "stream_args", "tsb_tag_name: str = ''"]),
        ("set_gain", ["gain: float, chan: int", "gain: float, name: str, chan: int"]),
        ("get_gain_names", ["chan: int"]),
        ("get_gain_range", ["chan: int", "name: str, chan: int"]),
        ("set_center_freq", ["freq: float, chan: int"]),
        ("set_antenna", ["ant: str, chan: int"]),
        ("set_samp_rate", ["rate: float) "]),
        ("get_time_now", ["mboard: int = 0"]),
    ],
)
def test_the_fake_is_called_as_gr_uhd_is(method, words):
    uhd = importlib.import_module("gnuradio.uhd")
    signature = getattr(uhd.usrp_sink, method).__doc__
    assert [word for word in words if word not in signature] == []
    assert uhd.stream_args(cpu_format="fc32", channels=[0, 1]).channels == [0, 1]
    assert uhd.time_spec(2.5).get_real_secs() == 2.5


# From PDUs


FLOWGRAPH = """
options:
  parameters: {id: bursts, generate_options: no_gui, output_language: python,
    run_options: prompt, title: Bursts}
  states: {coordinate: [0, 0], rotation: 0, state: enabled}
blocks:
- name: link_model
  id: variable_advphy_link_model
  parameters: {file: autoencoder_mlp}
  states: {coordinate: [0, 0], rotation: 0, state: enabled}
- name: modulator
  id: advphy_burst_modulator
  parameters: {model: link_model, pdus: 'True'}
  states: {coordinate: [0, 100], rotation: 0, state: enabled}
- name: sink
  id: advphy_sdr_sink
  parameters: {driver: uhd, channels: '2', gain: '(10, 5)'}
  states: {coordinate: [300, 0], rotation: 0, state: enabled}
- name: strobe
  id: blocks_message_strobe
  parameters: {msg: 'pmt.cons(pmt.PMT_NIL, pmt.init_u8vector(1, [1]))'}
  states: {coordinate: [0, 200], rotation: 0, state: enabled}
connections:
- [strobe, strobe, modulator, pdus]
- [modulator, '0', sink, '0']
- [modulator, '0', sink, '1']
metadata: {file_format: 1}
"""


def test_companion_has_pdus_and_two_channels(tmp_path):
    (tmp_path / "bursts.grc").write_text(FLOWGRAPH)
    found = compile_example(tmp_path / "bursts.grc", tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    made = (tmp_path / "bursts.py").read_text()
    assert "None, None, None, True)" in made
    assert "0.8, 10.0, None, '', 2)" in made
    assert "(self.modulator, 0), (self.sink, 1)" in made
