# SPDX-License-Identifier: GPL-3.0-or-later
"""Sweeps: a training for each combination of settings, and one table of results."""

import csv
import dataclasses
import itertools
import re
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.randomness import checked_seed

from advphy_training import schemes
from advphy_training.reproduce import retraining

SEED = "seed"  # of the training; swept like a setting


def jobs(scheme, assignments, over, seed, folder, **more) -> list:
    """Return the retraining.Jobs of all combinations, the last key running fastest.

    Args:
        scheme: name of the scheme.
        assignments: texts "key=value" that all trainings have.
        over: {key: texts of its values}; "seed" is the seed of the training.
        seed: seed of all trainings unless it is swept.
        folder: folder of the models, named after scheme, keys and values.
        more: further fields of the Jobs.

    Raises ValueError if a setting is not known, does not fit, or is given twice.
    """
    module = schemes.scheme(scheme)
    twice = over.keys() & {text.partition("=")[0] for text in assignments}
    if twice:
        raise ValueError(f"setting '{min(twice)}' is swept and set; give it once")
    found = {}
    for values in itertools.product(*over.values()):
        point = dict(zip(over, values, strict=True))
        words = [scheme, *itertools.chain(*point.items())]
        name = re.sub(r"[^\w.+-]+", "-", "_".join(words))
        own = _seed(point.pop(SEED, seed))
        given = [*assignments, *map("=".join, point.items())]
        settings = dataclasses.asdict(schemes.settings(module, given))
        for key, value in settings.items():  # workers have another current folder
            if isinstance(value, str) and Path(value).is_file():
                settings[key] = str(Path(value).resolve())
        if name in found:
            raise ValueError(f"training {name} is given twice; give each value once")
        place = str(Path(folder).resolve())
        found[name] = retraining.Job(name, scheme, settings, own, place, **more)
    return list(found.values())


def _seed(value):
    try:
        seed = int(value)
    except ValueError:
        raise ValueError(f"setting 'seed={value}': expected int") from None
    return checked_seed(seed)


def table(trained, over, path) -> list:
    """Write the results of Jobs as CSV and return its rows.

    A training has a row for each of its measured results, or one without any: name,
    seed, set_KEY for each swept setting, model_sha256, and the numbers of the recipe.
    """
    rows = []
    for job in trained:
        model = retraining.model_of(job)
        row = {"name": job.name, SEED: job.seed}
        row |= {f"set_{key}": job.settings[key] for key in over if key != SEED}
        row["model_sha256"] = model.sha256
        measured = model.recipe.get("measured") or {}
        lists = {key: each for key, each in measured.items() if isinstance(each, list)}
        results = [{"of": key, **each} for key in lists for each in lists[key]]
        rows += [row | each for each in results or [{}]]
    with atomic_file(path) as file:
        columns = dict.fromkeys(key for row in rows for key in row)
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows
