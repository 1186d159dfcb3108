# SPDX-License-Identifier: GPL-3.0-or-later
"""The adversary on the air: it hears bursts by itself and answers with samples."""

import dataclasses
import math
from functools import lru_cache

import numpy as np

from advphy_model.air.perturbation import Perturbation, checked_psr_db, jammer
from advphy_model.checked_values import checked_kind, checked_number, checked_positive
from advphy_model.found_by_name import require_known
from advphy_model.modem.burst_adversary import BurstAdversary
from advphy_model.modem.frame import Frame
from advphy_model.modem.pulse import shaped_late
from advphy_model.modem.sounding import Sounding
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.power import from_db

# Kind of adversary, and where it sends (burst_adversary.WHERE).
FREE = {"continuous": "stream", "noise": "stream"}
AIMED = {
    "reactive": "payload",
    "preamble": "preamble",
    "header": "header",
    "pilots": "pilots",
    "replay": "replay",
}
KINDS = (*FREE, *AIMED)
PREDICTED = 8  # bursts after the last one heard for which it goes on
_FRACTIONS = 64  # of a sample, at which answers are tabulated


@dataclasses.dataclass
class _Heard:
    """A burst as the adversary's receiver heard it; times in samples of its stream."""

    at: float  # of the first preamble symbol
    cfo: float  # cycles per sample
    stretch: float  # length of its bursts over the nominal one
    phase: float  # radians, in the middle of the preamble
    gain: float


class AnsweringAdversary:
    """An adversary with a receiver and a transmitter, sample by sample.

    `respond` takes what its receiver hears and returns as many samples to transmit.

        continuous  p repeated by its own clock, without knowledge of the bursts
        noise       Gaussian noise of the same power in the same band: the zero line
        reactive    p on the codewords, by timing, carrier and phase of the bursts heard
        preamble    the preamble again, `delay` samples late: a false one
        header      other symbols during the header
        pilots      the pilots again, turned by `phase`
        replay      an earlier burst again, `delay` samples late

    All but the first two aim at bursts: it measures the delay of its own loop by a
    sounding of 512 symbols, which its receiver must hear, and aims at the bursts that
    follow the last one heard, up to PREDICTED of them. A burst cannot be hit that is on
    the air earlier than the loop's delay: that is its turn-around.

    The PSR is the mean power of its part of a burst over that of the payload (see
    BurstAdversary). Its receiver measures the victim's level, and path_db corrects for
    the paths, so that the PSR is the one at Bob.

    Args:
        frame: Frame of the victim.
        kind: one of KINDS.
        perturbation: Perturbation, "universal"; None for a kind without p.
        psr_db: PSR at Bob in dB; None: silence, until set_psr_db.
        path_db: gain to Bob of adversary over victim, times that from victim to
            adversary, in dB; 0: all paths are alike.
        delay: samples by which it is late at Bob beyond its estimate; a path to Bob
            that is longer than the victim's is undone by a negative one.
        phase: phase in radians at Bob, beyond its estimate.
        loop_delay: samples from its transmitter to its receiver; None: measured.
        level: amplitude of the victim's symbols at its receiver (gain of the tag
            "frame"); None: measured, and silence until a burst was heard.
        seed: seed of the noise.

    Raises ValueError if a value is not known or out of range.
    """

    def __init__(
        self,
        frame,
        kind="reactive",
        perturbation=None,
        psr_db=-6.0,
        path_db=0.0,
        delay=0.0,
        phase=0.0,
        loop_delay=None,
        level=None,
        seed=1,
    ):
        require_known("kind", kind, KINDS)
        checked_kind("frame", frame, Frame, "advphy.Frame.of_model(...)")
        checked_number("path_db", path_db, -300, 300, "dB")
        checked_number("phase", phase, of="of radians")
        checked_number("delay", delay, of="of samples")
        if loop_delay is not None:
            checked_number("loop_delay", loop_delay, 0, 1e9, "samples, or None")
        if level is not None:
            checked_positive("level", level, 1e9, "or None")
        if perturbation is None and kind in ("continuous", "reactive"):
            raise ValueError(
                f"kind = {kind!r} sends a perturbation; give one that `advphy attack` "
                "made"
            )
        if kind not in ("continuous", "reactive"):
            perturbation = jammer(1, frame.n, 0.0)
        if kind in ("preamble", "header", "pilots"):  # no noise, but their symbols
            ones = np.ones((1, frame.n))
            perturbation = Perturbation("none", "universal", 1, frame.n, ones)
        self.frame, self.kind, self._aimed = frame, kind, kind in AIMED
        where = (FREE | AIMED)[kind]
        self._attack = BurstAdversary(
            perturbation,
            frame,
            0.0,
            where="payload" if where == "replay" else where,
            delay=0.0 if self._aimed else delay,
            seed=seed,
        )
        self.set_psr_db(psr_db)
        self._path_db = path_db
        self._delay, self._phase, self._level = float(delay), phase, level
        self.loop_delay = loop_delay if self._aimed else 0.0
        self._synchronizer = Synchronizer(frame)
        self._taken = 0  # samples
        self._room, self._end = None, 0  # an array, and how much of it is filled
        self._kept = np.empty(0, np.complex64)  # its newest samples
        self._sounding = Sounding(frame)
        self._heard, self._stream = None, np.empty(0, np.complex64)
        self._replayed, self._bursts_sent = None, 0
        self._wave = lru_cache(_FRACTIONS)(self._made)

    def set_psr_db(self, psr_db):
        """Set the PSR at Bob in dB, -100..60, or None: silence."""
        self._psr_db = None if psr_db is None else checked_psr_db(psr_db)

    @property
    def counts(self) -> dict:
        """Return bursts heard, bursts aimed at, and samples."""
        return {
            "heard": self._synchronizer.counts["received"],
            "aimed": self._bursts_sent,
            "samples": self._taken,
        }

    def last(self) -> dict:
        """Return the estimates: loop_delay, and gain and cfo of the last burst."""
        heard = self._heard
        known = {} if heard is None else {"gain": heard.gain, "cfo": heard.cfo}
        return {"loop_delay": self.loop_delay} | known

    def respond(self, samples) -> np.ndarray:
        """Return the samples to transmit, complex64 [N], as many as are received.

        Raises RuntimeError if its receiver does not hear its sounding.
        """
        first, size = self._taken, len(samples)
        self._taken += size
        self._keep(samples)
        out = np.zeros(size, np.complex64)
        _, bursts = self._synchronizer.push(np.ascontiguousarray(samples))
        for burst in bursts:
            self._hear(burst)
        if self.loop_delay is None:
            self.loop_delay = self._sounding.take(samples, out)
        elif self._psr_db is None:
            pass
        elif self._aimed:
            self._aim(out, first + self.loop_delay)
        elif self._level or self._heard:
            out = self._free(size)
        return out

    def _keep(self, samples):
        """Keep the newest samples: a burst is known at its end and is needed then."""
        most = 3 * self.frame.samples() + len(samples)
        if self._room is None or self._end + len(samples) > len(self._room):
            kept = self._kept[-most:].copy()
            if self._room is None or len(self._room) < 3 * most:
                self._room = np.empty(3 * most, np.complex64)
            self._end = len(kept)
            self._room[: self._end] = kept
        self._room[self._end :][: len(samples)] = samples
        self._end += len(samples)
        self._kept = self._room[max(0, self._end - most) : self._end]

    def _amplitude(self):
        level = self._level if self._level is not None else self._heard.gain
        return np.float32(level * from_db(self._psr_db - self._path_db) ** 0.5)

    def _free(self, size):
        """Return the next samples of what is sent without aim."""
        while len(self._stream) < size:
            more = self._attack.samples(self._bursts_sent, 1)
            self._stream = np.concatenate([self._stream, more])
            self._bursts_sent += 1
        now, self._stream = self._stream[:size], self._stream[size:]
        return now * self._amplitude()

    def _hear(self, burst):
        """Take a burst of the synchronizer; measure its phase."""
        waves = self._preamble_at(burst.at)
        if waves is None:
            return
        heard, preamble, middle = waves
        turning = np.exp(-2j * np.pi * burst.cfo * np.arange(len(heard)))
        phase = float(np.angle(np.vdot(preamble, heard * turning)))
        # of the first of these samples; the middle is that of the preamble
        phase += 2 * np.pi * burst.cfo * middle
        cfo, before = burst.cfo, self._heard
        stretch = 1 - burst.clock_ppm * 1e-6
        if before is not None:
            passed = burst.at - before.at
            if passed < 3.5 * self.frame.samples():
                ahead = before.phase + 2 * np.pi * cfo * passed
                cfo += math.remainder(phase - ahead, 2 * math.pi) / (2 * np.pi * passed)
        if self.kind == "replay" and self._replayed is None:
            self._replayed = self._burst_at(burst.at, burst.gain, cfo)
        self._heard = _Heard(burst.at, cfo, stretch, phase, burst.gain)

    def _since(self, begin, size):
        """Return kept samples from an index of the stream on, or None."""
        start = begin - (self._taken - len(self._kept))
        if start < 0 or start + size > len(self._kept):
            return None
        return self._kept[start : start + size].astype(complex)

    def _preamble_at(self, at):
        """Return samples of a preamble, its shape, and the index of its middle."""
        sps, half = self.frame.samples_per_symbol, self.frame.span // 2
        chips = len(self.frame.preamble)
        begin = math.floor(at) - half * sps
        shape = _shape(self.frame, round((at - math.floor(at)) * _FRACTIONS))
        heard = self._since(begin, len(shape))
        middle = at - begin + (chips - 1) / 2 * sps
        return None if heard is None else (heard, shape, middle)

    def _burst_at(self, at, gain, cfo):
        """Return a burst as heard, without gain and offset."""
        begin = round(at) - self.frame.preamble_at * self.frame.samples_per_symbol
        heard = self._since(begin, self.frame.samples())
        if heard is None:
            return None
        turning = np.exp(-2j * np.pi * cfo * np.arange(len(heard)))
        return (heard * turning / gain).astype(np.complex64)

    def _made(self, fraction):
        """Return an answer of one burst that begins `fraction` / 64 samples late."""
        if self.kind == "replay":
            return self._replayed
        return self._attack.burst(fraction / _FRACTIONS)

    def _aim(self, out, first):
        """Add to `out` what is heard from `first` on, for all bursts within it."""
        heard, frame = self._heard, self.frame
        if heard is None or (self.kind == "replay" and self._replayed is None):
            return
        period = frame.samples() * heard.stretch
        sps = frame.samples_per_symbol
        begin = heard.at - frame.preamble_at * sps + self._delay
        middle = heard.at + (len(frame.preamble) - 1) / 2 * sps
        start = max(1, math.ceil((first - begin) / period) - 1)
        for number in range(start, PREDICTED + 1):
            at = begin + number * period - first
            if at >= len(out):
                break
            whole = math.floor(at)
            wave = self._wave(math.floor((at - whole) * _FRACTIONS))
            low, high = max(0, whole), min(len(out), whole + len(wave))
            if low >= high:
                continue
            self._bursts_sent += whole >= 0
            times = first + np.arange(low, high) - middle
            turns = heard.phase + self._phase + 2 * np.pi * heard.cfo * times
            part = wave[low - whole : high - whole] * np.exp(1j * turns)
            out[low:high] += (self._amplitude() * part).astype(np.complex64)


@lru_cache(_FRACTIONS + 1)
def _shape(frame: Frame, late: int):
    """Return the samples of a preamble alone, late by so many of _FRACTIONS."""
    symbols = frame.preamble.astype(np.complex64)[None]
    padded = np.pad(symbols, ((0, 0), (0, frame.span)))
    return shaped_late(padded, late / _FRACTIONS, frame)[0]
