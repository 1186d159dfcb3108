# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation canceller: blind estimation and subtraction before any decoder."""

import dataclasses

import numpy as np
import pmt
from advphy_model.link.links import load
from advphy_model.modem.frame import require_frame
from advphy_model.receive.canceller import Canceller, CancellerSettings

from ..block_errors import guarded_block
from ..reports import Reporter
from ..stream_tags import CANCELLER_TAG, FRAME_TAG, of_link

_FIGURES = ("psr_db", "noise_variance", "statistic")  # of an Estimate


class perturbation_canceller(guarded_block):
    """Subtract what an adversary adds, knowing nothing but the codebook.

    Input:  received vectors, complex64 [n]
    Output: corrected vectors, complex64 [n]
    Tag:    "canceller" on the first item and where it is enabled, disabled or its
            settings change: a dictionary with canceller, its label or "none". The error
            counter begins a new segment there.
    Message port "estimate": a dictionary with kind, name, time, settings (enabled and
            the parameters below), first_block of the window, adversary, p (c32vector:
            the components, one after another), weights, psr_db, noise_variance (per
            real dimension), statistic, threshold and detected; 20 times a second,
            whenever detected changes, and when the stream ends. While disabled it has
            only first_block and detected (False).

    The perturbation is estimated from each window and subtracted from the same window.
    The block waits until a window is full; the last, incomplete window of a finite
    stream is dropped. Where nothing is detected nothing is subtracted.

    Args:
        model: link model, or its name or file; only its codebook is used.
        components: number of vectors that a "free" adversary chooses from; 1: it always
            adds the same p.
        adversary: how p may vary: "free", "signs", "shifts", "phases",
            "periodic" or "any".
        window: number of blocks; a power of two, at most 65536.
        sample: number of blocks of the window for the estimate; a power of two.
        iterations: number of iterations of expectation-maximization.
        forgetting: weight of the previous window, at least 0 and below 1.
        false_alarm: rate of windows without a perturbation that are taken for windows
            with one.
        enabled: False passes everything through; set_enabled changes it.
        latency: largest number of items in one call of work(), but at least a window.
        name: name of this block in displays; "": "canceller".
        frame: the sender's advphy.Frame of the model if the vectors come from a
            burst_synchronizer, whose tags tell where bursts begin: "periodic" and "any"
            then also try a p with its own carrier and phase in each burst, as
            `advphy measure-burst` does. The window is a multiple of the codewords in
            a full burst. None: no bursts.
    """

    def __init__(
        self,
        model,
        components=1,
        adversary="free",
        window=4096,
        sample=256,
        iterations=5,
        forgetting=0.0,
        false_alarm=1e-3,
        enabled=True,
        latency=65536,
        name="",
        frame=None,
    ):
        self._model, self._codewords, self._starts = load(model), 1, None
        item = (np.complex64, (self._model.n,))
        guarded_block.__init__(self, "perturbation_canceller", [item], [item])
        settings = CancellerSettings(
            components, window, sample, iterations, forgetting, false_alarm, adversary
        )
        window = settings.window
        if frame is not None:
            require_frame(frame, self._model)
            self._codewords = frame.codewords
            if window % frame.codewords:
                raise ValueError(
                    f"window must be a multiple of the frame's {frame.codewords} "
                    f"codewords, got {window}; give a longer one, or a frame whose "
                    "codewords are a power of two"
                )
            self._starts = frame.payload_at[:: frame.n]
        self._canceller = Canceller(self._model, settings, self._starts)
        self._enabled = bool(enabled)
        self._last = None
        self._reporter = Reporter(self, "estimate", name, "canceller")
        self._first_block = 0  # of the last window
        self.expected = (of_link(self._model),)
        self.size_buffers(latency, 8 * self._model.n)
        self.set_output_multiple(window)
        if self.max_noutput_items() < window:  # otherwise it would wait forever
            self.set_min_output_buffer(2 * window)
            self.set_max_noutput_items(window)

    def set_components(self, components):
        """Set the number of vectors of a "free" adversary, from the next call on."""
        settings = dataclasses.replace(self._canceller.settings, components=components)
        self._canceller = Canceller(self._model, settings, self._starts)

    def set_enabled(self, enabled):
        """Correct, or pass everything through, from the next call of work() on."""
        self._enabled = bool(enabled)

    def estimate(self):
        """Return the Estimate of the last window, or None."""
        return self._last

    def text(self):
        """Return the result of the last window, as a line for a display."""
        last = self.estimate()
        if last is None or not self._enabled:
            return "nothing looked for"
        found = f"{last.adversary}, PSR {last.psr_db:.1f} dB"
        return found if last.detected else "no perturbation"

    def start(self):
        self._canceller.forget()
        self._burst = 0  # item at which the last burst began
        self._last = self._tagged = None
        self._reporter.begin()
        return True

    def stop(self):
        """Publish the last estimate."""
        with self._reporter.ending():
            self._publish()
        return True

    def _places(self, size):
        """Return the index of each of the next items in its burst."""
        if self._starts is None:
            return np.zeros(size, int)
        first = self.nitems_read(0)
        places = np.arange(first - self._burst, first - self._burst + size)
        for tag in self.get_tags_in_window(0, 0, size, pmt.intern(FRAME_TAG)):
            self._burst, at = tag.offset, tag.offset - first
            places[at:] = np.arange(size - at)
        return places % self._codewords

    def work(self, input_items, output_items):
        out, canceller, enabled = output_items[0], self._canceller, self._enabled
        label = canceller.settings.label if enabled else "none"
        if label != self._tagged:
            self.tag_item(self.nitems_written(0), CANCELLER_TAG, {"canceller": label})
            self._tagged = label
        places = self._places(len(out))
        if not enabled:
            out[:] = input_items[0][: len(out)]
            self._first_block, self._last = self.nitems_written(0), None
            if self._reporter.due():
                self._publish()
            return len(out)
        first, window = self.nitems_written(0), canceller.settings.window
        for at in range(0, len(out), window):  # one at a time, to stay in the cache
            part = out[at : at + window]
            part[:] = input_items[0][at : at + window]
            (estimate,) = canceller.cancel(part, places[at : at + window])
            before, self._last = self._last, estimate
            changed = before is None or before.detected != estimate.detected
            self._first_block = first + at
            if changed or self._reporter.due():
                self._publish()
        return len(out)

    def _publish(self):
        estimate, canceller = self.estimate(), self._canceller
        settings = dataclasses.asdict(canceller.settings) | {"enabled": self._enabled}
        figures, vectors = {"first_block": self._first_block, "detected": False}, None
        if estimate is not None:
            figures |= {
                "adversary": estimate.adversary,
                "weights": list(map(float, estimate.weights)),
                **{name: float(getattr(estimate, name)) for name in _FIGURES},
                "threshold": float(canceller.threshold),
                "detected": bool(estimate.detected),
            }
            vectors = {"p": estimate.p}
        self._reporter.send(figures, settings, vectors)
