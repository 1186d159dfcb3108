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

from advphy_training import loop, schemes

_SEEDS_APART = 10  # seed 2 of a link must not be the substitute's seed


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

    @property
    def path(self):
        """Return the model file."""
        return Path(self.folder) / f"{self.name}.safetensors"


def jobs(names, seeds, folder, changes=()) -> list:
    """Return the Jobs that train shipped links again, what starts first in front.

    Args:
        names: of shipped links; a link that one of them starts from comes along.
        seeds: how many trainings of each.
        folder: where they are kept.
        changes: texts "key=value" of settings that are other than in the recipes.
    """
    found = {}
    for number in range(1, seeds + 1):
        for name in names:
            _add(found, name, number, str(Path(folder).resolve()), changes)
    known = {key for job in found.values() for key in job.settings}
    for text in changes:
        if text.partition("=")[0] not in known:
            raise ValueError(
                f"setting '{text}' is not key=value with one of the keys: "
                f"{', '.join(sorted(known))}"
            )
    return list(found.values())


def _add(found, name, number, folder, changes):
    """Add the job of a link behind that of the link it starts from; return its name."""
    own = f"{name}_seed{number}"
    if own in found:
        return own
    recipe = links.load(name).recipe
    module = schemes.scheme(recipe["scheme"])
    fields = {field.name for field in dataclasses.fields(module.Settings)}
    applied = [text for text in changes if text.partition("=")[0] in fields]
    changed = dataclasses.asdict(schemes.settings(module, applied))
    settings = dict(recipe["settings"])
    settings |= {key: changed[key] for key in (t.partition("=")[0] for t in applied)}
    if settings.get("link"):
        settings["link"] = _add(found, settings["link"], number, folder, changes)
    seed = recipe["seed"] + _SEEDS_APART * number
    found[own] = Job(own, recipe["scheme"], settings, seed, folder)
    return own


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
        for job, written in zip(
            ready, ranges.in_order(_train, ready, workers), strict=True
        ):
            if not job.path.exists():  # a worker that does not share the folder
                with atomic_file(job.path, "wb") as file:
                    file.write(written)
            done.add(job.name)
            yield len(done), len(wanted)


def _there(job):
    """Return whether a job is done; ValueError when its file is another's."""
    if not job.path.exists():
        return False
    recipe = LinkModel.read(job.path).recipe
    settings = dict(recipe["settings"])
    if settings.get("link"):  # wherever the worker had it
        settings["link"] = Path(settings["link"]).stem
    if (recipe["scheme"], recipe["seed"]) != (job.scheme, job.seed) or any(
        settings.get(key) != value for key, value in job.settings.items()
    ):
        raise ValueError(
            f"{job.path}: a training with other settings ({recipe['command']}); "
            "remove it, or choose another --out"
        )
    return True


def _start_path(job, folder):
    return str(Path(folder) / f"{job.settings['link']}.safetensors")


def _start(job):
    if not job.settings.get("link"):
        return None
    return Path(_start_path(job, job.folder)).read_bytes()


def _train(job):
    """Train one job here or on a worker; return the model file's bytes."""
    shared = Path(job.folder).is_dir()
    folder = job.folder if shared else tempfile.mkdtemp(prefix="advphy-")
    settings = dict(job.settings)
    if job.start is not None:
        settings["link"] = _start_path(job, folder)
        if not shared:
            Path(settings["link"]).write_bytes(job.start)
    out = Path(folder) / job.path.name
    module = schemes.scheme(job.scheme)
    loop.train(job.scheme, module.Settings(**settings), job.seed, out, quiet=True)
    return out.read_bytes()
