# SPDX-License-Identifier: GPL-3.0-or-later
"""The modulator, which makes bursts of samples from codewords."""

import dataclasses
import math
import time

import numpy as np

from advphy_model import kernels
from advphy_model.checked_values import checked_number, checked_positive
from advphy_model.modem.frame import NONCE_VERSION, PREAMBLE, VERSION, require_frame
from advphy_model.modem.header import (
    NONCE_BURSTS,
    Header,
    check_of_seed,
    encode,
    part_of,
)
from advphy_model.modem.keyed_bursts import SentNames
from advphy_model.modem.pulse import frame_bank
from advphy_model.randomness import checked_index


class Modulator:
    """Modulator that makes bursts of samples from codewords.

    The scale is chosen such that symbols with a magnitude up to `peak_symbol` never
    give a sample above `amplitude`. Larger symbols can: then the sample is clipped to
    `amplitude` with its phase kept, and counted.

    Args:
        frame: Frame.
        model: link model or semantic link; its hash is sent in the headers.
        first_frame: number of the first burst.
        amplitude: largest magnitude of a sample, above 0 and at most 1.
        peak_symbol: largest expected magnitude of a payload symbol; None: that of the
            codebook, or 3 standard deviations of a semantic code.
        seed: seed of the messages, whose check is sent in the headers; None: data of
            the user's own, or images.
        secret: 32 bytes, for keyed bursts (docs/burst_format.md); None: plain ones.
        clock: function that returns the time in s since 1970, for keyed bursts.

    Raises ValueError if the frame does not fit, or an argument is out of range.
    """

    def __init__(
        self,
        frame,
        model,
        first_frame=0,
        amplitude=0.8,
        peak_symbol=None,
        seed=None,
        secret=None,
        clock=time.time,
    ):
        require_frame(frame, model)
        if seed is not None and not hasattr(model, "k"):
            raise ValueError(
                f"seed must be None for '{model.name}', which sends no messages, got "
                f"{seed}; omit it"
            )
        self._seed_check = None if seed is None else check_of_seed(seed)
        checked_positive("amplitude", amplitude, 1)
        self.frame, self.amplitude = frame, amplitude
        self.number = checked_index("first_frame", first_frame)  # of the next burst
        self.clipped = 0
        self.names = None if secret is None else SentNames(secret, clock)
        self._hash, self.nonce = bytes.fromhex(model.sha256[:8]), b""
        sps = frame.samples_per_symbol
        self._pulse = frame_bank(frame, 1)[0]
        self._energy_scale = np.float32(1 / math.sqrt(frame.symbol_energy))
        if peak_symbol is not None:
            checked_number("peak_symbol", peak_symbol, 0, 1e9, "or None")
        else:
            peak_symbol = 3 * math.sqrt(frame.symbol_energy)
            if hasattr(model, "codebook"):
                peak_symbol = float(np.abs(model.codebook).max())
        peak_symbol = max(1.0, peak_symbol * float(self._energy_scale))
        padded = np.zeros(-(-len(self._pulse) // sps) * sps)
        padded[: len(self._pulse)] = np.abs(self._pulse)
        largest = padded.reshape(-1, sps).sum(axis=0).max()
        self.scale = amplitude / (largest * peak_symbol)
        # A full burst without header and payload.
        self._template = np.zeros(frame.symbols(frame.codewords), np.complex64)
        self._template[frame.preamble_at :][:PREAMBLE] = frame.preamble
        self._template[frame.pilot_at] = frame.pilot_symbols

    def restart(self, number):
        """Continue with a burst of this number; keyed bursts begin a new session."""
        self.number = number
        self.carry_nonce(b"")

    def carry_nonce(self, nonce):
        """Carry the nonce of keyed codes from the next burst on, or none (b"").

        Keyed bursts begin a session under it; none: under one of their own.
        """
        self.nonce = nonce
        if self.names is not None:
            self.names.begin(nonce)

    def _with_ramps(self, symbols, codewords, chips):
        frame = self.frame
        rise = np.sin(np.pi / 2 * (np.arange(frame.ramp) + 0.5) / frame.ramp) ** 2
        begin = frame.gap // 2
        end = frame.symbols(codewords) - frame.gap // 2
        symbols[:, begin : begin + frame.ramp] = rise * chips[:, 0]
        symbols[:, end - frame.ramp : end] = rise[::-1] * chips[:, 1]

    def _key(self, row, header):
        """Write preamble, pilots and header of a keyed burst; return its ramps."""
        frame = self.frame
        name, carried = self.names.next(header.number)
        if carried is not None:
            header = dataclasses.replace(header, model_hash=carried)
        chips = np.empty(2 * PREAMBLE, np.float32)
        known = np.zeros_like(self._template)
        pilots, symbols = known[frame.pilot_at], known[frame.header_at]
        kernels.key_burst(name, header.to_bytes(), chips, pilots, symbols)
        known[frame.pilot_at], known[frame.header_at] = pilots, symbols
        known[frame.preamble_at :][:PREAMBLE] = chips[:PREAMBLE]
        row[:] = known[: len(row)]
        return chips[PREAMBLE:].reshape(2, -1)[:, : frame.ramp]

    def _known(self, size, inserted, key_checks):
        """Return the symbols of bursts without payload and ramps, and the ramps."""
        frame, nonce = self.frame, self.nonce if self.names is None else b""
        more = NONCE_VERSION if nonce else VERSION, self._seed_check
        headers = []
        for number, check in enumerate(key_checks, self.number):
            known = part_of(nonce, number % NONCE_BURSTS) or self._hash
            headers.append(Header(number, size, known, inserted, check, *more))
        empty = self._template[None, : frame.symbols(size)]
        symbols = np.repeat(empty, len(headers), axis=0)
        if self.names is not None:
            return symbols, np.array(list(map(self._key, symbols, headers)))
        symbols[:, frame.header_at] = encode(headers)
        ramp = np.resize(frame.preamble[::-1], frame.ramp)
        return symbols, np.array([[ramp[::-1], ramp]])

    def modulate(self, codewords, *, inserted=False, key_checks=None) -> np.ndarray:
        """Return the samples of full bursts or of one shorter burst, complex64.

        Args:
            codewords: complex64 [blocks, n], a multiple of a full burst's, or fewer.
            inserted: whether Alice's module is active.
            key_checks: key check (bytes or None) of each burst: see Header.
        """
        frame = self.frame
        size = min(len(codewords), frame.codewords)
        if codewords.ndim != 2 or codewords.shape[1] != frame.n or not size:
            raise ValueError(
                f"codewords have shape {codewords.shape}, expected (blocks, {frame.n})"
            )
        if len(codewords) % size:
            raise ValueError(
                f"{len(codewords)} codewords, expected a multiple of "
                f"{frame.codewords}, or fewer for one burst"
            )
        count = len(codewords) // size
        symbols, ramps = self._known(size, inserted, key_checks or [None] * count)
        payload = codewords.reshape(count, size * frame.n) * self._energy_scale
        symbols[:, frame.payload_at[: size * frame.n]] = payload
        # In a shorter burst, the ramp and the gap replace the pilots at its end.
        symbols[:, frame.symbols(size) - frame.gap // 2 :] = 0
        if frame.ramp:
            self._with_ramps(symbols, size, ramps)
        self.number += count
        return self._shaped(symbols)

    def _shaped(self, symbols):
        sps, half = self.frame.samples_per_symbol, self.frame.span // 2
        # A pulse begins half its length before its symbol, so it reaches into the gap.
        ahead = np.roll(symbols, -half, axis=1)
        out = np.empty((len(symbols), symbols.shape[1] * sps), np.complex64)
        part = kernels.shape_pulses(ahead, self._pulse, sps, self.scale, out)
        if part * math.sqrt(2) > self.amplitude:
            self._clip(out)
        return out.reshape(-1)

    def _clip(self, samples):
        magnitude = np.abs(samples)
        over = magnitude > self.amplitude * (1 + 1e-6)
        self.clipped += int(over.sum())
        samples[over] *= (self.amplitude / magnitude[over]).astype(np.float32)
