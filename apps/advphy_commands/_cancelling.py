# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the canceller."""

import dataclasses
from dataclasses import dataclass

from advphy_model.receive.canceller import CancellerSettings

from advphy_commands._numbers import whole
from advphy_commands._options import option

SETTINGS = ("window", "sample", "iterations")


def _canceller(name, text):
    if text.isalpha():
        return CancellerSettings(adversary=text)
    return CancellerSettings(components=whole(name, text))


@dataclass(frozen=True)
class Cancelling:
    """The canceller and its settings."""

    cancel: CancellerSettings = option(
        None,
        "insert the blind canceller for one of K perturbations (K = 1 if no value is "
        "given), or for one with random signs, shifts or phases, periodic, or any of "
        "these",
        _canceller,
        nargs="?",
        const="1",
        metavar="K|signs|shifts|phases|periodic|any",
    )
    window: int = option(
        None,
        "blocks that the canceller processes together, a power of two (default 4096; "
        "modem: the codewords per burst if the perturbation changes with the burst)",
        whole,
        metavar="BLOCKS",
    )
    sample: int = option(
        None,
        "blocks of a window that it estimates from, a power of two (default 256)",
        whole,
        metavar="BLOCKS",
    )
    iterations: int = option(
        None, "iterations of its estimate (default 5)", whole, metavar="N"
    )

    def __post_init__(self):
        """Refuse settings of a canceller that is not there."""
        for name in SETTINGS:
            if getattr(self, name) is not None and self.cancel is None:
                raise ValueError(
                    f"--{name} belongs to the canceller; give --cancel, too"
                )

    @property
    def canceller(self):
        """Return the CancellerSettings, or None without --cancel."""
        if self.cancel is None:
            return None
        given = {name: getattr(self, name) for name in SETTINGS}
        given = {name: value for name, value in given.items() if value is not None}
        if "window" in given:
            given = {"sample": min(self.cancel.sample, self.window)} | given
        return dataclasses.replace(self.cancel, **given)
