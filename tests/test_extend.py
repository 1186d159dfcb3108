# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers, channels, attacks and schemes of the user's own, as documented."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from advphy_model import found_by_name
from advphy_model.air import channels
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.network.network import Layer
from advphy_training import attacks
from PIL import Image

from .commands import done, refused

GUIDE = Path(__file__).parents[1] / "docs" / "extend.md"
FILE = re.compile(r"`(\w+/\w+\.py)`:.*?```python\n(.*?)```", re.S)
COMMANDS = re.compile(r"```sh\n(.*?)```", re.S)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a folder with the guide's files, on ADVPHY_PATH."""
    folder = tmp_path / "own"
    for name, text in FILE.findall(GUIDE.read_text()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_text(text)
        path.chmod(0o644)
    monkeypatch.setenv("ADVPHY_PATH", str(folder))
    monkeypatch.setenv("ADVPHY_DATA", str(tmp_path / "data"))
    return folder


def test_the_guide_works_as_it_stands(here, own):
    for i in range(8):
        folder = here / "pictures" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.full((9, 9, 3), 30 * i, np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    said = {}
    for block in COMMANDS.findall(GUIDE.read_text()):
        for line in block.replace("\\\n", " ").strip().splitlines():
            said[line.split()[1]] = done(line.removeprefix("advphy ").strip())
    assert "momentum_fgm" in said["info"]
    assert f"attacks: your own, {own}/attacks/momentum_fgm.py" in said["info"]
    (row,) = table.read("faded.csv", Counts)
    assert row.attack.startswith("momentum_fgm ")
    assert row.channel == "rician_doppler(doppler=0.01)"
    assert 0 < row.block_errors < row.blocks
    assert "mine_train" in said["data"]


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("attacks/fgm.py", "", "attacks already have 'fgm'"),
        ("layers/relu.py", "def relu(x): return x", "must define a function 'relu'"),
        ("layers/mine.py", "x = 1", "must define a function 'mine'"),
    ],
)
def test_files_that_do_not_fit_are_refused(own, name, text, error):
    (own / name).write_text(text)
    with pytest.raises(ValueError, match=error):
        Layer("mine", "a") if "layers" in name else attacks.attack("fgm")


def test_an_attack_that_is_given_as_a_file_is_told_where_it_belongs(here, own):
    said = refused("attack my_attack.py --link gan_mlp --out p.safetensors")
    assert (
        "put it into attacks/ in a folder on ADVPHY_PATH, and give 'my_attack'" in said
    )


def test_folders_that_others_can_write_to_are_left_out(own, caplog):
    assert "momentum_fgm" in found_by_name.own_files("attacks")
    for place in (own / "attacks" / "momentum_fgm.py", own / "attacks", own):
        mode = place.stat().st_mode
        os.chmod(place, mode | 0o002)
        assert found_by_name.own_files("attacks") == {}
        assert "is not loaded" in caplog.text
        os.chmod(place, mode)
        caplog.clear()
    assert "rician_block" in channels.names()


def test_settings_come_from_a_file_and_single_ones_from_set(here):
    (here / "s.toml").write_text('steps = 3\nbatch = 8\narchitecture = "mlp"\n')
    words = "train autoencoder --settings s.toml --set batch=16 --no-measure --out a.st"
    done(words)
    from advphy_model.link.links import load

    recipe = load("a.st").recipe
    assert (recipe["settings"]["steps"], recipe["settings"]["batch"]) == (3, 16)
    assert "measured" not in recipe
    (here / "s.toml").write_text("steps: 3")
    assert "s.toml: not a TOML file" in refused(words)
    (here / "s.toml").write_text("stepz = 3")
    assert "setting 'stepz=3' is not key=value" in refused(words)


def test_what_a_training_needs_is_checked_before_its_first_step(here):
    from .idx_bytes import write_tiny

    write_tiny(here)
    words = "train semantic --set images=train --set steps=1000000 --out a.st"
    assert "test" in refused(words)
