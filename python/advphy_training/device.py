# SPDX-License-Identifier: GPL-3.0-or-later
"""Device of torch's tensors: a GPU without a word of it in schemes and attacks."""

import contextlib

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors

CHOICES = ("auto", "cpu", "cuda")


def device_of(name: str) -> torch.device:
    """Return the device of a choice ("auto": a GPU if there is one), or ValueError."""
    if name not in CHOICES:
        raise ValueError(f"device must be one of {', '.join(CHOICES)}, got '{name}'")
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise ValueError("device = 'cuda': torch finds no GPU; give cpu or auto")
    return torch.device("cuda" if found and name != "cpu" else "cpu")


def on_device(device):
    """Return a context in which new tensors are on a device, drawn as on the CPU.

    Random numbers of a Generator are drawn on the CPU, so every device trains and
    attacks with the same batches and noise; numpy() copies to the CPU. torch does not
    let a context see torch.from_numpy; use torch.as_tensor.
    """
    device = torch.device(device)
    return contextlib.nullcontext() if device.type == "cpu" else _OnDevice(device)


class _OnDevice(TorchFunctionMode):
    def __init__(self, device):
        super().__init__()
        self._device, self._made = device, _device_constructors()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in (torch.Tensor.numpy, torch.Tensor.__array__):
            return function(args[0].cpu(), *args[1:], **kwargs)
        if function not in self._made or kwargs.get("device") is not None:
            return function(*args, **kwargs)
        if kwargs.get("generator") is not None:
            return function(*args, **kwargs, device="cpu").to(self._device)
        return function(*args, **{**kwargs, "device": self._device})
