# SPDX-License-Identifier: GPL-3.0-or-later
"""Training schemes, one file each, found by file name; and how one is trained.

A scheme module has Settings, a dataclass of numbers and words with defaults, and
Scheme, a loop.Scheme made of (settings, seed) with

groups(): what Adam trains, [{"params": tensors, "factor": of the learning rate}];
gradients(generator): adds to .grad of all of these for one batch drawn with that
    generator, negated for a player that maximizes, and returns the loss to show;
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
from pathlib import Path

import torch
from advphy_model import found_by_name
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__

from advphy_training import loop, progress, training_state


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
            refuse_setting(text, fields)
        kind = type(fields[key].default)
        try:
            values[key] = kind(value)
        except ValueError:
            raise ValueError(f"setting '{text}': expected {kind.__name__}") from None
    return module.Settings(**values)


def refuse_setting(text, known):
    """Raise ValueError for a text that sets none of the known settings."""
    keys = ", ".join(known)
    raise ValueError(f"setting '{text}' is not key=value with one of the keys: {keys}")


def train(scheme_name, settings, seed, out, quiet=False):
    """Train a scheme and write the model with its recipe and measured results.

    A state next to `out` lets the same call go on after an interruption; the result is
    that of an uninterrupted run. The early figures stay in OUT.progress.csv.

    Args:
        scheme_name: name of a file in schemes/.
        settings: its Settings.
        seed: of weights and batches.
        out: the model file to write; its stem is the model's name.
        quiet: no bar of progress.

    Returns:
        The model: a LinkModel, SemanticLink or Eve, as the scheme makes.
    """
    seed, out = checked_seed(seed), Path(out)
    refuse_unwritable(out)
    torch.set_num_threads(1)  # no slower at this size, and sums come in one order
    made = scheme(scheme_name).Scheme(settings, seed)
    with progress.hushed(quiet):
        loop.run(made, settings, seed, out, f"{scheme_name} {settings} seed {seed}")
        model = made.link(out.stem, recipe(scheme_name, settings, seed))
        model.recipe["measured"] = made.measured(model)
    made.write(model, out)
    training_state.remove(out)
    return model


def recipe(scheme_name, settings, seed) -> dict:
    """Return the command that trains this again and the settings it had."""
    given, default = map(dataclasses.asdict, (settings, type(settings)()))
    changed = [f" --set {k}={v}" for k, v in given.items() if v != default[k]]
    command = f"advphy train {scheme_name} --seed {seed}{''.join(changed)}"
    how = {"scheme": scheme_name, "seed": seed, "settings": given}
    versions = {"version": __version__, "torch": torch.__version__}
    return {"command": command, **how, **versions}
