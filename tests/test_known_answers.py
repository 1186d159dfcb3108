# SPDX-License-Identifier: GPL-3.0-or-later
"""The known answers of `advphy radio check`: exact, the same everywhere, and strict."""

import functools
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.files import recording_reader
from advphy_model.link import any_link
from advphy_model.measure import known_answers, scoring
from advphy_model.modem.frame import Frame
from advphy_model.modem.header import check_of_seed

from .commands import advphy
from .conftest import CLONE


def opened(name):
    return recording_reader.read(known_answers.FOLDER / f"{name}.sigmf-meta")


def receiver_of(found):
    origin = found.origin
    model, frame = any_link.load(origin.link), Frame.restore(origin.frame)
    return scoring.Scorer(model, frame, origin.seed, first_frame=origin.first_frame)


def test_this_receiver_counts_what_is_expected():
    said = [sentence for sentence, _ in known_answers.answers()]
    assert said == [
        "noise: this receiver counts 36 of 1024, expected 36",
        "offset_clock_echo: this receiver counts 19 of 1024, expected 19",
        "attacked: this receiver counts 47 of 1024, expected 47",
    ]
    assert all(each.passed for _, checks in known_answers.answers() for each in checks)


@pytest.mark.parametrize("name", known_answers.NAMES)
def test_a_recording_is_small_complete_and_names_its_seed(name):
    found = opened(name)
    assert found.data.size <= 512_000
    assert (found.verified, found.warnings) == (True, [])
    scorer = receiver_of(found)
    for piece in found.pieces():
        scorer.push(piece)
    checks = {frame.received.header.seed_check for frame in scorer.frames}
    assert checks == {check_of_seed(found.origin.seed)}
    assert [frame.blocks for frame in scorer.frames] == [128] * 8


@pytest.mark.parametrize("name", known_answers.NAMES)
def test_the_counts_do_not_hang_on_the_last_bits(name):
    found = opened(name)
    x, scorer = np.concatenate(list(found.pieces())), receiver_of(found)
    generator = np.random.default_rng(1)
    noise = 1e-4 * generator.standard_normal((len(x), 2)) @ [1, 1j]
    scorer.push((x + noise).astype(np.complex64))
    assert scorer.counts["block_errors"] == found.counts["block_errors"]


@pytest.mark.parametrize("name", kernels.instruction_sets())
def test_the_counts_are_those_of_every_instruction_set(name):
    program = "from advphy_model.measure.known_answers import answers\n"
    program += "assert all(c.passed for _, checks in answers() for c in checks)"
    environment = os.environ | {"ADVPHY_INSTRUCTION_SET": name}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_another_count_fails_the_level_before_anything_is_sent(monkeypatch):
    blind = functools.partial(scoring.Synchronizer, equalise=False)
    monkeypatch.setattr(scoring, "Synchronizer", blind)
    found = advphy("radio check --frames 20")
    assert found.returncode == 1
    (fails,) = [line for line in found.stdout.splitlines() if "FAIL  " in line]
    assert fails.startswith("  FAIL  offset_clock_echo: wrong")
    assert found.stdout.splitlines()[-1] == "file: FAIL"


def test_a_missing_or_damaged_recording_is_named(tmp_path):
    shutil.copytree(known_answers.FOLDER, tmp_path / "k")
    data = tmp_path / "k" / "noise.sigmf-data"
    data.write_bytes(data.read_bytes()[:-2] + b"\x01\x01")
    with pytest.raises(ValueError, match=r"SHA-512 of noise\.sigmf-data is"):
        list(known_answers.answers(tmp_path / "k"))
    data.unlink()
    with pytest.raises(ValueError, match=r"noise\.sigmf-data is missing"):
        list(known_answers.answers(tmp_path / "k"))


@pytest.mark.parametrize("name", known_answers.NAMES)
def test_they_can_be_made_again(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(CLONE / "setup"))
    import known_answers as maker

    maker.make(name, tmp_path)
    again, kept = (
        np.fromfile(folder / f"{name}.sigmf-data", np.int8).astype(int)
        for folder in (tmp_path, known_answers.FOLDER)
    )
    assert np.abs(again - kept).max() <= 1  # rounding of other instruction sets
    made, old = (
        json.loads((folder / f"{name}.sigmf-meta").read_text())["global"]
        for folder in (tmp_path, known_answers.FOLDER)
    )
    assert made["advphy:counts"] == old["advphy:counts"] | {"foreign": 0}
