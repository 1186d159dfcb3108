# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation sink: what the adversary adds and what the canceller takes it for."""

import pmt
from advphy_model.links import load

from ..guard import guarded_block
from .mailbox import Mailbox
from .perturbation_window import perturbation_window


class perturbation_sink(guarded_block):
    """Draw the true and the estimated perturbation in signal space.

    Message port "in": messages of kind "psr" and "estimate"; others are ignored and
        counted.

    Args:
        model: link model, or the name or file of one; gives n and the codebook.
        title: above the plot.
        frame_rate: most pictures a second, at most 30.
    """

    def __init__(self, model, title="", frame_rate=15):
        guarded_block.__init__(self, "perturbation_sink", None, None)
        self._model = load(model)
        self._mail = Mailbox(lambda message: True)
        self._window = None
        self._settings = {"title": title, "frame_rate": frame_rate}
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self._mail.post)

    def qwidget(self):
        """Return the widget; the first call makes it, in the thread of the window."""
        if self._window is None:
            self._window = perturbation_window(model=self._model, **self._settings)
        return self._window
