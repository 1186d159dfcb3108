# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation sink: draws the true and the estimated perturbation."""

from advphy_model.link.links import load

from .display_block import message_display
from .perturbation_record import PerturbationRecord


class perturbation_sink(message_display):
    """Draw both perturbations as arrows in the complex plane of each channel use.

    Message port "in": messages of kind "psr" and "estimate". Those of the other known
        kinds are ignored; unknown messages are counted as refused.

    Args:
        model: link model, or its name or file; its n and codebook are used.
        title: title above the plot.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("perturbation_window", "PerturbationWindow")

    def __init__(self, model, title="", frame_rate=15):
        self._codebook = load(model).codebook
        record = PerturbationRecord(self._codebook.shape[1])
        message_display.__init__(self, "perturbation_sink", record, title, frame_rate)

    def seen(self):
        """Return the newest true and estimated perturbation."""
        return self.record.seen()

    def shown(self):
        return self._codebook, self.record
