# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation sink: what the adversary adds and what the canceller takes it for."""

from advphy_model.link.links import load

from ..reports import listening_block
from .display_arguments import checked_frame_rate
from .mailbox import Mailbox
from .perturbation_record import PerturbationRecord
from .perturbation_window import perturbation_window


class perturbation_sink(listening_block):
    """Draw the true and the estimated perturbation in signal space.

    Message port "in": messages of kind "psr" and "estimate"; others are ignored and
        counted.

    Args:
        model: link model, or the name or file of one; gives n and the codebook.
        title: above the plot.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    def __init__(self, model, title="", frame_rate=15):
        listening_block.__init__(self, "perturbation_sink")
        self._model = load(model)
        self._title, self._frame_rate = str(title), checked_frame_rate(frame_rate)
        self._record = PerturbationRecord(self._model.n)
        self._mailbox, self._window = Mailbox(self._record.take), None
        self.listen("in", self._mailbox.post)

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = perturbation_window(
                self._model, self._title, self._frame_rate, self._record, self._mailbox
            )
        return self._window

    def seen(self):
        """Return the newest true and estimated perturbation."""
        self._mailbox.collect()
        return self._record.seen()

    def refused(self):
        """Return how many messages were not understood."""
        self._mailbox.collect()
        return self._mailbox.refused
