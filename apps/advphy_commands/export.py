# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a network of a link, a semantic link or an Eve as an ONNX model.

It is checked by onnx, and by onnxruntime on 1000 random inputs. --role selects one of
the model's networks, such as decoder, encoder, alice, bob or classifier; `advphy info`
lists them.

    advphy export autoencoder_mlp --onnx decoder.onnx
    advphy export paired_arn_white --role alice --onnx alice.onnx
"""

from dataclasses import dataclass

from advphy_commands._options import operand, option


@dataclass(frozen=True)
class Settings:
    link: str = operand("LINK", "link, semantic link, Eve or network; name or file")
    onnx: str = option("file to write", required=True, metavar="FILE")
    role: str = option("which network; default: the decoder, or the only one", "")


def run(settings, output):
    from advphy_model.atomic_file import atomic_file
    from advphy_model.link import model_file
    from advphy_model.link.eavesdropper import Eve
    from advphy_model.link.link_model import LinkModel
    from advphy_model.link.network_file import NetworkFile
    from advphy_model.link.semantic_link import SemanticLink
    from advphy_training.export_onnx import to_onnx

    kinds = LinkModel, SemanticLink, Eve, NetworkFile
    model = model_file.load(settings.link, *kinds)
    networks = model.networks
    role = settings.role or ("decoder" if "decoder" in networks else "")
    if not role and len(networks) == 1:
        (role,) = networks
    if role not in networks:
        has = ", ".join(networks) or "none, since it decides without a network"
        raise ValueError(
            f"{model.KIND.what} '{model.name}': give --role, one of its networks: {has}"
        )
    content = to_onnx(networks[role], f"{model.name}_{role}")
    with atomic_file(settings.onnx, "wb") as file:
        file.write(content)
    output.line(f"{settings.onnx}: {role} of {model.name}, {len(content)} bytes")
    output.note(file=settings.onnx, role=role, bytes=len(content))
