# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: Adam on a scheme's gradients, resumable, with early figures."""

import dataclasses
import math
from pathlib import Path

import torch
from advphy_model import loop_engine, model_file
from advphy_model.atomic_file import refuse_unwritable
from advphy_model.error_rate import StopRule
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__
from tqdm import tqdm

from advphy_training import progress, schemes, training_state

SAVE_EVERY = 1000  # steps between two states to resume from, each with early figures


def train(scheme_name, settings, seed, out, quiet=False):
    """Train a scheme and write the link model with its recipe and measured results.

    A state beside `out` lets the same call go on after an interruption; batches are a
    function of (seed, step), so the result is that of an uninterrupted run. The early
    figures stay in OUT.progress.csv.

    Args:
        scheme_name: name of a file in schemes/.
        settings: its Settings.
        seed: of weights and batches.
        out: the model file to write; its stem is the link's name.
        quiet: no progress bar.

    Returns:
        The LinkModel.
    """
    seed, out = checked_seed(seed), Path(out)
    refuse_unwritable(out)
    torch.set_num_threads(1)  # no slower at this size, and sums come in one order
    scheme = schemes.scheme(scheme_name).Scheme(settings, seed)
    _descend(
        scheme, settings, seed, out, f"{scheme_name} {settings} seed {seed}", quiet
    )
    model = scheme.link(out.stem, recipe(scheme_name, settings, seed))
    model.recipe["measured"] = measured(model)
    model_file.write(model, out)
    out.with_name(out.name + ".state.npz").unlink(missing_ok=True)
    return model


def _descend(scheme, settings, seed, out, identity, quiet):
    """Take all the steps that are left, saving on the way."""
    optimiser = torch.optim.Adam(scheme.groups(), lr=settings.learning_rate)
    state = out.with_name(out.name + ".state.npz")
    figures = out.with_name(out.name + ".progress.csv")
    first = training_state.resume(state, identity, scheme, optimiser)
    rows = progress.rows_before(figures, first)
    bar = tqdm(
        range(first, settings.steps),
        initial=first,
        total=settings.steps,
        unit="step",
        disable=True if quiet else None,
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
            rows.append(progress.row(scheme.link(out.stem, {}), step + 1, loss))
            bar.set_postfix_str(
                "loss {loss:.2e}, BLER at {ebn0_db:g} dB clean {bler_clean:.1e}, "
                "attacked {bler_attacked:.1e}".format(**rows[-1])
            )
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


def measured(model) -> dict:
    """Return counts at Eb/N0 0..8 dB, by its own decision and the nearest codeword."""
    table = {}
    for link in (model, model.with_nearest_codeword()):
        if link.decision in table:
            continue
        table[link.decision] = [
            dict(
                zip(
                    ("ebn0_db", "blocks", "block_errors"),
                    (float(ebn0_db), *_count(link, ebn0_db, 20_000_000)),
                    strict=True,
                )
            )
            for ebn0_db in range(9)
        ]
    return table


def _count(model, ebn0_db, max_blocks):
    rule = StopRule(min_errors=1000, max_blocks=max_blocks)
    blocks = errors = 0
    for more, wrong, _ in loop_engine.run(model, rule=rule, ebn0_db=ebn0_db, seed=1):
        blocks, errors = blocks + more, errors + wrong
    return blocks, errors


def _learning_rate(settings, step):
    """Fall from the first to the last learning rate along half a cosine."""
    share = (1 + math.cos(math.pi * step / settings.steps)) / 2
    last = settings.last_learning_rate
    return last + (settings.learning_rate - last) * share
