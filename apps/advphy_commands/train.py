# SPDX-License-Identifier: GPL-3.0-or-later
"""Train a link model (needs torch).

The recipe and the measured block error rates are written into the file. The same
command continues an interrupted training. `advphy train SCHEME --settings` lists the
settings of a scheme.
"""

import dataclasses
import inspect
from dataclasses import dataclass

from advphy_commands._options import device, operand, option, repeated, switch


@dataclass(frozen=True)
class Settings:
    """What is trained."""

    scheme: str = operand("SCHEME", "training scheme, such as autoencoder")
    out: str = option(None, "file of the model", metavar="FILE.safetensors")
    seed: int = option(1, "seed of the training", type=int)
    set: list = repeated("KEY=VALUE", "setting of the scheme; may be repeated")
    settings: bool = switch("list the settings of the scheme and end")
    device: str = device()
    quiet: bool = switch("show no progress bar")


def run(settings, output):
    """Train, or list the settings of a scheme."""
    from advphy_training import schemes
    from advphy_training.device import device_of, on_device

    module = schemes.scheme(settings.scheme)
    chosen = schemes.settings(module, settings.set)
    output.note(scheme=settings.scheme, settings=dataclasses.asdict(chosen))
    if settings.settings:
        kinds = module.Settings.__mro__[:-1]  # with those that it inherits
        described = "\n\n".join(map(inspect.getdoc, kinds))
        output.line(described)
        for key, value in dataclasses.asdict(chosen).items():
            output.line(f"    {key} = {value}")
        output.note(described=described)
        return
    if not settings.out:
        raise ValueError("--out is missing; give --out FILE.safetensors")
    with on_device(device_of(settings.device)):
        how = settings.seed, settings.out, settings.quiet
        model = schemes.train(settings.scheme, chosen, *how)
    output.line(f"{settings.out}: {model.name}, SHA-256 {model.sha256}")
    output.note(seed=settings.seed, out=settings.out, name=model.name)
    output.note(sha256=model.sha256, measured=model.recipe["measured"])
