# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a training keeps next to its model file: its state and early figures.

A training that resumes from the state gives the same result. The state is removed when
the model is complete. The early figures stay: rows of numbers that compare stages of
the training.
"""

import csv
import zipfile

import numpy as np
import torch
from advphy_model.atomic_file import atomic_file


def save(out, identity, step, scheme, optimizer):
    """Write the state from which a training resumes at a step, next to its model file.

    The text `identity` identifies the training of a loop.Scheme, whose state() gives
    the tensors that Adam, the optimizer, does not train.
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
    """Restore the state of this training, if there is one, and return the next step.

    ValueError if the state is damaged or belongs to another training.
    """
    path = _path(out)
    if not path.exists():
        return 0
    try:
        with np.load(path) as arrays:
            return _restore(arrays, path, identity, scheme, optimizer)
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(f"{path}: damaged state ({error}); remove it") from error


def remove(out):
    """Remove the state of a training that is complete."""
    _path(out).unlink(missing_ok=True)


def _path(out):
    return out.with_name(out.name + ".state.npz")


def _parameters(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def _restore(arrays, path, identity, scheme, optimizer):
    if (found := str(arrays["identity"])) != identity:
        remedy = "remove it or choose another --out"
        raise ValueError(f"{path}: state of another training ({found}); {remedy}")
    step = int(arrays["step"])
    with torch.no_grad():
        for i, parameter in enumerate(_parameters(optimizer)):
            parameter.copy_(torch.tensor(arrays[f"value{i}"]))
            optimizer.state[parameter] = {
                "step": torch.tensor(float(step), device="cpu"),  # as Adam wants it
                "exp_avg": torch.tensor(arrays[f"mean{i}"]),
                "exp_avg_sq": torch.tensor(arrays[f"square{i}"]),
            }
        for name, tensor in scheme.state().items():
            tensor.copy_(torch.tensor(arrays[f"state:{name}"]))
    return step


class EarlyFigures:
    """The file OUT.progress.csv, with a row for each saved state up to a step."""

    def __init__(self, out, step):
        self._path, self._rows = out.with_name(out.name + ".progress.csv"), []
        self._board = _board(out)
        if step and self._path.exists():
            with open(self._path, encoding="utf-8", newline="") as file:
                kept = csv.DictReader(file)
                self._rows = [row for row in kept if int(row["step"]) <= step]

    def add(self, row) -> str:
        """Append a row to the file and return its numbers as a line of text."""
        self._rows.append(row)
        with atomic_file(self._path) as file:
            writer = csv.DictWriter(file, list(self._rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        if self._board is not None:
            for key, value in row.items():
                if key != "step":
                    self._board.add_scalar(key, value, row["step"])
            self._board.flush()
        return ", ".join(f"{k} {v:.3g}" for k, v in row.items() if k != "step")


def _board(out):
    """Return a writer of TensorBoard logs in OUT.logs, or None without TensorBoard."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out.with_name(out.name + ".logs")))
