# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst synchronizer: finds bursts in samples and puts out their codewords."""

import logging
import math
import time
from itertools import pairwise

import numpy as np
from advphy_model.checked_values import checked_kind
from advphy_model.link.any_link import load
from advphy_model.modem.frame import Frame
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.randomness import checked_index
from gnuradio import gr

from ..air.arrival_times import ArrivalTimes
from ..block_errors import guarded_general_block
from ..reports import Reporter
from ..stream_tags import ALICE_TAG, CHANNEL_TAG, KEY_TAG, of_link
from ..stream_tags import FRAME_TAG as TAG

_SAMPLES_AT_ONCE = 16384


def runs_of(tags, size, index):
    """Return ([(begin, end, index of the item at begin, tag's value or None)], next).

    These are the runs of successive indices of `size` items after the one before
    `index`; next is the index after them. A "frame" tag among tags_of() these items
    begins a run, because bursts may have been missed before it.
    """
    starts, runs = {0: None}, []
    starts |= {item: value for item, key, value in tags if key == TAG}
    for begin, end in pairwise([*sorted(starts), size]):
        if starts[begin] is not None:
            index = checked_index("index in a 'frame' tag", starts[begin]["index"])
        runs.append((begin, end, index, starts[begin]))
        index += end - begin
    return runs, index


class burst_synchronizer(guarded_general_block):
    """Find bursts and put out their codewords, aligned, rotated and scaled.

    Input:  samples, complex64
    Output: codewords, complex64 [n], of the bursts that arrived
    Tags:   "frame" on the first codeword of each burst: a dictionary with number, index
            (of that codeword), codewords, missed (bursts between it and the previous
            one), snr_db (per channel use, estimated), cfo (cycles per sample),
            clock_ppm (how much faster the sender's clock is), gain, equalised,
            intact, arrived (of its last sample, by time.monotonic), seed_check if the
            header has one, tones_subtracted if they were, and suspicious ("number",
            "time", "frequency" or "gain") if that departs from the bursts before it.
            Error counter and meters take the index from it. Of a semantic link also
            Alice's tags "alice" and "key", the latter with check and nonce as far as
            the headers had them.
            "advphy_origin" on the first item, if a model is given, as of an encoder.
            "channel" where ebn0_db begins or changes: a dictionary with worsened and
            ebn0_db.
    Message port "frames": a dictionary with kind, name, time, settings (empty),
            received, missed, restarts, suspicious, foreign, bad_headers, not_finite and
            samples, of keyed bursts forged and replayed, and snr_db, cfo and clock_ppm
            of the last burst; 20 times a second and when the stream ends.

    Args:
        model: link model or semantic link, or its name or file; bursts of another one
            are left out, counted as foreign, and the first is logged. None: bursts of
            any that fit `frame` are put out, without Alice's tags.
        frame: the sender's advphy.Frame.of_model(...), or None: Frame.of_model(model).
        equalise: whether to undo echoes by least squares; no effect where there is
            none.
        phase_walk: expected phase noise in rad^2 per symbol.
        first_frame: number of the first burst that is expected, or None: the first one
            that arrives.
        name: name of this block in displays; "": "synchronizer".
        swap_iq: whether I and Q of the samples are exchanged; a warning is logged if
            only that finds bursts.
        ebn0_db: Eb/N0 in dB to which noise worsens the codewords of each burst, given
            its estimated SNR; a burst with less ends the flowgraph with an error.
            Synchronization still sees the better signal. None: no noise. set_ebn0_db
            changes it.
        noise_seed: seed of this noise.
        secret: 32 bytes, for keyed bursts (docs/over_the_air.md), None: plain bursts.
        sent_at: time in s since 1970 at which keyed bursts of a file were sent, to 2 s;
            None: now.
        subtract_tones: whether strong carriers, constant or slowly modulated, are
            subtracted where preambles or known symbols are then found better; no
            effect without them.
    """

    def __init__(
        self,
        model,
        frame=None,
        equalise=True,
        phase_walk=1e-5,
        first_frame=None,
        name="",
        swap_iq=False,
        ebn0_db=None,
        noise_seed=1,
        secret=None,
        sent_at=None,
        subtract_tones=True,
    ):
        if model is None and frame is None:
            raise ValueError("frame must be given for bursts of any model, got None")
        model = None if model is None else load(model)
        frame = Frame.of_model(model) if frame is None else frame
        checked_kind("frame", frame, Frame, "advphy.Frame.of_model(...)")
        codewords = [(np.complex64, (frame.n,))]
        guarded_general_block.__init__(
            self, "burst_synchronizer", [np.complex64], codewords
        )
        if model is not None:
            self.sent = (of_link(model),)
        self._pairing = getattr(model, "pairing", None)
        self._rate = model.k / model.n if hasattr(model, "k") else None
        more = {
            "first_frame": first_frame,
            "swap_iq": swap_iq,
            "noise_seed": noise_seed,
            "secret": secret,
            "subtract_tones": subtract_tones,
            "clock": time.time if sent_at is None else lambda: sent_at,
        }
        self._make = lambda level: Synchronizer(
            frame, model, equalise, phase_walk, ebn0_db=level, **more
        )
        self._ebn0_db = ebn0_db
        self._frame, self._arrivals, self._noting = frame, ArrivalTimes(), True
        self._warned = False
        self._synchronizer = self._make(ebn0_db)
        self._codewords = np.empty((0, frame.n), np.complex64)  # not put out yet
        self._bursts = []  # bursts of these codewords
        self._ahead = 0  # samples pushed, but not yet consumed
        self._inserted = self._last = self._tagged = None
        self._reporter = Reporter(self, "frames", name, "synchronizer")
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.set_relative_rate(frame.codewords, frame.samples())
        self.set_log_level("warn")  # otherwise GNU Radio logs every buffer
        self.set_min_output_buffer(4 * frame.codewords)

    def set_arrivals(self, arrivals):
        """Take arrivals from an sdr_source's ArrivalTimes, not from this block's input.

        Call it before the start.
        """
        checked_kind("arrivals", arrivals, ArrivalTimes, "those of an SDR source")
        self._arrivals, self._noting = arrivals, False

    def set_ebn0_db(self, ebn0_db):
        """Worsen bursts that arrive from now on to this Eb/N0 in dB, or not (None)."""
        self._synchronizer.set_ebn0_db(ebn0_db)
        self._ebn0_db = ebn0_db

    def counts(self):
        """Return the counts; see the message port "frames"."""
        return dict(self._synchronizer.counts)

    def last(self):
        """Return the dictionary of the tag of the last burst, or None."""
        return None if self._last is None else self._last.as_dict()

    @property
    def hint(self):
        """Return a sentence if it can say why no burst arrives, else an empty text."""
        return self._synchronizer.hint

    def text(self):
        """Return the numbers of bursts received and missed, as a line for a display."""
        counts = self.counts()
        text = "{received} bursts, {missed} missed"
        for name in ("suspicious", "foreign"):
            text += f", {{{name}}} {name}" if counts[name] else ""
        return text.format(**counts)

    def estimates(self, sample_rate):
        """Return the last estimates as a line; sample_rate is in samples/s."""
        last = self._last
        if last is None:
            return self.hint or "no burst yet"
        text = f"SNR {last.snr_db:.1f} dB, CFO {round(last.cfo * sample_rate)} Hz, "
        if self._rate is not None:  # SNR = R Eb/N0
            ebn0_db = last.snr_db - 10 * math.log10(self._rate)
            text = f"Eb/N0 {ebn0_db:.1f} dB, {text}"
        return f"{text}clock {last.clock_ppm:+.1f} ppm"

    def start(self):
        self._synchronizer = self._make(self._ebn0_db)
        self._codewords, self._bursts, self._ahead = self._codewords[:0], [], 0
        self._inserted = self._last = self._tagged = None
        if self._noting:
            self._arrivals.clear()
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
        if self._noting:
            self._arrivals.note(self.nitems_read(0) + len(samples))
        # Samples are consumed once their codewords are put out; otherwise the end of
        # the stream would lose some. The first `ahead` samples were pushed before.
        while not len(self._codewords) and self._ahead < len(samples):
            piece = samples[self._ahead : self._ahead + _SAMPLES_AT_ONCE]
            self._codewords, self._bursts = self._synchronizer.push(piece)
            self._ahead += len(piece)
            if self.hint and not self._warned:
                self._warned = True
                logging.getLogger(__name__).warning("%s: %s", self.name(), self.hint)
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
        """Tag the bursts that begin among the next `count` codewords."""
        later = []
        for burst in self._bursts:
            first = burst.first_codeword
            if first >= count:
                later.append(burst.moved(-count))
                continue
            self._last, header = burst, burst.header
            arrived = {"arrived": self._arrivals.of(self._end_of(burst))}
            self.tag_item(written + first, TAG, burst.as_dict() | arrived)
            if burst.ebn0_db != self._tagged:
                self._tagged = burst.ebn0_db
                level = {"worsened": self._tagged is not None}
                level |= {"ebn0_db": self._tagged} if level["worsened"] else {}
                self.tag_item(written + first, CHANNEL_TAG, level)
            if self._pairing is None:
                continue
            if header.inserted != self._inserted:
                self._inserted = header.inserted
                state = {"inserted": header.inserted, "pairing": self._pairing}
                self.tag_item(written + first, ALICE_TAG, state)
            known = {"check": header.key_check, "nonce": burst.nonce}
            key = {name: each.hex() for name, each in known.items() if each is not None}
            if key:
                self.tag_item(written + first, KEY_TAG, {"index": burst.index} | key)
        self._bursts = later

    def _end_of(self, burst):
        """Return the index of a burst's last sample, but for the clock offset."""
        frame = self._frame
        symbols = frame.symbols(burst.header.codewords) - 2 * frame.preamble_at
        return round(burst.at) + symbols * frame.samples_per_symbol

    def _publish(self):
        last, names = self._last, ("snr_db", "cfo", "clock_ppm")
        known = {name: getattr(last, name) for name in names if last is not None}
        self._reporter.send(self.counts() | known, {})
