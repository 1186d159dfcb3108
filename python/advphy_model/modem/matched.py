# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbols become samples at any delay, and symbols again behind the matched filter."""

import numpy as np

from advphy_model import kernels
from advphy_model.modem.pulse import pulse_bank, root_raised_cosine


def shaped_late(symbols, delay, frame) -> np.ndarray:
    """Return the samples of symbols that a transmitter sends late.

    The pulse of symbol i is centred at sample (i + frame.span / 2) *
    samples_per_symbol + delay of its row. Its energy is 1 where the delay is 0.

    Args:
        symbols: complex64 [rows, count].
        delay: in samples, 0 <= delay < samples_per_symbol.
        frame: Frame, for pulse and samples per symbol.

    Returns:
        complex64 [rows, count * samples_per_symbol].
    """
    sps, span = frame.samples_per_symbol, frame.span
    taps = np.arange((span + 1) * sps + 1)
    t = (taps - delay) / sps - span / 2
    pulse = root_raised_cosine(t, frame.rolloff) * (np.abs(t) <= span / 2)
    aligned = taps[: span * sps + 1] / sps - span / 2
    pulse /= np.sqrt(np.sum(root_raised_cosine(aligned, frame.rolloff) ** 2))
    out = np.empty((len(symbols), symbols.shape[1] * sps), np.complex64)
    kernels.shape_pulses(symbols, pulse.astype(np.float32), sps, out)
    return out


def payload_symbols(samples, frame) -> np.ndarray:
    """Return the payload's symbols of full frames that begin with the first sample.

    The filter stands where the victim's symbols are; nothing is estimated or undone.

    Args:
        samples: complex64 [frames * frame.samples()].
        frame: Frame.

    Returns:
        complex64 [frames, codewords * n].

    Raises:
        ValueError: when they are not whole frames.
    """
    size, sps = frame.samples(), frame.samples_per_symbol
    if samples.ndim != 1 or len(samples) % size or not len(samples):
        raise ValueError(
            f"samples have shape {samples.shape}, wanted a multiple of {size}"
        )
    pulse = pulse_bank(sps, frame.rolloff, frame.span, 1)[0][: frame.span * sps + 1]
    windows = np.lib.stride_tricks.sliding_window_view(
        samples.reshape(-1, size), len(pulse), axis=1
    )
    first = (frame.payload_at - frame.span // 2) * sps
    found = np.empty((len(windows), len(first)), np.complex64)
    for row, seen in zip(found, windows, strict=True):
        np.dot(seen[first], pulse.astype(np.complex64), out=row)
    return found
