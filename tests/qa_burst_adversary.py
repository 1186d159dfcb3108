# SPDX-License-Identifier: GPL-3.0-or-later
"""The adversary on the air, who hears bursts by itself and answers them."""

import os

import numpy as np
import pytest
from advphy_model.air.perturbation import Perturbation
from advphy_model.air.shared_air import SharedAir
from advphy_model.link import links
from advphy_model.link.decision import decider
from advphy_model.modem.answering_adversary import AnsweringAdversary
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
from gnuradio import advphy
from gnuradio.advphy.over_the_air import receiver, transmitter

from .standin_link import needs_standin
from .while_running import until

LINK = links.load("autoencoder_mlp")
FRAME = Frame.of_model(LINK)
BURSTS, SILENCE, CHUNK = 16, 20_000, 1000
_RNG = np.random.default_rng(5)
P = Perturbation("p", "universal", 4, 7, _RNG.normal(size=(1, 14)).view(complex))


def late(x, delay, begin, size):
    """Return x, `delay` samples late, at indices begin.. : by a windowed sinc."""
    whole = int(np.floor(delay))
    taps = np.arange(-16, 17)
    weights = np.sinc(taps - (delay - whole)) * np.hanning(35)[1:-1]
    at = begin + np.arange(size) - whole - taps[:, None]
    there = (at >= 0) & (at < len(x))
    return weights @ np.where(there, np.append(x, 0)[np.where(there, at, 0)], 0)


def on_the_air(kind, loop=3000.25, cfo=0.0, **settings):
    """Return what Bob receives, the sent codewords, and the adversary.

    He hears what the adversary's receiver hears.
    """
    messages = np.random.default_rng(6).integers(0, 16, BURSTS * FRAME.codewords)
    words = LINK.codebook[messages]
    alice = np.append(np.zeros(SILENCE), Modulator(FRAME, LINK).modulate(words))
    alice = alice * np.exp(1j * (0.7 + 2 * np.pi * cfo * np.arange(len(alice))))
    adversary = AnsweringAdversary(FRAME, kind, P, **settings)
    heard, sent = [], np.zeros(0, np.complex64)
    for at in range(0, len(alice) // CHUNK * CHUNK, CHUNK):
        now = alice[at : at + CHUNK] + late(sent, loop, at, CHUNK)
        heard.append(now.astype(np.complex64))
        sent = np.append(sent, adversary.respond(heard[-1]))
    return np.concatenate(heard), words, adversary


def arrived(samples, words):
    """Return the codewords that Bob finds less those sent, and his counts."""
    synchronizer = Synchronizer(FRAME, LINK)
    pairs = [synchronizer.push(samples), synchronizer.flush()]
    errors = []
    for y, bursts in pairs:
        for burst in bursts:
            sent = words[burst.index :][: burst.header.codewords]
            errors.append(y[burst.first_codeword :][: len(sent)] - sent)
    return errors, synchronizer.counts


@pytest.mark.parametrize(("loop", "cfo"), [(3000.25, 0.0), (9000.6, 0.0013)])
def test_a_reactive_adversary_is_in_step_with_the_codewords(loop, cfo):
    samples, words, adversary = on_the_air("reactive", loop, cfo)
    assert adversary.loop_delay == pytest.approx(loop, abs=0.02)
    errors, counts = arrived(samples, words)
    assert counts["missed"] == 0
    p = P.scaled(-6.0).rows[0]
    for error in errors[-4:-1]:  # at the last one it may have missed samples
        along = np.vdot(p, error.mean(0)) / np.vdot(p, p)
        assert along == pytest.approx(1, abs=0.02)
        rest = np.mean(np.abs(error - p) ** 2) / np.mean(np.abs(p) ** 2)
        assert rest < 0.02


def test_the_channel_estimate_turns_and_scales_p():
    samples, words, _ = on_the_air("reactive", phase=0.5, path_db=6.0, psr_db=0.0)
    errors, _ = arrived(samples, words)
    p = P.scaled(-6.0).rows[0]
    along = np.vdot(p, errors[-3].mean(0)) / np.vdot(p, p)
    assert along == pytest.approx(np.exp(0.5j), abs=0.03)


@pytest.mark.parametrize("kind", ["continuous", "noise"])
def test_a_free_running_adversary_has_its_power_and_no_step(kind):
    samples, words, adversary = on_the_air(kind, psr_db=-10.0)
    assert adversary.loop_delay == 0
    errors, _ = arrived(samples, words)
    power = np.mean(np.abs(np.concatenate(errors[-8:-1])) ** 2)
    # The same p at some shift for all codewords: its power, known to 1 dB.
    assert 10 * np.log10(power) == pytest.approx(-10, abs=1)
    p = P.scaled(-10.0).rows[0]
    assert abs(np.vdot(p, errors[-3].mean(0)) / np.vdot(p, p)) < 0.5


@pytest.mark.parametrize("kind", ["preamble", "header", "pilots"])
def test_energy_where_the_receiver_relies_on_it(kind):
    more = {"delay": 8.0} if kind == "preamble" else {"phase": np.pi}
    weak, words, _ = on_the_air(kind, psr_db=-40.0, **more)
    strong, _, _ = on_the_air(kind, psr_db=0.0, **more)
    errors, counts = arrived(weak, words)
    assert counts["received"] == BURSTS
    # The sounding was heard in the first ones, and the last one is cut.
    assert max(np.mean(np.abs(error) ** 2) for error in errors[-4:-1]) < 0.01
    _, counts = arrived(strong, words)
    assert counts["received"] < BURSTS / 2


def test_a_burst_that_is_sent_again_is_received_again():
    samples, words, _ = on_the_air("replay", psr_db=20.0)
    _, counts = arrived(samples, words)
    assert counts["suspicious"] >= 3  # its number does not rise


def test_silence_until_a_psr_is_set():
    _, _, adversary = on_the_air("reactive", psr_db=None)
    assert not adversary.respond(np.zeros(10_000, np.complex64)).any()


def test_an_adversary_who_does_not_hear_itself_says_so():
    adversary = AnsweringAdversary(FRAME, "reactive", P)
    for _ in range(64):
        adversary.respond(np.zeros(8192, np.complex64))
    adversary.respond(np.zeros(1, np.complex64))
    with pytest.raises(RuntimeError, match="does not hear its transmitter"):
        adversary.respond(np.zeros(1, np.complex64))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "loud"}, "kind .*loud.*choose from"),
        ({"perturbation": None}, "kind = 'reactive' sends a perturbation"),
        ({"psr_db": 61}, "psr_db"),
        ({"loop_delay": -1}, "loop_delay"),
        ({"level": 0}, "level"),
        ({"path_db": np.inf}, "path_db"),
        ({"path_db": -300.5}, "path_db must be a number in -300..300 dB"),
        ({"frame": Frame(12)}, "n = 12"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(settings, said):
    with pytest.raises(ValueError, match=said):
        AnsweringAdversary(**{"frame": FRAME, "perturbation": P} | settings)


@needs_standin
def test_three_radios_on_one_air():
    """Alice, an adversary in step, and Bob: he counts what the engine counts."""
    lab = f"adversary{os.getpid()}"

    def device(name, **more):
        # The air waits so long for a radio that starves beside busy processes; after
        # half a second, the default, it would be silent or lose samples.
        args = f"air={lab},name={name},stall_ms=20000"
        return {"driver": "standin", "args": args, "sample_rate": 1e6, **more}

    bob = receiver(LINK, advphy.sdr_source(**device("bob")), FRAME)
    armed = {"armed": True, "time_limit": 600}
    alice = transmitter(LINK, advphy.sdr_sink(**device("alice"), **armed), FRAME)
    adversary = advphy.top_block()
    ears = advphy.sdr_source(**device("adversary"))
    mouth = advphy.sdr_sink(**device("adversary"), **armed, adversary="yes")
    answers = advphy.burst_adversary(LINK, FRAME, "reactive", P, 0.0, enabled=False)
    adversary.connect(ears, answers, mouth)
    running = bob, alice, adversary

    def counted(blocks):
        """Bob's rate of wrong blocks over at least so many."""
        then = bob.counts()
        until(lambda: bob.counts()["blocks"] > then["blocks"] + blocks)
        now = bob.counts()
        more = {name: now[name] - then[name] for name in ("blocks", "block_errors")}
        return more["block_errors"] / more["blocks"]

    try:
        for flowgraph in running:
            flowgraph.start()
        until(lambda: answers.counts()["heard"] > 5 and "turn" in answers.text())
        counted(10_000)  # the last ones that its sounding met
        undisturbed = counted(20_000)
        answers.set_enabled(True)
        counted(10_000)
        rate = counted(20_000)
        with SharedAir(lab) as air:
            power = air.receivers()["bob"]["power"]
    finally:
        for flowgraph in reversed(running):
            flowgraph.stop()
            flowgraph.wait()
    assert undisturbed == 0
    decided, erased = np.empty((2, 16), np.uint8)
    y = LINK.codebook + P.scaled(0.0).rows[0]
    decider(LINK).decide(y.astype(np.complex64), decided, erased)
    expected = np.mean(decided != np.arange(16))  # without noise
    assert rate == pytest.approx(expected, abs=0.1)
    # The payload has most of a burst; what is around it lowers both.
    assert 10 * np.log10(power["adversary"] / power["alice"]) == pytest.approx(0, abs=2)
