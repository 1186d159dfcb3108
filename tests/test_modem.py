# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem: what is sent arrives, aligned, whatever the air and the chunks."""

import re

import numpy as np
import pytest
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.link import any_link, links
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.modem.frame import Frame
from advphy_model.modem.header import Header
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer

MODEL = links.load("two_simplices")
SMALL = {"codewords": 8}


def codewords_of(model, blocks, seed=3):
    """Return random codewords [blocks, n]."""
    rng = np.random.default_rng(seed)
    return model.codebook[rng.integers(0, model.M, blocks)]


def noise(samples, deviation, seed=4):
    """Return complex noise of a deviation per real dimension."""
    rng = np.random.default_rng(seed)
    reals = rng.standard_normal((samples, 2)) * deviation
    return (reals @ [1, 1j]).astype(np.complex64)


def received(frame, samples, pieces=None, model=MODEL, **settings):
    """Return (codewords, frames) of samples pushed in pieces of such sizes."""
    synchronizer = Synchronizer(frame, model, **settings)
    found, frames, count = [], [], 0
    at = 0
    for size in pieces or [len(samples)]:
        codewords, more = synchronizer.push(samples[at : at + size])
        frames += [f.moved(count) for f in more]
        found.append(codewords)
        count += len(codewords)
        at += size
    codewords, more = synchronizer.flush()
    return (
        np.concatenate([*found, codewords]),
        frames + [f.moved(count) for f in more],
        synchronizer,
    )


def delayed(samples, delay):
    """Return the samples later by a fraction of one, by the shift theorem."""
    padded = np.concatenate([samples, np.zeros(256)])
    turn = np.exp(-2j * np.pi * np.fft.fftfreq(len(padded)) * delay)
    return np.fft.ifft(np.fft.fft(padded) * turn).astype(np.complex64)


@pytest.mark.parametrize("samples_per_symbol", [2, 3, 4, 5, 8])
def test_codewords_arrive_without_noise(samples_per_symbol):
    frame = Frame.of_model(MODEL, samples_per_symbol=samples_per_symbol)
    sent = codewords_of(MODEL, 256)
    samples = Modulator(frame, MODEL, first_frame=9).modulate(sent)
    got, frames, _ = received(frame, samples)
    assert [f.header.number for f in frames] == [9, 10]
    assert [f.index for f in frames] == [9 * 128, 10 * 128]
    # Crosstalk of the truncated pulse: 55 dB below.
    assert got == pytest.approx(sent, abs=0.02)


@pytest.mark.parametrize(
    "impairment", ["offset", "phase", "delay", "half", "gain", "all"]
)
def test_codewords_arrive_through_what_the_air_does(impairment):
    frame = Frame.of_model(MODEL)
    sent = codewords_of(MODEL, 256)
    x = Modulator(frame, MODEL).modulate(sent)
    whole = impairment == "all"
    if impairment == "gain" or whole:
        x = x * np.float32(1e-3)
    if impairment == "phase" or whole:
        x = x * np.exp(2.5j)
    if impairment == "half" or whole:
        x = delayed(x, 0.5)
    if impairment == "delay" or whole:
        x = np.concatenate([np.zeros(777), x])
    cfo = 0.005 if impairment == "offset" or whole else 0
    x = x * np.exp(2j * np.pi * cfo * np.arange(len(x)))
    got, frames, _ = received(frame, x.astype(np.complex64))
    assert len(frames) == 2
    for f in frames:
        assert f.cfo == pytest.approx(cfo, abs=1e-5)
    assert got == pytest.approx(sent, abs=0.03)


def test_a_clock_offset_is_followed_and_told():
    frame = Frame.of_model(MODEL)
    sent = codewords_of(MODEL, 128 * 40)
    samples = Modulator(frame, MODEL).modulate(sent)
    # Instant i of the receiver is i (1 + 40e-6) of the sender, by an oversampled
    # spectrum and cubic interpolation.
    from scipy.interpolate import CubicSpline

    spectrum = np.fft.fft(samples)
    wide = np.zeros(8 * len(samples), complex)
    half = len(samples) // 2
    wide[:half], wide[-half:] = spectrum[:half], spectrum[-half:]
    fine = CubicSpline(np.arange(len(wide)) / 8, np.fft.ifft(wide) * 8)
    at = np.arange(int(len(samples) / (1 + 40e-6))) * (1 + 40e-6)
    got, frames, _ = received(frame, fine(at).astype(np.complex64))
    assert len(frames) == 40
    # The sender makes 1 + 40e-6 samples while the receiver takes one.
    assert frames[-1].clock_ppm == pytest.approx(40, abs=2)
    assert got[-128:] == pytest.approx(sent[-128:], abs=0.1)


def test_semantic_codes_keep_their_scale():
    model = SemanticLink.load("semantic_mnist")
    frame = Frame.of_model(model)
    rng = np.random.default_rng(5)
    sent = (rng.standard_normal((256, model.n, 2)) @ [1, 1j]).astype(np.complex64)
    modulator = Modulator(frame, model, peak_symbol=6)
    got, frames, _ = received(frame, modulator.modulate(sent), model=model)
    assert len(frames) == 2
    assert got == pytest.approx(sent, abs=0.05)


def test_a_short_frame_says_how_many_codewords_it_has():
    frame = Frame.of_model(MODEL)
    sent = codewords_of(MODEL, 131)
    modulator = Modulator(frame, MODEL)
    samples = [modulator.modulate(sent[:128]), modulator.modulate(sent[128:])]
    got, frames, _ = received(frame, np.concatenate(samples))
    assert [f.header.codewords for f in frames] == [128, 3]
    assert got == pytest.approx(sent, abs=0.02)


@pytest.mark.parametrize("shape", [(7,), (0, 7), (3, 6), (3, 7, 1)])
def test_what_are_no_codewords_is_refused(shape):
    modulator = Modulator(Frame(7), links.load("autoencoder_mlp"))
    with pytest.raises(ValueError, match=r"codewords have shape .*\(blocks, 7\)"):
        modulator.modulate(np.zeros(shape, np.complex64))


def test_no_sample_is_larger_than_the_amplitude():
    frame = Frame.of_model(MODEL)
    for amplitude in (0.1, 0.8, 1.0):
        modulator = Modulator(frame, MODEL, amplitude=amplitude)
        samples = modulator.modulate(codewords_of(MODEL, 1280))
        assert np.abs(samples).max() <= amplitude * (1 + 1e-6)
        assert modulator.clipped == 0
    modulator = Modulator(frame, MODEL, amplitude=0.5, peak_symbol=0.2)
    codewords = 4 * codewords_of(MODEL, 128)
    codewords[20:], codewords[10] = 0, np.nan  # a NaN hides no sample before it
    samples = modulator.modulate(codewords)
    assert np.nanmax(np.abs(samples)) <= 0.5 * (1 + 1e-6)
    assert modulator.clipped > 0


def test_frames_begin_and_end_in_silence():
    frame = Frame.of_model(MODEL)
    samples = Modulator(frame, MODEL).modulate(codewords_of(MODEL, 128))
    silent = (frame.gap // 2 - frame.span // 2 - 1) * frame.samples_per_symbol
    assert not samples[:silent].any()
    assert not samples[-silent:].any()


def test_how_the_stream_is_cut_changes_nothing():
    frame = Frame.of_model(MODEL)
    x = Modulator(frame, MODEL).modulate(codewords_of(MODEL, 1280))
    x = np.concatenate([noise(5000, 0.1), x * np.float32(2)]) + noise(
        len(x) + 5000, 0.5, 6
    )
    x[20000:20010] = np.nan
    expected, frames, synchronizer = received(frame, x)
    assert len(frames) >= 8
    rng = np.random.default_rng(8)
    for largest in (7, 1000, 30000):
        pieces = []
        while sum(pieces) < len(x):
            pieces.append(int(rng.integers(1, largest)))
        got, same, other = received(frame, x, pieces)
        assert np.array_equal(got, expected)
        assert same == frames
        assert other.counts == synchronizer.counts


def test_frames_that_are_lost_are_known_from_their_numbers():
    frame = Frame.of_model(MODEL)
    sent = codewords_of(MODEL, 128 * 6)
    x = Modulator(frame, MODEL, first_frame=100).modulate(sent)
    size = frame.samples()
    kept = np.concatenate([x[size : 2 * size], x[4 * size :]])
    got, frames, synchronizer = received(frame, kept, first_frame=100)
    assert [(f.header.number, f.missed) for f in frames] == [
        (101, 1),
        (104, 2),
        (105, 0),
    ]
    assert synchronizer.counts["missed"] + synchronizer.counts["received"] == 6
    assert got == pytest.approx(
        sent.reshape(6, 128, 7)[[1, 4, 5]].reshape(-1, 7), abs=0.02
    )


def test_a_sender_that_begins_anew_is_no_loss():
    frame = Frame.of_model(MODEL)
    x = [
        Modulator(frame, MODEL, first_frame=5).modulate(codewords_of(MODEL, 3 * 128))
        for _ in range(2)
    ]
    _, _, synchronizer = received(frame, np.concatenate(x))
    assert synchronizer.counts["restarts"] == 1
    assert synchronizer.counts["missed"] == 0


@pytest.mark.parametrize("lost", [1, 3, 100, 1000, 3000])
def test_after_lost_samples_the_next_frame_but_one_arrives(lost):
    frame = Frame.of_model(MODEL)
    sent = codewords_of(MODEL, 128 * 8)
    x = Modulator(frame, MODEL).modulate(sent)
    at = 2 * frame.samples() + 2500  # within frame 2
    _, frames, _ = received(frame, np.concatenate([x[:at], x[at + lost :]]))
    numbers = [f.header.number for f in frames]
    assert set(numbers) >= {0, 1, 4, 5, 6, 7}
    assert numbers == sorted(numbers)
    if lost >= 3 and 2 in numbers:
        assert not frames[2].intact


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e30, 1e5])
def test_samples_that_are_none_spoil_their_own_frame_only(garbage):
    frame = Frame.of_model(MODEL)
    sent = codewords_of(MODEL, 128 * 6)
    x = Modulator(frame, MODEL).modulate(sent)
    at = frame.samples() + 3000
    x[at : at + 50] = garbage
    got, frames, synchronizer = received(frame, x)
    assert {f.header.number for f in frames} >= {0, 2, 3, 4, 5}
    assert np.isfinite(got.view(np.float32)).all()
    assert synchronizer.counts["not_finite"] == (0 if garbage == 1e5 else 50)


@pytest.mark.parametrize("step", [10**-1.5, 10**1.5])
def test_a_gain_step_of_30_db_spoils_its_own_frame_only(step):
    frame = Frame.of_model(MODEL)
    x = Modulator(frame, MODEL).modulate(codewords_of(MODEL, 128 * 6))
    x[frame.samples() + 3000 :] *= np.float32(step)
    _, frames, _ = received(frame, x)
    assert {f.header.number for f in frames} >= {0, 2, 3, 4, 5}


def test_a_burst_of_another_link_is_left_out_and_named():
    other = links.load("autoencoder_mlp")
    frame = Frame.of_model(MODEL)
    x = Modulator(frame, other).modulate(codewords_of(other, 128))
    bob = Synchronizer(frame, MODEL)
    assert not any(map(len, (*bob.push(x), *bob.flush())))
    assert (bob.counts["received"], bob.counts["foreign"]) == (0, 1)
    assert re.search(rf"link model {other.sha256[:8]}.*same link", bob.hint)
    _, frames, _ = received(frame, x, model=None)
    assert frames[0].header.model_hash.hex() == other.sha256[:8]


def test_arguments_that_make_no_sense_are_refused():
    frame = Frame.of_model(MODEL)
    with pytest.raises(ValueError, match=r"amplitude must be.*got 1\.5"):
        Modulator(frame, MODEL, amplitude=1.5)
    with pytest.raises(ValueError, match=r"does not fit a model of n = 7"):
        Modulator(Frame(8), MODEL)
    with pytest.raises(ValueError, match="130 codewords, expected a multiple of 128"):
        Modulator(frame, MODEL).modulate(codewords_of(MODEL, 130))
    with pytest.raises(ValueError, match=r"threshold must be.*got 0"):
        Synchronizer(frame, MODEL, threshold=0)
    with pytest.raises(ValueError, match=r"phase_walk must be.*got -1"):
        Synchronizer(frame, MODEL, phase_walk=-1)
    link = any_link.load("minmax_arn")
    with pytest.raises(ValueError, match=r"seed must be None for 'minmax_arn'.*got 1"):
        Modulator(Frame.of_model(link), link, seed=1)
    with pytest.raises(ValueError, match="burst number must be"):
        Header(2**32, 1, b"abcd").to_bytes()


def test_the_gain_told_is_the_one_before_an_equalizer():
    frame = Frame.of_model(MODEL)
    modulator = Modulator(frame, MODEL)
    x = modulator.modulate(codewords_of(MODEL, 256)) / np.float32(modulator.scale)
    echo = np.concatenate([np.zeros(4, np.complex64), x[:-4]])
    y = np.float32(0.01) * (x + np.float32(0.3) * echo) + noise(len(x), 1e-4)
    _, frames, _ = received(frame, y)
    assert all(f.equalised for f in frames)
    assert [f.gain for f in frames] == pytest.approx([0.01, 0.01], rel=0.1)


def test_the_next_frame_arrives_where_pilots_are_at_the_end_only():
    frame = Frame.of_model(MODEL, group=256, pilots=8)
    x = Modulator(frame, MODEL).modulate(codewords_of(MODEL, 128 * 3))
    _, frames, _ = received(frame, np.delete(x, slice(3000, 4500)))
    assert [f.header.number for f in frames] == [0, 1, 2]


def test_a_long_frame_is_followed_as_its_clock_drifts():
    frame = Frame(4096, codewords=32, samples_per_symbol=2)
    sent = np.exp(1j * np.arange(4 * 32 * 4096)).astype(np.complex64)
    modulator = Modulator(frame, type("Model", (), {"n": 4096, "sha256": 64 * "0"}))
    x = modulator.modulate(sent.reshape(-1, 4096))
    air = SampleChannel("clock_offset(ppm=60)", noise_variance=1e-4)
    y = air.process(np.concatenate([x, np.zeros(4096, np.complex64)]))
    for pieces in (None, [len(y) // 3, len(y)]):
        _, frames, _ = received(frame, y, pieces, model=None)
        assert len(frames) == 4
        assert abs(frames[-1].clock_ppm) == pytest.approx(60, abs=1)


def test_a_frame_with_too_little_behind_it_is_refused():
    with pytest.raises(ValueError, match="must be at least 4"):
        Frame(7, gap=12, ramp=0)
