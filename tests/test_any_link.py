# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modem carries: links and semantic links by name, file or themselves."""

import pytest
from advphy_model.link import any_link, links, model_file, semantic_links


def test_names_of_either_kind_are_found():
    assert any_link.load("two_simplices").n == 7
    assert (
        any_link.load("autoencoder_mlp:nearest_codeword").decision == "nearest_codeword"
    )
    assert any_link.load("semantic_mnist").reals == 23


def test_files_of_either_kind_are_found(tmp_path):
    link, semantic = (
        links.load("autoencoder_mlp"),
        semantic_links.load("semantic_mnist"),
    )
    model_file.write(link, tmp_path / "link.safetensors")
    semantic_links.write(semantic, tmp_path / "semantic.safetensors")
    assert any_link.load(tmp_path / "link.safetensors").sha256 == link.sha256
    found = any_link.load(tmp_path / "semantic.safetensors")
    assert found.sha256 == semantic.sha256


def test_a_model_is_itself():
    link = links.load("bpsk")
    assert any_link.load(link) is link


def test_what_is_neither_is_refused_with_the_names(tmp_path):
    with pytest.raises(ValueError, match=r"'nothing' is neither.*bpsk.*semantic_mnist"):
        any_link.load("nothing")
    other = tmp_path / "text"
    other.write_text("no model")
    with pytest.raises(ValueError, match="text"):
        any_link.load(other)
