# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic links and Eves by name or file: the shipped ones and the user's."""

from pathlib import Path

from advphy_model.link import eavesdropper, safetensors_file, semantic_link
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink

_TRAINED = Path(__file__).parents[1] / "trained"
LINK = safetensors_file.Kind(
    format="gr-advphy semantic link 1",
    key="semantic_link",
    what="semantic link",
    remedy="`advphy train semantic` makes one",
)
EVE = safetensors_file.Kind(
    format="gr-advphy eve 1",
    key="eve",
    what="Eve",
    remedy="`advphy train eve` makes one",
)


def write(model, path) -> None:
    """Write a SemanticLink or an Eve; the file appears whole or not at all.

    Raises:
        OSError: when the place cannot be written.
    """
    kind, module = (
        (EVE, eavesdropper) if isinstance(model, Eve) else (LINK, semantic_link)
    )
    safetensors_file.write(kind, *module.describe(model), path)


def names() -> list:
    """Return the names of the shipped semantic links."""
    return _names("semantic")


def eve_names() -> list:
    """Return the names of the shipped Eves."""
    return _names("eves")


def load(link) -> SemanticLink:
    """Return the semantic link of a name, a file, or itself.

    Raises:
        ValueError: there is none, or the file is not one; the text lists the names.
    """
    if isinstance(link, SemanticLink):
        return link
    path = _path("semantic link", link, "semantic", names())
    return safetensors_file.read(LINK, path, semantic_link.from_description)


def load_eve(eve) -> Eve:
    """Return the Eve of a name, a file, or herself; ValueError as load."""
    if isinstance(eve, Eve):
        return eve
    path = _path("Eve", eve, "eves", eve_names())
    return safetensors_file.read(EVE, path, eavesdropper.from_description)


def _names(folder):
    return sorted(path.stem for path in (_TRAINED / folder).glob("*.safetensors"))


def _path(what, given, folder, known):
    shipped = _TRAINED / folder / f"{given}.safetensors"
    if "/" not in str(given) and shipped.is_file():
        return shipped
    if not Path(str(given)).is_file():
        raise ValueError(
            f"{what} '{given}' is neither a file nor one of: {', '.join(known)}"
        )
    return Path(given)
