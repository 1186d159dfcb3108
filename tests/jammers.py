# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals of other systems and of jammers: amplitude 1 where they are on."""

import numpy as np


def tone(size, rng):
    """Return a carrier at any frequency and phase."""
    return np.exp(2j * np.pi * (rng.random() * np.arange(size) + rng.random()))


def chirp(size, rng):
    """Return a carrier that sweeps the sampled band up or down, again and again."""
    rate = rng.choice([-1, 1]) / rng.integers(200, 20_000)
    return np.exp(1j * np.pi * (rate * np.arange(size) ** 2 + 2 * rng.random()))


def shift_keyed(size, rng):
    """Return binary FSK with continuous phase, indices 0.5..2, 2..200 samples a bit."""
    bit = int(rng.integers(2, 200))
    bits = np.repeat(rng.choice([-1, 1], size // bit + 1), bit)[:size]
    steps = bits * rng.uniform(0.25, 1) / bit + rng.uniform(-0.2, 0.2)
    return np.exp(2j * np.pi * np.cumsum(steps))


def on_off_keyed(size, rng):
    """Return a carrier near the middle of the band, keyed at 2..200 samples a bit."""
    bit = int(rng.integers(2, 200))
    bits = np.repeat(rng.integers(0, 2, size // bit + 1), bit)[:size]
    return bits * np.exp(2j * np.pi * rng.uniform(-0.2, 0.2) * np.arange(size))


def phase_keyed(size, rng):
    """Return BPSK of rectangular pulses at 2..16 samples a bit, in bursts."""
    bit = int(rng.integers(2, 17))
    bits = np.repeat(rng.choice([-1, 1], size // bit + 1), bit)[:size]
    length = int(rng.integers(500, 20_000))
    on = np.repeat(rng.integers(0, 2, size // length + 1), length)[:size]
    return on * bits * np.exp(2j * np.pi * rng.uniform(-0.02, 0.02) * np.arange(size))


def modulated(size, rng):
    """Return a carrier in the band, slowly modulated in frequency by a sine."""
    rate, deviation = 1 / rng.integers(1000, 10_000), rng.uniform(0.005, 0.04)
    sine = np.sin(2 * np.pi * (rate * np.arange(size) + rng.random()))
    return in_band(size, rng) * np.exp(1j * deviation / rate * sine)


def in_band(size, rng):
    """Return a carrier within +-0.16 cycles per sample, with any phase."""
    cycles = rng.uniform(-0.16, 0.16) * np.arange(size) + rng.random()
    return np.exp(2j * np.pi * cycles)


def two(size, rng):
    """Return two carriers in the band, of half the power each."""
    return (in_band(size, rng) + in_band(size, rng)) / np.sqrt(2)


def reactive(kind, length):
    """Return a kind that begins 200..800 samples after every burst of `length` does."""

    def jammer(size, rng):
        out = np.zeros(size, complex)
        for begin in range(0, size - length + 1, length):
            late = int(rng.integers(200, 800))
            out[begin + late : begin + length] = kind(length - late, rng)
        return out

    return jammer


KINDS = {
    "tone": tone,
    "chirp": chirp,
    "modulated carrier": modulated,
    "two tones": two,
    "FSK": shift_keyed,
    "on-off keying": on_off_keyed,
    "PSK bursts": phase_keyed,
}
