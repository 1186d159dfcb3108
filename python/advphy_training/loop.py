# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: Adam on a scheme's gradients, resumable, with early figures."""

import dataclasses
import math
from pathlib import Path

import torch
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__

from advphy_training import progress, schemes, training_state

SAVE_EVERY = 1000  # steps between two states to resume from, each with early figures


def train(scheme_name, settings, seed, out, quiet=False):
    """Train a scheme and write the model with its recipe and measured results.

    A state beside `out` lets the same call go on after an interruption; batches are a
    function of (seed, step), so the result is that of an uninterrupted run. The early
    figures stay in OUT.progress.csv.

    Args:
        scheme_name: name of a file in schemes/.
        settings: its Settings.
        seed: of weights and batches.
        out: the model file to write; its stem is the model's name.
        quiet: no progress bar.

    Returns:
        The model: a LinkModel, SemanticLink or Eve, as the scheme makes.
    """
    seed, out = checked_seed(seed), Path(out)
    refuse_unwritable(out)
    torch.set_num_threads(1)  # no slower at this size, and sums come in one order
    scheme = schemes.scheme(scheme_name).Scheme(settings, seed)
    with progress.hushed(quiet):
        _descend(scheme, settings, seed, out, f"{scheme_name} {settings} seed {seed}")
        model = scheme.link(out.stem, recipe(scheme_name, settings, seed))
        model.recipe["measured"] = scheme.measured(model)
    scheme.write(model, out)
    out.with_name(out.name + ".state.npz").unlink(missing_ok=True)
    return model


def _descend(scheme, settings, seed, out, identity):
    """Take all the steps that are left, saving on the way."""
    optimiser = torch.optim.Adam(scheme.groups(), lr=settings.learning_rate)
    state = out.with_name(out.name + ".state.npz")
    figures = out.with_name(out.name + ".progress.csv")
    first = training_state.resume(state, identity, scheme, optimiser)
    rows = progress.rows_before(figures, first)
    bar = progress.bar(
        range(first, settings.steps),
        total=settings.steps,
        initial=first,
    )
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = group["factor"] * _learning_rate(settings, step)
        generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
        loss = scheme.gradients(generator)
        if not math.isfinite(loss):
            raise ValueError(
                f"the loss is not finite at step {step}; set a smaller learning_rate"
            )
        optimiser.step()
        if (step + 1) % SAVE_EVERY == 0:
            with progress.hushed():
                early = scheme.early_figures(scheme.link(out.stem, {}))
            rows.append({"step": step + 1, "loss": loss, **early})
            bar.set_postfix_str(progress.text(rows[-1]))
            progress.write(figures, rows)
            training_state.save(state, identity, step + 1, scheme, optimiser)


def recipe(scheme_name, settings, seed) -> dict:
    """Return the command that trains this again and the settings it had."""
    default = type(settings)()
    given = dataclasses.asdict(settings)
    changed = "".join(
        f" --set {key}={value}"
        for key, value in given.items()
        if value != getattr(default, key)
    )
    return {
        "command": f"advphy train {scheme_name} --seed {seed}{changed}",
        "scheme": scheme_name,
        "seed": seed,
        "settings": given,
        "version": __version__,
        "torch": torch.__version__,
    }


def _learning_rate(settings, step):
    """Rise over the share `warm_up` of the steps, if any, then fall along a cosine.

    A high rate at once would leave many ReLUs dead.
    """
    rising = getattr(settings, "warm_up", 0.0) * settings.steps
    if step < rising:
        return settings.learning_rate * (step + 1) / (rising + 1)
    share = (1 + math.cos(math.pi * (step - rising) / (settings.steps - rising))) / 2
    last = settings.last_learning_rate
    return last + (settings.learning_rate - last) * share
