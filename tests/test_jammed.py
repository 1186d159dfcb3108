# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts under carriers: found, decided, and untouched where there are none."""

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.link import decision
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.power import noise_variance

from . import jammers
from .test_modem_air import FRAME, MODEL, sent_samples

BURSTS, EBN0_DB = 6, 8.0  # at once, under one jammer
LENGTH = FRAME.samples()
KINDS = {
    "tone": jammers.in_band,
    "two tones": jammers.two,
    "modulated": jammers.modulated,
    "tone, reactive": jammers.reactive(jammers.in_band, LENGTH),
    "modulated, reactive": jammers.reactive(jammers.modulated, LENGTH),
    "chirp": jammers.chirp,
    "FSK": jammers.shift_keyed,
}


def received(kind, jsr_db, draws, seed=3, **settings):
    """Return (share of bursts found, BLER of these), with new jammers per 6 bursts."""
    rng, decider = np.random.default_rng(seed), decision.decider(MODEL)
    found = errors = 0
    sigma = np.sqrt(noise_variance(EBN0_DB, MODEL.rate))
    for draw in range(draws):
        x, sent = sent_samples(draw * BURSTS, BURSTS)
        level = np.sqrt(np.mean(np.abs(x) ** 2) * 10 ** (jsr_db / 10))
        jammer = level * np.pad(KINDS[kind](len(x), rng), (0, 3000))
        noise = sigma * rng.normal(size=(len(jammer), 2)) @ [1, 1j]
        y = (np.pad(x, (0, 3000)) + jammer + noise).astype(np.complex64)
        synchronizer = Synchronizer(FRAME, MODEL, **settings)
        codewords, bursts = synchronizer.push(y)
        decided, erased = np.empty((2, len(codewords)), np.uint8)
        decider.decide(codewords, decided, erased)
        for burst in bursts:
            first = burst.index - draw * BURSTS * FRAME.codewords
            right = sent[first : first + FRAME.codewords]
            got = decided[burst.first_codeword :][: FRAME.codewords]
            errors, found = errors + int(np.count_nonzero(got != right)), found + 1
    return found / (draws * BURSTS), errors / max(found * FRAME.codewords, 1)


@pytest.mark.parametrize("kind", ["tone", "two tones", "modulated", "tone, reactive"])
def test_bursts_under_a_carrier_of_any_level_arrive(kind):
    for jsr_db in (5, 20):
        share, bler = received(kind, jsr_db, draws=3)
        assert share == 1
        assert bler < 5e-3  # 1.3e-4 without a jammer
    assert received(kind, 20, draws=3, subtract_tones=False)[0] < 0.5


@pytest.mark.parametrize(
    "channel",
    [
        "awgn",
        "cfo(frequency=0.005) + clock_offset(ppm=40)",
        "two_rays(delay=12,gain_db=-6)",
        "phase_noise(linewidth=1e-6,loop_bandwidth=0)",
        "clipping + iq_imbalance",
        "rayleigh_block(coherence=5592)",
    ],
)
@pytest.mark.parametrize("same", [None, 0, 5])
def test_without_a_jammer_nothing_changes(channel, same):
    """Nor where all messages are the same, so that the spectrum consists of lines."""
    x, _ = sent_samples(0, 8)
    if same is not None:
        codewords = MODEL.codebook[np.full(8 * FRAME.codewords, same)]
        modulator = Modulator(FRAME, MODEL)
        x = modulator.modulate(codewords) / np.float32(modulator.scale)
    for ebn0_db in (4.0, 8.0, 40.0):
        sigma2 = noise_variance(ebn0_db, MODEL.rate)
        air = SampleChannel(channel, seed=5, noise_variance=sigma2)
        y = air.process(np.pad(x, (0, 3000)))
        with_it, without = (
            Synchronizer(FRAME, MODEL, subtract_tones=on) for on in (True, False)
        )
        codewords, bursts = with_it.push(y)
        plain, plain_bursts = without.push(y)
        assert bursts == plain_bursts
        assert np.array_equal(codewords, plain)


@pytest.mark.parametrize("chunk", [37, 777])
def test_what_is_cleaned_does_not_depend_on_the_chunks(chunk):
    x, _ = sent_samples(0, 4)
    x = np.pad(x, (0, 3000)) + 2 * jammers.two(len(x) + 3000, np.random.default_rng(5))
    noise = np.empty(len(x), np.complex64)
    kernels.gaussian(9, 0, noise)
    x = (x + np.float32(0.3) * noise).astype(np.complex64)
    whole, bursts = Synchronizer(FRAME, MODEL).push(x)
    assert [burst.tones_subtracted for burst in bursts] == 4 * [True]
    synchronizer = Synchronizer(FRAME, MODEL)
    parts = [synchronizer.push(x[at : at + chunk])[0] for at in range(0, len(x), chunk)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.slow
def test_a_table_of_jammers_for_the_documentation():
    for kind in KINDS:
        for on in (False, True):
            cells = [
                received(kind, jsr_db, draws=10, subtract_tones=on)
                for jsr_db in (0, 5, 10, 15, 20)
            ]
            texts = " | ".join(f"{share:.2f}, {bler:.1e}" for share, bler in cells)
            print(f"| {kind} | {'yes' if on else 'no'} | {texts} |")
            if on and kind not in ("chirp", "FSK"):
                assert min(share for share, _ in cells) > 0.97
