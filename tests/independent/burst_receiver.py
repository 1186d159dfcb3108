# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver of full bursts in numpy, written from docs/burst_format.md alone."""

import zlib

import numpy as np

DETECTED = 0.25  # of a metric that is 1 without noise; noise alone stays below 0.15
STEPS, TAPS = 134, 9  # of a copy of the header; of the equalizer
ECHO = 0.94  # of the error that a single tap leaves; with less, there is an echo
bits = [1] * 7
while len(bits) < 128:
    bits.append(bits[-7] ^ bits[-6])
CHIPS = 1 - 2.0 * np.array(bits)
ONES = np.array([bin(i).count("1") for i in range(128)])
CODE = [1 - 2 * (ONES[np.arange(128) & mask] & 1) for mask in (0o171, 0o133)]
OUTPUTS = (CODE[0] + 1j * CODE[1]) / np.sqrt(2)  # of the seven bits of the register


def pilots(count):
    """Return the first pilots."""
    state, bits, low = 0x9C5B484BFEDB756C2A6E7D6F320FBC7E, [], 2**64 - 1
    for _ in range(count):
        state = state * 0x2360ED051FC65DA44385DF649FCCF645
        state = (state + 0x922AF2DA2645F895A19857B95740937B) % 2**128
        mixed, turn = (state >> 64) ^ (state & low), state >> 122
        mixed = (mixed >> turn | mixed << (64 - turn)) & low
        bits.append((mixed >> 31 & 1, mixed >> 63))
    return (1 - 2.0 * np.array(bits)) @ [1, 1j] / np.sqrt(2)


def encoded(header):
    """Return the 268 symbols of 16 bytes."""
    bits = np.r_[[0] * 6, np.unpackbits(np.frombuffer(header, np.uint8)), [0] * 6]
    return np.tile(OUTPUTS[sum(bits[j:][:STEPS] << j for j in range(7))], 2)


def decoded(symbols):
    """Return the 16 bytes of a header by the Viterbi algorithm, or None."""
    metric, states, choices = np.r_[0, [-1e9] * 63], np.arange(64), []
    befores = states << 1, states << 1 | 1  # registers that lead to a state
    for value in symbols[:STEPS] + symbols[STEPS:]:
        likely = [metric[b & 63] + (value * OUTPUTS[b].conj()).real for b in befores]
        choices.append(np.argmax(likely, axis=0))
        metric = np.max(likely, axis=0)
    state, bits = 0, []
    for choice in choices[::-1]:
        bits.append(state >> 5)
        state = (state << 1 & 63) | choice[state]
    header = np.packbits(bits[::-1][:128]).tobytes()
    right = zlib.crc32(header[:12]).to_bytes(4, "big") == header[12:]
    return header if right and header[0] >> 4 in (1, 2) else None


class Receiver:
    """Receiver of bursts with a layout; places count from the first chip."""

    def __init__(self, n, codewords, samples_per_symbol, rolloff, span, **more):
        self.n, self.sps, self.b, self.half = n, samples_per_symbol, rolloff, span // 2
        head, body, pilots = np.arange(268), np.arange(codewords * n), more["pilots"]
        self.header = 128 + head + head // 32 * pilots
        self.payload = self.header[-1] + 1 + pilots + body
        self.payload += body // (more["group"] * n) * pilots
        self.end = self.payload[-1] + 1 + pilots
        self.length = (self.end + 2 * more["ramp"] + more["gap"]) * self.sps
        sent = np.r_[self.header, self.payload]
        self.pilot = np.setdiff1d(np.arange(128, self.end), sent)
        self.scale = np.sqrt(more["symbol_energy"])

    def pulse(self, samples):
        """Return the pulse at times in samples."""
        t, b = samples / self.sps + 1e-7, self.b  # past its removable poles
        top = np.sin(np.pi * t * (1 - b)) + 4 * b * t * np.cos(np.pi * t * (1 + b))
        shape = top / (np.pi * t * (1 - (4 * b * t) ** 2)) / np.sqrt(self.sps)
        return shape * (np.abs(t) <= self.half + 0.01)

    def symbols(self, x, first, count, spacing, cfo):
        """Return symbols at times first + i spacing, turned back by a frequency."""
        times, reach = first + spacing * np.arange(count), self.half * self.sps
        index = np.floor(times).astype(int)[:, None] + np.arange(-reach, reach + 2)
        taps = self.pulse(index - times[:, None]) * ((index >= 0) & (index < len(x)))
        taps = taps * np.exp(-2j * np.pi * cfo * (index - first))
        return np.sum(x[index.clip(0, len(x) - 1)] * taps, axis=1)

    def receive(self, x):
        """Return [(number, header, codewords)] of the bursts in samples, in order."""
        taps = self.pulse(np.arange(-self.half * self.sps, self.half * self.sps + 1))
        m, size = np.convolve(x, taps, "same"), len(x) - 127 * self.sps
        each = [chip * m[i * self.sps :][:size] for i, chip in enumerate(CHIPS)]
        parts = [sum(each[i : i + 8]) for i in range(0, 128, 8)]
        power = np.abs(np.fft.fft(parts, 64, axis=0)) ** 2
        metric = power.max(axis=0) / (128 * sum(np.abs(e) ** 2 for e in each) + 1e-12)
        cfo = np.fft.fftfreq(64)[power.argmax(axis=0)] / 8 / self.sps
        found, at = [], 0
        while (over := np.flatnonzero(metric[at:] > DETECTED)).size:
            at += over[0]
            at += metric[at : at + 64 * self.sps].argmax()
            begun = self.begin(x, at, cfo[at])
            found += [begun] if begun else []
            at += (self.end if begun else 8) * self.sps
        numbers, places = (np.array([burst[i] for burst in found]) for i in (0, 1))
        clock = np.polyfit(numbers - numbers[0], places, 1)[0] / self.length
        return [(each[0], each[2], self.codewords(x, clock, *each)) for each in found]

    def begin(self, x, at, cfo):
        """Return (number, place, header, cfo) of a burst, or None."""
        for width in self.sps / 2, self.sps / 8:
            tried = (at + late * width for late in (-1, 0, 1))
            y = (self.symbols(x, time, 128, self.sps, cfo) for time in tried)
            pairs = [turned(each, np.arange(128), CHIPS, 0.01) for each in y]
            early, here, late = (abs(each @ CHIPS) for each, _ in pairs)
            cfo += pairs[1][1] / self.sps
            at += width * np.clip((early - late) / 2 / (early - 2 * here + late), -1, 1)
        y = self.symbols(x, at, self.header[-1] + 1, self.sps, cfo)
        known = self.pilot[self.pilot < len(y)]
        known, values = np.r_[np.arange(128), known], np.r_[CHIPS, pilots(len(known))]
        y, off = turned(y, known, values, 0.003)
        header = decoded((y * np.vdot(y[known], values))[self.header])
        if header is None:
            return None
        return int.from_bytes(header[2:6], "big"), at, header, cfo + off / self.sps

    def codewords(self, x, clock, _, at, header, cfo):
        """Return the codewords of a burst, complex64 [codewords, n]."""
        at += 63.5 * self.sps * (1 - clock)  # the middle of the preamble stays
        y = self.symbols(x, at, self.end, self.sps * clock, cfo)
        known = np.r_[np.arange(128), self.header, self.pilot]
        values = np.r_[CHIPS, encoded(header), pilots(len(self.pilot))]
        y, _ = turned(y, known, values, 0.001)
        near = np.lib.stride_tricks.sliding_window_view(np.pad(y, TAPS // 2), TAPS)
        errors, fitted = [], []
        for rows in near, y[:, None]:
            fitted.append(rows @ np.linalg.lstsq(rows[known], values, rcond=None)[0])
            errors.append(np.sum(np.abs(fitted[-1][known] - values) ** 2))
        z = fitted[0] if errors[0] < ECHO * errors[1] else y
        z = z / (np.vdot(values, z[known]) / len(values)) * self.scale
        return z[self.payload].reshape(-1, self.n).astype(np.complex64)


def turned(y, at, known, widest):
    """Return y turned back by the frequency that suits known symbols best, and it."""
    product, best = y[at] * known.conj(), 0.0
    for width in widest * 10.0 ** -np.arange(4):
        tries = best + width * np.linspace(-1, 1, 41)
        sums = np.exp(-2j * np.pi * tries[:, None] * at) @ product
        best = tries[np.abs(sums).argmax()]
    return y * np.exp(-2j * np.pi * best * np.arange(len(y))), best
