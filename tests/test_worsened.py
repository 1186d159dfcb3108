# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise that the receiver adds to aligned codewords, up to a stated Eb/N0."""

import numpy as np
import pytest
from advphy_model import power
from advphy_model.link import any_link, links
from advphy_model.measure import radio_check
from advphy_model.modem.frame import Frame
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.randomness import messages

MODEL = links.load("two_simplices")
FRAME = Frame.of_model(MODEL)
BURSTS = 40


@pytest.fixture(scope="module")
def arriving():
    """Return a function of Eb/N0 in dB that returns the samples of BURSTS bursts."""
    samples, modulator = radio_check.frames_of(MODEL, FRAME, BURSTS, 1)

    def at(ebn0_db):
        samples_db = radio_check.sample_noise_variance(modulator, ebn0_db, MODEL.rate)
        return radio_check.noisy(samples, 2, samples_db)

    return at


def received(samples, *pieces, **settings):
    receiver, found, bursts = Synchronizer(FRAME, MODEL, **settings), [], []
    for piece in np.split(samples, pieces):
        y, more = receiver.push(piece)
        found.append(y)
        bursts += more
    return np.concatenate(found), bursts


def noise_of(y):
    return y - MODEL.codebook[messages(1, 0, len(y), MODEL.k)]


@pytest.mark.parametrize("own_db", [9.0, 14.0, 30.0])
def test_the_total_noise_is_that_of_the_level(arriving, own_db):
    y, bursts = received(arriving(own_db), ebn0_db=3.0)
    assert {burst.ebn0_db for burst in bursts} == {3.0}
    expected = 1 / (2 * MODEL.rate * 10**0.3)  # sigma^2 per real dimension
    error = noise_of(y).view(np.float32)
    # 71 680 reals: 0.5 %; the modem's own estimates add 2 % at 9 dB
    assert np.mean(error**2) == pytest.approx(expected, rel=0.03)
    for burst in bursts:  # estimates are those of the better signal
        assert burst.snr_db == pytest.approx(power.snr_db(own_db, MODEL.rate), abs=1)


def test_nothing_is_added_without_it_and_the_noise_hangs_on_the_index_only(arriving):
    samples = arriving(20.0)
    plain, bursts = received(samples)
    assert bursts[0].ebn0_db is None
    assert "ebn0_db" not in bursts[0].as_dict()
    whole, bursts = received(samples, ebn0_db=4.0)
    assert bursts[0].as_dict()["ebn0_db"] == 4.0
    cut, _ = received(samples, 1000, 77_777, ebn0_db=4.0)
    assert np.array_equal(whole, cut)
    other, _ = received(samples, ebn0_db=4.0, noise_seed=2)
    between = np.mean((whole - plain) * (other - plain).conj())
    assert abs(between) < 0.02 * np.mean(np.abs(whole - plain) ** 2)


def test_a_burst_that_has_less_is_refused_by_its_number(arriving):
    with pytest.raises(ValueError, match=r"got 8: burst 0 has [56]\.\d\d dB; .*--ebn0"):
        received(arriving(6.0), ebn0_db=8.0)


def test_what_is_no_level_or_has_none_is_refused():
    with pytest.raises(ValueError, match=r"ebn0_db must be.*got nan"):
        Synchronizer(FRAME, MODEL, ebn0_db=float("nan"))
    link = any_link.load("minmax_arn")
    with pytest.raises(ValueError, match=r"ebn0_db must be None, got 3: Eb/N0 is"):
        Synchronizer(Frame.of_model(link), link, ebn0_db=3)
    with pytest.raises(ValueError, match="seed must be"):
        Synchronizer(FRAME, MODEL, noise_seed=-1)
