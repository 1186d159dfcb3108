# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden recordings decode to what was sent, sample for sample."""

import importlib.util

import numpy as np
import pytest
from advphy_model.files import recording_reader
from advphy_model.link import any_link, decision
from advphy_model.measure import scoring
from advphy_model.modem.frame import Frame
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.randomness import messages

from .conftest import CLONE

GOLDEN = CLONE / "tests" / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.sigmf-meta"))


def opened(name):
    return recording_reader.read(GOLDEN / f"{name}.sigmf-meta")


def frame_of(found):
    return Frame.restore(found.origin.frame)


def test_there_is_one_for_each_waveform():
    assert NAMES == ["autoencoder_mlp", "paired_arn_white"]
    for name in NAMES:
        assert (GOLDEN / f"{name}.sigmf-data").stat().st_size < 100_000


@pytest.mark.parametrize("name", NAMES)
def test_frames_numbers_and_offsets_are_those_that_were_sent(name):
    found = opened(name)
    assert found.verified
    assert found.warnings == []
    receiver = Synchronizer(frame_of(found), any_link.load(name), first_frame=0)
    frames = [f for piece in found.pieces() for f in receiver.push(piece)[1]]
    assert [f.header.number for f in frames] == [0, 1, 3, 4]
    assert [f.missed for f in frames] == [0, 0, 1, 0]
    assert [f.index for f in frames] == [0, 8, 24, 32]
    assert {f.header.codewords for f in frames} == {8}
    assert {f.header.inserted for f in frames} == {name == "paired_arn_white"}
    for frame in frames:
        assert frame.cfo == pytest.approx(0.0013, abs=3e-5)
        # Eb/N0 of 9 dB at rate 4/7, with an estimator's spread over 300 symbols
        assert frame.snr_db == pytest.approx(9 - 2.43, abs=1)


def test_the_messages_are_those_of_the_seed():
    found, model = opened("autoencoder_mlp"), any_link.load("autoencoder_mlp")
    receiver = Synchronizer(frame_of(found), model)
    y = np.concatenate([receiver.push(piece)[0] for piece in found.pieces()])
    decided, erased = np.empty(32, np.uint8), np.empty(32, np.uint8)
    decision.decider(model).decide(y, decided, erased)
    sent = messages(seed=1, first_block=0, blocks=40, k=4)
    assert decided.tolist() == [*sent[:16], *sent[24:]]
    assert not erased.any()


@pytest.mark.parametrize("name", NAMES)
def test_the_counts_are_those_that_it_says(name):
    found = opened(name)
    scorer = scoring.score(
        found,
        any_link.load(name),
        frame_of(found),
        seed=found.origin.seed,
        first_frame=0,
        images=found.origin.images,
    )
    counts, said = scorer.counts, dict(found.counts)
    if "squared_error" in said:  # a better synchroniser may turn codes a little less
        error = counts.pop("squared_error")
        assert error == pytest.approx(said.pop("squared_error"), rel=0.02)
        assert error / (32 * 784) < 0.03  # of an image; 0.1 without Bob's module
    for later in ("suspicious", "foreign"):  # were not counted then
        assert counts.pop(later) == 0
    assert counts == said


@pytest.mark.parametrize("name", NAMES)
def test_they_can_be_made_again(name):
    place = GOLDEN / "make_recordings.py"
    spec = importlib.util.spec_from_file_location("make_recordings", place)
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    found = opened(name)
    again = maker.received(any_link.load(name), frame_of(found))
    np.testing.assert_allclose(np.concatenate(list(found.pieces())), again, atol=1e-4)
