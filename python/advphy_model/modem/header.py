# SPDX-License-Identifier: GPL-3.0-or-later
"""The header of a burst; its coding is described in lib/modem/header_code.h."""

from dataclasses import dataclass

import numpy as np

from advphy_model import kernels


@dataclass(frozen=True)
class Header:
    """Contents of a burst's header.

    Args:
        number: number of the burst, 0..2^32 - 1; its codeword c has the index
            number * (codewords in a full burst) + c.
        codewords: number of codewords in this burst, 1..256.
        model_hash: first 4 bytes of the model's SHA-256.
        inserted: whether Alice's module was active (semantic links).
        key_check: first 2 bytes of the first codeword's keying.checks, or None.
        version: version of the layout.
    """

    number: int
    codewords: int
    model_hash: bytes
    inserted: bool = False
    key_check: bytes | None = None
    version: int = 1

    def to_bytes(self) -> bytes:
        """Return 16 bytes, of which the last four are the CRC-32 of the others."""
        if not 0 <= self.number < 2**32:
            raise ValueError(
                f"burst number must be in 0..2^32 - 1, got {self.number}; restart the "
                "count"
            )
        return kernels.header_bytes(**vars(self))


def encode(headers) -> np.ndarray:
    """Return the symbols of headers, complex64 [headers, 268] with unit energy."""
    symbols = np.empty((len(headers), kernels.HEADER_SYMBOLS), np.complex64)
    for header, row in zip(headers, symbols, strict=True):
        kernels.encode_header(header.to_bytes(), row)
    return symbols
