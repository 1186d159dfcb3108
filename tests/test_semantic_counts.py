# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of sums of semantic links: adding up, overlap, the CSV, damage."""

import csv
import dataclasses
import math

import pytest
from advphy_model.measure import table
from advphy_model.measure.semantic_counts import SemanticCounts

SUMS = SemanticCounts.SUMS


def read(path):
    return table.read(path, SemanticCounts)


def write(path, rows):
    table.write(path, rows, SemanticCounts)


def row(**changes):
    """Return a row of Bob's: 100 frames from 0 on, 10 of them erased."""
    values = {"link": "small", "engine": "loop", "images": "random", "branch": "bob"}
    values |= {"pair": "learned", "snr_db": 10.0, "seed": 1, "first_frame": 0}
    values |= {"frames": 100, "pixels": 56, "reals": 5, "erasures": 10}
    values |= {"squared_error": 252.0, "correct": 0, "signal_energy": 500.0}
    values |= {"perturbation_energy": 50.0, "transmit_energy": 550.0}
    return SemanticCounts(**(values | {"model_sha256": "ab" * 32} | changes))


def eves(**changes):
    given = {"branch": "eve", "eve": "listener", "eve_sha256": "cd" * 32}
    return row(**(given | {"correct": 45, "squared_error": 0.0} | changes))


def test_figures_are_derived_from_sums():
    found = row()
    assert found.mse == pytest.approx(252 / (90 * 56))  # erased frames do not count
    assert found.psr_db == pytest.approx(-10)
    assert found.transmit_power_db == pytest.approx(10 * math.log10(1.1))
    assert eves().accuracy == 0.45  # an erased frame is not right
    silent = row(perturbation_energy=0.0, transmit_energy=0.0)
    assert (silent.psr_db, silent.transmit_power_db) == (None, None)


def test_the_mean_ssim_is_over_the_images_that_have_one():
    assert row().ssim is None
    assert row(ssim_sum=20.0, ssim_frames=40).ssim == 0.5  # earlier rows have none


def test_the_mse_of_nothing_but_erasures_is_not_a_good_one():
    assert math.isnan(row(erasures=100, squared_error=0.0).mse)


@pytest.mark.parametrize("count", [1, 400])
def test_the_interval_of_an_mse_is_that_of_the_frames(rng, count):
    errors = 56 * rng.gamma(2, 0.01, count)
    found = row(
        frames=count,
        erasures=0,
        squared_error=errors.sum(),
        squared_error_squares=(errors**2).sum(),
    )
    half = 1.96 * errors.std() / count**0.5 / 56
    assert found.mse_interval() == pytest.approx((found.mse - half, found.mse + half))


def test_rows_that_continue_each_other_become_one():
    parts = [
        row(first_frame=first, frames=frames, erasures=first // 100)
        for first, frames in ((300, 50), (0, 100), (100, 200))
    ]
    (whole,) = table.add_up(parts)
    assert (whole.first_frame, whole.frames, whole.end) == (0, 350, 350)
    for name in SUMS:
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts)
    assert whole == parts[1].joined(parts[2]).joined(parts[0])


def test_a_gap_or_another_setting_keeps_rows_apart():
    others = [
        row(first_frame=101),
        row(snr_db=5.0),
        row(seed=2),
        eves(),
        row(pair="none"),
        row(branch="bob_without"),
        row(engine="flowgraph"),
        row(images="other"),
        row(model_sha256="ef" * 32),
        eves(eve_sha256="12" * 32),
        row(attack="p 0123abcd", attack_psr_db=-6.0),
        row(attack="p 0123abcd", attack_psr_db=-3.0),
    ]
    assert len(table.add_up([row(), *others])) == len(others) + 1


@pytest.mark.parametrize("first", [0, 99])
def test_a_frame_in_two_rows_is_refused(first):
    with pytest.raises(
        ValueError,
        match=rf"small, bob at 10 dB: frames {first}\.\.99 "
        "of seed 1 are counted twice",
    ):
        table.add_up([row(first_frame=first), row()])


def test_what_is_read_is_what_was_written(tmp_path):
    path = tmp_path / "run.csv"
    rows = [row(squared_error=1 / 3), eves(), row(first_frame=100), row(snr_db=-2.5)]
    write(path, rows)
    assert sorted(read(path), key=str) == sorted(rows, key=str)
    with open(path, encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == SemanticCounts.COLUMNS
    assert {line["psr_db"] for line in found} == {"-10.0000"}
    write(path, [*read(path), row(first_frame=200)])
    assert max(r.frames for r in table.add_up(read(path))) == 300
    assert table.read_existing(tmp_path / "none.csv", SemanticCounts) == []


def test_overlap_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "run.csv"
    write(path, [row()])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="counted twice"):
        write(path, [row(), row(first_frame=50)])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.csv"]


def damaged(path, **changes):
    """Write one row whose values are changed behind the module's back."""
    write(path, [eves()])
    with open(path, encoding="utf-8", newline="") as file:
        (values,) = csv.DictReader(file)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, SemanticCounts.COLUMNS)
        writer.writeheader()
        writer.writerow(values | changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"frames": "100.5"}, "100.5"),
        ({"frames": "0", "correct": "0", "erasures": "0"}, "of 0 images"),
        ({"frames": "-100", "correct": "-100", "erasures": "0"}, "frames"),
        ({"correct": "91"}, "91 correct and 10 erased of 100"),
        ({"correct": "-1"}, "correct must be 0 or more"),
        ({"erasures": "-1"}, "erasures must be 0 or more"),
        ({"erasures": ""}, "erasures must be a whole number"),
        ({"squared_error": "nan"}, "must be a finite number"),
        ({"squared_error": "-1.0"}, "or more"),
        ({"signal_energy": "-500"}, "or more"),
        ({"transmit_energy": "inf"}, "must be a finite number"),
        ({"snr_db": "nan"}, "must be a finite number"),
        ({"snr_db": "ten"}, "ten"),
        ({"branch": "mallory"}, "branch .mallory. is not known"),
        ({"first_frame": "-5"}, "first_frame must be 0 or more, got -5"),
        ({"pixels": "0"}, "pixels"),
        ({"reals": "-1"}, "reals"),
        ({"ssim_sum": "2.5", "ssim_frames": "2"}, "ssim_sum 2.5 over 2 of 100"),
        ({"ssim_frames": "101"}, "over 101 of 100 images"),
        ({"attack": "p 0123abcd"}, "attack_psr_db must be a number with an attack"),
        ({"attack_psr_db": "-6.0"}, "empty without, got -6.0 with attack 'none'"),
    ],
)
def test_damaged_rows_are_refused_with_their_line(tmp_path, changes, text):
    path = tmp_path / "run.csv"
    damaged(path, **changes)
    with pytest.raises(ValueError, match=rf"run\.csv: line 2: .*{text}"):
        read(path)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "link,engine\n", "\0"])
def test_another_csv_is_refused(tmp_path, content):
    path = tmp_path / "run.csv"
    path.write_text(content)
    text = r"run\.csv: (line .*column .* is missing|is not UTF-8 text)"
    with pytest.raises(ValueError, match=text):
        read(path)


def test_a_line_cut_short_is_refused(tmp_path):
    path = tmp_path / "run.csv"
    write(path, [row(), eves()])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"run\.csv: line 3"):
        read(path)


def test_every_sum_adds_up():
    one, other = row(), row(first_frame=100)
    both = dataclasses.asdict(one.joined(other))
    for name, value in dataclasses.asdict(one).items():
        assert both[name] == (2 * value if name in SUMS else value)
