# SPDX-License-Identifier: GPL-3.0-or-later
"""The root-raised-cosine pulse: shaping at any delay and the matched filter."""

import math

import numpy as np

from advphy_model import kernels
from advphy_model.modem.frame import SEGMENT, VERSION


def root_raised_cosine(t, rolloff: float) -> np.ndarray:
    """Return the pulse at times t; it has unit energy over all time.

    p(t) = (sin(pi t (1 - b)) + 4 b t cos(pi t (1 + b))) / (pi t (1 - (4 b t)^2))

    with its limits at t = 0 and |t| = 1 / (4 b) [proakis, Sec. 9.2]. Times are in
    symbols; the roll-off b is above 0 and at most 1.
    """
    t, b = np.asarray(t, float), rolloff
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.sin(np.pi * t * (1 - b)) + 4 * b * t * np.cos(np.pi * t * (1 + b))
        p = p / (np.pi * t * (1 - (4 * b * t) ** 2))
    p = np.where(np.abs(t) < 1e-9, 1 - b + 4 * b / np.pi, p)
    sine, cosine = np.sin(np.pi / (4 * b)), np.cos(np.pi / (4 * b))
    at_pole = b / np.sqrt(2) * ((1 + 2 / np.pi) * sine + (1 - 2 / np.pi) * cosine)
    return np.where(np.abs(np.abs(t) - 1 / (4 * b)) < 1e-9, at_pole, p)


def pulse_bank(samples_per_symbol: int, rolloff: float, span: int, phases: int):
    """Return the pulse at fractional delays, float32 [phases, taps].

    Row f is centered at span samples_per_symbol / 2 + f / phases; row 0 has energy 1.
    """
    taps = np.arange(span * samples_per_symbol + 2)
    delay = np.arange(phases)[:, None] / phases
    t = (taps - span * samples_per_symbol / 2 - delay) / samples_per_symbol
    bank = root_raised_cosine(t, rolloff) * (np.abs(t) <= span / 2)
    return (bank / np.sqrt(np.sum(bank[0] ** 2))).astype(np.float32)


def frame_bank(frame, phases: int) -> np.ndarray:
    """Return the pulse_bank of a Frame."""
    return pulse_bank(frame.samples_per_symbol, frame.rolloff, frame.span, phases)


def kernel_layout(frame, phases: int) -> dict:
    """Return the layout of a Frame for kernels.burst_synchronizer."""
    sizes = [0, *(frame.symbols(c) for c in range(1, frame.codewords + 1))]
    same = "n codewords samples_per_symbol span rolloff preamble_at preamble".split()
    same += "header_at payload_at pilot_at".split()
    return {name: getattr(frame, name) for name in same} | {
        "version": VERSION,
        "segment": SEGMENT,
        "scale": math.sqrt(frame.symbol_energy),
        "pilots": frame.pilot_symbols,
        "symbols": np.array(sizes, np.int32),
        "phases": phases,
        "bank": frame_bank(frame, phases),
    }


def shaped_late(symbols, delay, frame) -> np.ndarray:
    """Return samples of delayed symbols, from [rows, count] to [rows, count * sps].

    The pulse of symbol i is centered at sample (i + frame.span / 2) sps + delay in its
    row, with sps = frame.samples_per_symbol and a delay below sps.
    """
    sps, span = frame.samples_per_symbol, frame.span
    taps = np.arange((span + 1) * sps + 1)
    t = (taps - delay) / sps - span / 2
    pulse = root_raised_cosine(t, frame.rolloff) * (np.abs(t) <= span / 2)
    aligned = taps[: span * sps + 1] / sps - span / 2
    pulse /= np.sqrt(np.sum(root_raised_cosine(aligned, frame.rolloff) ** 2))
    out = np.empty((len(symbols), symbols.shape[1] * sps), np.complex64)
    kernels.shape_pulses(symbols, pulse.astype(np.float32), sps, 1.0, out)
    return out


def payload_symbols(samples, frame) -> np.ndarray:
    """Return payload symbols after the matched filter, complex64 [bursts, codewords n].

    The filter is sampled at the nominal symbol times. Raises ValueError unless samples
    are whole bursts of the frame, complex64 [bursts * frame.samples()].
    """
    size, sps = frame.samples(), frame.samples_per_symbol
    if samples.ndim != 1 or len(samples) % size or not len(samples):
        raise ValueError(
            f"samples have shape {samples.shape}, expected a multiple of {size}"
        )
    pulse = frame_bank(frame, 1)[0][: frame.span * sps + 1]
    windows = np.lib.stride_tricks.sliding_window_view(
        samples.reshape(-1, size), len(pulse), axis=1
    )
    first = (frame.payload_at - frame.span // 2) * sps
    found = np.empty((len(windows), len(first)), np.complex64)
    for row, burst in zip(found, windows, strict=True):
        np.dot(burst[first], pulse.astype(np.complex64), out=row)
    return found
