# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a link or a perturbation is made of, or list the links there are."""

from pathlib import Path

from advphy_model import inference, links, perturbation
from advphy_model.network import Network


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("link", metavar="LINK", nargs="?", help="a file or a name")


def run(arguments):
    """Print a link, or the list of links."""
    if arguments.link is None:
        for name in links.names():
            model = links.load(name)
            print(f"{name:<28} k={model.k} n={model.n:<3} {model.decision}")
        return
    if Path(arguments.link).is_file() and _is_perturbation(arguments.link):
        _print_perturbation(perturbation.read(arguments.link))
        return
    model = links.load(arguments.link)
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


def _is_perturbation(path):
    with open(path, "rb") as file:
        return perturbation.KIND.format.encode() in file.read(4096)


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
    macs = inference.kernel_network(network).multiply_adds
    print(
        f"{role}: {network.input_shape} -> {network.output_shape}, {macs} multiply-adds"
    )
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
