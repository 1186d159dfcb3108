# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of each block in Companion: ports, messages, tags, an example."""

import operator
import re

import pytest
import yaml
from gnuradio import advphy

from .conftest import CLONE

BLOCKS = {
    block["id"]: block
    for block in map(
        yaml.safe_load,
        (path.read_text() for path in sorted((CLONE / "grc").glob("*.block.yml"))),
    )
}
# In no example: one holds what autoencoder_loopback shows block by block, and the other
# writes files.
IN_NO_EXAMPLE = {"advphy_link", "advphy_recorder"}


def tags(text):
    """Return the tags that a docstring names, as in: Tags: "a" and "b"; a "c" tag."""
    quoted = r'"(?:\w+)"'
    chains = re.findall(
        rf"\b[Tt]ags?:?\s+({quoted}(?:(?:,\s*|,?\s+(?:and|or)\s+){quoted})*)", text
    )
    before = re.findall(rf"({quoted})\s+tag", text)
    return set(re.findall(r"\w+", " ".join(chains + before))) - {"and", "or"}


def message_ports(text):
    """Return the message ports that a docstring names: Message port "counts"."""
    return set(re.findall(r'[Mm]essage port "(\w+)"', text))


def mentions(documentation, word):
    return re.search(rf"\b{re.escape(word)}\b", documentation)


def docstring_of(name):
    """Return the docstring of what a block file makes: advphy.decoder(...)."""
    templates = BLOCKS[name]["templates"]
    made = templates.get("var_make") or templates["make"]
    maker = re.search(r"advphy\.([\w.]+)\(", made)[1]
    return operator.attrgetter(maker)(advphy).__doc__ or ""


@pytest.mark.parametrize("name", BLOCKS)
def test_the_documentation_names_every_port(name):
    block = BLOCKS[name]
    ports = block.get("inputs", []) + block.get("outputs", [])
    for port in ports:
        word = port.get("label") or port["id"]
        assert mentions(block["documentation"], word), f"{name}: port {word}"


@pytest.mark.parametrize("name", BLOCKS)
def test_the_documentation_names_what_the_docstring_names(name):
    docstring = docstring_of(name)
    documentation = BLOCKS[name]["documentation"]
    for word in tags(docstring) | message_ports(docstring):
        assert mentions(documentation, word), f"{name}: {word}"


@pytest.mark.parametrize("name", BLOCKS)
def test_the_documentation_names_an_example_that_has_the_block(name):
    lines = re.findall(r"^Example: (.+)$", BLOCKS[name]["documentation"], re.MULTILINE)
    assert len(lines) == 1, f"{name}: expected one line 'Example: NAME.grc ...'"
    named = re.findall(r"\w+\.grc", lines[0])
    assert named, name
    for example in named:
        text = (CLONE / "examples" / example).read_text()
        assert name in IN_NO_EXAMPLE or f"id: {name}\n" in text, f"{name}: {example}"


def test_tags_and_ports_are_found_in_a_docstring():
    text = """Message port "counts": a dictionary.
    Tags:   "alice" and "key" in headers. A "frame" tag says which. A tag "channel",
    "perturbation" or "canceller" opens a segment; what no tag says; "always".
    """
    assert tags(text) == {
        "alice",
        "key",
        "frame",
        "channel",
        "perturbation",
        "canceller",
    }
    assert message_ports(text) == {"counts"}
    found = [name for name in BLOCKS if tags(docstring_of(name))]
    assert len(found) >= 8
