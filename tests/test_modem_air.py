# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modem costs and what it finds, in numbers: noise, echoes, clocks, losses."""

import math

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.link import decision, links
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.power import noise_variance

MODEL = links.load("two_simplices")
FRAME = Frame.of_model(MODEL)
# BLER of two_simplices in ideal aligned AWGN: 1e-2 at 3.70 dB, 1e-3 at 5.33 dB
# (docs/over_the_air.md, measured with 2000 errors).
AT_1E2, AT_1E3 = 3.70, 5.33


def sent_samples(first, frames):
    """Return samples of frames, a symbol's energy 1, and their messages."""
    messages = np.empty(frames * FRAME.codewords, np.uint8)
    kernels.messages(1, first * FRAME.codewords, MODEL.k, messages)
    modulator = Modulator(FRAME, MODEL, first_frame=first)
    samples = modulator.modulate(MODEL.codebook[messages])
    return samples / np.float32(modulator.scale), messages


def over_the_air(frames, ebn0_db, kind="awgn", seed=5, **settings):
    """Return (block errors, blocks, the synchronizer's counts) of frames sent."""
    sigma2 = noise_variance(ebn0_db, MODEL.rate)
    air = SampleChannel(kind, seed=seed, noise_variance=sigma2)
    synchronizer = Synchronizer(FRAME, MODEL, first_frame=0, **settings)
    decider = decision.decider(MODEL)
    errors = blocks = 0
    chunk = 50
    silence = np.zeros(2000, np.complex64)
    for first in [*range(0, frames, chunk), None]:
        x = silence if first is None else sent_samples(first, chunk)[0]
        codewords, found = synchronizer.push(air.process(x))
        decided = np.empty(len(codewords), np.uint8)
        decider.decide(codewords, decided, np.empty(len(codewords), np.uint8))
        for frame in found:
            sent = np.empty(FRAME.codewords, np.uint8)
            kernels.messages(1, frame.index, MODEL.k, sent)
            got = decided[frame.first_codeword :][: FRAME.codewords]
            errors += int(np.count_nonzero(got != sent))
            blocks += FRAME.codewords
    return errors, blocks, synchronizer.counts


def largest(expected):
    """Return what a Poisson count of this mean stays below but for 1e-4 of all runs."""
    return expected + 3.7 * math.sqrt(expected)


def test_noise_is_no_frame():
    synchronizer = Synchronizer(FRAME, MODEL)
    x = np.empty(1 << 20, np.complex64)
    for piece in range(48):  # 5e7 samples; tests/qa_long_radio.py takes 1e9
        kernels.gaussian(11, 2 * (piece << 20), x)
        synchronizer.push(x)
    assert synchronizer.counts["received"] == 0


def test_hardly_a_frame_is_missed_where_one_block_in_a_hundred_is_wrong():
    _, _, counts = over_the_air(1000, AT_1E2, "cfo(frequency=0.005)")
    assert counts["received"] + counts["missed"] == 1000
    assert counts["missed"] <= 1


def test_the_header_is_decoded_where_the_payload_is_not():
    # At 2 dB one block in twenty is wrong.
    errors, blocks, counts = over_the_air(400, 2.0)
    assert errors / blocks > 0.04
    assert counts["missed"] / 400 < 0.02


@pytest.mark.parametrize(
    ("kind", "loss_db"),
    [
        ("awgn", 0.5),
        ("cfo(frequency=0.005) + clock_offset(ppm=40)", 0.7),
        ("cfo(frequency=-0.005) + clock_offset(ppm=-40)", 0.7),
        ("two_rays(delay=4, gain_db=-10)", 2.0),
        ("two_rays(delay=6, gain_db=-10, phase_deg=90)", 2.0),
    ],
)
def test_the_loss_is_small(kind, loss_db):
    # At the Eb/N0 of BLER 1e-3 and the loss allowed there are fewer errors than 1e-3.
    blocks_sent = 1600 * FRAME.codewords
    errors, blocks, counts = over_the_air(1600, AT_1E3 + loss_db, kind)
    assert counts["received"] + counts["missed"] == 1600
    assert counts["missed"] <= 2
    assert blocks >= blocks_sent - 2 * FRAME.codewords
    assert errors < largest(1e-3 * blocks)


@pytest.mark.parametrize("ppm", [100, -100, 0])
def test_the_clock_is_followed_within_a_single_burst(ppm):
    # The end of a burst of 256 codewords is a quarter of a symbol off at 100 ppm. The
    # estimate has a deviation of 7 ppm at 7.4 dB per symbol, by the simulation of
    # lib/modem/burst_acquisition.cc; a prior of 50 ppm draws it to 0 by 2 %.
    frame, clocks, wrong = Frame.of_model(MODEL, codewords=256), [], 0
    air = SampleChannel(
        f"clock_offset(ppm={ppm})", seed=5, noise_variance=noise_variance(9.8, 4 / 7)
    )
    decider = decision.decider(MODEL)
    for _ in range(60):
        messages = np.empty(256, np.uint8)
        kernels.messages(1, 0, MODEL.k, messages)
        modulator = Modulator(frame, MODEL)
        x = modulator.modulate(MODEL.codebook[messages]) / np.float32(modulator.scale)
        pause = np.zeros(3001, np.complex64)
        synchronizer = Synchronizer(frame, MODEL)
        y, (burst,) = synchronizer.push(air.process(np.concatenate([x, pause])))
        decided = np.empty(256, np.uint8)
        decider.decide(y, decided, np.empty(256, np.uint8))
        wrong += int(np.count_nonzero(decided != messages))
        clocks.append(burst.clock_ppm)
    assert abs(abs(np.mean(clocks)) - abs(ppm)) < 6
    assert np.std(clocks) < 12
    assert wrong == 0


def test_the_equalizer_is_no_worse_than_none_without_an_echo():
    with_it, blocks, _ = over_the_air(600, 4.5, equalise=True)
    without, _, _ = over_the_air(600, 4.5, equalise=False)
    # The same noise: only a false tap, in one frame of 2500, makes a difference.
    assert abs(with_it - without) <= 5
    assert without > 100
    assert blocks == 600 * FRAME.codewords


def test_the_equalizer_is_better_than_none_with_an_echo():
    kind = "two_rays(delay=4, gain_db=-6, phase_deg=60)"
    with_it, _, _ = over_the_air(200, 6.0, kind, equalise=True)
    without, _, _ = over_the_air(200, 6.0, kind, equalise=False)
    assert with_it < without / 2


def test_estimates_are_what_was_there():
    x, _ = sent_samples(0, 50)
    air = SampleChannel("cfo(frequency=0.003)", seed=6, noise_variance=0.05)
    synchronizer = Synchronizer(FRAME, MODEL)
    _, frames = synchronizer.push(air.process(np.concatenate([x, np.zeros(2000)])))
    assert len(frames) == 50
    # Noise of 0.05 per real dimension: Es/N0 = 10 dB.
    assert np.mean([f.snr_db for f in frames]) == pytest.approx(10, abs=0.2)
    assert np.std([f.snr_db for f in frames]) < 0.6
    cfos = np.array([f.cfo for f in frames])
    assert np.mean(cfos) == pytest.approx(0.003, abs=1e-5)
    assert np.mean([f.gain for f in frames]) == pytest.approx(1, abs=0.02)


def hurt(samples, rng):
    """Return samples of a few frames with one misfortune in their middle."""
    at = len(samples) // 2 + int(rng.integers(-2000, 2000))
    what = rng.integers(4)
    if what == 0:  # an overflow
        return np.delete(samples, slice(at, at + int(rng.integers(1, 4000))))
    if what == 1:  # a gap
        samples[at : at + int(rng.integers(1, 4000))] = 0
    elif what == 2:
        samples[at : at + int(rng.integers(1, 500))] = np.nan
    else:
        samples[at:] *= np.float32(10 ** rng.choice([-1.5, 1.5]))
    return samples


def live_through(events, seed):
    """Return the frames lost around each of so many misfortunes, and the counts."""
    rng = np.random.default_rng(seed)
    synchronizer = Synchronizer(FRAME, MODEL, first_frame=0)
    together = 4  # frames around a misfortune
    numbers = []
    for event in range(events):
        x, _ = sent_samples(together * event, together)
        noisy = x + 0.05 * np.exp(1j * rng.uniform(0, 7, len(x))).astype(np.complex64)
        _, frames = synchronizer.push(hurt(noisy.astype(np.complex64), rng))
        numbers += [f.header.number for f in frames]
    _, frames = synchronizer.flush()
    numbers += [f.header.number for f in frames]
    arrived = np.bincount(numbers, minlength=together * events)
    assert arrived.max() == 1
    lost = together - arrived.reshape(events, together).sum(axis=1)
    return lost, synchronizer.counts


def test_after_each_misfortune_the_frames_go_on_within_two():
    lost, counts = live_through(150, seed=9)
    assert lost.max() <= 2
    assert counts["not_finite"] > 0
    assert lost.sum() == 4 * 150 - counts["received"]
