# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a training in a file, from which the same training goes on exactly."""

import zipfile

import numpy as np
import torch
from advphy_model.atomic_file import atomic_file


def save(path, identity, step, scheme, optimiser):
    """Write what the training needs to go on with this step.

    Args:
        path: the file.
        identity: text that tells this training from any other.
        step: the next one.
        scheme: whose state() holds the tensors that Adam does not train.
        optimiser: torch.optim.Adam over the scheme's groups.
    """
    arrays = {"identity": np.array(identity), "step": np.array(step)}
    for i, parameter in enumerate(_parameters(optimiser)):
        state = optimiser.state[parameter]
        arrays[f"value{i}"] = parameter.detach().numpy()
        arrays[f"mean{i}"] = state["exp_avg"].numpy()
        arrays[f"square{i}"] = state["exp_avg_sq"].numpy()
    for name, tensor in scheme.state().items():
        arrays[f"state:{name}"] = tensor.detach().numpy()
    with atomic_file(path, "wb") as file:
        np.savez(file, **arrays)


def resume(path, identity, scheme, optimiser):
    """Take up the state of the same training, if there is one; return the next step.

    Raises:
        ValueError: the state is damaged or another training's.
    """
    if not path.exists():
        return 0
    try:
        with np.load(path) as arrays:
            return _take_up(arrays, path, identity, scheme, optimiser)
    except (zipfile.BadZipFile, EOFError, KeyError) as error:
        raise ValueError(f"{path}: a damaged state ({error}); remove it") from error


def _parameters(optimiser):
    return [p for group in optimiser.param_groups for p in group["params"]]


def _take_up(arrays, path, identity, scheme, optimiser):
    if str(arrays["identity"]) != identity:
        raise ValueError(
            f"{path}: the state of another training ({arrays['identity']}); remove "
            "it or choose another --out"
        )
    step = int(arrays["step"])
    with torch.no_grad():
        for i, parameter in enumerate(_parameters(optimiser)):
            parameter.copy_(torch.tensor(arrays[f"value{i}"]))
            optimiser.state[parameter] = {
                "step": torch.tensor(float(step)),
                "exp_avg": torch.tensor(arrays[f"mean{i}"]),
                "exp_avg_sq": torch.tensor(arrays[f"square{i}"]),
            }
        for name, tensor in scheme.state().items():
            tensor.copy_(torch.tensor(arrays[f"state:{name}"]))
    return step
