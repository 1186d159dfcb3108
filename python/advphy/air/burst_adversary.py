# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst adversary: hears bursts by its own receiver, and answers them."""

import numpy as np
from advphy_model.air.perturbation import Perturbation
from advphy_model.link.any_link import load
from advphy_model.modem.answering_adversary import AnsweringAdversary
from advphy_model.modem.frame import Frame

from ..block_errors import guarded_block
from ..reports import Reporter

_AT_ONCE = 4096  # samples: an answer waits for those heard with it


class burst_adversary(guarded_block):
    """Answer the bursts of another transmitter with samples that disturb them.

    Input:  samples of its own receiver, complex64
    Output: samples for its own transmitter, complex64, as many
    Message port "answers": a dictionary with kind, name, time, settings (kind of
            adversary, psr_db, path_db), heard and aimed (bursts), samples, loop_delay
            in samples, and gain and cfo (cycles per sample) of the last burst heard; 20
            times a second and when the stream ends.

    What each kind must know: continuous and noise only how strong the victim is (by one
    burst heard, or by level); reactive, preamble, header, pilots and replay the layout
    of the bursts, and they must hear their own transmitter once, unless loop_delay is
    given. None needs a key, a message, or Bob.

    Args:
        model: link model under attack, or its name or file.
        frame: the victim's advphy.Frame.of_model(...), or None: Frame.of_model(model).
        kind: "continuous", "noise", "reactive", "preamble", "header", "pilots" or
            "replay": see AnsweringAdversary.
        perturbation: Perturbation, its name or file, or None for a kind without p.
        psr_db: PSR at Bob in dB, -100..60.
        path_db: gain to Bob of adversary over victim, times that from victim to
            adversary, in dB.
        delay: samples by which it is late at Bob beyond its own estimate.
        phase: phase in radians at Bob, beyond its own estimate.
        loop_delay: samples from its transmitter to its receiver; None: measured.
        level: gain of the victim's bursts at its receiver; None: measured.
        enabled: False sends zeros; set_enabled changes it.
        seed: seed of the noise.
        name: name of this block in displays; "": "adversary".
    """

    def __init__(
        self,
        model,
        frame=None,
        kind="reactive",
        perturbation=None,
        psr_db=-6.0,
        path_db=0.0,
        delay=0.0,
        phase=0.0,
        loop_delay=None,
        level=None,
        enabled=True,
        seed=1,
        name="",
    ):
        guarded_block.__init__(self, "burst_adversary", [np.complex64], [np.complex64])
        model = load(model)
        if perturbation is not None:
            perturbation = Perturbation.load(perturbation)
            perturbation.require_fit(model)
        frame = Frame.of_model(model) if frame is None else frame
        arrival = {"path_db": path_db, "delay": delay, "phase": phase}
        arrival |= {"loop_delay": loop_delay, "level": level, "seed": seed}
        self._make = lambda: AnsweringAdversary(
            frame, kind, perturbation, psr_db, **arrival
        )
        self._adversary = self._make()
        self._psr_db, self._enabled = psr_db, bool(enabled)
        self._settings = {"kind": kind, "path_db": path_db}
        self._reporter = Reporter(self, "answers", name, "adversary")
        self.set_max_noutput_items(_AT_ONCE)

    def set_psr_db(self, psr_db):
        """Set the PSR at Bob in dB from the next call of work() on."""
        self._adversary.set_psr_db(psr_db)
        self._psr_db = psr_db

    def set_enabled(self, enabled):
        """Send answers, or zeros, from the next call of work() on."""
        self._enabled = bool(enabled)

    def counts(self):
        """Return heard and aimed (bursts) and samples."""
        return self._adversary.counts

    def text(self):
        """Return what it does as a line for a display."""
        known = self._adversary.last()
        if known["loop_delay"] is None:
            return "listens for its own sounding"
        heard, aimed = (self.counts()[name] for name in ("heard", "aimed"))
        turn = f"turn-around {known['loop_delay']:.0f} samples"
        return f"heard {heard} bursts, aimed at {aimed}, {turn}"

    def start(self):
        self._adversary = self._make()
        self._reporter.begin()
        return True

    def stop(self):
        """Publish the last counts."""
        with self._reporter.ending():
            self._publish()
        return True

    def work(self, input_items, output_items):
        self._adversary.set_psr_db(self._psr_db if self._enabled else None)
        samples = input_items[0][: len(output_items[0])]
        output_items[0][: len(samples)] = self._adversary.respond(samples)
        if self._reporter.due():
            self._publish()
        return len(samples)

    def _publish(self):
        known = self._adversary.last()
        if known["loop_delay"] is None:
            known.pop("loop_delay")
        psr_db = self._psr_db if self._enabled else None
        settings = self._settings | {"psr_db": psr_db}
        self._reporter.send(self.counts() | known, settings)
