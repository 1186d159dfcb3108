# SPDX-License-Identifier: GPL-3.0-or-later
"""The header of a burst; its coding is described in lib/modem/header_code.h."""

import hashlib
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.modem.frame import NONCE_VERSION, VERSION
from advphy_model.randomness import checked_seed

CHECK_BYTES = 2
PARTS = 3  # of a nonce
PART_BYTES = 4  # of the nonce in a header, in place of the hash of the link
NONCE_BURSTS = PARTS + 1  # so many in a row have the nonce and the hash
_GUESSED = 1000  # seeds; 1.5 % of the wrong ones would find an equal check in them


@dataclass(frozen=True)
class Header:
    """Contents of a burst's header."""

    # Number of the burst, 0..2^32 - 1; its codeword c has the index number * (codewords
    # in a full burst) + c.
    number: int
    codewords: int  # number of codewords in this burst, 1..256
    model_hash: bytes  # first 4 bytes of the model's SHA-256, or a part of the nonce
    inserted: bool = False  # whether Alice's module was active (semantic links)
    # First 2 bytes of the first codeword's keying.checks, or None.
    key_check: bytes | None = None
    version: int = 1  # version of the layout
    # The check_of_seed of the messages; None: not known, or of no seed.
    seed_check: bytes | None = None

    @property
    def nonce_part(self) -> int | None:
        """Return which part of the nonce is in place of the hash; None: the hash is."""
        part = self.number % NONCE_BURSTS
        return part if self.version == NONCE_VERSION and part < PARTS else None

    def mismatch(self, model) -> str:
        """Return why it is refused: another layout, or not of a link (None: any)."""
        if self.version not in (VERSION, NONCE_VERSION):
            found = f"has layout version {self.version}, expected at most "
            return f"{found}{NONCE_VERSION}; use the same gr-advphy at both ends"
        if model is None:
            return ""
        found = f"is of the link model {self.model_hash.hex()}, expected "
        found += f"'{model.name}' {model.sha256[:8]}"
        return f"{found}; give both ends the same link"

    def to_bytes(self) -> bytes:
        """Return 16 bytes (lib/modem/header_code.h), the last four a CRC-32."""
        if not 0 <= self.number < 2**32:
            raise ValueError(
                f"burst number must be in 0..2^32 - 1, got {self.number}; restart the "
                "count"
            )
        check = (self.key_check or b"") + (self.seed_check or b"")
        if (
            not 1 <= self.codewords <= 256
            or self.version not in range(16)
            or (len(self.model_hash), len(check)) not in ((4, 0), (4, CHECK_BYTES))
        ):
            raise ValueError(
                "a header has 1..256 codewords, a version in 0..15, 4 bytes of a hash, "
                f"and one check of 2 bytes or none, got {self}"
            )
        flags = 4 * bool(self.seed_check) + 2 * bool(self.key_check) + self.inserted
        first = self.version << 4 | flags, self.codewords - 1, self.number
        content = struct.pack(">BBI4s2s", *first, self.model_hash, check)
        return content + struct.pack(">I", zlib.crc32(content))


def part_of(nonce: bytes, part: int) -> bytes:
    """Return the bytes of a nonce that a header carries as this part; none for 3."""
    return nonce[PART_BYTES * part :][:PART_BYTES]


class NonceParts:
    """The nonce of a session from parts in headers: b"" until it has all of them."""

    def __init__(self):
        self._parts, self.nonce = {}, b""

    def has(self, part, carried):
        """Return whether a part is as before."""
        return self._parts.get(part) == carried

    def take(self, part, carried):
        """Take a part; one that differs from before begins another nonce."""
        if self._parts.get(part, carried) != carried:
            self._parts = {}
        self._parts[part] = carried
        whole = len(self._parts) == PARTS
        self.nonce = b"".join(map(self._parts.get, range(PARTS))) if whole else b""


def encode(headers) -> np.ndarray:
    """Return the symbols of headers, complex64 [headers, 268] with unit energy."""
    symbols = np.empty((len(headers), kernels.HEADER_SYMBOLS), np.complex64)
    for header, row in zip(headers, symbols, strict=True):
        kernels.encode_header(header.to_bytes(), row)
    return symbols


def check_of_seed(seed: int) -> bytes:
    """Return the first 2 bytes of the SHA-256 of a seed's 8 bytes, big endian."""
    return hashlib.sha256(checked_seed(seed).to_bytes(8, "big")).digest()[:CHECK_BYTES]


class SeedGate:
    """Leave out bursts of another seed: they may be an adversary's.

    The first burst must have messages of the seed, because a wrong one is likely then.
    `left_out` counts later bursts that do not.
    """

    def __init__(self, seed):
        self._seed, self._open, self.left_out = checked_seed(seed), False, 0

    def admits(self, check: bytes | None, number: int) -> bool:
        """Return whether a burst is of the seed; ValueError: the first is not."""
        try:
            require_seed(self._seed, check, number)
        except ValueError:
            if not self._open:
                raise
            self.left_out += 1
            return False
        self._open = True
        return True


def require_seed(seed: int, check: bytes | None, number: int) -> None:
    """Raise ValueError unless burst `number`, with this seed_check, may be of a seed.

    Other seeds have an equal check with probability 2^-16. A seed below 1000 with the
    burst's check is named as the sender's if there is only one.
    """
    if check is None or check == check_of_seed(seed):
        return
    found = [each for each in range(_GUESSED) if check_of_seed(each) == check]
    sent = f", probably seed {found[0]}" if len(found) == 1 else ""
    raise ValueError(
        f"seed must be the sender's, got {seed}: burst {number} has messages of "
        f"another seed{sent}; give it as seed (commands: --seed)"
    )
