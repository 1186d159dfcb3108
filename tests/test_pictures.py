# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the guides are those of the flowgraphs as they are now."""

import hashlib

import pytest
from picture_stamp import flowgraph_sha256, stamp, stamped
from pictures import WATCHED, flowgraphs, has_window, pictures_of, watched_sha256
from PIL import Image

FLOWGRAPHS = flowgraphs()


def test_the_examples_and_the_tutorial_are_found(clone):
    names = {path.stem for path in FLOWGRAPHS}
    assert {"autoencoder_loopback", "over_the_air_tx", "step1"} <= names
    assert not has_window(clone / "examples" / "over_the_air_tx.grc")
    assert has_window(clone / "examples" / "over_the_air_rx.grc")


@pytest.mark.parametrize("flowgraph", FLOWGRAPHS, ids=lambda path: path.stem)
def test_pictures_are_of_the_flowgraph_as_it_is(flowgraph, clone):
    for picture in pictures_of(flowgraph):
        name, of = picture.relative_to(clone), flowgraph.relative_to(clone)
        remedy = f"run: make pictures NAME={flowgraph.stem}"
        assert picture.exists(), f"{name} is missing; {remedy}"
        assert stamp(picture) == flowgraph_sha256(flowgraph), (
            f"{name} was made of another {of}; {remedy}"
        )


def test_the_picture_of_the_four_radios_is_of_them_as_they_are():
    assert stamp(WATCHED) == watched_sha256(), "run: make pictures NAME=four_radios"


def test_a_picture_keeps_what_is_written_into_it(tmp_path):
    picture, flowgraph = tmp_path / "x.png", tmp_path / "x.grc"
    flowgraph.write_text("coordinate: [8, 8]")
    Image.new("RGB", (64, 48), (0, 114, 178)).save(picture)
    assert stamp(picture) is None
    stamped(picture, flowgraph_sha256(flowgraph))
    assert stamp(picture) == hashlib.sha256(b"coordinate: [8, 8]").hexdigest()
    with Image.open(picture) as drawn:
        assert drawn.size == (64, 48)
        assert drawn.convert("RGB").getpixel((5, 5)) == (0, 114, 178)
    flowgraph.write_text("coordinate: [8, 16]")  # one that was moved
    assert stamp(picture) != flowgraph_sha256(flowgraph)


def test_a_film_without_a_comment_is_of_no_flowgraph(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "x.gif")
    assert stamp(tmp_path / "x.gif") is None


def test_a_flowgraph_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match="'nonsense' is no flowgraph of examples"):
        flowgraphs(["nonsense"])
