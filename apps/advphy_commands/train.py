# SPDX-License-Identifier: GPL-3.0-or-later
"""Train a link model (needs torch).

The recipe and the measured block error rates are written into the file. The same
command continues an interrupted training. `advphy train SCHEME --settings` lists the
settings of a scheme; a file of them, such as `steps = 1000` in a line, is given by
--settings FILE.toml, and --set changes single ones.

--sweep trains all combinations of values, each on one core, here or on a cluster. --out
is then the folder of the models and of sweep.csv, the table of what was measured.
"""

import dataclasses
import functools
import inspect
from dataclasses import dataclass
from pathlib import Path

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.file_gate import reading, toml_value
from advphy_model.measure import ranges
from advphy_model.measure.measurement_text import table_texts

from advphy_commands import _measuring, _options, _progress
from advphy_commands._options import device, group, operand, option, repeated, switch


@dataclass(frozen=True)
class Settings:
    scheme: str = operand("SCHEME", "training scheme, such as autoencoder")
    out: str = option("file of the model", metavar="FILE.safetensors")
    seed: int = option("seed of the training, below 2^32", 1, type=int)
    set: list = repeated("KEY=VALUE", "setting of the scheme; may be repeated")
    settings: str = option(
        "settings in a file; without FILE.toml: list the settings and end",
        nargs="?",
        const="",
        metavar="FILE.toml",
    )
    from_recording: str = option("recording for fine_tune", metavar="RUN.sigmf-meta")
    no_measure: bool = switch("do not measure the trained model")
    save_seconds: int = option("seconds after which the state is saved again", 300)
    device: str = device()
    quiet: bool = switch("show no progress bar")
    sweep: dict = option(
        "values of settings, such as ebn0_db=0:8:1,seed=1:3,architecture=mlp,cnn",
        parse=_options.sweep,
        metavar="KEY=VALUES",
    )
    cluster: _measuring.Cluster = group(_measuring.Cluster, "cluster")

    def __post_init__(self):
        given, swept = _options.changed(self), self.sweep or {}
        idle = {"--cluster", "--trust-network"}
        if swept:
            idle = {"--device", "--save-seconds", "--quiet"}
            idle |= {f"--{key}" for key in swept}
        for name in sorted(idle & given.keys()):
            what = "with this" if swept else "without"
            raise ValueError(f"{name} has no effect {what} --sweep; omit it")


def run(settings, output):
    from advphy_training import schemes
    from advphy_training.device import device_of, on_device

    module = schemes.scheme(settings.scheme)
    recording = settings.from_recording
    given = [f"recording={recording}"] if recording else []
    if given and any(text.startswith("recording=") for text in settings.set):
        raise ValueError("--set recording has no effect with --from-recording; omit it")
    given = _from_file(settings) + settings.set + given
    if settings.sweep and settings.out and settings.settings != "":
        _sweep(settings, given, output)
        return
    chosen = schemes.settings(module, given)
    output.note(scheme=settings.scheme, settings=dataclasses.asdict(chosen))
    if settings.settings == "":
        kinds = module.Settings.__mro__[:-1]  # with those that it inherits
        described = "\n\n".join(map(inspect.getdoc, kinds))
        output.line(described)
        for key, value in dataclasses.asdict(chosen).items():
            output.line(f"    {key} = {value}")
        output.note(described=described)
        return
    if not settings.out:
        raise ValueError("--out is missing; give --out FILE.safetensors, or a folder")
    with on_device(device_of(settings.device)):
        how = settings.seed, settings.out, settings.quiet
        limits = not settings.no_measure, settings.save_seconds
        model = schemes.train(settings.scheme, chosen, *how, *limits)
    output.line(f"{settings.out}: {model.name}, SHA-256 {model.sha256}")
    if held_out := model.recipe.get("held_out"):
        blocks, *failures = held_out.values()
        before, after = (table_texts(each, blocks)[0] for each in failures)
        output.line(f"BLER of {blocks} held-out blocks: {before} before, {after} after")
        output.note(held_out=held_out)
    output.note(seed=settings.seed, out=settings.out, name=model.name)
    output.note(sha256=model.sha256, measured=model.recipe.get("measured"))


def _sweep(settings, assignments, output):
    from advphy_training.reproduce import retraining

    folder, over = Path(settings.out), settings.sweep
    for key in over.keys() & {text.partition("=")[0] for text in assignments}:
        raise ValueError(f"setting '{key}' is set and swept; omit one")
    what = settings.scheme, assignments, over, settings.seed, folder
    jobs, path = retraining.sweep(*what, not settings.no_measure), folder / "sweep.csv"
    local = functools.partial(ranges.processes, min(ranges.cores(), len(jobs)))
    with settings.cluster.workers(retraining.__name__, local) as workers:
        folder.mkdir(parents=True, exist_ok=True)
        with only_writer(path), _progress.bar(unit="training") as bar:
            refuse_unwritable(path)
            for bar.n, bar.total in retraining.train(jobs, workers):
                bar.refresh()
            output.note(rows=retraining.write_table(jobs, over, path), out=str(path))
    output.line(f"{path}: {len(jobs)} trainings")


def _from_file(settings):
    if not settings.settings:
        return []
    with reading(settings.settings, "not a TOML file: "):
        found = toml_value(settings.settings)
    return [f"{key}={value}" for key, value in found.items()]
