# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that measure through the modem, and their rows of counts."""

import dataclasses
import re

import numpy as np
import pytest
from advphy_figures import synchronism as figure
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links
from advphy_model.measure import burst_chain, sweep, synchronism, table
from advphy_model.measure.burst_chain import BurstCounts, BurstSetting, layout_label
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts
from advphy_model.modem.frame import Frame

from .commands import done, refused

LINK = links.load("hamming74_ml")
FRAME = Frame.of_model(LINK)
POINT = "measure-burst hamming74_ml --ebn0-db 2 --out burst.csv --max-blocks"


def test_it_measures_and_writes_rows_that_plot_reads_once(here):
    for _ in range(2):  # the same again counts nothing new
        assert f"overhead {FRAME.overhead_db:.2f} dB" in done(POINT, 2000)
        (row,) = table.read("burst.csv", BurstCounts)
        assert (row.frames, row.missed_frames, row.blocks) == (16, 0, 2048)
    assert row.engine == "burst"
    (plain,) = table.read("burst.csv", Counts)
    assert plain.block_errors == row.block_errors > 0


def test_more_blocks_go_on_where_it_stopped(here):
    for blocks in (32768, 70000):
        done(POINT, blocks, "--min-errors 100000")
    done(POINT, "70000 --min-errors 100000 --out whole.csv")
    rows = table.read("burst.csv", BurstCounts)
    assert rows == table.read("whole.csv", BurstCounts)


def test_an_adversary_out_of_step_is_in_the_row(here):
    words = (
        "--attack noise_jammer --psr-db -3 --where stream --delay 2.5 "
        "--frequency-offset 0.01 --phase random --cancel signs --window 128 "
        "--frame pilots=4"
    )
    done(POINT, 2000, words)
    (row,) = table.read("burst.csv", BurstCounts)
    assert row.psr_db == -3
    for said in ("where stream", "delay 10", "cfo 0.0025", "phase random"):
        assert said in row.attack
    assert (
        row.canceller
        == "canceller, drawn sample, window 128, sample 128, adversary signs"
    )
    assert row.frame == "pilots 4"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--delay 2", "--delay belongs to an adversary"),
        ("--window 128", "give --cancel"),
        ("--frame color=3", "must be KEY=VALUE, got .*choose KEY from codewords"),
        ("--frame pilots=many", "must be a number"),
        ("--frame pilots=99", "must be a whole number in 1..16"),
        ("--attack noise_jammer --delay late", "a number or 'random'"),
        ("--attack noise_jammer --psr-db nan", "--psr-db must be.*got 'nan'"),
        ("--attack noise_jammer --fading deep", "fading 'deep'"),
    ],
)
def test_bad_input_is_one_sentence(here, words, said):
    assert re.search(said, refused(POINT, 2000, words))


def test_rows_of_another_command_are_refused(here):
    row = Counts("x", "loop", 2.0, 1, 0, 10, 1, 0, "00")
    table.write("burst.csv", [row], Counts)
    assert "is it a CSV of `advphy measure-burst`" in refused(POINT, 2000)


def test_rows_add_totals():
    row = BurstCounts("x", "burst", 2.0, 1, 0, 0, 0, 0, "00")
    row = row.plus({"frames": 3, "missed_frames": 1, "blocks": 20, "block_errors": 2})
    row = row.plus({"frames": 1, "blocks": 10, "erasures": 1})
    assert (row.frames, row.missed_frames, row.blocks) == (4, 1, 30)
    assert row.failures == 3


def test_the_layout_is_told_without_defaults():
    assert layout_label(FRAME) == "default"
    assert layout_label(Frame(n=9, group=2, rolloff=0.5)) == "rolloff 0.5, group 2"


def test_the_loss_is_what_the_aligned_link_needs_less():
    setting = BurstSetting(LINK, FRAME, 5.0)
    quarter = dataclasses.replace(setting, ebn0_db=4.6)
    loss = burst_chain.loss_db(setting, burst_chain.aligned_bler(quarter))
    assert abs(loss - 0.4) < 0.05  # 2000 errors a point: 0.02 dB
    assert burst_chain.loss_db(setting, 0.0) is None


def test_points_measured_at_once_are_those_measured_in_turn(tmp_path):
    settings = [BurstSetting(LINK, FRAME, db, 3, frames=8) for db in (1.0, 2.0, 1.0)]

    def rows(name, **options):
        out, rule = tmp_path / name, StopRule(10**6)
        steps = [*sweep.measure(settings, rule, out, BurstCounts, **options)]
        assert len(steps) == 3 or "at_once" not in options  # only the last of each
        return [step.row for step in steps if step.done]

    turns = rows("a.csv", engine="burst")
    assert rows("b.csv", engine="burst", at_once=2) == turns
    assert turns[0] == turns[2] != turns[1]
    assert len(table.read(tmp_path / "b.csv", BurstCounts)) == 2


def points():
    rows = np.random.default_rng(2).normal(size=(2, 1, 14)).view(complex)
    sharp, blind = (Perturbation("p", "universal", 4, 7, row) for row in rows)
    return synchronism.points(LINK, FRAME, sharp, blind, 8.0, -6.0)


def test_the_figures_points_have_every_curve_in_every_panel():
    found = points()
    kinds = {(point.panel, point.curve) for point in found} - {
        ("", synchronism.CLEAN),
        ("", synchronism.JAMMER),
    }
    assert len(kinds) == len(synchronism.PANELS) * len(synchronism.CURVES)
    delays = [p.x for p in found if (p.panel, p.curve) == ("delay", synchronism.ATTACK)]
    assert delays == [i / 2 for i in range(15)]


def test_the_figure_is_drawn_and_told(tmp_path):
    def row(i, point):
        (empty,) = point.setting.rows("burst", 0)
        counted = {"frames": 8, "missed_frames": i % 3, "block_errors": i % 7}
        return empty.plus({"blocks": 1024, **counted})

    measured = [(point, row(i, point)) for i, point in enumerate(points())]
    figure.draw(measured, tmp_path / "s.png", "title")
    assert (tmp_path / "s.png").read_bytes()[:4] == b"\x89PNG"
    assert synchronism.ATTACK in figure.table(measured)
