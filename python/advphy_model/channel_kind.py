# SPDX-License-Identifier: GPL-3.0-or-later
"""What a channel is, in words: "two_rays(delay=1, gain_db=-10) + cfo(frequency=0.01)".

A kind is a chain of impairments, each a file in channels/ with the settings that differ
from their defaults, in the order in which they happen; noise is added last of all.
"awgn" is the chain of none. Nothing is evaluated: values are numbers, True or False.
"""

import ast
import dataclasses
import typing
from types import ModuleType

from advphy_model import channels, found_by_name
from advphy_model.impairment import FIRST_STREAM

NOISE = "awgn"
MOST = 16  # impairments of one channel
_LONGEST = 2000  # characters


@dataclasses.dataclass(frozen=True)
class Impairment:
    """One impairment of a channel.

    Args:
        module: of channels/.
        settings: its Settings.
        stream: number of its stream of random numbers, one for each place in the chain.
    """

    module: ModuleType
    settings: object
    stream: int

    @property
    def text(self) -> str:
        """Return it in words, with the settings that are not the defaults."""
        given = [
            f"{field.name}={getattr(self.settings, field.name)!r}"
            for field in dataclasses.fields(self.settings)
            if getattr(self.settings, field.name) != field.default
        ]
        return self.name + (f"({', '.join(given)})" if given else "")

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return self.module.__name__.rpartition(".")[2]

    def impair(self, x, *, seed, first_sample):
        """Return what becomes of samples [blocks, n]."""
        return self.module.impair(
            x, self.settings, seed=seed, stream=self.stream, first_sample=first_sample
        )


def impairments(kind: str) -> tuple:
    """Return the Impairments of a channel in their order, none of "awgn".

    Raises:
        ValueError: saying what is not known or out of range, and what there is.
    """
    found = []
    for position, term in enumerate(terms := _terms(kind)):
        name, given = _read(term, kind)
        module = found_by_name.module(channels, "channel", name)
        if name == NOISE:
            if given or position != len(terms) - 1:
                raise ValueError(
                    f"channel '{kind}': awgn has no settings and is always last; "
                    "wanted it there, or left out"
                )
            continue
        settings = _settings(module.Settings, name, given)
        found.append(Impairment(module, settings, FIRST_STREAM + position))
    return tuple(found)


def canonical(kind: str) -> str:
    """Return the one way to write a channel, by which counts of it are told apart.

    Defaults are left out, so a default never changes once counts were written under it.
    """
    return " + ".join(part.text for part in impairments(kind)) or NOISE


def _terms(kind):
    """Return the syntax trees of the terms of a sum, from left to right."""
    try:
        if not isinstance(kind, str) or len(kind) > _LONGEST:
            raise ValueError
        tree = ast.parse(kind.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _unreadable(kind) from None
    terms = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        terms.append(tree.right)
        tree = tree.left
    terms = [tree, *reversed(terms)]
    if len(terms) > MOST:
        raise ValueError(f"channel: {len(terms)} impairments, wanted at most {MOST}")
    return terms


def _read(term, kind):
    """Return (name, {setting: value}) of one term."""
    if isinstance(term, ast.Name):
        return term.id, {}
    if not isinstance(term, ast.Call) or not isinstance(term.func, ast.Name):
        raise _unreadable(kind)
    if term.args or any(keyword.arg is None for keyword in term.keywords):
        raise _unreadable(kind)
    try:
        given = {k.arg: ast.literal_eval(k.value) for k in term.keywords}
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise _unreadable(kind) from None
    return term.func.id, given


def _unreadable(kind):
    return ValueError(
        f"channel {str(kind)[:200]!r} cannot be read; wanted NAME or "
        "NAME(SETTING=NUMBER, ...), several joined by +, such as "
        "'two_rays(delay=1, gain_db=-10) + cfo(frequency=0.01)'; names are: "
        f"{', '.join(channels.names())}"
    )


def _settings(settings, name, given):
    """Return the Settings with what is given, whole numbers as floats where due."""
    kinds = typing.get_type_hints(settings)
    for key, value in given.items():
        if key not in kinds:
            raise ValueError(
                f"{name}: setting '{key}' is not known; it has: {', '.join(kinds)}"
            )
        if kinds[key] is float and type(value) is int and abs(value) < 2**53:
            given[key] = float(value)
    return settings(**given)
