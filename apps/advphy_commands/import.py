# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a file of ours from an ONNX model, verified on 1000 random inputs.

With --codebook, FILE is a decoder (2n reals to 2^k logits), and a link is written, for
all commands; otherwise a network for the Neural Network block. CODEBOOK is a .npy file
of complex numbers [2^k, n], or the name of a link whose codebook is taken.

    advphy import decoder.onnx --codebook two_simplices --out mine.safetensors
    advphy import equalizer.onnx --out equalizer.safetensors
"""

from dataclasses import dataclass
from pathlib import Path

from advphy_commands._options import operand, option, switch


@dataclass(frozen=True)
class Settings:
    file: str = operand("FILE.onnx", "ONNX model with a dynamic batch axis")
    out: str = option("file to write", required=True, metavar="FILE")
    codebook: str = option("codebook of the link", "", metavar="CODEBOOK")
    k: int = option("bits per message")
    n: int = option("channel uses")
    bitwise: bool = switch("the decoder has a logit for each bit")

    def __post_init__(self):
        if not self.codebook and (self.k or self.n or self.bitwise):
            raise ValueError("--k, --n and --bitwise describe a link; give --codebook")


def run(settings, output):
    from advphy_model.link.network_file import NetworkFile
    from advphy_training.import_onnx import network_from_onnx
    from advphy_training.import_torch import link_from_torch

    network, name = network_from_onnx(settings.file), Path(settings.out).stem
    recipe = {"imported": Path(settings.file).name}
    if settings.codebook:
        codebook = _codebook(settings)
        k, n = (len(codebook) - 1).bit_length(), codebook.shape[1]
        for key, found in (("k", k), ("n", n)):
            wanted = getattr(settings, key)
            if wanted not in (None, found):
                raise ValueError(f"--{key} {wanted}: the codebook has {key} = {found}")
        given = {"codebook": codebook, "recipe": recipe, "bitwise": settings.bitwise}
        model = link_from_torch(name, k, n, network, **given)
    else:
        model = NetworkFile(name, {"network": network}, recipe)
    model.write(settings.out)
    shapes = f"{network.input_shape} -> {network.output_shape}"
    output.line(f"{settings.out}: {name}, {shapes}, SHA-256 {model.sha256}")
    output.note(file=settings.out, name=name, sha256=model.sha256)


def _codebook(settings):
    from advphy_model.file_gate import npy_array, read_bytes, reading
    from advphy_model.link import links

    if not settings.codebook.endswith(".npy"):
        return links.load(settings.codebook).codebook
    with reading(settings.codebook, "is not a .npy file: "):
        found = npy_array(read_bytes(settings.codebook, "codebook"))
    if found.ndim != 2 or len(found) & (len(found) - 1):
        raise ValueError(
            f"{settings.codebook}: has shape {found.shape}, expected complex [2^k, n]"
        )
    return found
