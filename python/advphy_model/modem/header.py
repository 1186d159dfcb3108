# SPDX-License-Identifier: GPL-3.0-or-later
"""The header of a frame: what it says, and how it is coded.

16 bytes, a convolutional code of rate 1/2 (constraint length 7, 171 and 133 octal, the
one of [ccsds]) ended by 6 zeros, sent twice as QPSK. The second copy follows the first,
so a fade or a burst of noise must hit both.
"""

import zlib
from dataclasses import dataclass

import numpy as np

HEADER_BYTES = 16
MEMORY = 6
GENERATORS = (0o171, 0o133)
HEADER_SYMBOLS = 2 * (8 * HEADER_BYTES + MEMORY)  # 2 bits in, 2 copies, 2 bits a symbol
_FLAGS = ("inserted", "keyed")


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
        """Return the 16 bytes, the last four a CRC-32 (zlib's) over the others."""
        if not 0 <= self.number < 2**32:
            raise ValueError(f"frame number {self.number}, wanted one of 0..2^32 - 1")
        flags = self.inserted | (self.key_check is not None) << 1
        said = bytes([self.version << 4 | flags, self.codewords - 1])
        said += self.number.to_bytes(4, "big") + self.model_hash
        said += self.key_check or bytes(2)
        return said + zlib.crc32(said).to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, said: bytes):
        """Return what 16 bytes with a right CRC say."""
        keyed = bool(said[0] & 2)
        return cls(
            number=int.from_bytes(said[2:6], "big"),
            codewords=said[1] + 1,
            model_hash=bytes(said[6:10]),
            inserted=bool(said[0] & 1),
            key_check=bytes(said[10:12]) if keyed else None,
            version=said[0] >> 4,
        )


def _generator_matrix():
    """Return G, uint8 [bits, coded bits]: coded = bits @ G mod 2."""
    bits = 8 * HEADER_BYTES
    matrix = np.zeros((bits, 2 * (bits + MEMORY)), np.uint8)
    for bit in range(bits):
        for branch, polynomial in enumerate(GENERATORS):
            for delay in range(MEMORY + 1):  # the highest bit is the newest one
                matrix[bit, 2 * (bit + delay) + branch] = polynomial >> 6 - delay & 1
    return matrix


_GENERATOR = _generator_matrix()


def encode(headers) -> np.ndarray:
    """Return the symbols of headers, complex64 [headers, 268] of unit energy."""
    said = np.array([list(header.to_bytes()) for header in headers], np.uint8)
    coded = np.unpackbits(said, axis=1).astype(int) @ _GENERATOR % 2
    signs = 1 - 2.0 * np.tile(coded, 2)
    pairs = signs.reshape(len(said), HEADER_SYMBOLS, 2)
    return (pairs @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
