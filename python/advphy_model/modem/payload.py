# SPDX-License-Identifier: GPL-3.0-or-later
"""Payload of a link: bytes as messages of k bits, and a PDU in the messages of a burst.

A PDU (protocol data unit) is a packet of bytes. In a burst it is

    length (2 bytes) | bytes of the PDU | CRC-32 of both (4 bytes) | zeros

with numbers in big endian. All messages are whitened with those of a fixed seed at the
same index, so that a link is used as it was trained: each message equally often.
"""

import zlib

import numpy as np

from advphy_model.checked_values import checked_kind
from advphy_model.modem.frame import Frame
from advphy_model.randomness import messages as random_messages

WHITENING_SEED = 0x5041594C4F4144  # "PAYLOAD"; both ends have it
_LENGTH, _CRC = 2, 4  # bytes


def whitened(messages, first_index: int, k: int) -> np.ndarray:
    """Return messages exclusive-or those of the whitening; twice gives them back."""
    return messages ^ random_messages(WHITENING_SEED, first_index, len(messages), k)


def grouped(bits, k: int) -> np.ndarray:
    """Return bits, uint8 [k * messages], as messages, the first bit highest."""
    return np.packbits(bits.reshape(-1, k), axis=1)[:, 0] >> np.uint8(8 - k)


def bits_of(messages, k: int) -> np.ndarray:
    """Return the bits of messages, uint8 [k * messages]."""
    return np.unpackbits(messages[:, None], axis=1)[:, 8 - k :].reshape(-1)


def room(frame: Frame, k: int) -> int:
    """Return the most bytes of a PDU in a burst; ValueError if not a Frame, or none."""
    checked_kind("frame", frame, Frame, "advphy.Frame.of_model(...)")
    found = frame.codewords * k // 8 - _LENGTH - _CRC
    if found < 1:
        raise ValueError(
            f"frame: a burst of {frame.codewords} messages of {k} bits has no room for "
            f"a PDU; raise codewords to at least {-(-8 * (_LENGTH + _CRC + 1) // k)}"
        )
    return found


def wrapped(pdu: bytes, frame: Frame, k: int) -> np.ndarray:
    """Return messages with a PDU, uint8 [codewords]; ValueError if it is too long."""
    if len(pdu) > (most := room(frame, k)):
        raise ValueError(
            f"a PDU has {len(pdu)} bytes, but a burst of {frame.codewords} messages of "
            f"{k} bits has room for {most}; raise codewords of the frame, or split it"
        )
    content = len(pdu).to_bytes(_LENGTH, "big") + pdu
    content += zlib.crc32(content).to_bytes(_CRC, "big")
    bits = np.zeros(frame.codewords * k, np.uint8)
    bits[: 8 * len(content)] = np.unpackbits(np.frombuffer(content, np.uint8))
    return grouped(bits, k)


def unwrapped(messages, k: int):
    """Return the PDU in the messages of a burst, or None if its CRC-32 is wrong."""
    content = np.packbits(bits_of(messages, k)).tobytes()
    end = _LENGTH + int.from_bytes(content[:_LENGTH], "big")
    crc = zlib.crc32(content[:end]).to_bytes(_CRC, "big")
    return content[_LENGTH:end] if content[end : end + _CRC] == crc else None
