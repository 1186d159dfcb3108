# SPDX-License-Identifier: GPL-3.0-or-later
"""Train shipped links again from other seeds, by the recipes in their files."""

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path

from advphy_model.atomic_file import atomic_file
from advphy_model.link import links
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import ranges

from advphy_training import schemes

SEEDS_APART = 10  # seed 2 of a link must not be the substitute's seed


@dataclass(frozen=True)
class Job:
    """One training.

    Args:
        name: of the link that comes of it.
        scheme: name of the scheme.
        settings: of the scheme; `link` is the name of another job's link, if any.
        seed: of the training.
        folder: where it is kept, if that folder is there.
        start: the model file of `settings["link"]`, bytes, or None.
    """

    name: str
    scheme: str
    settings: dict
    seed: int
    folder: str
    start: bytes | None = None

    def path(self, name=None, folder=None):
        """Return the model file of this link, or of another one, or elsewhere."""
        return Path(folder or self.folder) / f"{name or self.name}.safetensors"


def jobs(names, seeds, folder, changes=()) -> list:
    """Return the Jobs that train shipped links again, what starts first in front.

    Args:
        names: of shipped links; a link that one of them starts from comes along.
        seeds: number of trainings of each.
        folder: where they are kept.
        changes: texts "key=value" of settings that are other than in the recipes.
    """
    found, folder = {}, str(Path(folder).resolve())

    def add(name, number):
        """Add the job of a link after that of the link it starts from; name it."""
        own = f"{name}_seed{number}"
        if own in found:
            return own
        recipe = links.load(name).recipe
        module = schemes.scheme(recipe["scheme"])
        known = {field.name for field in dataclasses.fields(module.Settings)}
        applied = {text.partition("=")[0]: text for text in changes}
        applied = {key: text for key, text in applied.items() if key in known}
        changed = schemes.settings(module, applied.values())
        settings = dict(recipe["settings"])
        settings |= {key: getattr(changed, key) for key in applied}
        if settings.get("link"):
            settings["link"] = add(settings["link"], number)
        seed = recipe["seed"] + SEEDS_APART * number
        found[own] = Job(own, recipe["scheme"], settings, seed, folder)
        return own

    for number in range(1, seeds + 1):
        for name in names:
            add(name, number)
    known = {key for job in found.values() for key in job.settings}
    for text in changes:
        if text.partition("=")[0] not in known:
            schemes.refuse_setting(text, sorted(known))
    return list(found.values())


def train(wanted, workers=None):
    """Train what is not there yet; yield (done, all).

    Args:
        wanted: Jobs, what starts first in front.
        workers: ranges.Workers that train, or None: this process.

    Raises:
        ValueError: a file there is of another training.
    """
    Path(wanted[0].folder).mkdir(parents=True, exist_ok=True)
    done = {job.name for job in wanted if _there(job)}
    while len(done) < len(wanted):
        yield len(done), len(wanted)
        ready = [
            dataclasses.replace(job, start=_start(job))
            for job in wanted
            if job.name not in done and job.settings.get("link", "") in ("", *done)
        ]
        trained = ranges.in_order(_train, ready, workers)
        for job, written in zip(ready, trained, strict=True):
            if not job.path().exists():  # a worker that does not share the folder
                with atomic_file(job.path(), "wb") as file:
                    file.write(written)
            done.add(job.name)
            yield len(done), len(wanted)


def _there(job):
    """Return whether a job is done; ValueError when its file is another's."""
    if not job.path().exists():
        return False
    recipe = LinkModel.read(job.path()).recipe
    if recipe["settings"].get("link"):  # wherever the worker had it
        recipe["settings"]["link"] = Path(recipe["settings"]["link"]).stem
    require_same(job.path(), recipe, job.settings, scheme=job.scheme, seed=job.seed)
    return True


def require_same(path, recipe, settings, **labels):
    """Raise ValueError unless a file's recipe has these settings and labels."""
    same = {**recipe["settings"], **settings} == recipe["settings"]
    if not same or {**recipe, **labels} != recipe:
        raise ValueError(
            f"{path}: a training with other settings ({recipe['command']}); remove it, "
            "or choose another --out"
        )


def _start(job):
    name = job.settings.get("link")
    return job.path(name).read_bytes() if name else None


def _train(job):
    """Train one job here or on a worker; return the model file's bytes."""
    shared = Path(job.folder).is_dir()
    folder = job.folder if shared else tempfile.mkdtemp(prefix="advphy-")
    settings = dict(job.settings)
    if job.start is not None:
        start = job.path(settings["link"], folder)
        settings["link"] = str(start)
        if not shared:
            start.write_bytes(job.start)
    out, module = job.path(folder=folder), schemes.scheme(job.scheme)
    schemes.train(job.scheme, module.Settings(**settings), job.seed, out, quiet=True)
    return out.read_bytes()
