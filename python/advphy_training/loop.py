# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: Adam on a scheme's loss, resumable, validated by BLER."""

import dataclasses
import math
import zipfile
from pathlib import Path

import numpy as np
import torch
from advphy_model import loop_engine, model_file
from advphy_model.atomic_file import atomic_file, refuse_unwritable
from advphy_model.error_rate import StopRule
from advphy_model.randomness import checked_seed
from advphy_model.version import __version__
from tqdm import tqdm

from advphy_training import schemes

SAVE_EVERY = 1000  # steps between two states to resume from, each with a validation
VALIDATION_EBN0_DB = 5.0  # where a good (7, 4) link fails once in some hundred blocks


def train(scheme_name, settings, seed, out, quiet=False):
    """Train a scheme and write the link model with its recipe and measured results.

    A state beside `out` lets the same call go on after an interruption; batches are a
    function of (seed, step), so the result is that of an uninterrupted run.

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
    parameters = scheme.parameters()
    optimiser = torch.optim.Adam(parameters, lr=settings.learning_rate)
    state = out.with_name(out.name + ".state.npz")
    identity = f"{scheme_name} {settings} seed {seed}"
    first = _resume(state, identity, parameters, optimiser)
    bar = tqdm(
        range(first, settings.steps),
        initial=first,
        total=settings.steps,
        unit="step",
        disable=None if not quiet else True,
    )
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(settings, step)
        generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**63)
        loss = scheme.loss(generator)
        if not math.isfinite(loss.item()):
            raise ValueError(
                f"the loss is not finite at step {step}; set a smaller learning_rate"
            )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % SAVE_EVERY == 0:
            bler = _bler(scheme.link(out.stem, {}), VALIDATION_EBN0_DB, 500_000)
            bar.set_postfix(loss=f"{loss.item():.2e}", bler_5dB=f"{bler:.2e}")
            _save(state, identity, step + 1, parameters, optimiser)
    model = scheme.link(out.stem, recipe(scheme_name, settings, seed))
    model.recipe["measured"] = measured(model)
    model_file.write(model, out)
    state.unlink(missing_ok=True)
    return model


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
    """Return counts at Eb/N0 0..8 dB, with the own decoder and the nearest codeword."""
    table = {}
    for link in (model, model.with_nearest_codeword()):
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


def _bler(model, ebn0_db, max_blocks):
    blocks, errors = _count(model, ebn0_db, max_blocks)
    return errors / blocks


def _learning_rate(settings, step):
    """Fall from the first to the last learning rate along half a cosine."""
    share = (1 + math.cos(math.pi * step / settings.steps)) / 2
    last = settings.last_learning_rate
    return last + (settings.learning_rate - last) * share


def _save(path, identity, step, parameters, optimiser):
    arrays = {"identity": np.array(identity), "step": np.array(step)}
    for i, parameter in enumerate(parameters):
        state = optimiser.state[parameter]
        arrays[f"value{i}"] = parameter.detach().numpy()
        arrays[f"mean{i}"] = state["exp_avg"].numpy()
        arrays[f"square{i}"] = state["exp_avg_sq"].numpy()
    with atomic_file(path, "wb") as file:
        np.savez(file, **arrays)


def _resume(path, identity, parameters, optimiser):
    """Take up the state of the same training, if there is one; return the next step."""
    if not path.exists():
        return 0
    try:
        with np.load(path) as arrays:
            return _take_up(arrays, path, identity, parameters, optimiser)
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(f"{path}: a damaged state ({error}); remove it") from error


def _take_up(arrays, path, identity, parameters, optimiser):
    if str(arrays["identity"]) != identity:
        raise ValueError(
            f"{path}: the state of another training ({arrays['identity']}); remove "
            "it or choose another --out"
        )
    step = int(arrays["step"])
    for i, parameter in enumerate(parameters):
        with torch.no_grad():
            parameter.copy_(torch.tensor(arrays[f"value{i}"]))
        optimiser.state[parameter] = {
            "step": torch.tensor(float(step)),
            "exp_avg": torch.tensor(arrays[f"mean{i}"]),
            "exp_avg_sq": torch.tensor(arrays[f"square{i}"]),
        }
    return step
