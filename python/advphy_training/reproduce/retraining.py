# SPDX-License-Identifier: GPL-3.0-or-later
"""Independent trainings: sweeps, and those of shipped links from other seeds."""

import csv
import dataclasses
import itertools
import re
import tempfile
from collections import Counter
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.link import links, model_file
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.link_model import LinkModel
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges

from advphy_training import schemes, setting_checks

SEEDS_APART = 10  # seed 2 of a link must differ from the seed of a substitute


@dataclasses.dataclass(frozen=True)
class Job:
    """One training."""

    name: str  # name of the trained link
    scheme: str  # name of the scheme
    settings: dict  # settings of the scheme; `link` may name the link of another job
    seed: int  # seed of the training
    folder: str  # folder for the model file, if it exists on the worker
    start: bytes | None = None  # bytes of the model file of `settings["link"]`, or None
    measure: bool = True  # whether the trained model is measured

    def path(self, name=None, folder=None):
        """Return the path of the model file of this or another link."""
        return Path(folder or self.folder) / f"{name or self.name}.safetensors"

    def model(self):
        """Return the trained model."""
        return model_file.load(self.path(), LinkModel, SemanticLink, Eve)


def sweep(scheme, assignments, over, seed, folder, measure=True) -> list:
    """Return the Jobs of a scheme for all combinations of values, the last key fastest.

    `over` is {key: texts of its values}, with the key "seed" for that of the training.
    """
    module, found = schemes.scheme(scheme), []
    for values in itertools.product(*over.values()):
        point = dict(zip(over, values, strict=True))
        words = "_".join([scheme, *itertools.chain(*point.items())])
        own = setting_checks.torch_seed(int(point.pop("seed", seed)))
        given = [*assignments, *map("=".join, point.items())]
        settings = dataclasses.asdict(schemes.settings(module, given))
        what = re.sub(r"[^\w.+-]+", "-", words), scheme, settings, own
        found.append(Job(*what, str(Path(folder).resolve()), measure=measure))
    return found


def write_table(trained, over, path) -> list:
    """Write what was measured of the Jobs of a sweep as CSV and return the rows.

    The columns are name, seed, set_KEY of each swept setting, model_sha256, and those
    of the rows in the recipes; `of` tells the rows of a model apart.
    """
    rows = []
    for job in trained:
        model = job.model()
        row = {"name": job.name, "seed": job.seed}
        row |= {f"set_{key}": job.settings[key] for key in over if key != "seed"}
        row["model_sha256"], measured = model.sha256, model.recipe.get("measured", {})
        lists = {key: each for key, each in measured.items() if isinstance(each, list)}
        results = [{"of": key, **each} for key in lists for each in lists[key]]
        rows += [row | each for each in results or [{}]]
    with atomic_file(path) as file:
        columns = dict.fromkeys(itertools.chain(*rows))
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def jobs(names, seeds, folder, changes=()) -> list:
    """Return the Jobs that retrain shipped links, ordered by their dependencies.

    Links that these start from are added; `seeds` is the number of trainings of each,
    `changes` are texts "key=value" of settings that differ from the recipes.
    """
    found, folder = {}, str(Path(folder).resolve())
    changed = {text.partition("=")[0]: text for text in changes}

    def add(name, number):
        """Add the job of a link after that of its start; return the new name."""
        own = f"{name}_seed{number}"
        if own in found:
            return own
        recipe = links.load(name).recipe
        module = schemes.scheme(recipe["scheme"])
        known = {field.name for field in dataclasses.fields(module.Settings)}
        applied = {key: text for key, text in changed.items() if key in known}
        chosen = schemes.settings(module, applied.values())
        settings = recipe["settings"] | {key: getattr(chosen, key) for key in applied}
        if settings.get("link"):
            settings["link"] = add(settings["link"], number)
        seed = recipe["seed"] + SEEDS_APART * number
        found[own] = Job(own, recipe["scheme"], settings, seed, folder)
        return own

    for number in range(1, seeds + 1):
        for name in names:
            add(name, number)
    known = {key for job in found.values() for key in job.settings}
    for key in changed.keys() - known:
        schemes.refuse_setting(changed[key], sorted(known))
    return list(found.values())


def train(wanted, workers=None):
    """Train the links of ordered Jobs whose files are missing; yield (done, total).

    ranges.Workers train them, or this process. ValueError if a file is of another
    training or lacks results that are wanted, or two have one name.
    """
    Path(wanted[0].folder).mkdir(parents=True, exist_ok=True)
    names = {job.name for job in wanted}
    if len(names) < len(wanted):
        twice = Counter(job.name for job in wanted).most_common(1)[0][0]
        raise ValueError(f"two trainings would be called '{twice}'; give one of them")
    done = {job.name for job in wanted if _there(job, names)}
    while len(done) < len(wanted):
        yield len(done), len(wanted)
        ready = []
        for job in wanted:
            start = job.settings.get("link")
            if job.name not in done and start not in names - done:
                given = job.path(start).read_bytes() if start in names else None
                ready.append(dataclasses.replace(job, start=given))
        trained = ranges.in_order(_train, ready, workers)
        for job, written in zip(ready, trained, strict=True):
            if not job.path().exists():  # a worker that does not share the folder
                with atomic_file(job.path(), "wb") as file:
                    file.write(written)
            done.add(job.name)
            yield len(done), len(wanted)


def _there(job, names):
    """Return whether a job is done; ValueError if its file is not what it makes."""
    if not job.path().exists():
        return False
    recipe = job.model().recipe
    if job.settings.get("link") in names:  # the path was that of the worker
        recipe["settings"]["link"] = Path(recipe["settings"]["link"]).stem
    require_same(job.path(), recipe, job.settings, scheme=job.scheme, seed=job.seed)
    if job.measure and "measured" not in recipe:
        remedy = "remove it, give --no-measure or choose another --out"
        raise ValueError(f"{job.path()}: model that was not measured; {remedy}")
    return True


def require_same(path, recipe, settings, **labels):
    """Raise ValueError unless a file's recipe has these settings and labels."""
    same = {**recipe["settings"], **settings} == recipe["settings"]
    if not same or {**recipe, **labels} != recipe:
        raise ValueError(
            f"{path}: model of a training with other settings ({recipe['command']}); "
            "remove it or choose another --out"
        )


def _train(job):
    """Train one job, here or on a worker, and return the bytes of the model file."""
    shared = Path(job.folder).is_dir()
    folder = job.folder if shared else tempfile.mkdtemp(prefix="advphy-")
    settings = dict(job.settings)
    if job.start is not None:
        start = job.path(settings["link"], folder)
        settings["link"] = str(start)
        if not shared:
            start.write_bytes(job.start)
    out, module = job.path(folder=folder), schemes.scheme(job.scheme)
    what = job.scheme, module.Settings(**settings), job.seed, out
    schemes.train(*what, quiet=True, measure=job.measure)
    return out.read_bytes()
