# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow tests of the modem: 10^9 samples of noise, half an hour on the air."""

import contextlib
import os
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.air.shared_air import SharedAir, names
from advphy_model.link import links
from advphy_model.measure import radio_check, ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.modem.frame import Frame
from advphy_model.modem.synchronizer import Synchronizer
from gnuradio import advphy
from gnuradio.advphy.over_the_air import receiver, transmitter

from . import jammers
from .left_open import resident_mib
from .qa_grc import ENVIRONMENT
from .standin_link import RATE, needs_standin, own_air
from .test_modem_air import AT_1E2, FRAME, MODEL, live_through, over_the_air
from .while_running import until

MINUTES = 30
OVERFLOW_EVERY, OVERFLOW_SAMPLES = 20_000_000, 3000


@pytest.mark.slow
def test_a_thousand_million_samples_of_noise_are_no_frame():
    synchronizer = Synchronizer(FRAME, MODEL)
    x = np.empty(1 << 20, np.complex64)
    for piece in range(954):
        kernels.gaussian(12, 2 * (piece << 20), x)
        synchronizer.push(x)
    assert synchronizer.counts["samples"] >= 10**9
    assert synchronizer.counts["received"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", jammers.KINDS)
def test_a_hundred_million_samples_of_other_systems_are_no_frame(kind):
    assert bursts_in(kind, pieces=381) == 0  # of 2^18 samples


def bursts_in(kind, pieces, seed=13):
    """Return the bursts in noise and a signal 0..40 dB above it, new in each piece."""
    synchronizer, rng = Synchronizer(FRAME, MODEL), np.random.default_rng(seed)
    x = np.empty(1 << 18, np.complex64)
    for piece in range(pieces):
        kernels.gaussian(seed, 2 * (piece << 18), x)
        level = np.sqrt(2 * 10 ** rng.uniform(0, 4))
        synchronizer.push(x + (level * jammers.KINDS[kind](len(x), rng)).astype("c8"))
    return synchronizer.counts["received"]


@pytest.mark.parametrize("kind", jammers.KINDS)
def test_other_systems_are_no_frame(kind):
    assert bursts_in(kind, pieces=4) == 0


@pytest.mark.slow
def test_fewer_than_one_frame_in_a_thousand_is_missed():
    for kind in ("awgn", "cfo(frequency=0.005) + clock_offset(ppm=40)"):
        _, _, counts = over_the_air(20_000, AT_1E2, kind)
        assert counts["received"] + counts["missed"] == 20_000
        assert counts["missed"] < 20


@pytest.mark.slow
def test_ten_thousand_misfortunes_cost_two_frames_each_at_most():
    lost, counts = live_through(10_000, seed=10)
    assert lost.max() <= 2
    assert lost.sum() == 40_000 - counts["received"]


@pytest.mark.slow
@needs_standin
def test_half_an_hour_through_the_stand_in_loses_what_was_injected():
    args = own_air(
        cfo=800,
        ppm=10,
        noise_variance=1e-4,
        overflow_every=OVERFLOW_EVERY,
        overflow_samples=OVERFLOW_SAMPLES,
    )
    flowgraph = advphy.top_block()
    sink = advphy.sdr_sink("standin", args, 433e6, RATE, armed=True, time_limit=1e6)
    receiver = advphy.sdr_source("standin", args, 433e6, RATE)
    synchronizer = advphy.burst_synchronizer(MODEL, FRAME, first_frame=0)
    counter = advphy.error_counter(MODEL)
    flowgraph.connect(
        advphy.message_source(MODEL),
        advphy.encoder(MODEL),
        advphy.burst_modulator(MODEL, FRAME),
        sink,
    )
    flowgraph.connect(receiver, synchronizer, advphy.decoder(MODEL), counter)
    flowgraph.start()
    sizes = []
    try:
        time.sleep(60)
        for _ in range(MINUTES):
            sizes.append(resident_mib())
            time.sleep(60)
    finally:
        flowgraph.stop()
        flowgraph.wait()
    counts = synchronizer.counts()
    overruns = receiver.events()["samples"] // OVERFLOW_EVERY + 1
    print(counts, overruns, sizes)
    assert max(sizes) - sizes[0] < 4
    assert counts["restarts"] == 0
    assert 0 < counts["missed"] <= 2 * overruns
    assert (
        sum(segment.missed_frames for segment in counter.segments()) <= counts["missed"]
    )
    assert sum(s.block_errors for s in counter.segments()) <= 2 * 128 * overruns


@pytest.mark.slow
@needs_standin
def test_a_path_of_tdl_a_costs_less_than_half_a_db():
    """30 ns at 1 Msample/s, at the level of a plain path: four realizations."""
    lab, ebn0_db = f"tdl{os.getpid()}", 5.3
    model = links.load("autoencoder_mlp")
    frame = Frame.of_model(model)
    _, modulator = radio_check.frames_of(model, frame, 1, 1)
    noise = radio_check.sample_noise_variance(modulator, ebn0_db, model.rate)
    device = {"driver": "standin", "sample_rate": 1e6}
    args = f"air={lab},paced=0,name="
    bob = receiver(
        model,
        advphy.sdr_source(args=f"{args}bob,noise_variance={noise:.9g}", **device),
        frame,
    )
    armed = {"armed": True, "time_limit": 1e6}
    alice = transmitter(
        model, advphy.sdr_sink(args=f"{args}alice", **device, **armed), frame
    )
    for flowgraph in (bob, alice):
        flowgraph.start()

    def errors(air):
        """Return BLER over 300 000 blocks, and the power that arrives."""
        goes_on(air, 3e6)  # what is under way, and the mean of the power
        before = bob.counts()
        until(lambda: bob.counts()["blocks"] > before["blocks"] + 300_000)
        after = bob.counts()
        assert after["missed"] == before["missed"]
        wrong = after["block_errors"] - before["block_errors"]
        power = air.receivers()["bob"]["power"]["alice"]
        return wrong / (after["blocks"] - before["blocks"]), power

    with SharedAir(lab) as air:
        plain, power = errors(air)
        rates = []
        for seed in (1, 2, 3, 4):
            path = {"profile": "tdl_a", "spread_ns": 30, "seed": seed}
            air.change("alice", "bob", **path, gain_db=0)
            goes_on(air, 3e6)
            arrives = air.receivers()["bob"]["power"]["alice"]
            gain_db = 10 * np.log10(power / arrives)
            air.change("alice", "bob", gain_db=gain_db)
            rates.append(errors(air)[0])
    for flowgraph in (alice, bob):
        flowgraph.stop()
        flowgraph.wait()
    print(plain, rates)
    half_a_db_less = measured_bler(model, ebn0_db - 0.5)
    assert max(plain, *rates) < half_a_db_less


def measured_bler(model, ebn0_db):
    """Return the BLER of the aligned link over a million blocks."""
    setting = LinkSetting(model, ebn0_db)
    (row,) = ranges.total(setting, StopRule(min_errors=10**9, max_blocks=10**6))
    return row.block_errors / row.blocks


def goes_on(air, samples):
    """Wait until so many samples have passed on the air."""
    then = air.clock
    until(lambda: air.clock > then + samples)


ADVERSARY = """
import sys
from gnuradio import advphy
flowgraph = advphy.top_block()
at = {"driver": "standin", "args": sys.argv[1], "sample_rate": 1e6}
source = advphy.sdr_source(**at)
sink = advphy.sdr_sink(**at, armed=True, time_limit=1e6, adversary="yes")
name = "universal_pgd_autoencoder_mlp_8p5db"
answers = advphy.burst_adversary("autoencoder_mlp", None, "reactive", name, -6.0)
flowgraph.connect(source, answers, sink)
flowgraph.run()
"""


class Stations:
    """Four processes on one air: Alice, Bob, another receiver, and an adversary."""

    def __init__(self, lab, folder):
        self._lab, self._folder, self.running = lab, folder, {}

    def start(self, name):
        args = f"air={self._lab},name={name},noise_variance=0.001"
        radio = ["apps/advphy", "radio", "rx", "autoencoder_mlp", "--source", "standin"]
        words = {
            "alice": [*radio[:2], "tx", *radio[3:4], "--sink", "standin", "--arm"],
            "adversary": ["-c", ADVERSARY, args],
        }.get(name, radio)
        if name != "adversary":
            words += ["--args", args, "--seconds", "3600"]
        with open(self._folder / name, "w") as said:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words], env=ENVIRONMENT, stdout=said, stderr=said
            )

    def last(self, name):
        """Return bursts received, missed, and bad headers, as it said last."""
        text = (self._folder / name).read_text()
        pattern = r"bursts (\d+)  missed (\d+)  bad headers (\d+)"
        return [int(number) for number in re.findall(pattern, text)[-1]]

    def resident(self):
        """Return the MiB of each process."""
        found = {}
        for name, process in self.running.items():
            with open(f"/proc/{process.pid}/status") as status:
                found[name] = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) >> 10
        return found

    def end(self):
        for process in self.running.values():
            process.kill()
            process.wait()
        names()  # removes what they left


def waited(condition, seconds):
    """Return after how many seconds something is so, at most `seconds`."""
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        with contextlib.suppress(IndexError, KeyError):
            if condition():
                return time.monotonic() - begin
        time.sleep(0.02)
    return seconds


@pytest.mark.slow
@needs_standin
def test_four_processes_share_an_air_and_outlive_each_other(tmp_path):
    lab = f"four{os.getpid()}"
    stations = Stations(lab, tmp_path)
    everybody = "bob", "eve", "alice", "adversary"
    try:
        for name in everybody:
            stations.start(name)
        assert waited(lambda: stations.last("bob")[0] > 1000, 120) < 120
        with SharedAir(lab) as air:
            before, begin, sizes = stations.last("bob"), air.clock, stations.resident()
            time.sleep(600)
            after, passed = stations.last("bob"), air.clock - begin
            grown = {
                name: mib - sizes[name] for name, mib in stations.resident().items()
            }
            print(before, after, passed, grown)
            assert max(grown.values()) < 8
            for one in (*air.receivers().values(), *air.transmitters().values()):
                assert not one.get("overflows", 0)
                assert not one.get("underruns", 0)
            assert after[1] == before[1]  # no burst missed
            assert after[0] - before[0] > 0.9 * passed / 5592
            for name in everybody:
                stations.running.pop(name).kill()
                others = [one for one in ("bob", "eve") if one != name]
                if name != "alice":
                    heard = {one: stations.last(one)[0] for one in others}
                    # Each says its counts once a second.
                    assert (
                        waited(
                            lambda heard=heard: all(
                                stations.last(one)[0] > heard[one] for one in heard
                            ),
                            10,
                        )
                        < 3
                    )
                else:
                    clock = air.clock
                    assert waited(lambda c=clock: air.clock > c + 5e5, 10) < 3
                stations.start(name)
                kind = air.receivers if name in ("bob", "eve") else air.transmitters
                assert waited(lambda n=name, kind=kind: n in kind(), 60) < 60
                time.sleep(3)
    finally:
        stations.end()
