# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation source: what a demo changes while it runs, and shipped perturbations."""

import numpy as np
import pytest
from advphy_model.air.perturbation import Perturbation
from gnuradio import advphy

from .qa_perturbation_source import sent_by

NAME = "universal_pgd_hamming74_ml"


def test_a_perturbation_is_given_by_its_name():
    p = Perturbation.load(NAME).scaled(-3.0).rows[0]
    items, _ = sent_by(advphy.perturbation_source("hamming74_ml", NAME, -3.0), 100)
    assert np.array_equal(items, np.tile(p, (100, 1)))
    with pytest.raises(ValueError, match="'nothing' is neither a file"):
        advphy.perturbation_source("hamming74_ml", "nothing")


def test_a_schedule_that_is_set_is_that_of_the_constructor():
    made = advphy.perturbation_source(
        "hamming74_ml", NAME, off_blocks=2000, on_blocks=1500
    )
    changed = advphy.perturbation_source("hamming74_ml", NAME)
    changed.set_schedule(2000, 1500)
    for source in (made, changed):
        items, tags = sent_by(source, 5000)
        on = np.flatnonzero(items.any(axis=1))
        assert on.tolist() == list(range(2000, 3500))
        found = {at: tag["on"] for at, tag in tags.items()}
        assert found == {0: False, 2000: True, 3500: False}
    changed.set_schedule(0, 0)
    assert sent_by(changed, 5000)[0].all()


def test_a_schedule_that_would_never_attack_is_refused():
    source = advphy.perturbation_source("hamming74_ml", NAME)
    with pytest.raises(ValueError, match="the perturbation would never arrive"):
        source.set_schedule(1000, 0)


@pytest.mark.parametrize("off_blocks", [0, 2000])
def test_what_is_not_enabled_sends_zeros_and_says_so(off_blocks):
    source = advphy.perturbation_source(
        "hamming74_ml", NAME, off_blocks=off_blocks, on_blocks=1000, enabled=False
    )
    items, tags = sent_by(source, 5000)
    assert not items.any()
    assert [tags[0]["on"], tags[0]["psr_db"], list(tags)] == [False, -np.inf, [0]]
    source.set_enabled(True)
    assert sent_by(source, 5000)[0].any()
