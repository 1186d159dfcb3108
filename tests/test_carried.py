# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modem carries: links and semantic links by name, file or themselves."""

import pytest
from advphy_model import carried, links, model_file, semantic_links


def test_names_of_either_kind_are_found():
    assert carried.load("two_simplices").n == 7
    assert (
        carried.load("autoencoder_mlp:nearest_codeword").decision == "nearest_codeword"
    )
    assert carried.load("semantic_mnist").reals == 23


def test_files_of_either_kind_are_found(tmp_path):
    link, semantic = (
        links.load("autoencoder_mlp"),
        semantic_links.load("semantic_mnist"),
    )
    model_file.write(link, tmp_path / "link.safetensors")
    semantic_links.write(semantic, tmp_path / "semantic.safetensors")
    assert carried.load(tmp_path / "link.safetensors").sha256 == link.sha256
    found = carried.load(tmp_path / "semantic.safetensors")
    assert found.sha256 == semantic.sha256


def test_a_model_is_itself():
    link = links.load("bpsk")
    assert carried.load(link) is link


def test_what_is_neither_is_refused_with_the_names(tmp_path):
    with pytest.raises(ValueError, match=r"'nothing' is neither.*bpsk.*semantic_mnist"):
        carried.load("nothing")
    other = tmp_path / "text"
    other.write_text("no model")
    with pytest.raises(ValueError, match="text"):
        carried.load(other)
