# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what a link is made of, or list the links there are."""

from advphy_model import inference, links
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
