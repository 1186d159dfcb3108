# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe a link, a perturbation or an Eve, or list those that are shipped.

`advphy info channels` lists the impairments of a channel with their settings.
"""

import dataclasses
import inspect
from dataclasses import dataclass

from advphy_model import found_by_name
from advphy_model.air import channels
from advphy_model.air.perturbation import CONVENTION, Perturbation
from advphy_model.link import links, model_file
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network import inference

from advphy_commands._options import operand


@dataclass(frozen=True)
class Settings:
    """Name of what is described."""

    link: str = operand(
        "LINK", "file or name, or channels; without it, all names are listed", nargs="?"
    )


def run(settings, output):
    """Print a description, or the lists."""
    name = settings.link
    if name is None:
        _list_models(output)
    elif name == "channels":
        _list_channels(output)
    else:
        found = model_file.load(name, *_DESCRIBE)
        _DESCRIBE[type(found)](output, found)


def _list_channels(output):
    output.note(channels=[])
    for module in found_by_name.modules(channels):
        name = module.__name__.rpartition(".")[2]
        summary = inspect.getdoc(module).splitlines()[0]
        found = {"name": name, "is": summary, "defaults": {}}
        output.row("channels", found, f"{name}: {summary}")
        if hasattr(module, "Settings"):
            _, _, described = inspect.getdoc(module.Settings).partition("Args:\n")
            output.line(described.rstrip())
            default = found["defaults"] = dataclasses.asdict(module.Settings())
            output.line(f"    defaults: {_joined(default, '=')}")


def _list_models(output):
    output.note(links=[], semantic_links=[], eves=[], perturbations=[])
    for name in links.names():
        model = links.load(name)
        found = _picked(model, "k", "n", "decision", "sha256")
        text = f"k={model.k} n={model.n:<3} {model.decision}"
        output.row("links", {"name": name, **found}, f"{name:<28} {text}")
    for name in SemanticLink.names():
        link = SemanticLink.load(name)
        found = _picked(link, "pixels", "reals", "keying", "sha256")
        hides = "with a pair" if link.hides else "no security"
        what = hides if link.keying == "none" else f"keyed: {link.keying}"
        text = f"{name:<28} {link.pixels} pixels on {link.reals} reals, {what}"
        output.row("semantic_links", {"name": name, **found, "pair": link.hides}, text)
    for name in Eve.names():
        eve = Eve.load(name)
        found = _picked(eve, "reals", "classes", "sha256")
        text = f"{name:<28} Eve: {eve.reals} reals to {eve.classes} labels"
        output.row("eves", {"name": name, **found}, text)
    for name in Perturbation.names():
        p = Perturbation.load(name)
        found = _picked(p, "kind", "k", "n", "victims", "sha256")
        text = f"{name:<44} {p.kind} against {', '.join(p.victims)}"
        output.row("perturbations", {"name": name, **found}, text)


def _picked(model, *names):
    return {name: getattr(model, name) for name in names}


def _joined(values, sign=" "):
    return ", ".join(f"{key}{sign}{value}" for key, value in values.items())


def _describe_semantic(output, link):
    output.line(
        f"{link.name}: {link.image_shape[0]} x {link.image_shape[1]} pixels on "
        f"{link.reals} reals, n = {link.n} channel uses, keying: {link.keying}"
    )
    output.line(f"SHA-256 {link.sha256}, pairing {link.pairing}")
    output.note(kind="semantic_link", pair=link.hides)
    output.note(**_picked(link, "pixels", "reals", "n", "keying"))
    _print_networks_and_recipe(output, link)
    _print_rows(output, link)


def _describe_eve(output, eve):
    output.line(f"{eve.name}: an Eve, {eve.reals} reals to {eve.classes} labels")
    output.line(f"SHA-256 {eve.sha256}")
    output.note(kind="eve", **_picked(eve, "reals", "classes", "listened_to"))
    for name, sha256 in eve.listened_to.items():
        output.line(f"listened to {name}, SHA-256 {sha256}")
    _print_networks_and_recipe(output, eve)
    _print_rows(output, eve)


def _print_rows(output, model):
    for row in model.recipe.get("measured", {}).get("rows", []):
        output.line("    " + "  ".join(f"{key} {value}" for key, value in row.items()))


def _describe_link(output, model):
    output.line(
        f"{model.name}: k = {model.k} bits on n = {model.n} channel uses, rate "
        f"{model.rate:.4g}, M = {model.M}, decision: {model.decision}"
    )
    output.line(f"SHA-256 {model.sha256}")
    output.note(kind="link", **_picked(model, "k", "n", "M", "rate", "decision"))
    _print_networks_and_recipe(output, model)
    try:
        for decision, rows in model.recipe.get("measured", {}).items():
            output.line(f"measured with decision {decision}:")
            for row in rows:
                counts = "({block_errors} of {blocks})".format(**row)
                rate = f"BLER {row['block_errors'] / row['blocks']:.2e}"
                output.line(f"    {row['ebn0_db']:g} dB  {rate}  {counts}")
    except (AttributeError, KeyError, TypeError):  # a recipe by the user
        output.line(f"measured: {model.recipe['measured']}")


def _print_networks_and_recipe(output, model):
    output.note(**_picked(model, "name", "sha256", "recipe"))
    output.note(networks={r: _described(n) for r, n in model.networks.items()})
    for role, network in model.networks.items():
        macs = ""
        if not inference.kernels_lack(network, role):
            macs = f", {inference.kernel_network(network).multiply_adds} multiply-adds"
        output.line(f"{role}: {network.input_shape} -> {network.output_shape}{macs}")
        for layer in network.layers:
            what = f"{_shapes(layer) or ''}{layer.attributes or ''}"
            output.line(f"    {layer.name:<12}{layer.kind:<28}{what}")
    for key, value in model.recipe.items():
        if key != "measured":
            output.line(f"{key}: {value}")


def _shapes(layer):
    return {key: value.shape for key, value in layer.parameters.items()}


def _described(network):
    """Return the description of a network for a document."""
    layers = [
        _picked(layer, "name", "kind", "attributes") | {"parameters": _shapes(layer)}
        for layer in network.layers
    ]
    return _picked(network, "input_shape", "output_shape") | {"layers": layers}


def _describe_perturbation(output, found):
    output.line(
        f"{found.name}: {found.kind} perturbation on n = {found.n} channel uses, PSR "
        f"{found.psr_db:.2f} dB ({CONVENTION})"
    )
    output.line(f"SHA-256 {found.sha256}")
    output.note(kind="perturbation", perturbation=found.kind)
    output.note(**_picked(found, "name", "sha256", "k", "n", "psr_db", "ebn0_db"))
    output.note(**_picked(found, "victims", "knowledge", "recipe"))
    if found.ebn0_db is not None:
        output.line(f"crafted at Eb/N0 {found.ebn0_db:g} dB")
    for name, sha256 in found.victims.items():
        output.line(f"crafted against {name}, SHA-256 {sha256}")
    output.line(f"knows: {_joined(found.knowledge)}")
    output.line(f"recipe: {_joined(found.recipe)}")


_DESCRIBE = {
    LinkModel: _describe_link,
    SemanticLink: _describe_semantic,
    Eve: _describe_eve,
    Perturbation: _describe_perturbation,
}
