# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts to get a signal out that may not go, on a fake radio that notes all.

The allow-list has 433...435 MHz with at most 20 dB. What may go is computed here anew.
"""

import contextlib
import os
import threading
import time
import types

import numpy as np
import pytest
from gnuradio import advphy, blocks, gr
from gnuradio.advphy.air import radio

from .test_occupied_band import tones
from .while_running import until

RATE = 1e6
BAND = "[box]\nfirst_hz = 433e6\nlast_hz = 435e6\nmax_gain_db = 20\n"
ALLOWED = {"driver": "soapy", "args": "driver=x", "frequency": 434e6, "gain": 10}
ALLOWED |= {"sample_rate": RATE, "armed": True, "time_limit": 60}
NAN, INF = float("nan"), float("inf")


class device(gr.sync_block):
    """A fake of gr-soapy's sink with two stages; `sent` has what was on the air."""

    off_by, lie, fails = 0.0, None, False

    def __init__(self, args, *_):
        gr.sync_block.__init__(self, "device", [np.complex64], [])
        self.args, self.frequency, self.rate, self.sent = args, 0.0, 0.0, set()
        self.gains = {"LNA": 0.0, "PGA": 0.0}

    def work(self, input_items, output_items):
        if input_items[0].any():
            self.note()
        return len(input_items[0])

    def note(self):
        self.sent.add((self.frequency, round(sum(self.gains.values()), 6)))

    def set_frequency(self, channel, value):
        self.frequency = value + self.off_by
        if self.fails:
            raise RuntimeError("it did it all the same")

    def get_frequency(self, channel):
        return self.frequency if self.lie is None else self.lie

    def set_gain(self, channel, *name_and_value):
        *name, value = name_and_value
        self.gains[name[0] if name else "PGA"] = value
        self.note()  # as if it were sending at each moment

    def get_gain(self, channel, *name):
        return self.gains[name[0]] if name else sum(self.gains.values())

    def get_sample_rate(self, channel):
        return self.rate

    def set_sample_rate(self, channel, value):
        self.rate = value

    def list_gains(self, channel):
        return list(self.gains)

    def list_antennas(self, channel):
        return []

    get_frequency_range = get_sample_rate_range = get_gain_range = lambda *_: []
    get_antenna = lambda *_: ""  # noqa: E731


class Laboratory:
    """An allow-list, and the device that a sink opens with it."""

    def __init__(self, folder):
        self.list, self.opened = folder / "gr-advphy" / "transmit.ini", []
        self.list.parent.mkdir()
        self.list.write_text(BAND)

    def make(self, *given):
        self.opened.append(device(*given))
        return self.opened[-1]

    def sent(self):
        """Return what was sent that may not be: [(frequency, gain)]."""
        return [
            (at, gain)
            for one in self.opened
            for at, gain in one.sent
            if not (433e6 + RATE / 2 <= at <= 435e6 - RATE / 2 and gain <= 20)
        ]

    def start(self, source=None, **settings):
        """Start a flowgraph that transmits; return it."""
        flowgraph = advphy.top_block()
        flowgraph.sink = advphy.sdr_sink(**ALLOWED | settings)
        source = source or blocks.vector_source_c([0.5 + 0j] * 1000, True)
        flowgraph.connect(source, blocks.throttle(8, RATE), flowgraph.sink)
        self.device = self.opened[-1]
        flowgraph.start()
        until(lambda: self.device.sent)
        return flowgraph


@pytest.fixture
def laboratory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    made = Laboratory(tmp_path)
    package = types.SimpleNamespace(sink=made.make, usrp_sink=made.make)
    package.stream_args = types.SimpleNamespace
    fake = types.SimpleNamespace(import_module=lambda name: package)
    monkeypatch.setattr(radio, "importlib", fake)
    monkeypatch.setattr(radio, "_open", set())
    yield made
    made.opened.clear()
    made.device = None


class Number(float):
    """A number that looks allowed to whoever compares or prints it."""

    __lt__ = __le__ = __gt__ = __ge__ = lambda *_: True
    __sub__ = __add__ = __mul__ = lambda *_: 434e6
    __str__ = __repr__ = __format__ = lambda *_: "0"


class Text(str):
    """Device arguments that look like those of the stand-in."""

    def split(self, *_):
        return ["driver=advphy_standin"]

    def __iter__(self):
        return iter("driver")


ARGUMENTS = [
    *({"frequency": f} for f in (500e6, 434.6e6, 433.4e6, NAN, INF, -434e6, "434e6")),
    *({"frequency": f} for f in (None, 434e6j, Number(500e6), np.array([434e6, 5e8]))),
    *({"sample_rate": r} for r in (NAN, INF, 0, -1e6, 20e6, "1e6", Number(20e6))),
    *({"gain": g} for g in (21, NAN, INF, None, "PGA=nan", "PGA=30", "LNA=11,PGA=10")),
    *({"gain": g} for g in ("PGA=1,PGA=30", (1, 30), Number(30), [NAN], "XYZ=1")),
    *({"bandwidth": b} for b in (NAN, 0, -1, 3e6, INF)),
    *({"time_limit": s} for s in (NAN, INF, 0, -1)),
    *({"amplitude_limit": a} for a in (NAN, INF, 0, 1.5)),
    *({"adversary": a} for a in ("yes", "YES", True, None)),
    *({"permitted": p} for p in ("sure", True)),
    *({"armed": a} for a in (1, "True", np.True_)),
    *({"channels": c} for c in (2, 0, NAN)),
]
FAR = {"frequency": 500e6}  # where only a stand-in may send
DRIVERS = [  # driver, device arguments
    ("standin", "driver=hackrf"),
    ("standin", "id=1,driver=hackrf"),
    ("standin", "id=1,\rdriver=hackrf"),
    ("standin", "id=1,\vdriver=hackrf"),
    ("standin", "id=1,\u00a0driver=hackrf"),
    ("standin", "id=1\0,driver=hackrf"),
    ("soapy", "driver=advphy_standin,remote:driver=hackrf"),
    ("soapy", "driver=remote,remote=tcp://10.0.0.1,remote:driver=advphy_standin"),
    ("soapy", Text("driver=hackrf")),
    (Text("soapy"), Text("driver=hackrf")),
    ("osmosdr", "driver=advphy_standin\\,hackrf=0"),
    ("osmosdr", "driver=advphy_standin hackrf=0"),
    ("osmosdr", "driver=advphy_standin,hackrf"),
    ("soapy", None),
    ("uhd", "driver=advphy_standin"),
]


def assert_refused(laboratory, **settings):
    with pytest.raises(ValueError, match=r"."):
        laboratory.start(**settings)
    assert not any(one.sent for one in laboratory.opened)


@pytest.mark.parametrize("attempt", ARGUMENTS, ids=str)
def test_an_argument_that_may_not_be_opens_nothing(attempt, laboratory):
    assert_refused(laboratory, **attempt)
    assert not laboratory.opened or "gain" in attempt  # stages need the device


@pytest.mark.parametrize(("driver", "args"), DRIVERS)
def test_a_driver_that_looks_harmless_needs_the_allow_list(driver, args, laboratory):
    assert_refused(laboratory, driver=driver, args=args, **FAR)
    assert not laboratory.opened


def link_to(name):
    def replace(path):
        path.rename(path.with_suffix(".old"))
        path.symlink_to(path.with_suffix(".old") if name == "open" else name)
        if name == "open":
            path.chmod(0o666)

    return replace


def replaced_by(make):
    def replace(path):
        path.unlink()
        make(path)

    return replace


LISTS = {
    "missing": lambda path: path.unlink(),
    "of another band": lambda path: path.write_text(BAND.replace("433", "434")),
    "with less gain": lambda path: path.write_text(BAND.replace("= 20", "= 5")),
    "with NaN": lambda path: path.write_text(BAND.replace("433e6", "nan")),
    "with a gain of NaN": lambda path: path.write_text(BAND.replace("= 20", "= nan")),
    "for all to write": lambda path: path.chmod(0o666),
    "for a group to write": lambda path: path.chmod(0o664),
    "in a folder for all": lambda path: path.parent.chmod(0o777),
    "of somebody else": lambda path: os.chown(path, 12345, 12345),
    "a link to zeros": link_to("/dev/zero"),
    "a link to one for all": link_to("open"),
    "a pipe": replaced_by(os.mkfifo),
    "a folder": replaced_by(os.mkdir),
    "of garbage": lambda path: path.write_bytes(bytes(range(256))),
    "too long": lambda path: path.write_text(BAND + "#" * 70000),
}
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
LISTS_NOW = [
    pytest.param(name, marks=only_root if name == "of somebody else" else ())
    for name in LISTS
]


@pytest.mark.parametrize("name", LISTS_NOW)
def test_an_allow_list_that_others_made_or_that_changed(name, laboratory):
    LISTS[name](laboratory.list)
    assert_refused(laboratory)
    assert not laboratory.opened


@pytest.mark.parametrize("name", LISTS_NOW)
def test_an_allow_list_that_changes_while_it_sends_ends_it(name, laboratory):
    flowgraph = laboratory.start()
    LISTS[name](laboratory.list)
    with pytest.raises(ValueError, match="allow"):
        flowgraph.wait()  # within a second
    assert not laboratory.sent()


def both(flowgraph, *threads):
    """Have threads call their functions again and again for a while."""
    end = time.monotonic() + 0.3

    def again(act):
        while time.monotonic() < end:
            with contextlib.suppress(ValueError):
                act()

    running = [threading.Thread(target=again, args=(act,)) for act in threads]
    for one in running:
        one.start()
    for one in running:
        one.join()


def restart(flowgraph):
    flowgraph.stop()
    gr.top_block.wait(flowgraph)
    flowgraph.start()


def relock(flowgraph):
    flowgraph.lock()
    flowgraph.unlock()


def with_device(act, **faults):
    def attempt(flowgraph, radio):
        for name, value in faults.items():
            setattr(radio, name, value)
        with pytest.raises(ValueError, match=r"."):
            act(flowgraph.sink)
        assert flowgraph.sink.feed._queue.closed  # it is silent
        until(lambda: flowgraph.sink.feed._ended.is_set())
        radio.sent.clear()
        restart(flowgraph)  # and remains so
        time.sleep(0.1)

    return attempt


RUNNING = {
    "frequency": lambda f, _: f.sink.set_frequency(500e6),
    "frequency NaN": lambda f, _: f.sink.set_frequency(NAN),
    "frequency as text": lambda f, _: f.sink.set_frequency("434e6"),
    "a lying frequency": lambda f, _: f.sink.set_frequency(Number(500e6)),
    "gain": lambda f, _: f.sink.set_gain(30),
    "gain NaN": lambda f, _: f.sink.set_gain(NAN),
    "gain of the device": lambda f, _: f.sink.set_gain(None),
    "a lying gain": lambda f, _: f.sink.set_gain(Number(30)),
    "stages": lambda f, _: f.sink.set_gain("LNA=15,PGA=15"),
    "a stage after another": lambda f, _: both(
        f,
        lambda: f.sink.set_gain("LNA=18,PGA=2"),
        lambda: f.sink.set_gain("PGA=18,LNA=2"),
    ),
    "start again": lambda f, _: both(
        f, lambda: restart(f), lambda: f.sink.set_frequency(500e6)
    ),
    "lock": lambda f, _: both(
        f, lambda: relock(f), lambda: f.sink.set_frequency(500e6)
    ),
    "two at once": lambda f, _: both(
        f, lambda: f.sink.set_gain(30), lambda: f.sink.set_frequency(500e6)
    ),
    "made again": lambda f, _: f.sink.__init__(**ALLOWED | FAR),
    "tunes elsewhere": with_device(lambda s: s.set_frequency(434.1e6), off_by=5e6),
    "reports NaN": with_device(lambda s: s.set_frequency(434.1e6), lie=NAN),
    "reports elsewhere": with_device(lambda s: s.set_gain(11), lie=500e6),
    "fails and does it": with_device(
        lambda s: s.set_frequency(434.1e6), off_by=5e6, fails=True
    ),
}


@pytest.mark.parametrize("name", RUNNING)
def test_a_setting_that_may_not_be_is_never_on_the_air(name, laboratory):
    flowgraph = laboratory.start()
    with contextlib.suppress(ValueError):
        RUNNING[name](flowgraph, laboratory.device)
    flowgraph.stop()
    gr.top_block.wait(flowgraph)
    assert not laboratory.sent()


BEHIND = {  # past the sink, which looks once a second
    "driver": lambda sink: sink.radio.block.set_frequency(0, 500e6),
    "radio": lambda sink: sink.radio.set("frequency", 500e6),
    "gain of the driver": lambda sink: sink.radio.block.set_gain(0, "PGA", 40.0),
}


@pytest.mark.parametrize("name", BEHIND)
def test_what_is_set_past_the_sink_ends_it(name, laboratory):
    flowgraph = laboratory.start()
    BEHIND[name](flowgraph.sink)
    with pytest.raises(ValueError, match=r"allowed|at most"):
        flowgraph.wait()


class Free(advphy.sdr_sink):
    """A sink that claims to be harmless."""

    _radiates, radio = False, None


def test_a_subclass_has_the_same_gate(laboratory):
    with pytest.raises(ValueError, match="lies in no band"):
        Free(**ALLOWED | FAR)


def test_a_signal_that_is_narrow_only_where_it_was_measured_first(laboratory):
    period = np.concatenate([tones(4096, (0.05, 0.5)), tones(61_440, (0.3, 0.5))])
    source = blocks.vector_source_c(period.tolist(), True)
    flowgraph = laboratory.start(source, bandwidth=0.2e6)
    with pytest.raises(ValueError, match="outside"):
        flowgraph.wait()


@pytest.mark.parametrize("folder", ["relative", "."])
def test_a_relative_folder_of_settings_is_not_read(folder, laboratory, monkeypatch):
    monkeypatch.chdir(laboratory.list.parents[1])
    monkeypatch.setenv("HOME", str(laboratory.list.parent))
    (laboratory.list.parents[1] / "relative").symlink_to(".")
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    assert_refused(laboratory)
