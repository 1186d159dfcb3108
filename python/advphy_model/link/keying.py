# SPDX-License-Identifier: GPL-3.0-or-later
"""Keyed orthogonal transforms: a new Q for each message, from a shared secret.

Alice sends Q x, and Bob multiplies the received vector by Q^T. A receiver that does not
know Q learns only the norm of x (rotation), the magnitudes in unknown order
(sign_permutation), or the magnitudes in order (signs, which is weak). This is
encryption in the analog domain, with these limits:

* There is no integrity. An active adversary may add to the signal, replay it, or repeat
  an old message under its old index, and Bob does not notice.
* The norm of x is not hidden, nor when and how often Alice sends.
* An index must never be used twice with different x under one secret and nonce: two
  messages under the same Q show their inner product, and about L known messages show
  Q. So each start of Alice draws a nonce of 96 bits, which she sends in the clear.
* Everyone who receives the check values can use them to test a guess of the secret.
  That is hopeless for 32 random bytes, but not for a passphrase that can be guessed.

Sub-keys are HKDF-SHA256 of the secret, with the nonce as salt (none: no salt) and the
info "gr-advphy keying 1, PURPOSE, TRANSFORM, L reals"; PURPOSE is "key stream" or
"check".
Each is a key of ChaCha20 [RFC 8439]. Message i belongs to segment i // 2^16:
ChaCha20's own nonce is that number (8 bytes, little-endian) and 4 zeros. Under it,
message p = i mod 2^16 takes the bytes p B .. p B + B - 1 of the stream that begins at
block counter 0. In the key stream, B is the size of the transform's W words (little-
endian; lib/keying/keying.h) rounded up to whole blocks of 64 bytes; a check value has
B = 8. Since L is at most 1024, B < 2^22 and the counter stays below 2^32, so no byte of
the stream is used for two messages.
"""

import os

import numpy as np

from advphy_model import kernels
from advphy_model.checked_values import checked_whole
from advphy_model.complex_baseband import channel_uses
from advphy_model.found_by_name import require_known
from advphy_model.randomness import checked_index

TRANSFORMS = kernels.KEYED_TRANSFORMS
SECRET_BYTES = 32
NONCE_BYTES = 12
SEGMENT = 2**16  # messages under one nonce of ChaCha20
BLOCK = 64  # bytes of ChaCha20 under one counter
CHECK_BYTES = 8
TILE_BYTES = 2**18  # bytes of key stream at a time, so that they stay in the cache


class Keying:
    """The transforms of messages 0, 1, 2, ... under one secret and nonce.

    The matrix Q depends only on these, the transform, L and the index of the message,
    not on how a stream is cut into batches.

    Args:
        transform: one of TRANSFORMS.
        secret: 32 bytes that Alice and Bob share; see secret_file.
        reals: L, reals per message, 1..1024, in n = ceil(L / 2) channel uses.
        nonce: 12 bytes, or none, as in version 0.5 and in measurements.

    Raises ValueError if an argument is out of range; the text never shows the secret.
    ImportError if the library `cryptography` is not installed.
    """

    def __init__(self, transform: str, secret: bytes, reals: int, nonce: bytes = b""):
        require_known("transform", transform, TRANSFORMS)
        most = kernels.LARGEST_KEYED
        self.transform, self.reals = transform, checked_whole("reals", reals, 1, most)
        require_secret(secret)
        self.n = channel_uses(self.reals)
        salt = checked_nonce(nonce) or None
        self._stream_key = self._sub_key(secret, salt, "key stream")
        self._check_key = self._sub_key(secret, salt, "check")
        self._kernel = kernels.keyed_transform(transform, self.reals)
        self._bytes = -(-4 * self._kernel.words // BLOCK) * BLOCK

    def __repr__(self):
        return f"Keying({self.transform!r}, reals={self.reals})"

    def apply(self, x: np.ndarray, first_index: int, out=None) -> np.ndarray:
        """Write Q_i x_i to out and return it.

        Args:
            x: messages first_index, first_index + 1, ..., complex64 [batch, n]. If L is
                odd, the last imaginary part is padding, which is not read.
            first_index: index of the first message, 0..2^48.
            out: complex64 [batch, n], may be x; padding is written as 0. None: new.
        """
        return self._transform(x, first_index, out, inverse=False)

    def invert(self, y: np.ndarray, first_index: int, out=None) -> np.ndarray:
        """Write Q_i^T y_i to out and return it; for the arguments see `apply`.

        A wrong secret or index gives no error, but another vector of the same norm:
        compare `checks` to notice it.
        """
        return self._transform(y, first_index, out, inverse=True)

    def checks(self, first_index: int, count: int) -> np.ndarray:
        """Return the check values of messages first_index, ..., uint64 [count].

        Alice may send them in the clear. They come from their own sub-key, so they
        reveal nothing about Q. Two secrets have equal check values for one message with
        probability 2^-64.
        """
        first = checked_index("first_index", first_index)
        out = np.empty(checked_index("count", count), np.uint64)
        for begin, end, segment, position in _segments(first, len(out)):
            counter, skip = divmod(CHECK_BYTES * position, BLOCK)
            cipher = _cipher(self._check_key, segment, counter)
            stream = cipher.update(bytes(skip + CHECK_BYTES * (end - begin)))
            out[begin:end] = np.frombuffer(stream, "<u8", offset=skip)
        return out

    def _transform(self, x, first_index, out, inverse):
        first = checked_index("first_index", first_index)
        x = self._checked("x", x)
        out = np.empty_like(x) if out is None else self._checked("out", out)
        if len(out) != len(x):
            raise ValueError(f"out has {len(out)} rows, expected {len(x)} as x has")
        for begin, words in self._words(first, len(x)):
            part = slice(begin, begin + len(words))
            self._kernel.apply(words, x[part], out[part], inverse)
        return out

    def _words(self, first, count):
        """Yield (first row, key stream as uint32 [messages, B / 4]) in tiles."""
        tile = min(max(1, TILE_BYTES // self._bytes), max(count, 1))
        zeros = memoryview(bytes(tile * self._bytes))
        stream = np.empty(tile * self._bytes, np.uint8)
        for begin, end, segment, position in _segments(first, count):
            cipher = _cipher(self._stream_key, segment, position * self._bytes // BLOCK)
            for at in range(begin, end, tile):
                messages = min(tile, end - at)
                size = messages * self._bytes
                cipher.update_into(zeros[:size], stream[:size])
                words = stream[:size].view("<u4").reshape(messages, -1)
                yield at, words.astype(np.uint32, copy=False)  # swaps on big-endian

    def _checked(self, name, array):
        shape, dtype = np.shape(array), getattr(array, "dtype", type(array).__name__)
        if len(shape) != 2 or shape[1] != self.n or dtype != np.complex64:
            raise ValueError(
                f"{name} is {dtype} of shape {shape}, expected complex64 [batch, "
                f"{self.n}]"
            )
        return array

    def _sub_key(self, secret, salt, purpose):
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        info = f"gr-advphy keying 1, {purpose}, {self.transform}, {self.reals} reals"
        return HKDF(SHA256(), 32, salt=salt, info=info.encode()).derive(secret)


def draw_nonce() -> bytes:
    """Return a nonce that nobody has used: 96 random bits of the system."""
    return os.urandom(NONCE_BYTES)


def checked_nonce(nonce) -> bytes:
    """Return the bytes of a nonce; "none" stands for no bytes; or raise ValueError."""
    nonce = b"" if nonce == "none" else nonce
    if not isinstance(nonce, bytes) or len(nonce) not in (0, NONCE_BYTES):
        raise ValueError(f"nonce must be 12 bytes, 'none' or None, got {nonce!r}")
    return nonce


def given_nonce(nonce) -> bytes:
    """Return checked_nonce, no bytes for None; a nonce without bytes is refused."""
    return b"" if nonce is None else checked_nonce(nonce or None)


def require_secret(secret) -> None:
    """Raise ValueError unless a secret is 32 bytes."""
    if not isinstance(secret, bytes) or len(secret) != SECRET_BYTES:
        size = f"{len(secret)} " if isinstance(secret, bytes) else ""
        got = size + type(secret).__name__
        raise ValueError(
            f"secret must be {SECRET_BYTES} bytes, got {got}; make a file with "
            "secret_file.create and read it with secret_file.read"
        )


def _segments(first, count):
    """Yield (begin, end, nonce number, position of begin) for the rows 0..count."""
    begin = 0
    while begin < count:
        segment, position = divmod(first + begin, SEGMENT)
        end = min(count, begin + SEGMENT - position)
        yield begin, end, segment, position
        begin = end


def _cipher(key, segment, counter):
    """Return the cipher for a nonce number, starting at a block counter."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

    # The library's nonce is the counter followed by the 12-byte nonce of RFC 8439.
    nonce = counter.to_bytes(4, "little") + segment.to_bytes(8, "little") + bytes(4)
    return Cipher(ChaCha20(key, nonce), mode=None).encryptor()
