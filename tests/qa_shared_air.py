# SPDX-License-Identifier: GPL-3.0-or-later
"""The air that stand-in radios of several processes share."""

import contextlib
import itertools
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from advphy_model.air import shared_air
from advphy_model.air.shared_air import SharedAir
from gnuradio import advphy, blocks
from gnuradio.advphy.air import standin

from .qa_grc import ENVIRONMENT
from .standin_link import RATE, needs_standin, tones
from .while_running import until

pytestmark = needs_standin
_airs = itertools.count()


@pytest.fixture
def lab():
    """Return the name of an air that no other test uses."""
    name = f"test{os.getpid()}-{next(_airs)}"
    yield name
    assert name not in shared_air.names()


def station(kind, air, name, rate=RATE, frequency=433e6, **settings):
    """Return an SDR sink or source that is a station of an air."""
    pairs = {"air": air, "name": name} | settings
    args = ",".join(f"{key}={value}" for key, value in pairs.items())
    if kind == "sink":
        return advphy.sdr_sink("standin", args, frequency, rate, armed=True)
    return advphy.sdr_source("standin", args, frequency, rate)


def paths(**of_transmitters):
    """Return the arguments alice.gain_db=... from alice={"gain_db": ...}."""
    return {
        f"{name}.{key}": value
        for name, path in of_transmitters.items()
        for key, value in path.items()
    }


class Air:
    """A flowgraph of stations on one air."""

    def __init__(self, lab):
        self.lab, self.flowgraph = lab, advphy.top_block()
        self.heads, self.parts = [], []

    def sends(self, name, samples, **settings):
        sink = station("sink", self.lab, name, **settings)
        source = blocks.vector_source_c(samples.tolist(), True)
        self.parts += [source, sink]
        self.flowgraph.connect(source, sink)

    def hears(self, name, count, **settings):
        source, head = (
            station("source", self.lab, name, **settings),
            blocks.head(8, count),
        )
        found = blocks.vector_sink_c()
        self.parts += [source, found]
        self.heads.append((head, count))
        self.flowgraph.connect(source, head, found)
        return lambda: np.array(found.data(), np.complex64)

    def run(self):
        self.flowgraph.start()
        until(lambda: all(head.nitems_written(0) >= n for head, n in self.heads))
        self.flowgraph.stop()
        self.flowgraph.wait()


def begins(record, sent):
    """Return the index of each transmitter's first sample in what was heard of it."""
    return {
        name: int(np.flatnonzero(np.fromfile(f"{record}.{name}", np.complex64))[0])
        - int(np.flatnonzero(samples)[0])
        for name, samples in sent.items()
    }


def test_two_transmitters_add_at_two_receivers(lab, rng, tmp_path):
    sent = {"alice": tones(rng, 5000), "adv": tones(rng, 7000)}
    gains = {"alice": -6, "adv": -20}
    size, air, bob, eve = 100_000, Air(lab), tmp_path / "bob", tmp_path / "eve"
    path = paths(alice={"gain_db": -6, "delay": 3}, adv={"gain_db": -20})
    found = air.hears("bob", size, **path, record=bob, noise_variance=1e-6)
    air.hears("eve", size, **paths(alice={"gain_db": -40}), record=eve)
    for name, samples in sent.items():
        air.sends(name, samples)
    air.run()
    heard = found()
    del air
    at = begins(bob, sent)
    parts = np.zeros(size, np.complex64)
    for name, samples in sent.items():
        part = np.fromfile(f"{bob}.{name}", np.complex64)[:size]
        assert not part[: at[name]].any()
        expected = np.resize(samples, size - at[name]) * 10 ** (gains[name] / 20)
        assert np.allclose(part[at[name] :], expected, atol=1e-6)
        parts += part
    assert np.array_equal(np.fromfile(bob, np.complex64)[:size], heard)
    # 2e-6 in the mean over 200 000 reals, known to 0.3 %.
    noise = np.mean(np.abs(heard - parts) ** 2)
    assert noise == pytest.approx(2e-6, rel=0.013)
    # One clock: the adversary is as late behind Alice at Eve as at Bob.
    there = begins(eve, sent)
    assert there["adv"] - there["alice"] == at["adv"] - (at["alice"] - 3)


def goes_on(air):
    """Wait until a tenth of a second has passed on the air."""
    then = air.clock
    until(lambda: air.clock > then + RATE / 10)


SENDER = """
import sys
from gnuradio import advphy, blocks
flowgraph = advphy.top_block()
source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
sink = advphy.sdr_sink("standin", sys.argv[1], 433e6, 1e6, armed=True, time_limit=600)
flowgraph.connect(source, sink)
flowgraph.run()
"""


@contextlib.contextmanager
def process(*words):
    """Run a program of Python, and kill it at the end."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen([sys.executable, *words], env=ENVIRONMENT, **silent)
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        shared_air.names()  # removes what it left


def sender(lab, name):
    """Run a process that transmits 0.5 for ever."""
    return process("-c", SENDER, f"air={lab},name={name}")


class listening:
    """Receive in the background; power() is the mean power of recent samples."""

    def __init__(self, lab, name, **settings):
        self.flowgraph = advphy.top_block()
        self.source = station("source", lab, name, **settings)
        self.power_of, self.mean = (
            blocks.complex_to_mag_squared(),
            blocks.probe_signal_f(),
        )
        self.average = blocks.moving_average_ff(4096, 1 / 4096)
        self.flowgraph.connect(self.source, self.power_of, self.average, self.mean)

    def __enter__(self):
        self.flowgraph.start()
        return self

    def __exit__(self, *_):
        self.flowgraph.stop()
        self.flowgraph.wait()
        del self.flowgraph, self.source  # off the air

    def power(self):
        return self.mean.level()


def test_a_transmitter_that_is_killed_is_silence_and_may_come_back(lab):
    with listening(lab, "bob") as bob, SharedAir(lab) as air:
        for _ in range(2):
            with sender(lab, "alice"):
                until(lambda: bob.power() > 0.2)
                assert list(air.transmitters()) == ["alice"]
            killed = time.monotonic()
            until(lambda: bob.power() < 0.01)
            assert time.monotonic() - killed < 2
            goes_on(air)
        assert air.receivers()["bob"]["overflows"] == 0


def test_a_receiver_that_is_killed_holds_nobody_up(lab):
    words = ["apps/advphy", "radio", "rx", "autoencoder_mlp", "--source", "standin"]
    words += ["--args", f"air={lab},name=eve", "--frequency", "433e6"]
    with sender(lab, "alice"), listening(lab, "bob") as bob, SharedAir(lab) as air:
        until(lambda: bob.power() > 0.2)
        with process(*words):
            until(lambda: "eve" in air.receivers())
            until(lambda: air.receivers()["eve"]["power"]["alice"] > 0.1)
        goes_on(air)
        assert list(air.receivers()) == ["bob"]
        assert air.receivers()["bob"]["overflows"] == 0
        assert bob.power() > 0.2


def test_a_path_is_changed_while_it_is_used(lab):
    with sender(lab, "alice"), listening(lab, "bob") as bob, SharedAir(lab) as air:
        until(lambda: bob.power() == pytest.approx(0.25, rel=1e-3))
        air.change("alice", "bob", gain_db=-10)
        until(lambda: bob.power() == pytest.approx(0.025, rel=1e-3))
        assert air.paths()["alice", "bob"]["gain_db"] == -10
        for _ in range(5):  # times the mean's 100 000 samples
            goes_on(air)
        heard = air.receivers()["bob"]["power"]["alice"]
        assert heard == pytest.approx(0.025, rel=0.1)  # e^-5 of up to 0.25 is left
        air.change("alice", "bob", profile="tdl_a", spread_ns=30, doppler=5)
        assert air.paths()["alice", "bob"]["profile"] == "tdl_a"
        for settings, said in (
            ({"volume": 3}, "setting of a path"),
            ({"profile": "tdl_z"}, "tdl_z"),
            ({"delay": -1}, "delay must be"),
            ({"gain_db": np.nan}, "gain_db must be finite"),
            ({"doppler": 1e5}, "doppler must be 0..10000 Hz"),
            ({"spread_ns": 0}, "spread_ns must be above 0"),
        ):
            with pytest.raises(ValueError, match=said):
                air.change("alice", "bob", **settings)
        with pytest.raises(ValueError, match="no path from 'alice' to 'carol'"):
            air.change("alice", "carol", gain_db=0)


def test_another_frequency_is_another_channel(lab):
    with (
        sender(lab, "alice"),
        listening(lab, "bob", frequency=434e6) as bob,
        SharedAir(lab) as air,
    ):
        until(lambda: "alice" in air.receivers()["bob"]["power"])
        goes_on(air)
        assert bob.power() == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "bob"}, "a receiver called 'bob' is on air .* give another name="),
        ({"name": "b*b"}, "expected 1 to 31 letters"),
        ({"name": "x" * 40}, "expected 1 to 31 letters"),
        ({"rate": 2e6}, "runs at 1000000 samples/s, not 2000000"),
        ({"alice.volume": 1}, "'alice.volume' is not one of its arguments"),
        ({"profile": "tdl_f"}, "profile = 'tdl_f'"),
        ({"profile": "tdl_a"}, "spread_ns must be above 0, the rms delay spread"),
        ({"delay": -1}, "delay must be 0..131072 samples, got -1"),
        ({"loss_db": 3}, "id and loss_db do not go with air="),
        ({"id": 3}, "id and loss_db do not go with air="),
        ({"cfo": "inf"}, "expected a number"),
    ],
)
def test_stations_that_are_refused(lab, settings, said):
    first = station("source", lab, "bob")
    for _ in range(2):
        with pytest.raises(ValueError, match=said):
            station("source", lab, **({"name": "eve"} | settings))
    del first


def test_the_arguments_that_select_the_stand_in_are_those_that_it_knows(lab, tmp_path):
    other = {"driver", "id", "loss_db", "air", "name"}
    values = {"profile": "none", "record": tmp_path / "air"}
    for name in sorted(standin.ARGUMENTS - other):
        station("source", lab, "bob", **{name: values.get(name, 1)})
    for name in standin.ARGUMENTS & {"loss_db", "cfo", "delay", "ppm"}:
        advphy.sdr_source("standin", f"id=known,{name}=1", 433e6, RATE)
    for args in ("id=known,gain_db=1", "id=known,lead=1", f"air={lab},volume=1"):
        with pytest.raises(ValueError, match="is not one of its arguments"):
            advphy.sdr_source("standin", args, 433e6, RATE)


def test_an_air_has_eight_receivers(lab):
    eight = [station("source", lab, f"r{i}") for i in range(8)]
    with pytest.raises(ValueError, match="has 8 receivers already"):
        station("source", lab, "one-more")
    eight.pop()
    eight.append(station("source", lab, "one-more"))
    del eight


def test_an_air_of_another_version_is_refused(lab):
    file = shared_air.FOLDER / f"advphy-air-{os.getuid()}-{lab}"
    first = station("source", lab, "bob")
    with file.open("r+b") as raw:
        version = raw.read(8)
        raw.seek(0)
        raw.write(b"\xff" * 8)
    with pytest.raises(ValueError, match="another version"):
        station("source", lab, "eve")
    with pytest.raises(ValueError, match="another version"), SharedAir(lab):
        pass
    with file.open("r+b") as raw:
        raw.write(version)
    del first


def test_nobody_is_on_the_air():
    with pytest.raises(ValueError, match="nobody is on the air 'no-such-air'"):
        SharedAir("no-such-air")


def test_what_is_no_air_of_this_user_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_air, "FOLDER", tmp_path)
    begin, other = f"advphy-air-{os.getuid()}-", os.getuid() + 1
    (tmp_path / f"{begin}folder").mkdir()
    os.mkfifo(tmp_path / f"{begin}fifo")
    (tmp_path / f"{begin}\33[31mred").touch()
    (tmp_path / f"advphy-air-{other}-other").touch()
    before = sorted(tmp_path.iterdir())
    assert shared_air.names() == []
    monkeypatch.setattr(os, "getuid", lambda: other)
    assert shared_air.names() == []
    assert sorted(tmp_path.iterdir()) == before


def test_what_was_refused_does_not_keep_its_place(lab):
    kept = []  # errors, and what their tracebacks hold
    for _ in range(3):
        with pytest.raises(ValueError, match="gain = 61") as refused:
            advphy.sdr_source("standin", f"air={lab},name=bob", 433e6, RATE, gain=61)
        kept.append(refused)


def test_an_air_in_one_process_has_one_receiver_and_one_transmitter():
    first = advphy.sdr_source("standin", "id=twice", 433e6, RATE)
    for _ in range(2):
        with pytest.raises(ValueError, match="has a receiver already; with air=NAME"):
            advphy.sdr_source("standin", "id=twice", 433e6, RATE)
    del first
