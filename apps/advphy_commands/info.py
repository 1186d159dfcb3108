# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a link, a perturbation or an Eve is made of, or list what there is.

`advphy info channels` lists the impairments with their settings.
"""

import dataclasses
import inspect
from pathlib import Path

from advphy_model import (
    channels,
    found_by_name,
    inference,
    links,
    perturbation,
    semantic_links,
)
from advphy_model.network import Network


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument(
        "link", metavar="LINK", nargs="?", help="a file, a name, or channels"
    )


def run(arguments):
    """Print a link, or the list of links."""
    if arguments.link is None:
        for name in links.names():
            model = links.load(name)
            print(f"{name:<28} k={model.k} n={model.n:<3} {model.decision}")
        _list_semantic()
        _list_perturbations()
        return
    if arguments.link == "channels":
        _list_channels()
        return
    kind = _kind(arguments.link)
    if kind is perturbation.KIND:
        _print_perturbation(perturbation.load(arguments.link))
    elif kind is semantic_links.LINK:
        _print_semantic(semantic_links.load(arguments.link))
    elif kind is semantic_links.EVE:
        _print_eve(semantic_links.load_eve(arguments.link))
    else:
        _print_link(links.load(arguments.link))


def _kind(name):
    """Return the kind of file that a name or a path stands for; None: a link model."""
    if name in semantic_links.names():
        return semantic_links.LINK
    if name in semantic_links.eve_names():
        return semantic_links.EVE
    if name in perturbation.names():
        return perturbation.KIND
    if not Path(name).is_file():
        return None
    with open(name, "rb") as file:
        begin = file.read(4096)
    kinds = (perturbation.KIND, semantic_links.LINK, semantic_links.EVE)
    return next((kind for kind in kinds if kind.format.encode() in begin), None)


def _list_channels():
    for module in found_by_name.modules(channels):
        name = module.__name__.rpartition(".")[2]
        print(f"{name}: {inspect.getdoc(module).splitlines()[0]}")
        if hasattr(module, "Settings"):
            _, _, described = inspect.getdoc(module.Settings).partition("Args:\n")
            print(described.rstrip())
            default = dataclasses.asdict(module.Settings())
            print(f"    defaults: {', '.join(f'{k}={v}' for k, v in default.items())}")


def _list_semantic():
    for name in semantic_links.names():
        link = semantic_links.load(name)
        what = "keyed: " + link.keying if link.keying != "none" else (
            "with a pair" if link.hides else "no security")  # fmt: skip
        print(f"{name:<28} {link.pixels} pixels on {link.reals} reals, {what}")
    for name in semantic_links.eve_names():
        eve = semantic_links.load_eve(name)
        print(f"{name:<28} Eve: {eve.reals} reals to {eve.classes} labels")


def _list_perturbations():
    for name in perturbation.names():
        found = perturbation.load(name)
        print(f"{name:<44} {found.kind} against {', '.join(found.victims)}")


def _print_semantic(link):
    print(
        f"{link.name}: {link.image_shape[0]} x {link.image_shape[1]} pixels on "
        f"{link.reals} reals, n = {link.n} channel uses, keying: {link.keying}"
    )
    print(f"SHA-256 {link.sha256}, pairing {link.pairing}")
    _print_networks_and_recipe(link)


def _print_eve(eve):
    print(f"{eve.name}: an Eve, {eve.reals} reals to {eve.classes} labels")
    print(f"SHA-256 {eve.sha256}")
    for name, sha256 in eve.listened_to.items():
        print(f"listened to {name}, SHA-256 {sha256}")
    _print_networks_and_recipe(eve)


def _print_networks_and_recipe(model):
    for role, network in model.networks.items():
        _print_network(role, network)
    for key, value in model.recipe.items():
        if key != "measured":
            print(f"{key}: {value}")
    for row in model.recipe.get("measured", {}).get("rows", []):
        print("    " + "  ".join(f"{key} {value}" for key, value in row.items()))


def _print_link(model):
    print(
        f"{model.name}: k = {model.k} bits on n = {model.n} channel uses, rate "
        f"{model.rate:.4g}, M = {model.M}, decision: {model.decision}"
    )
    print(f"SHA-256 {model.sha256}")
    for role, network in model.networks.items():
        _print_network(role, network)
    for key, value in model.recipe.items():
        if key != "measured":
            print(f"{key}: {value}")
    try:
        _print_measured(model.recipe.get("measured", {}))
    except (AttributeError, KeyError, TypeError):  # a recipe of the user's own
        print(f"measured: {model.recipe['measured']}")


def _print_perturbation(found):
    print(
        f"{found.name}: {found.kind} perturbation on n = {found.n} channel uses, PSR "
        f"{found.psr_db:.2f} dB ({perturbation.CONVENTION})"
    )
    print(f"SHA-256 {found.sha256}")
    if found.ebn0_db is not None:
        print(f"crafted at Eb/N0 {found.ebn0_db:g} dB")
    for name, sha256 in found.victims.items():
        print(f"crafted against {name}, SHA-256 {sha256}")
    for what, values in (("knows", found.knowledge), ("recipe", found.recipe)):
        print(f"{what}: {', '.join(f'{key} {value}' for key, value in values.items())}")


def _print_network(role, network: Network):
    macs = ""
    if not inference.kernels_lack(network, role):
        macs = f", {inference.kernel_network(network).multiply_adds} multiply-adds"
    print(f"{role}: {network.input_shape} -> {network.output_shape}{macs}")
    for layer in network.layers:
        shapes = {key: value.shape for key, value in layer.parameters.items()}
        print(
            f"    {layer.name:<12}{layer.kind:<28}"
            f"{shapes or ''}{layer.attributes or ''}"
        )


def _print_measured(measured):
    for decision, rows in measured.items():
        print(f"measured with decision {decision}:")
        for row in rows:
            rate = row["block_errors"] / row["blocks"]
            print(
                f"    {row['ebn0_db']:g} dB  BLER {rate:.2e}  "
                f"({row['block_errors']} of {row['blocks']})"
            )
