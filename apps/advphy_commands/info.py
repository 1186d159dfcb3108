# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a link, a perturbation or an Eve is made of, or list what there is.

`advphy info channels` lists the impairments with their settings.
"""

import dataclasses
import inspect

from advphy_model import found_by_name
from advphy_model.air import channels, perturbation
from advphy_model.air.perturbation import Perturbation
from advphy_model.link import links, model_file
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network import inference
from advphy_model.network.network import Network


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument(
        "link", metavar="LINK", nargs="?", help="a file, a name, or channels"
    )


def run(arguments):
    """Say what a link is, or the list of links."""
    output, name = arguments.output, arguments.link
    if name is None:
        _list_links(output)
        _list_semantic(output)
        _list_perturbations(output)
        return
    if name == "channels":
        _list_channels(output)
        return
    say = {
        LinkModel: _say_link,
        SemanticLink: _say_semantic,
        Eve: _say_eve,
        Perturbation: _say_perturbation,
    }
    found = model_file.load(name, *say)
    say[type(found)](output, found)


def _list_channels(output):
    output.note(channels=[])
    for module in found_by_name.modules(channels):
        name = module.__name__.rpartition(".")[2]
        said = inspect.getdoc(module).splitlines()[0]
        found = {"name": name, "is": said, "defaults": {}}
        output.row("channels", found, f"{name}: {said}")
        if hasattr(module, "Settings"):
            _, _, described = inspect.getdoc(module.Settings).partition("Args:\n")
            output.line(described.rstrip())
            default = found["defaults"] = dataclasses.asdict(module.Settings())
            output.line(
                f"    defaults: {', '.join(f'{k}={v}' for k, v in default.items())}"
            )


def _list_links(output):
    output.note(links=[], semantic_links=[], eves=[], perturbations=[])
    for name in links.names():
        model = links.load(name)
        output.row(
            "links",
            {
                "name": name,
                "k": model.k,
                "n": model.n,
                "decision": model.decision,
                "sha256": model.sha256,
            },
            f"{name:<28} k={model.k} n={model.n:<3} {model.decision}",
        )


def _list_semantic(output):
    for name in SemanticLink.names():
        link = SemanticLink.load(name)
        what = (
            "keyed: " + link.keying
            if link.keying != "none"
            else ("with a pair" if link.hides else "no security")
        )
        output.row(
            "semantic_links",
            {
                "name": name,
                "pixels": link.pixels,
                "reals": link.reals,
                "keying": link.keying,
                "pair": link.hides,
                "sha256": link.sha256,
            },
            f"{name:<28} {link.pixels} pixels on {link.reals} reals, {what}",
        )
    for name in Eve.names():
        eve = Eve.load(name)
        output.row(
            "eves",
            {
                "name": name,
                "reals": eve.reals,
                "classes": eve.classes,
                "sha256": eve.sha256,
            },
            f"{name:<28} Eve: {eve.reals} reals to {eve.classes} labels",
        )


def _list_perturbations(output):
    for name in Perturbation.names():
        found = Perturbation.load(name)
        output.row(
            "perturbations",
            {
                "name": name,
                "kind": found.kind,
                "k": found.k,
                "n": found.n,
                "victims": found.victims,
                "sha256": found.sha256,
            },
            f"{name:<44} {found.kind} against {', '.join(found.victims)}",
        )


def _say_semantic(output, link):
    output.line(
        f"{link.name}: {link.image_shape[0]} x {link.image_shape[1]} pixels on "
        f"{link.reals} reals, n = {link.n} channel uses, keying: {link.keying}"
    )
    output.line(f"SHA-256 {link.sha256}, pairing {link.pairing}")
    output.note(
        kind="semantic_link",
        pixels=link.pixels,
        reals=link.reals,
        n=link.n,
        keying=link.keying,
        pair=link.hides,
    )
    _say_networks_and_recipe(output, link)


def _say_eve(output, eve):
    output.line(f"{eve.name}: an Eve, {eve.reals} reals to {eve.classes} labels")
    output.line(f"SHA-256 {eve.sha256}")
    output.note(
        kind="eve", reals=eve.reals, classes=eve.classes, listened_to=eve.listened_to
    )
    for name, sha256 in eve.listened_to.items():
        output.line(f"listened to {name}, SHA-256 {sha256}")
    _say_networks_and_recipe(output, eve)


def _note_model(output, model):
    """Put into the document what every file of a model has."""
    output.note(
        name=model.name,
        sha256=model.sha256,
        recipe=model.recipe,
        networks={
            role: {
                "input_shape": network.input_shape,
                "output_shape": network.output_shape,
                "layers": [
                    {
                        "name": layer.name,
                        "kind": layer.kind,
                        "attributes": layer.attributes,
                        "parameters": {k: v.shape for k, v in layer.parameters.items()},
                    }
                    for layer in network.layers
                ],
            }
            for role, network in model.networks.items()
        },
    )


def _say_networks_and_recipe(output, model):
    _note_model(output, model)
    for role, network in model.networks.items():
        _say_network(output, role, network)
    for key, value in model.recipe.items():
        if key != "measured":
            output.line(f"{key}: {value}")
    for row in model.recipe.get("measured", {}).get("rows", []):
        output.line("    " + "  ".join(f"{key} {value}" for key, value in row.items()))


def _say_link(output, model):
    output.line(
        f"{model.name}: k = {model.k} bits on n = {model.n} channel uses, rate "
        f"{model.rate:.4g}, M = {model.M}, decision: {model.decision}"
    )
    output.line(f"SHA-256 {model.sha256}")
    output.note(
        kind="link",
        k=model.k,
        n=model.n,
        M=model.M,
        rate=model.rate,
        decision=model.decision,
    )
    _note_model(output, model)
    for role, network in model.networks.items():
        _say_network(output, role, network)
    for key, value in model.recipe.items():
        if key != "measured":
            output.line(f"{key}: {value}")
    try:
        _say_measured(output, model.recipe.get("measured", {}))
    except (AttributeError, KeyError, TypeError):  # a recipe of the user's own
        output.line(f"measured: {model.recipe['measured']}")


def _say_perturbation(output, found):
    output.line(
        f"{found.name}: {found.kind} perturbation on n = {found.n} channel uses, PSR "
        f"{found.psr_db:.2f} dB ({perturbation.CONVENTION})"
    )
    output.line(f"SHA-256 {found.sha256}")
    output.note(
        kind="perturbation",
        name=found.name,
        sha256=found.sha256,
        perturbation=found.kind,
        k=found.k,
        n=found.n,
        psr_db=found.psr_db,
        ebn0_db=found.ebn0_db,
        victims=found.victims,
        knowledge=found.knowledge,
        recipe=found.recipe,
    )
    if found.ebn0_db is not None:
        output.line(f"crafted at Eb/N0 {found.ebn0_db:g} dB")
    for name, sha256 in found.victims.items():
        output.line(f"crafted against {name}, SHA-256 {sha256}")
    for what, values in (("knows", found.knowledge), ("recipe", found.recipe)):
        output.line(
            f"{what}: {', '.join(f'{key} {value}' for key, value in values.items())}"
        )


def _say_network(output, role, network: Network):
    macs = ""
    if not inference.kernels_lack(network, role):
        macs = f", {inference.kernel_network(network).multiply_adds} multiply-adds"
    output.line(f"{role}: {network.input_shape} -> {network.output_shape}{macs}")
    for layer in network.layers:
        shapes = {key: value.shape for key, value in layer.parameters.items()}
        output.line(
            f"    {layer.name:<12}{layer.kind:<28}"
            f"{shapes or ''}{layer.attributes or ''}"
        )


def _say_measured(output, measured):
    for decision, rows in measured.items():
        output.line(f"measured with decision {decision}:")
        for row in rows:
            rate = row["block_errors"] / row["blocks"]
            output.line(
                f"    {row['ebn0_db']:g} dB  BLER {rate:.2e}  "
                f"({row['block_errors']} of {row['blocks']})"
            )
