# SPDX-License-Identifier: GPL-3.0-or-later
"""The layout of a burst.

    gap/2 | ramp | preamble | header and pilots | payload and pilots | ramp | gap/2

Modulator, synchronizer and recordings use this definition. Everything except the
payload is known to the receiver or coded conventionally, so synchronization does not
depend on decisions about a learned constellation.
"""

import dataclasses
import math
from functools import cached_property

import numpy as np

from advphy_model import kernels
from advphy_model.checked_values import checked_number, checked_positive, checked_whole
from advphy_model.file_gate import sentence, shown
from advphy_model.link import any_link

VERSION = 1  # version of the layout, sent in every header
NONCE_VERSION = 2  # the same layout, but headers carry the nonce of the codes' keys
PREAMBLE = 128  # symbols: a maximal-length sequence of 127 plus one
SEGMENT = 8  # symbols that the detector adds coherently
HEADER_GROUP = 32  # header symbols between pilots
OF_LINK = {"n", "symbol_energy"}  # settings of a frame that follow from its link


@dataclasses.dataclass(frozen=True)
class Frame:
    """The layout of a burst.

    Args:
        n: channel uses per codeword, 1..4096.
        codewords: codewords in a full burst, 1..256.
        samples_per_symbol: samples per symbol, 2..64.
        rolloff: roll-off of the root-raised-cosine pulse, 0.1..1.
        span: length of the pulse in symbols, 4..64, even.
        gap: silence between bursts in symbols, at least span, even.
        ramp: symbols over which the power rises first and falls at the end, 0..64.
        group: codewords between pilots, 1..256.
        pilots: known symbols between groups of codewords, 1..16.
        symbol_energy: mean energy of symbols: 1, or L/n for semantic codes of L reals.

    Raises ValueError if a value is out of range.
    """

    n: int
    codewords: int = 128
    samples_per_symbol: int = 4
    rolloff: float = 0.35
    span: int = 12
    gap: int = 16
    ramp: int = 4
    group: int = 4
    pilots: int = 2
    symbol_energy: float = 1.0

    def __post_init__(self):
        bounds = {
            "n": (1, 4096),
            "codewords": (1, 256),
            "samples_per_symbol": (2, 64),
            "span": (4, 64),
            "gap": (self.span, 4096),
            "ramp": (0, 64),
            "group": (1, 256),
            "pilots": (1, 16),
        }
        for name, (low, high) in bounds.items():
            value = checked_whole(f"frame: {name}", getattr(self, name), low, high)
            if name in ("span", "gap") and value % 2:
                raise ValueError(f"frame: {name} must be an even number, got {value}")
            object.__setattr__(self, name, value)  # 64.0 is 64 from here on
        tail = self.ramp + (self.gap - self.span) // 2
        if tail < kernels.TAIL_SYMBOLS:
            raise ValueError(
                "frame: ramp + (gap - span) / 2 must be at least "
                f"{kernels.TAIL_SYMBOLS} symbols, for which the receiver waits, got "
                f"{tail}; raise ramp or gap"
            )
        rolloff = checked_number("frame: rolloff", self.rolloff, 0.1, 1)
        object.__setattr__(self, "rolloff", rolloff)
        energy = self.symbol_energy
        energy = checked_positive("frame: symbol_energy", energy, of="and finite")
        object.__setattr__(self, "symbol_energy", energy)

    @cached_property
    def preamble(self) -> np.ndarray:
        """Return the preamble, float32 [128] of -1 and 1.

        It is a maximal-length sequence (x^7 + x + 1) followed by its first chip. It has
        no correlation peak half a preamble early, as a repeated sequence has, and no
        delay that looks like a frequency offset, as a Zadoff-Chu sequence has.
        """
        register, chips = [1] * 7, []
        for _ in range(PREAMBLE):
            chips.append(1 - 2 * register[-1])
            register = [register[-1] ^ register[-2], *register[:-1]]
        return np.array(chips, np.float32)

    @property
    def preamble_at(self) -> int:
        """Return the index of the preamble's first symbol in the burst."""
        return self.gap // 2 + self.ramp

    @cached_property
    def header_at(self) -> np.ndarray:
        """Return the indices of the header symbols, int32."""
        index = np.arange(kernels.HEADER_SYMBOLS)
        first = self.preamble_at + PREAMBLE
        return (first + index + index // HEADER_GROUP * self.pilots).astype(np.int32)

    @cached_property
    def payload_at(self) -> np.ndarray:
        """Return the indices of the payload symbols in a full burst, int32."""
        index = np.arange(self.codewords * self.n)
        first = int(self.header_at[-1]) + 1 + self.pilots
        groups = index // (self.group * self.n)
        return (first + index + groups * self.pilots).astype(np.int32)

    @cached_property
    def pilot_at(self) -> np.ndarray:
        """Return the indices of the pilots in a full burst, int32."""
        end = self.symbols(self.codewords) - self.ramp - self.gap // 2
        first = self.preamble_at + PREAMBLE
        taken = np.concatenate([self.header_at, self.payload_at])
        return np.setdiff1d(np.arange(first, end), taken).astype(np.int32)

    @cached_property
    def pilot_symbols(self) -> np.ndarray:
        """Return the pilots in order, complex64: QPSK symbols with a fixed seed."""
        bits = np.random.default_rng(VERSION).integers(0, 2, (len(self.pilot_at), 2))
        return ((1 - 2.0 * bits) @ [1, 1j] / math.sqrt(2)).astype(np.complex64)

    def symbols(self, codewords: int) -> int:
        """Return the number of symbols in a burst of so many codewords, with gaps."""
        last = int(self.payload_at[codewords * self.n - 1])
        piloted = codewords % self.group == 0 or codewords == self.codewords
        return last + 1 + piloted * self.pilots + self.ramp + self.gap // 2

    def samples(self, codewords: int | None = None) -> int:
        """Return the number of samples in a burst; None: in a full burst."""
        codewords = self.codewords if codewords is None else codewords
        return self.symbols(codewords) * self.samples_per_symbol

    @property
    def occupied_width(self) -> float:
        """Return the width of a burst's spectrum in cycles per sample."""
        return (1 + self.rolloff) / self.samples_per_symbol

    @property
    def overhead_db(self) -> float:
        """Return the symbols of a full burst over its payload symbols, in dB."""
        sent = self.symbols(self.codewords)
        return 10 * math.log10(sent / (self.codewords * self.n))

    def describe(self) -> dict:
        """Return the settings as JSON values, from which `restore` makes the frame."""
        return dataclasses.asdict(self)

    @classmethod
    def restore(cls, described: dict):
        """Return the frame from the result of `describe`; ValueError if not valid."""
        try:
            return cls(**described)
        except (TypeError, ValueError, OverflowError) as why:
            text = f"{shown(described)} does not describe a frame: {why}"
            raise ValueError(sentence(text)) from None

    @classmethod
    def of_model(cls, model, **settings):
        """Return the frame for a link, or its name or file, with other settings."""
        for name in OF_LINK & settings.keys():
            raise ValueError(f"frame: {name} follows from the link; omit it")
        model = any_link.load(model)
        reals = getattr(model, "reals", None)
        energy = 1.0 if reals is None else reals / model.n
        return cls(n=model.n, symbol_energy=energy, **settings)


def require_frame(frame, model) -> None:
    """Raise ValueError unless it is a Frame for the codewords of a link."""
    if not isinstance(frame, Frame) or frame.n != model.n:
        raise ValueError(
            f"frame = {frame} does not fit a model of n = {model.n}; make it with "
            "Frame.of_model(model, ...)"
        )
