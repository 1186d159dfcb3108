# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in radio, driven as a user drives a radio: its impairments measured."""

import subprocess
import sys
import time

import numpy as np
import pytest
from gnuradio import advphy, blocks

from .left_open import descriptors, resident_mib
from .qa_grc import ENVIRONMENT
from .standin_link import RATE, WAYS, loopback, needs_standin, on_air, own_air, tones
from .while_running import until

pytestmark = needs_standin


@pytest.mark.parametrize("driver", WAYS)
def test_without_impairments_what_is_sent_arrives(driver, rng):
    sent = tones(rng, 300_000)
    found, sink, source = loopback(sent, 300_000, driver)
    assert np.array_equal(found, sent)
    assert sink.settings()["sample_rate"] == source.settings()["sample_rate"] == RATE
    assert sink.settings()["frequency"] == 433e6


@pytest.mark.parametrize("delay", [1234, 100_000])
def test_a_delay_comes_as_zeros_in_front(delay, rng):
    sent = tones(rng, 20_000)
    found, *_ = loopback(sent, delay + 20_000, delay=delay)
    assert not found[:delay].any()
    assert np.array_equal(found[delay:], sent)


@pytest.mark.parametrize("arguments", ["delay=1e15", "delay=131073", "ppm=1001"])
def test_a_path_of_one_process_has_the_limits_of_a_shared_one(arguments):
    said = arguments.partition("=")[0] + " must be "
    for own in (f"id=limits,{arguments}", f"air=limits,name=bob,{arguments}"):
        with pytest.raises(ValueError, match=said):
            advphy.sdr_source("standin", own, 433e6, RATE)


@pytest.mark.parametrize("first", ["transmitter", "receiver"])
def test_whoever_starts_first_no_sample_is_lost(first, rng):
    sent, args = tones(rng, 300_000), own_air()
    sender, receiver = advphy.top_block(), advphy.top_block()
    source = blocks.vector_source_c(sent.tolist())
    sink = advphy.sdr_sink("standin", args, 433e6, RATE, armed=True)
    sender.connect(source, sink)
    radio = advphy.sdr_source("standin", args, 433e6, RATE)
    head, found = blocks.head(8, len(sent)), blocks.vector_sink_c()
    receiver.connect(radio, head, found)
    order = [sender, receiver] if first == "transmitter" else [receiver, sender]
    for flowgraph in order:
        flowgraph.start()
        time.sleep(0.2)
    receiver.wait()
    sender.stop()
    sender.wait()
    assert np.array_equal(np.array(found.data(), np.complex64), sent)


OTHER = """
import sys
from gnuradio import advphy, blocks
flowgraph = advphy.top_block()
source = blocks.vector_source_c([0.5 + 0j] * 1000, True)
sink = advphy.sdr_sink("standin", sys.argv[1], armed=True, time_limit=600)
flowgraph.connect(source, sink)
flowgraph.run()
"""


def memory_of_airs():
    return [path for path in descriptors().values() if "advphy-air" in path]


def test_an_air_of_one_process_is_its_own_and_leaves_nothing(tmp_path):
    args, record, before = own_air(paced=1), tmp_path / "air", memory_of_airs()
    words = [sys.executable, "-c", OTHER, f"{args},record={record}"]

    def hear():
        flowgraph = advphy.top_block()
        radio = advphy.sdr_source("standin", args, 433e6, RATE)
        head, found = blocks.head(8, 100_000), blocks.vector_sink_c()
        flowgraph.connect(radio, head, found)
        flowgraph.run()
        # Memory without a name, and no file.
        assert memory_of_airs() == [*before, "/memfd:advphy-air (deleted)"]
        return np.array(found.data())

    with subprocess.Popen(words, env=ENVIRONMENT) as other:
        until(lambda: record.is_file() and record.stat().st_size > 8 * RATE / 10)
        assert not hear().any()
        other.kill()
    assert memory_of_airs() == before


@pytest.mark.parametrize("driver", ["soapy", "osmosdr"])
def test_a_frequency_offset_is_read_back_within_a_hertz(driver):
    sent = np.full(500_000, 0.5, np.complex64)
    found, *_ = loopback(sent, 500_000, driver, cfo=1000)
    # The phase's slope between two halves: 0.25 s apart, good to far below 1 Hz.
    steps = found[1000:] * found[:-1000].conj()  # 1000 samples: one turn at 1000 Hz
    turns = 1 + np.angle(steps.mean()) / (2 * np.pi)
    assert turns * RATE / 1000 == pytest.approx(1000, abs=0.1)


def test_a_clock_offset_is_measured_in_ppm():
    n = np.arange(400_000)
    sent = (0.5 * np.exp(2j * np.pi * 0.05 * n)).astype(np.complex64)
    found, *_ = loopback(sent, 390_000, ppm=50)
    # Received sample k is sent sample k (1 + 50e-6): a tone at 0.05 (1 + 50e-6).
    phase = np.unwrap(np.angle(found[100:].astype(complex)))
    slope = np.polyfit(n[: len(phase)], phase, 1)[0] / (2 * np.pi)
    assert (slope / 0.05 - 1) * 1e6 == pytest.approx(50, abs=0.1)
    exact = 0.5 * np.exp(2j * np.pi * 0.05 * n[100:389_000] * (1 + 50e-6))
    error = np.mean(np.abs(found[100:389_000] - exact) ** 2) / 0.25
    assert 10 * np.log10(error) < -60


def test_noise_has_its_variance_per_real_dimension_and_its_seed(rng):
    sent = np.zeros(400_000, np.complex64)
    found, *_ = loopback(sent, 400_000, noise_variance=0.01, seed=7)
    # The variance of 400 000 samples is known to 0.22 %: four standard deviations.
    assert found.real.var() == pytest.approx(0.01, rel=0.009)
    assert found.imag.var() == pytest.approx(0.01, rel=0.009)
    assert abs(np.mean(found.real * found.imag)) < 4 * 0.01 / np.sqrt(400_000)
    again, *_ = loopback(sent, 400_000, noise_variance=0.01, seed=7)
    other, *_ = loopback(sent, 400_000, noise_variance=0.01, seed=8)
    assert np.array_equal(found, again)
    assert not np.array_equal(found, other)


def test_gains_in_decibels_scale_the_amplitude(rng, tmp_path):
    sent = tones(rng, 20_000)
    record = tmp_path / "air"
    found, *_ = loopback(
        sent, 20_000, tx={"gain": 20}, rx={"gain": 6}, loss_db=40, record=record
    )
    # 20 + 6 - 40 = -14 dB of amplitude.
    assert np.allclose(found, sent * 10 ** (-14 / 20), rtol=1e-5)
    air, _ = on_air(record)
    assert np.allclose(air[:20_000], 10 * sent, rtol=1e-5)


def test_injected_overflows_are_lost_and_not_told(rng, capfd):
    sent = tones(rng, 250_000)
    found, _, source = loopback(
        sent, 230_000, "soapy", overflow_every=50_000, overflow_samples=100
    )
    # Behind each 50 000 delivered samples 100 are missing.
    pieces = [sent[i * 50_100 : i * 50_100 + 50_000] for i in range(5)]
    assert np.array_equal(found, np.concatenate(pieces)[:230_000])
    # gr-soapy says so on standard error, and to nobody else.
    assert capfd.readouterr().err.count("sO") >= 4
    assert source.events()["overruns"] is None


def test_gr_osmosdr_does_not_tell_of_overflows(rng):
    sent = tones(rng, 250_000)
    found, _, source = loopback(
        sent, 200_000, "osmosdr", overflow_every=50_000, overflow_samples=100
    )
    assert np.array_equal(found[50_000:100_000], sent[50_100:100_100])
    assert source.events()["overruns"] is None


def test_gain_steps_and_bursts_of_nan_come_where_they_are_asked_for():
    sent = np.full(10_000, 0.5, np.complex64)
    found, *_ = loopback(
        sent,
        10_000,
        gain_step_every=1000,
        gain_step_db=-20,
        nan_every=3000,
        nan_samples=10,
    )
    bad = np.flatnonzero(np.isnan(found.real))
    assert bad.tolist() == [i for i in range(3000, 10_000) if i % 3000 < 10]
    assert found[500] == np.float32(0.5)
    assert found[1500] == pytest.approx(0.05, rel=1e-5)
    assert found[2500] == np.float32(0.5)


def test_paced_it_keeps_the_time_of_the_wall(rng, tmp_path):
    sent = tones(rng, 500_000)
    begin = time.monotonic()
    record = tmp_path / "air"
    found, *_ = loopback(sent, 500_000, paced=1, record=record)
    assert time.monotonic() - begin > 0.45  # half a second at 1 Msample/s
    air, lines = on_air(record)
    assert lines[0] == "tx on 0"
    assert lines[-1] == f"tx off {len(air)}"
    # Zeros lie between the samples wherever the transmitter was late.
    assert np.array_equal(air[air != 0], sent[sent != 0])
    assert len(found) == 500_000


def test_its_memory_is_flat(rng):
    sent = tones(rng, 200_000)
    loopback(sent, 200_000)
    before = resident_mib()
    for _ in range(5):
        loopback(sent, 200_000, noise_variance=0.01, ppm=20)
    assert resident_mib() - before < 30  # one run holds 100 MiB
