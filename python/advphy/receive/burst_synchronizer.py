# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst synchronizer: received samples become aligned codewords again."""

import math

import numpy as np
import pmt
from advphy_model.link.any_link import load
from advphy_model.modem.frame import Frame
from advphy_model.modem.synchronizer import Synchronizer
from gnuradio import gr

from ..block_errors import guarded_general_block
from ..reports import Reporter
from ..transmit.alice_arn import KEY_TAG
from ..transmit.alice_arn import TAG as ALICE_TAG

TAG = "frame"
_SAMPLES_AT_ONCE = 16384


class burst_synchronizer(guarded_general_block):
    """Find frames and put out their codewords, aligned, turned and scaled.

    Input:  samples, complex64
    Output: codewords, complex64 [n], of the frames that arrived
    Tags:   "frame" on the first codeword of each: a dictionary with number, index (of
            that codeword), codewords, missed (frames between it and the one before),
            snr_db (per channel use, estimated), cfo (cycles per sample), clock_ppm,
            gain, equalised, intact. Error counter and meters take the index from it.
            Of semantic links also Alice's tags "alice" and "key".
    Message port "frames": a dictionary with kind, name, time, settings (empty),
            received, missed, restarts, bad_headers, not_finite, samples, and snr_db,
            cfo, clock_ppm of the last frame; 20 times a second and at the end of the
            stream.

    Args:
        model: link model or semantic link, or the name or file of one; a frame of
            another one ends the flowgraph with an error.
        frame: advphy.Frame.of_model(...), the sender's, or None: Frame.of_model(model).
        equalise: undo echoes by least squares; does nothing where there is none.
        phase_walk: phase noise expected, rad^2 per symbol.
        first_frame: number of the first frame that is expected, or None: whichever
            arrives first.
        name: of this block in displays; "": "synchronizer".
    """

    def __init__(
        self,
        model,
        frame=None,
        equalise=True,
        phase_walk=1e-5,
        first_frame=None,
        name="",
    ):
        model = load(model)
        frame = Frame.of_model(model) if frame is None else frame
        guarded_general_block.__init__(
            self, "burst_synchronizer", [np.complex64], [(np.complex64, model.n)]
        )
        self._pairing = getattr(model, "pairing", None)
        self._rate = model.k / model.n if hasattr(model, "k") else None
        self._make = lambda: Synchronizer(
            frame, model, equalise, phase_walk, first_frame=first_frame
        )
        self._synchronizer = self._make()
        self._codewords = np.empty((0, model.n), np.complex64)  # not put out yet
        self._frames, self._ahead = [], 0
        self._inserted, self._last = None, None
        self._reporter = Reporter(self, "frames", "frames", name, "synchronizer")
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.set_relative_rate(frame.codewords, frame.samples())
        self.set_log_level("warn")  # GNU Radio announces every buffer otherwise
        self.set_min_output_buffer(4 * frame.codewords)

    def counts(self):
        """Return received, missed, restarts, bad_headers, not_finite and samples."""
        return dict(self._synchronizer.counts)

    def last(self):
        """Return the last frame that was put out, as its tag says it, or None."""
        return None if self._last is None else self._last.as_dict()

    def text(self):
        """Return what was received as a line for a display."""
        counts = self.counts()
        return "{received} frames, {missed} missed".format(**counts)

    def estimates(self, sample_rate):
        """Return what is estimated of the last frame as a line for a display.

        Args:
            sample_rate: in samples/s, for the carrier frequency offset in Hz.
        """
        last = self._last
        if last is None:
            return "no frame yet"
        said = [
            f"SNR {last.snr_db:.1f} dB",
            f"CFO {round(last.cfo * sample_rate)} Hz",
            f"clock {last.clock_ppm:+.1f} ppm",
        ]
        if self._rate is not None:  # SNR = R Eb/N0
            ebn0_db = last.snr_db - 10 * math.log10(self._rate)
            said.insert(0, f"Eb/N0 {ebn0_db:.1f} dB")
        return ", ".join(said)

    def start(self):
        self._synchronizer = self._make()
        self._codewords, self._frames, self._ahead = self._codewords[:0], [], 0
        self._inserted = self._last = None
        self._reporter.begin()
        return True

    def stop(self):
        """Publish the last counts."""
        with self._reporter.ending():
            self._publish()
        return True

    def forecast(self, noutput_items, ninputs):
        return [1] * ninputs

    def general_work(self, input_items, output_items):
        samples, out = input_items[0], output_items[0]
        # Samples are consumed when their codewords are out, or the stream's end would
        # leave some behind; `ahead` were taken before.
        while not len(self._codewords) and self._ahead < len(samples):
            piece = samples[self._ahead : self._ahead + _SAMPLES_AT_ONCE]
            self._codewords, self._frames = self._synchronizer.push(piece)
            self._ahead += len(piece)
        count = min(len(out), len(self._codewords))
        out[:count] = self._codewords[:count]
        self._tag(self.nitems_written(0), count)
        self._codewords = self._codewords[count:]
        keep = 1 if len(self._codewords) else 0
        self.consume(0, self._ahead - keep)
        self._ahead = keep
        if self._reporter.due():
            self._publish()
        return count

    def _tag(self, written, count):
        """Tag the frames that begin among the next `count` codewords."""
        later = []
        for first, frame in ((f.first_codeword, f) for f in self._frames):
            if first >= count:
                later.append(frame.moved(-count))
                continue
            self._add(written + first, TAG, frame.as_dict())
            if self._pairing is not None:
                self._tag_semantic(written + first, frame)
            self._last = frame
        self._frames = later

    def _tag_semantic(self, offset, frame):
        header = frame.header
        if header.inserted != self._inserted:
            self._inserted = header.inserted
            said = {"inserted": header.inserted, "pairing": self._pairing}
            self._add(offset, ALICE_TAG, said)
        if header.key_check is not None:
            said = {"index": frame.index, "check": header.key_check.hex()}
            self._add(offset, KEY_TAG, said)

    def _add(self, offset, key, value):
        self.add_item_tag(0, offset, pmt.intern(key), pmt.to_pmt(value))

    def _publish(self):
        message = self.counts()
        if self._last is not None:
            for name in ("snr_db", "cfo", "clock_ppm"):
                message[name] = getattr(self._last, name)
        self._reporter.send(message, {})
