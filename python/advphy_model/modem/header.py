# SPDX-License-Identifier: GPL-3.0-or-later
"""The header of a frame: what it says. lib/modem/header_code.h says how it is coded."""

from dataclasses import dataclass

import numpy as np

from advphy_model import kernels


@dataclass(frozen=True)
class Header:
    """What a frame says of itself.

    Args:
        number: of the frame, 0..2^32 - 1; codeword c of it has index
            number * codewords of a full frame + c.
        codewords: in this frame, 1..256.
        model_hash: the first 4 bytes of the model's SHA-256.
        inserted: whether Alice's module is in (semantic links).
        key_check: of a keyed link the first 2 bytes of the check of the first
            codeword's key (keying.py), or None.
        version: of the layout.
    """

    number: int
    codewords: int
    model_hash: bytes
    inserted: bool = False
    key_check: bytes | None = None
    version: int = 1

    def to_bytes(self) -> bytes:
        """Return the 16 bytes, the last four a CRC-32 over the others."""
        if not 0 <= self.number < 2**32:
            raise ValueError(f"frame number {self.number}, expected one of 0..2^32 - 1")
        return kernels.header_bytes(**vars(self))


def encode(headers) -> np.ndarray:
    """Return the symbols of headers, complex64 [headers, 268] of unit energy."""
    symbols = np.empty((len(headers), kernels.HEADER_SYMBOLS), np.complex64)
    for header, row in zip(headers, symbols, strict=True):
        kernels.encode_header(header.to_bytes(), row)
    return symbols
