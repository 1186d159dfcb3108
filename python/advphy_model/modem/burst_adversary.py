# SPDX-License-Identifier: GPL-3.0-or-later
"""The adversary as a second transmitter, with its samples at the receiver."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from advphy_model import kernels
from advphy_model.air.adversary import FADINGS, Arriving
from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.checked_values import checked_number
from advphy_model.found_by_name import require_known
from advphy_model.modem.frame import Frame
from advphy_model.modem.pulse import payload_symbols, shaped_late
from advphy_model.power import energy, from_db
from advphy_model.randomness import checked_seed, words

SYNCHRONIZATION = ("preamble", "header", "pilots")  # what the receiver relies on
WHERE = ("payload", "frame", "stream", *SYNCHRONIZATION)
LONGEST_DELAY = 2**20  # samples
_MEASURED = 64  # bursts that are averaged to set the level if bursts differ
_LEAST = 1e-3  # smallest share of the power that must pass the receiver's filter


@dataclass(frozen=True)
class BurstAdversary(Arriving):
    """A second transmitter that sends a perturbation with the victim's pulse.

    It sends p at the victim's symbol rate during these parts of its bursts (frame.py):

        payload  each codeword; it knows the layout and the start of each burst
        frame    as payload, but p continues through preamble, header and pilots
        stream   p repeated without gaps and without knowledge of the bursts; at delay 0
                 it is aligned with the first group of codewords of burst 0 only
        preamble the victim's preamble again; a false one with a delay
        header   the same random QPSK symbols instead of a header
        pilots   the victim's pilots again; turned ones with a phase

    The last three need no p. They have the energy per burst that the payload of an
    attack with the same PSR has, so a watt is compared with a watt.

    Delay, cfo and phase are relative to the clock and carrier of receiver and victim.
    Random values are pure functions of the seed and the burst number: the stream
    "adversary" gives the delay (word 0), phase (word 1) and cfo (word 3) of each burst.

    The PSR is that of the payload symbols after the receiver's matched filter, in the
    mean over bursts and without fading. The level compensates losses in the filter and
    silence during the payload, so only the effect of missing synchronism remains.

    Args:
        perturbation: Perturbation, "universal" or "jammer".
        frame: Frame of the victim.
        psr_db: PSR at the receiver in dB, -100..60; None: the perturbation's own.
        where: one of WHERE.
        delay: samples within +-2^20. "random": uniform over a codeword, per burst.
        cfo: carrier frequency offset in cycles per sample, -0.5..0.5, with a phase that
            continues from burst to burst. "random": uniform within half a cycle per
            codeword, per burst, from phase 0 on.
        phase: phase in radians at the first sample of burst 0, or "random": per burst.
        fading: "none", or "rayleigh": one gain CN(0, 1) per burst.
        seed: seed of the random values.

    Raises ValueError if a parameter is not known or out of range.
    """

    perturbation: Perturbation
    frame: Frame
    psr_db: float | None = None
    where: str = "payload"
    delay: float | str = 0.0
    cfo: float | str = 0.0
    phase: float | str = 0.0
    fading: str = "none"
    seed: int = 1

    NAMELESS = 3

    def __post_init__(self):
        p = self.perturbation
        checked_psr_db(p.psr_db if self.psr_db is None else self.psr_db)
        if p.kind == "book":
            p.refuse(
                "it is a book, from which a second transmitter does not draw yet; give "
                "one of its vectors as a universal one"
            )
        if p.kind == "table":
            p.refuse(
                "it depends on the message, which a second transmitter does not know "
                "in time; give a universal one or a jammer"
            )
        if p.n != self.frame.n:
            p.refuse(
                f"it has n = {p.n} channel uses, the frame's codewords have n = "
                f"{self.frame.n}; craft one with `advphy attack`"
            )
        for name, known in (("where", WHERE), ("fading", FADINGS)):
            require_known(name, getattr(self, name), known)
        _check("delay", self.delay, LONGEST_DELAY, "samples")
        _check("cfo", self.cfo, 0.5, "cycles per sample")
        _check("phase", self.phase, 1e6, "radians")
        checked_seed(self.seed)

    def samples(self, first_frame: int, frames: int) -> np.ndarray:
        """Return the adversary's samples during full bursts, at the receiver.

        They are complex64 [frames * frame.samples()], scaled for a payload with mean
        energy 1 per symbol, shaped with a pulse of unit energy.
        """
        out = self._shaped(first_frame, frames)
        gains = np.full(frames, self.level, complex)
        if self.fading == "rayleigh":
            drawn, stream = np.empty((frames, 2), np.float32), kernels.STREAMS["fading"]
            kernels.gaussian(self.seed, 2 * first_frame, drawn, stream)
            gains = gains * (drawn @ np.array([1, 1j]) / math.sqrt(2))
        out *= gains.astype(np.complex64)[:, None]
        return out.reshape(-1)

    def burst(self, delay: float) -> np.ndarray:
        """Return one full burst, `delay` samples later than settings say, complex64.

        It has the scale of `samples`, without phase, cfo and fading.
        """
        return self._delayed(np.zeros(1, int), self.delay + delay)[0] * np.float32(
            self.level
        )

    @cached_property
    def level(self) -> float:
        """Return the amplitude that gives the PSR; it is 1 if p is aligned."""
        if self.where in SYNCHRONIZATION:
            symbols = self.frame.codewords * self.frame.n
            return math.sqrt(
                from_db(self.scaled.psr_db) * symbols / energy(self._pattern)
            )
        still = self.where != "stream" and self.perturbation.kind == "universal"
        frames = 1 if still and self.delay != "random" else _MEASURED
        arrived = payload_symbols(self._shaped(0, frames).reshape(-1), self.frame)
        mean = energy(arrived) / arrived.size
        wanted = from_db(self.scaled.psr_db)
        if not mean > _LEAST * wanted:
            raise ValueError(
                f"delay = {self.delay}, cfo = {self.cfo}: nothing of the perturbation "
                "is left in the payload after the receiver's filter; give a delay "
                f"within the burst's {self.frame.samples()} samples and a cfo within "
                "the pulse's band"
            )
        return math.sqrt(wanted / mean)

    def _shaped(self, first, frames):
        """Return samples at level 1 without fading, complex64 [frames, samples]."""
        if self.delay == "random":
            out = np.empty((frames, self.frame.samples()), np.complex64)
            most = self.frame.n * self.frame.samples_per_symbol
            for i, delay in enumerate(self._words(first, frames)[:, 0] * most):
                out[i] = self._delayed(np.array([first + i]), delay)[0]
        else:
            out = self._delayed(np.arange(first, first + frames), self.delay).copy()
        self._turn(out, first)
        return out

    def _delayed(self, frame_numbers, delay):
        """Return the samples of bursts [bursts, samples], delayed by `delay`."""
        frame = self.frame
        sps, span = frame.samples_per_symbol, frame.span
        late = math.floor(delay / sps)  # symbols
        rest = delay - late * sps  # samples, 0 <= rest < sps
        size = frame.symbols(frame.codewords)
        begin = frame_numbers * size - late - span // 2 - 1  # of the symbols needed
        symbols = self._symbols(begin, size + span + 2)
        out = shaped_late(symbols, rest, frame)
        skipped = (span + 1) * sps  # the first symbol's pulse is centered at span / 2
        return out[:, skipped : skipped + frame.samples()]

    def _symbols(self, begin, count):
        """Return symbols from `begin` on, counted from burst 0: [frames, count]."""
        pattern = self._pattern
        index = (begin[:, None] + np.arange(count)) % len(pattern)
        symbols = pattern[index]
        if self.perturbation.kind == "jammer":
            drawn = np.empty((count, 2), np.float32)
            for row, first in zip(symbols, begin, strict=True):
                at = 2 * (int(first) + 2 * LONGEST_DELAY)  # never below 0
                kernels.gaussian(self.seed, at, drawn, kernels.STREAMS["jammer"])
                row *= drawn.view(np.complex64)[:, 0] / np.float32(math.sqrt(2))
        return symbols

    @cached_property
    def _pattern(self):
        """Return the symbols that repeat, complex64: those of a burst, or p."""
        p, frame = self.scaled.rows[0], self.frame
        if self.perturbation.kind == "jammer":
            p = np.abs(p).astype(np.complex64)
        payload = frame.payload_at
        if self.where == "stream":
            return np.roll(p, payload[0])
        at = np.arange(frame.symbols(frame.codewords))
        following = np.minimum(np.searchsorted(payload, at), len(payload) - 1)
        if self.where in SYNCHRONIZATION:
            return _known_symbols(frame, self.where)
        sent = p[(following - (payload[following] - at)) % frame.n]
        if self.where == "payload":
            silent = ~np.isin(at, payload)
        else:
            end = len(at) - frame.ramp - frame.gap // 2
            silent = (at < frame.preamble_at) | (at >= end)
        sent[silent] = 0
        return sent

    def _words(self, first, frames):
        """Return the random words of bursts divided by 2^32, [frames, 4]."""
        return words(self.seed, "adversary", first, frames) / 2**32

    def _turn(self, out, first):
        """Rotate samples [frames, samples] in place by the phase and the cfo."""
        frames, size = out.shape
        drawn = self._words(first, frames)
        phases = drawn[:, 1] if self.phase == "random" else self.phase / (2 * np.pi)
        turns = np.zeros(frames) + phases  # cycles at each frame's first sample
        if self.cfo == "random":
            cycle = self.frame.n * self.frame.samples_per_symbol
            for row, word in zip(out, drawn[:, 3], strict=True):
                row *= _turning((word - 0.5) / cycle, size)
        elif self.cfo:
            step = Fraction(self.cfo) * size
            turns += [float(step * (first + i) % 1) for i in range(frames)]
            out *= _turning(self.cfo, size)
        if turns.any():
            out *= np.exp(2j * np.pi * turns).astype(np.complex64)[:, None]


def _known_symbols(frame, where):
    """Return the symbols of a burst, complex64, of one of SYNCHRONIZATION."""
    bits = np.random.default_rng(2).integers(0, 2, (len(frame.header_at), 2))
    preamble_at = slice(frame.preamble_at, frame.preamble_at + len(frame.preamble))
    at, symbols = {
        "preamble": (preamble_at, frame.preamble),
        "header": (frame.header_at, (1 - 2.0 * bits) @ [1, 1j] / math.sqrt(2)),
        "pilots": (frame.pilot_at, frame.pilot_symbols),
    }[where]
    sent = np.zeros(frame.symbols(frame.codewords), np.complex64)
    sent[at] = symbols
    return sent


def _turning(cfo, size):
    return np.exp(2j * np.pi * cfo * np.arange(size)).astype(np.complex64)


def _check(name, value, most, unit):
    if not (isinstance(value, str) and value == "random"):
        checked_number(name, value, -most, most, f"{unit}, or 'random'")
