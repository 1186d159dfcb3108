# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels: impairments, one file each, and labels of chains of them.

A label such as "two_rays(delay=1, gain_db=-10) + cfo(frequency=0.01)" is a chain of
impairments in the order in which they are applied. Each is a file of this folder with
the settings that differ from the defaults. Noise is always added last; "awgn" is noise
without impairments. A label is never run as code: values are numbers, True or False.

Each file except awgn is an impairment with

- Settings: a frozen dataclass of numbers with defaults and limits (impairment.Limited);
- impair(x, settings, *, seed, stream, first_sample), which returns the impaired samples
  of x, complex [blocks, n] in numpy or torch. It is a pure function of the seed and the
  index of the sample; `stream` is the number of its stream of random numbers;
- Stream, if the impairment has memory: a class whose process(x) does the same for a
  stream of samples without blocks (sample_channel.py).
"""

import ast
import dataclasses
import sys
import typing
from types import ModuleType

from advphy_model import found_by_name, kernels

NOISE = "awgn"
_HERE = sys.modules[__name__]
MOST = 16  # impairments in one channel
_LONGEST = 2000  # characters of a label
_MISFITS = (SyntaxError, ValueError, TypeError, AttributeError)


@dataclasses.dataclass(frozen=True)
class Impairment:
    """One impairment of a channel."""

    module: ModuleType  # module of this folder
    settings: object  # Settings of that module
    stream: int  # number of its stream of random numbers, which depends on its position

    @property
    def text(self) -> str:
        """Return the label with the settings that are not the defaults."""
        given = [
            f"{field.name}={getattr(self.settings, field.name)!r}"
            for field in dataclasses.fields(self.settings)
            if getattr(self.settings, field.name) != field.default
        ]
        return self.name + (f"({', '.join(given)})" if given else "")

    @property
    def name(self) -> str:
        """Return the name of the module's file."""
        return self.module.__name__.rpartition(".")[2]

    def impair(self, x, *, seed, first_sample):
        """Return the impaired samples of x [blocks, n]."""
        return self.module.impair(
            x, self.settings, seed=seed, stream=self.stream, first_sample=first_sample
        )


def names() -> list:
    """Return the sorted names of all channels."""
    return found_by_name.names(_HERE)


def channel(kind: str):
    """Return the apply function of a channel.

    apply(x, y, *, seed, first_block, noise_variance, p=None) reads codewords x,
    complex64 [blocks, n], and writes received vectors to y, which may be x. The noise
    variance is per real dimension (power.py). A perturbation p, complex64 [blocks, n],
    is added last: y = (x impaired + noise) + p. Channel uses are counted from
    first_block n on, so the phase of a CFO, for example, continues across blocks.

    Args:
        kind: label such as "awgn" or "rayleigh_block + cfo(frequency=0.01)".

    Raises ValueError if a name or setting is not known or a value is out of range.
    """
    add_noise = found_by_name.module(_HERE, "channel", NOISE).apply
    parts = impairments(kind)
    if not parts:
        return add_noise

    def apply(x, y, *, seed, first_block, **noise):
        impaired = x
        for part in parts:
            if len(x):
                first = first_block * x.shape[1]
                impaired = part.impair(impaired, seed=seed, first_sample=first)
        add_noise(impaired, y, seed=seed, first_block=first_block, **noise)

    return apply


def impairments(kind: str) -> tuple:
    """Return the Impairments of a channel in order; ValueError as `channel`."""
    found = []
    terms = _terms(kind)
    for position, term in enumerate(terms):
        name, given = _read(term, kind)
        module = found_by_name.module(_HERE, "channel", name)
        if name == NOISE:
            if given or position != len(terms) - 1:
                raise ValueError(
                    f"channel '{kind}': awgn has no settings and is always last; move "
                    "it to the end or omit it"
                )
            continue
        settings = _settings(module.Settings, name, given)
        stream = kernels.STREAMS["impairment"] + position
        found.append(Impairment(module, settings, stream))
    return tuple(found)


def canonical(kind: str) -> str:
    """Return the unique label of a channel, under which its counts are stored.

    The label omits defaults, so the default of a setting must never be changed.
    """
    return " + ".join(part.text for part in impairments(kind)) or NOISE


def _terms(kind):
    """Return the syntax trees of the terms of a sum, from left to right."""
    try:
        if not isinstance(kind, str) or len(kind) > _LONGEST:
            raise ValueError
        tree = ast.parse(kind.strip(), mode="eval").body
    except (*_MISFITS, MemoryError, RecursionError):
        raise _unreadable(kind) from None
    terms = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        terms.append(tree.right)
        tree = tree.left
    terms = [tree, *reversed(terms)]
    if len(terms) > MOST:
        raise ValueError(f"channel: {len(terms)} impairments, expected at most {MOST}")
    return terms


def _read(term, kind):
    """Return (name, {setting: value}) of one term."""
    if isinstance(term, ast.Name):
        return term.id, {}
    try:
        given = {k.arg: ast.literal_eval(k.value) for k in term.keywords}
        if term.args or None in given:
            raise ValueError
        return term.func.id, given
    except (*_MISFITS, MemoryError, RecursionError):
        raise _unreadable(kind) from None


def _unreadable(kind):
    return ValueError(
        f"channel {str(kind)[:200]!r} cannot be read; give NAME or "
        "NAME(SETTING=NUMBER, ...), several joined by +, such as 'two_rays(delay=1, "
        f"gain_db=-10) + cfo(frequency=0.01)'; choose from {', '.join(names())}"
    )


def _settings(settings, name, given):
    """Return the Settings with the given values; ints become floats where needed."""
    kinds = typing.get_type_hints(settings)
    for key, value in given.items():
        found_by_name.require_known(f"{name}: setting", key, kinds)
        if kinds[key] is float and type(value) is int and abs(value) < 2**53:
            given[key] = float(value)
    return settings(**given)
