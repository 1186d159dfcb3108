# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes of a frame that arrived become images and their squared errors."""

import numpy as np

from advphy_model import kernels
from advphy_model.link.arn import BobModule
from advphy_model.network.packed_network import PackedNetwork


class ImageScorer:
    """Decode as Bob does, his module in where the header says that Alice's is.

    Args:
        link: semantic link.
        images: Images that were sent: frame i is image i modulo their number.
        secret: 32 bytes of a keyed link, or None.

    Raises:
        ValueError: the images do not fit, or the secret is missing.
    """

    def __init__(self, link, images, secret=None):
        self._pixels = images.as_reals()
        if self._pixels.shape[1] != link.pixels:
            raise ValueError(
                f"images '{images.name}' have {self._pixels.shape[1]} pixels, link "
                f"'{link.name}' decodes {link.pixels}; give the ones that were sent"
            )
        self._link = link
        self._decoder = PackedNetwork(link.decoder, complex_input=True)
        self._bob = BobModule(link, secret) if link.hides else None
        self._highest = -1  # of the indices that were used
        self._wrong = False  # the key, by the last header that had a check

    def score(self, y, frame) -> tuple:
        """Return (None, erasures, squared error) of the codes of a frame.

        Args:
            y: complex64 [codewords, n].
            frame: ReceivedFrame.
        """
        if frame.header.inserted and self._bob is not None:
            y = self._revealed(y, frame)
        decoded = np.empty((len(y), self._link.pixels), np.float32)
        self._decoder.run(y, decoded)
        which = np.arange(frame.index, frame.index + len(y)) % len(self._pixels)
        errors = np.empty(len(y))
        kernels.squared_error(decoded, self._pixels[which], errors)
        good = np.isfinite(errors)
        return None, int(len(y) - good.sum()), float(errors[good].sum())

    def _revealed(self, y, frame):
        """Return what Bob's module makes of y: NaN under a wrong or a used key."""
        out, keying = np.empty_like(y), self._bob.keying
        check = frame.header.key_check
        if keying is not None and check is not None:
            self._wrong = not _fits(keying, frame.index, check)
        if keying is not None and (self._wrong or frame.index <= self._highest):
            out[:] = np.nan
            return out
        self._bob.run(y, frame.index, out)
        self._highest = max(self._highest, frame.index + len(y) - 1)
        return out


def _fits(keying, index, check):
    """Tell whether a header's bytes are the first of the check of an index's key."""
    return f"{int(keying.checks(index, 1)[0]):016x}".startswith(check.hex())
