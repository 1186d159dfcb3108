# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples become counts: synchronize, decide, compare with what was sent.

What was sent is re-created from seed and index, so a recording and the receiver that
heard the same samples count the same.
"""

import math
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.files.images import load as load_images
from advphy_model.link import decision
from advphy_model.link.arn import BobModule
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.image_quality import error_sums
from advphy_model.modem.synchronizer import ReceivedFrame, Synchronizer
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.randomness import checked_seed, messages


def count_blocks(decided, sent, erased=None) -> tuple:
    """Return (block_errors, erasures) of decided messages, uint8 [blocks].

    Args:
        decided: messages, uint8 [blocks].
        sent: messages, uint8 [blocks].
        erased: flags of the blocks that were not decided, or None: all were.
    """
    if erased is None:
        return kernels.count_differences(decided, sent), 0
    erased = np.asarray(erased, bool)
    errors = int(np.count_nonzero((decided != sent) & ~erased))
    return errors, int(np.count_nonzero(erased))


@dataclass(frozen=True)
class FrameScore:
    """What was counted in a frame that arrived.

    Args:
        received: ReceivedFrame.
        block_errors: blocks decided for a wrong message; None of a semantic link.
        erasures: blocks not decided.
        squared_error: of the images over all pixels, not erased; None of a link model.
    """

    received: ReceivedFrame
    block_errors: int | None
    erasures: int
    squared_error: float | None = None

    @property
    def blocks(self) -> int:
        """Return the blocks of the frame."""
        return self.received.header.codewords

    def as_row(self) -> dict:
        """Return plain values for a table."""
        heard = {"number": self.received.header.number}
        for name in "index missed snr_db cfo clock_ppm".split():
            heard[name] = getattr(self.received, name)
        names = "blocks block_errors erasures squared_error".split()
        counted = {name: getattr(self, name) for name in names}
        return heard | counted | {"intact": self.received.intact}


class Scorer:
    """Count what samples bring.

    Args:
        model: link model or semantic link.
        frame: Frame, the sender's.
        seed: of the messages.
        first_frame: number of the first frame sent; None: not known.
        images: Images or the name of a data set; of a semantic link only.
        secret: 32 bytes of a keyed semantic link.

    Raises:
        ValueError: naming what does not fit.
    """

    def __init__(
        self, model, frame, seed=1, first_frame=None, images=None, secret=None
    ):
        self._synchronizer = Synchronizer(frame, model, first_frame=first_frame)
        self.semantic = isinstance(model, SemanticLink)
        self.frames = []
        if self.semantic:
            self._score = ImageScorer(model, load_images(images), secret).score
        else:
            self._seed, self._k = checked_seed(seed), model.k
            self._decision = decision.decider(model)
            self._score = self._messages

    def push(self, samples) -> list:
        """Take samples, complex64; return the FrameScores that they completed."""
        codewords, received = self._synchronizer.push(samples)
        found = []
        for frame in received:
            begin = frame.first_codeword
            y = codewords[begin : begin + frame.header.codewords]
            found.append(FrameScore(frame, *self._score(y, frame)))
        self.frames += found
        return found

    def _messages(self, y, frame):
        decided, erased = (np.empty(len(y), np.uint8) for _ in range(2))
        any_erased = self._decision.decide(y, decided, erased)
        sent = messages(self._seed, frame.index, len(y), self._k)
        return count_blocks(decided, sent, erased if any_erased else None)

    @property
    def counts(self) -> dict:
        """Return those of the Synchronizer and the sums over the frames, so far.

        blocks, erasures, and block_errors or, of a semantic link, squared_error.
        """
        names = ["blocks", "erasures"]
        names.append("squared_error" if self.semantic else "block_errors")
        sums = {name: sum(getattr(f, name) for f in self.frames) for name in names}
        return self._synchronizer.counts | sums

    @property
    def means(self) -> dict:
        """Return snr_db (of the mean SNR), cfo and clock_ppm; empty without a frame."""
        received = [frame.received for frame in self.frames]
        if not received:
            return {}
        snr = np.mean([10 ** (frame.snr_db / 10) for frame in received])
        return {
            "snr_db": 10 * math.log10(snr),
            "cfo": float(np.mean([frame.cfo for frame in received])),
            "clock_ppm": float(np.mean([frame.clock_ppm for frame in received])),
        }


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
        sums = error_sums(errors)
        return None, sums["erasures"], sums["squared_error"]

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


def score(recording, model, frame, along=iter, **settings) -> Scorer:
    """Return the Scorer that has taken a whole recording; settings as Scorer's.

    Args:
        recording: Recording.
        model: the link.
        frame: Frame.
        along: is given the pieces of samples and returns them, to show how far.
        settings: as Scorer's.
    """
    scorer = Scorer(model, frame, **settings)
    for samples in along(recording.pieces()):
        scorer.push(samples)
    return scorer
