# SPDX-License-Identifier: GPL-3.0-or-later
"""Links by name or file: the shipped models, the baselines, and the user's files."""

from pathlib import Path

from advphy_model import found_by_name
from advphy_model.link import baselines, model_file
from advphy_model.link.link_model import LinkModel

_TRAINED = Path(__file__).parents[1] / "trained"
_NEAREST = ":nearest_codeword"


def _from_baselines(table):
    found = {}
    for module in found_by_name.modules(baselines):
        found.update(getattr(module, table, {}))
    return found


def names() -> list:
    """Return the names of the shipped models, then of the baselines."""
    trained = sorted(path.stem for path in _TRAINED.glob("*.safetensors"))
    return trained + sorted(_from_baselines("LINKS"))


def load(link) -> LinkModel:
    """Return the link of a name, a file, or itself.

    Args:
        link: a LinkModel; a name of names(); or a path to a model file. A name or path
            followed by ":nearest_codeword" keeps the codebook and decides for the
            nearest codeword.

    Raises:
        ValueError: when there is no such link; the text lists the names.
    """
    if isinstance(link, LinkModel):
        return link
    link = str(link)
    if link.endswith(_NEAREST):
        return load(link[: -len(_NEAREST)]).with_nearest_codeword()
    made = _from_baselines("LINKS")
    if link in made:
        return made[link]()
    shipped = _TRAINED / f"{link}.safetensors"
    if "/" not in link and shipped.is_file():
        return model_file.read(shipped)
    path = Path(link)
    if path.is_file():
        return model_file.read(path)
    raise ValueError(
        f"link '{link}' is neither a file nor one of: {', '.join(names())}"
    )


def theory(name: str):
    """Return (what it is, BLER as a function of Eb/N0 in dB) of a baseline, or None."""
    return _from_baselines("BLER").get(name)
