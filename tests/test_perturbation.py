# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbations and their files: power, fit, hashes, damage."""

import dataclasses
import math

import numpy as np
import pytest
import safetensors.numpy
from advphy_model.air import perturbation
from advphy_model.air.perturbation import Perturbation
from advphy_model.complex_baseband import to_reals
from advphy_model.link import links, model_file
from advphy_model.link.safetensors_file import DataFileError


def universal(rng, **changes):
    rows = rng.normal(size=(1, 7)) + 1j * rng.normal(size=(1, 7))
    given = {
        "name": "mine",
        "kind": "universal",
        "k": 4,
        "n": 7,
        "rows": rows,
        "ebn0_db": 8.0,
        "victims": {"some_link": "ab" * 32},
        "knowledge": {"weights": "white box"},
        "recipe": {"seed": 3},
    }
    return Perturbation(**{**given, **changes})


def test_psr_is_power_over_n(rng):
    ones = universal(rng, rows=np.full((1, 7), 0.5j))  # ||p||^2 = 7 / 4
    assert ones.psr_db == pytest.approx(10 * math.log10(0.25))
    scaled = ones.scaled(-6.0)
    assert np.sum(np.abs(scaled.rows) ** 2) == pytest.approx(7 * 10**-0.6)
    table = universal(rng, kind="table", rows=np.full((16, 7), 0.5))
    assert table.psr_db == pytest.approx(ones.psr_db)


def test_a_jammer_has_its_psr_in_every_channel_use():
    jammer = perturbation.jammer(4, 7, -3.0)
    assert np.abs(jammer.rows) ** 2 == pytest.approx(np.full((1, 7), 10**-0.3))
    assert jammer.psr_db == pytest.approx(-3.0)


def test_what_is_read_is_what_was_written(rng, tmp_path):
    ours, path = universal(rng), tmp_path / "p.safetensors"
    perturbation.write(ours, path)
    read = perturbation.read(path)
    for key in ("name", "kind", "k", "n", "ebn0_db", "victims", "knowledge", "recipe"):
        assert getattr(read, key) == getattr(ours, key)
    assert np.array_equal(read.rows, ours.rows)
    assert read.sha256 == ours.sha256
    arrays = safetensors.numpy.load_file(path)  # every framework reads it
    assert np.array_equal(arrays["rows"], to_reals(ours.rows))


def test_a_header_whose_length_reads_like_a_pickle_is_read(rng, tmp_path):
    path = tmp_path / "p.safetensors"
    for letters in range(1024):
        ours = dataclasses.replace(universal(rng), recipe={"said": "x" * letters})
        perturbation.write(ours, path)
        if path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04"):
            break
    assert path.read_bytes()[:1] == b"\x80"
    assert perturbation.read(path).sha256 == ours.sha256


def test_any_changed_byte_is_refused(rng, tmp_path):
    path = tmp_path / "p.safetensors"
    perturbation.write(universal(rng), path)
    good, ours = path.read_bytes(), perturbation.read(path).sha256
    for i in range(300):
        content = bytearray(good)
        at = int(rng.integers(len(content)))
        content[at] ^= int(rng.integers(1, 256))
        path.write_bytes(content)
        try:
            found = perturbation.read(path).sha256
        except DataFileError as error:
            found = str(error)
        assert found == ours or str(path) in found, i  # equal: white space of the JSON


def test_a_link_model_is_not_a_perturbation_nor_the_other_way(rng, tmp_path):
    path = tmp_path / "file.safetensors"
    model_file.write(links.load("autoencoder_mlp"), path)
    with pytest.raises(DataFileError, match="gr-advphy perturbation 1"):
        perturbation.read(path)
    perturbation.write(universal(rng), path)
    with pytest.raises(model_file.ModelFileError, match="gr-advphy link model 1"):
        model_file.read(path)


def test_it_fits_links_of_its_n_only(rng):
    p = universal(rng)
    p.require_fit(links.load("two_simplices"))
    with pytest.raises(ValueError, match="n = 7 channel uses, link 'bpsk' has n = 4"):
        p.require_fit(links.load("bpsk"))
    eight = universal(rng, n=4, k=8, kind="table", rows=np.ones((256, 4)))
    with pytest.raises(ValueError, match="256 messages, link 'bpsk' has 16"):
        eight.require_fit(links.load("bpsk"))


def test_another_link_gets_a_warning_with_both_hashes(rng):
    one, other = links.load("two_simplices"), links.load("hamming74_ml")
    p = universal(rng, victims={one.name: one.sha256})
    assert p.warning_for(one) is None
    text = p.warning_for(other)
    assert one.sha256[:12] in text
    assert other.sha256[:12] in text
    assert perturbation.jammer(4, 7, 0.0).warning_for(other) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "loud"}, "kind 'loud' is not known"),
        ({"rows": np.ones((2, 7))}, r"shape \(2, 7\), wanted \(1, 7\)"),
        ({"kind": "table"}, r"wanted \(16, 7\)"),
        ({"rows": np.full((1, 7), np.nan)}, "not finite"),
        ({"rows": np.zeros((1, 7))}, "it is zero"),
    ],
)
def test_what_is_no_perturbation_is_refused(rng, changes, said):
    with pytest.raises(ValueError, match=said):
        universal(rng, **changes)


def test_a_perturbation_is_loaded_by_name_by_file_or_as_itself(rng, tmp_path):
    ours, path = universal(rng), tmp_path / "p.safetensors"
    perturbation.write(ours, path)
    assert perturbation.load(ours) is ours
    assert perturbation.load(path).sha256 == ours.sha256
    for name in perturbation.names():
        assert perturbation.load(name).victims
        with pytest.raises(ValueError, match=f"'nonsense' is neither .* {name}"):
            perturbation.load("nonsense")


@pytest.mark.parametrize("psr_db", [math.nan, math.inf, 61, -101])
def test_a_senseless_psr_is_refused(rng, psr_db):
    with pytest.raises(ValueError, match="psr_db"):
        universal(rng).scaled(psr_db)
