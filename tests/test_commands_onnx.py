# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands import and export: a decoder goes out and comes back, or is refused."""

import numpy as np
import pytest
from advphy_model.link import links
from advphy_model.link.network_file import NetworkFile

from .commands import done, refused


def test_a_decoder_goes_to_onnx_and_comes_back_as_a_link_and_as_a_network(here):
    assert "decoder of autoencoder_mlp" in done("export autoencoder_mlp --onnx d.onnx")
    done("import d.onnx --codebook autoencoder_mlp --out mine.safetensors")
    mine, original = links.load("mine.safetensors"), links.load("autoencoder_mlp")
    x = np.random.default_rng(1).normal(size=(50, 14)).astype(np.float32)
    from advphy_model.network.network import run

    expected = run(original.networks["decoder"], x)
    np.testing.assert_allclose(run(mine.networks["decoder"], x), expected, atol=1e-4)
    np.save("book.npy", original.codebook)
    done("import d.onnx --codebook book.npy --k 4 --n 7 --out again.safetensors")
    assert np.array_equal(links.load("again.safetensors").codebook, original.codebook)
    done("import d.onnx --out net.safetensors")
    network = NetworkFile.load("net.safetensors")
    assert (network.inputs, network.outputs) == (14, 16)
    assert "14 reals to 16" in done("info net.safetensors")
    (here / "bad.npy").write_bytes(b"no array")
    for words, text in (
        ("import d.onnx --k 4 --out x.st", "describe a link; give --codebook"),
        ("import d.onnx --codebook bpsk --out x.st", r"must map (8,) to (16,)"),
        (
            "import d.onnx --codebook autoencoder_mlp --k 5 --out x.st",
            "--k 5: the codebook has k = 4",
        ),
        (
            "import d.onnx --codebook bad.npy --out x.st",
            "bad.npy: is not a .npy file: ",
        ),
    ):
        assert text in refused(words)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("import nowhere.onnx --out x.st", "nowhere.onnx"),
        ("import bad.onnx --out x.st", "bad.onnx: is not a valid ONNX model"),
        ("export two_simplices --onnx x.onnx", "none, since it decides without"),
        ("export paired_arn_white --onnx x.onnx", "give --role, one of its networks"),
        ("export nowhere --onnx x.onnx", "'nowhere' is neither a file"),
    ],
)
def test_what_cannot_be_converted_is_refused(here, words, text):
    (here / "bad.onnx").write_bytes(b"no model")
    assert text in refused(words)
