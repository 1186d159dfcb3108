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
from advphy_model.link.network_file import NetworkFile
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.network import inference

from advphy_commands._options import operand


@dataclass(frozen=True)
class Settings:
    link: str = operand(
        "LINK", "file or name, or channels; without it, all names are listed", nargs="?"
    )


def run(settings, output):
    name = settings.link
    if name is None:
        _list_models(output)
    elif name == "channels":
        _list_channels(output)
    else:
        _describe(output, model_file.load(name, *_KINDS))


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
    output.note(links=[], semantic_links=[], eves=[], perturbations=[], own=[])

    def row(kind, model, text, *names, width=28, **more):
        values = {**_picked(model, *names, "sha256"), **more}
        output.row(kind, values, f"{model.name:<{width}} {text}")

    for model in map(links.load, links.names()):
        text = f"k={model.k} n={model.n:<3} {model.decision}"
        row("links", model, text, "name", "k", "n", "decision")
    for link in map(SemanticLink.load, SemanticLink.names()):
        hides = "with a pair" if link.hides else "no security"
        what = hides if link.keying == "none" else f"keyed: {link.keying}"
        text = f"{link.pixels} pixels on {link.reals} reals, {what}"
        names = ("name", "pixels", "reals", "keying")
        row("semantic_links", link, text, *names, pair=link.hides)
    for eve in map(Eve.load, Eve.names()):
        text = f"Eve: {eve.reals} reals to {eve.classes} labels"
        row("eves", eve, text, "name", "reals", "classes")
    for kind in found_by_name.OWN:
        for name, path in found_by_name.own_files(kind).items():
            values = {"kind": kind, "name": name, "origin": str(path)}
            output.row("own", values, f"{name:<28} {kind}: your own, {path}")
    for p in map(Perturbation.load, Perturbation.names()):
        text = f"{p.kind} against {', '.join(p.victims)}"
        row("perturbations", p, text, "name", "kind", "k", "n", "victims", width=44)


def _picked(model, *names):
    return {name: getattr(model, name) for name in names}


def _joined(values, sign=" "):
    return ", ".join(f"{key}{sign}{value}" for key, value in values.items())


def _describe(output, model):
    kind, values, head, *more = _KINDS[type(model)](model)
    output.note(kind=kind, **values, **_picked(model, "name", "sha256", "recipe"))
    pairing = f", pairing {model.pairing}" if kind == "semantic_link" else ""
    for line in (head, f"SHA-256 {model.sha256}{pairing}", *more):
        output.line(_indented(line))
    if kind == "perturbation":
        return
    output.note(networks={r: _described(n) for r, n in model.networks.items()})
    for role, network in model.networks.items():
        kernel = inference.kernel_or_none(network, role)
        macs = f", {kernel.multiply_adds} multiply-adds" if kernel else ""
        output.line(f"{role}: {network.input_shape} -> {network.output_shape}{macs}")
        for layer in network.layers:
            what = f"{_shapes(layer) or ''}{layer.attributes or ''}"
            output.line(f"    {layer.name:<12}{layer.kind:<28}{what}")
    recipe = {"measured": {}} | model.recipe
    measured = _measured(recipe.pop("measured"), kind)
    for line in [*(f"{key}: {value}" for key, value in recipe.items()), *measured]:
        output.line(_indented(line))


def _indented(text):  # so that no line of the file looks like one of ours
    return text.replace("\n", "\n    ")


def _measured(measured, kind):
    """Return lines of measured results, or of what a user's recipe has instead."""
    lines = []
    try:
        if kind != "link":
            for row in measured.get("rows", []):
                lines.append("    " + "  ".join(f"{key} {row[key]}" for key in row))
            return lines
        for decision, rows in measured.items():
            lines.append(f"measured with decision {decision}:")
            for row in rows:
                counts = "({block_errors} of {blocks})".format(**row)
                rate = f"BLER {row['block_errors'] / row['blocks']:.2e}"
                lines.append(f"    {row['ebn0_db']:g} dB  {rate}  {counts}")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return [f"measured: {measured}"]
    return lines


def _shapes(layer):
    return {key: value.shape for key, value in layer.parameters.items()}


def _described(network):
    layers = [
        _picked(layer, "name", "kind", "attributes") | {"parameters": _shapes(layer)}
        for layer in network.layers
    ]
    return _picked(network, "input_shape", "output_shape") | {"layers": layers}


def _link(model):
    head = (
        f"{model.name}: k = {model.k} bits on n = {model.n} channel uses, rate "
        f"{model.rate:.4g}, M = {model.M}, decision: {model.decision}"
    )
    return "link", _picked(model, "k", "n", "M", "rate", "decision"), head


def _semantic_link(link):
    from advphy_model.files.images import size_text

    head = (
        f"{link.name}: {size_text(link.image_shape)} on "
        f"{link.reals} reals, n = {link.n} channel uses, keying: {link.keying}"
    )
    values = _picked(link, "pixels", "reals", "n", "keying") | {"pair": link.hides}
    return "semantic_link", values, head


def _eve(eve):
    head = f"{eve.name}: an Eve, {eve.reals} reals to {eve.classes} labels"
    heard = [f"listened to {name}, SHA-256 {s}" for name, s in eve.listened_to.items()]
    return "eve", _picked(eve, "reals", "classes", "listened_to"), head, *heard


def _perturbation(p):
    head = (
        f"{p.name}: {p.kind} perturbation on n = {p.n} channel uses, PSR "
        f"{p.psr_db:.2f} dB ({CONVENTION})"
    )
    at = p.ebn0_db
    lines = [] if at is None else [f"crafted at Eb/N0 {at:g} dB"]
    lines += [f"crafted against {name}, SHA-256 {s}" for name, s in p.victims.items()]
    lines += [f"knows: {_joined(p.knowledge)}", f"recipe: {_joined(p.recipe)}"]
    values = _picked(p, "k", "n", "psr_db", "ebn0_db", "victims", "knowledge")
    return "perturbation", values | {"perturbation": p.kind}, head, *lines


def _network(model):
    head = f"{model.name}: a network, {model.inputs} reals to {model.outputs}"
    return "network", _picked(model, "inputs", "outputs"), head


_KINDS = {
    NetworkFile: _network,
    LinkModel: _link,
    SemanticLink: _semantic_link,
    Eve: _eve,
    Perturbation: _perturbation,
}
