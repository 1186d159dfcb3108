# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a training keeps next to its model file: its state and early figures.

A training that resumes from the state gives the same result. The state is removed when
the model is complete. The early figures stay: rows of numbers that compare stages of
the training.
"""

import csv
import io
import zipfile

import numpy as np
import torch
from advphy_model.atomic_file import atomic_file
from advphy_model.checked_values import checked_whole
from advphy_model.file_gate import FileError, npy_array, read_bytes, reading, shown


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


def resume(out, identity, scheme, optimizer, steps):
    """Restore the state of this training, if there is one, and return the next step.

    ValueError if the state is damaged or belongs to another training.
    """
    path = _path(out)
    if not path.exists():
        return 0
    with reading(path, "damaged state; remove it: "):
        content = read_bytes(path, "state")
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if any(part.compress_type for part in parts.infolist()):
                raise ValueError("it is compressed")
            names = [name.removesuffix(".npy") for name in parts.namelist()]
            arrays = {name: npy_array(parts.read(f"{name}.npy")) for name in names}
        return _restore(arrays, identity, scheme, optimizer, steps)


def remove(out):
    """Remove the state of a training that is complete."""
    _path(out).unlink(missing_ok=True)


def _path(out):
    return out.with_name(out.name + ".state.npz")


def _parameters(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def _restore(arrays, identity, scheme, optimizer, steps):
    if (found := str(arrays["identity"])) != identity:
        which, remedy = f"{shown(found)}, now {shown(identity)}", "choose another --out"
        raise FileError(f"state of another training ({which}); remove it or {remedy}")
    step = checked_whole("step", arrays["step"].item(), 0, steps)

    def stored(name, like):
        found = torch.tensor(arrays[name])
        if (found.shape, found.dtype) != (like.shape, like.dtype):
            raise ValueError(f"{name} is {found.dtype} of shape {tuple(found.shape)}")
        if not found.isfinite().all():
            raise ValueError(f"a value of {name} is not finite")
        return found

    with torch.no_grad():
        for i, parameter in enumerate(_parameters(optimizer)):
            parameter.copy_(stored(f"value{i}", parameter))
            optimizer.state[parameter] = {
                "step": torch.tensor(float(step), device="cpu"),  # as Adam wants it
                "exp_avg": stored(f"mean{i}", parameter),
                "exp_avg_sq": stored(f"square{i}", parameter),
            }
        for name, tensor in scheme.state().items():
            tensor.copy_(stored(f"state:{name}", tensor))
    return step


class EarlyFigures:
    """The file OUT.progress.csv, with a row for each saved state up to a step."""

    def __init__(self, out, step):
        self._path, self._rows = out.with_name(out.name + ".progress.csv"), []
        self._board = _board(out)
        if step and self._path.exists():
            with reading(self._path, "damaged figures; remove it: "):
                lines = read_bytes(self._path, "table").decode().splitlines()
                kept = csv.DictReader(lines)
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
