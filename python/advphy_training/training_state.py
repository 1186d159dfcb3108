# SPDX-License-Identifier: GPL-3.0-or-later
"""What a training keeps next to its model file: a state to go on from, early figures.

From the state the same training goes on exactly; it is there until the model is. The
early figures stay, rows of numbers to compare moments of a training by.
"""

import csv
import zipfile

import numpy as np
import torch
from advphy_model.atomic_file import atomic_file


def save(out, identity, step, scheme, optimizer):
    """Write what the training needs to go on with this step.

    Args:
        out: path of the model file.
        identity: text that tells this training from any other.
        step: the next one.
        scheme: loop.Scheme, whose state() holds the tensors that Adam does not train.
        optimizer: torch.optim.Adam over the scheme's groups.
    """
    arrays = {"identity": np.array(identity), "step": np.array(step)}
    for i, parameter in enumerate(_parameters(optimizer)):
        state = optimizer.state[parameter]
        arrays[f"value{i}"] = parameter.detach().numpy()
        arrays[f"mean{i}"] = state["exp_avg"].numpy()
        arrays[f"square{i}"] = state["exp_avg_sq"].numpy()
    for name, tensor in scheme.state().items():
        arrays[f"state:{name}"] = tensor.detach().numpy()
    with atomic_file(_path(out), "wb") as file:
        np.savez(file, **arrays)


def resume(out, identity, scheme, optimizer):
    """Take up the state of the same training, if there is one; return the next step.

    Raises:
        ValueError: the state is damaged or another training's.
    """
    path = _path(out)
    if not path.exists():
        return 0
    try:
        with np.load(path) as arrays:
            return _take_up(arrays, path, identity, scheme, optimizer)
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(f"{path}: a damaged state ({error}); remove it") from error


def remove(out):
    """Remove the state of a training that is complete."""
    _path(out).unlink(missing_ok=True)


def _path(out):
    return out.with_name(out.name + ".state.npz")


def _parameters(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def _take_up(arrays, path, identity, scheme, optimizer):
    if str(arrays["identity"]) != identity:
        raise ValueError(
            f"{path}: the state of another training ({arrays['identity']}); remove "
            "it or choose another --out"
        )
    step = int(arrays["step"])
    with torch.no_grad():
        for i, parameter in enumerate(_parameters(optimizer)):
            parameter.copy_(torch.tensor(arrays[f"value{i}"]))
            optimizer.state[parameter] = {
                "step": torch.tensor(float(step)),
                "exp_avg": torch.tensor(arrays[f"mean{i}"]),
                "exp_avg_sq": torch.tensor(arrays[f"square{i}"]),
            }
        for name, tensor in scheme.state().items():
            tensor.copy_(torch.tensor(arrays[f"state:{name}"]))
    return step


class EarlyFigures:
    """The file OUT.progress.csv, a row each time that a state is saved.

    Args:
        out: path of the model file.
        step: that the training goes on with; rows of later steps are forgotten.
    """

    def __init__(self, out, step):
        self._path, self._rows = out.with_name(out.name + ".progress.csv"), []
        if step and self._path.exists():
            with open(self._path, encoding="utf-8", newline="") as file:
                kept = csv.DictReader(file)
                self._rows = [row for row in kept if int(row["step"]) <= step]

    def add(self, row) -> str:
        """Write a row, too; return its numbers as a line of text."""
        self._rows.append(row)
        with atomic_file(self._path) as file:
            writer = csv.DictWriter(file, list(self._rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        return ", ".join(f"{k} {v:.3g}" for k, v in row.items() if k != "step")
