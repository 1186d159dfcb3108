# SPDX-License-Identifier: GPL-3.0-or-later
"""Training schemes, one file each, found by file name.

A scheme module has Settings, a dataclass of numbers and words with defaults, and
Scheme, a class made of (settings, seed) with

groups(): what Adam trains, [{"params": tensors, "factor": of the learning rate}];
gradients(generator): fills .grad of all of these for one batch drawn with that
    generator, negated for a player that maximises, and returns the loss to show;
state(): further tensors by name that change in training and that a resumed training
    must find again;
link(name, recipe): the model now, such as a LinkModel;
early_figures(model): numbers by name to show while training;
measured(model): results for the recipe, JSON values;
write(model, path): keep it in its kind of file.

Settings have at least steps, learning_rate, last_learning_rate.
"""

import dataclasses
import sys

from advphy_model import found_by_name


def scheme(name: str):
    """Return the module of the scheme of that name."""
    return found_by_name.module(sys.modules[__name__], "scheme", name)


def settings(module, assignments) -> object:
    """Return the module's Settings with texts "key=value" applied.

    Raises:
        ValueError: naming a key that is not there or a value of the wrong kind.
    """
    fields = {field.name: field for field in dataclasses.fields(module.Settings)}
    values = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or key not in fields:
            raise ValueError(
                f"setting '{text}' is not key=value with one of the keys: "
                f"{', '.join(fields)}"
            )
        kind = type(fields[key].default)
        try:
            values[key] = kind(value)
        except ValueError:
            raise ValueError(f"setting '{text}': wanted {kind.__name__}") from None
    return module.Settings(**values)
