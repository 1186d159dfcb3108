# SPDX-License-Identifier: GPL-3.0-or-later
"""Training schemes, one file each, found by file name, and their training.

A scheme module defines Settings, a dataclass of numbers and words with defaults, and
Scheme, a loop.Scheme with the arguments (settings, seed) and these methods:

groups(): groups that Adam trains, [{"params": tensors, "factor": of learning_rate}];
gradients(generator): adds the gradients of a batch drawn with the generator to .grad of
    these tensors, negated for a player that maximizes, and returns the loss to show;
reads, not a method: SHA-256 of the links, images and recordings that it trains with;
state(): further tensors that change in training, by name; they are saved and restored;
link(name, recipe): the current model, such as a LinkModel;
early_figures(model): numbers by name to show during training;
measured(model): results for the recipe, JSON values;
write(model, path): writes the model file.

Settings have at least steps, learning_rate, last_learning_rate.
"""

import dataclasses
import hashlib
import sys
from pathlib import Path

import torch
from advphy_model import found_by_name
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.file_gate import shown
from advphy_model.version import __version__

from advphy_training import loop, progress, setting_checks, training_state


def scheme(name: str):
    """Return the module of a scheme."""
    return found_by_name.module(sys.modules[__name__], "scheme", name)


def settings(module, assignments) -> object:
    """Return a scheme's Settings, changed by texts "key=value"; ValueError if unfit."""
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
            raise ValueError(
                f"setting '{shown(text)}': expected {kind.__name__}"
            ) from None
    return module.Settings(**values)


def refuse_setting(text, known):
    """Raise ValueError for a text that does not set one of the known settings."""
    keys = ", ".join(known)
    raise ValueError(
        f"setting '{shown(text)}' is not key=value with one of the keys: {keys}"
    )


def train(
    scheme_name, settings, seed, out, quiet=False, measure=True, save_seconds=300
):
    """Train a scheme; write and return the model with its recipe and measured results.

    After an interruption the same call resumes from a state next to `out`, a path whose
    stem is the model's name; the result is that of an uninterrupted run. The early
    figures stay in OUT.progress.csv. The seed, below 2^32, is that of weights and
    batches; `quiet` shows no progress bar; `measure` and `save_seconds` say whether the
    model is measured and how often its state is saved. The model is a LinkModel,
    SemanticLink or Eve.
    """
    seed, out = setting_checks.torch_seed(seed), Path(out)
    refuse_unwritable(out)
    torch.set_num_threads(1)  # not slower at this size, and sums have one order
    made = scheme(scheme_name).Scheme(settings, seed)
    with progress.hushed(quiet):
        if measure and hasattr(made, "require_measurable"):
            made.require_measurable()
        version = __version__.rpartition(".")[0]  # as table.same_counts
        of = hashlib.sha256("".join(made.reads).encode()).hexdigest()[:12]
        identity = (
            f"{scheme_name}, seed {seed}, version {version}, files {of}, {settings}"
        )
        loop.run(made, settings, seed, out, identity, save_seconds)
        model = made.link(out.stem, recipe(scheme_name, settings, seed))
        if measure:
            model.recipe["measured"] = made.measured(model)
    made.write(model, out)
    training_state.remove(out)
    return model


def recipe(scheme_name, settings, seed) -> dict:
    """Return the command that repeats a training, with its settings and versions."""
    given = dataclasses.asdict(settings)
    default = dataclasses.asdict(type(settings)())
    changed = {key: value for key, value in given.items() if value != default[key]}
    words = [f"--set {key}={value}" for key, value in changed.items()]
    command = " ".join(["advphy train", scheme_name, f"--seed {seed}", *words])
    return {
        "command": command,
        "scheme": scheme_name,
        "seed": seed,
        "settings": given,
        "version": __version__,
        "torch": torch.__version__,
    }
