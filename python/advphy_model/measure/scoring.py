# SPDX-License-Identifier: GPL-3.0-or-later
"""Error counts of received samples: synchronize, decide, compare with the messages.

The transmitted messages are computed from seed and index, so a recording gives the same
counts as the receiver of the same samples.
"""

import math
import time
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.files.images import load as load_images
from advphy_model.link import decision
from advphy_model.link.received_keys import ReceivedKeys
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.image_quality import error_sums
from advphy_model.measure.link_chain import count_blocks
from advphy_model.modem.header import SeedGate
from advphy_model.modem.synchronizer import ReceivedFrame, Synchronizer
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.randomness import checked_seed, messages


@dataclass(frozen=True)
class FrameScore:
    """Counts of one received burst."""

    received: ReceivedFrame
    # Blocks decided for a wrong message; None for a semantic link.
    block_errors: int | None
    erasures: int  # blocks not decided
    # Sum over all pixels of images not erased; None for a link model.
    squared_error: float | None = None

    @property
    def blocks(self) -> int:
        """Return the number of blocks in the burst."""
        return self.received.header.codewords

    def as_row(self) -> dict:
        """Return plain values for a table."""
        received = ("index", "missed", "snr_db", "cfo", "clock_ppm")
        own = ("blocks", "block_errors", "erasures", "squared_error")
        row = {"number": self.received.header.number}
        row |= {name: getattr(self.received, name) for name in received}
        row |= {name: getattr(self, name) for name in own}
        return row | {"intact": self.received.intact}


class Scorer:
    """Counter of the errors in a stream of samples.

    Args:
        model: link model or semantic link.
        frame: Frame of the transmitter.
        seed: seed of the messages.
        first_frame: number of the first transmitted burst; None: not known.
        images: Images or the name of a data set, for a semantic link.
        secret: 32 bytes for a keyed semantic link, or for keyed bursts of other links.
        swap_iq: whether I and Q of the samples are exchanged.
        nonce: "none" for a keyed semantic link without one, as of version 0.5, or None.
        clock: see Synchronizer.

    Bursts of another link, and of another seed if they are not the first, are left out.

    Raises ValueError if the images do not match the link, or the secret is missing;
    push() does if the first burst is of another seed.
    """

    def __init__(
        self,
        model,
        frame,
        seed=1,
        first_frame=None,
        images=None,
        secret=None,
        swap_iq=False,
        nonce=None,
        clock=time.time,
    ):
        more = {"first_frame": first_frame, "swap_iq": swap_iq}
        keyed, self._key_counts = getattr(model, "keying", "none") != "none", {}
        if not keyed:
            more |= {"secret": secret, "clock": clock}
        self._synchronizer = Synchronizer(frame, model, **more)
        self.semantic = isinstance(model, SemanticLink)
        self.frames = []
        if self.semantic:
            scorer = ImageScorer(model, load_images(images), secret, nonce)
            self._score = scorer.score
            self._key_counts = scorer.keys.counts if keyed else {}
        else:
            self._seed, self._k = checked_seed(seed), model.k
            self._gate = SeedGate(seed)
            self._decision = decision.decider(model)
            self._score = self._messages

    def push(self, samples) -> list:
        """Process samples, complex64; return the FrameScores of complete bursts."""
        codewords, received = self._synchronizer.push(samples)
        found = []
        for frame in filter(self._admits, received):
            y = codewords[frame.first_codeword :][: frame.header.codewords]
            found.append(FrameScore(frame, *self._score(y, frame)))
        self.frames += found
        return found

    def _admits(self, frame):
        header = frame.header
        return self.semantic or self._gate.admits(header.seed_check, header.number)

    def _messages(self, y, frame):
        decided, erased = np.empty((2, len(y)), np.uint8)
        self._decision.decide(y, decided, erased)
        sent = messages(self._seed, frame.index, len(y), self._k)
        return count_blocks(decided, sent, erased)

    @property
    def hint(self) -> str:
        """Return the hint of the Synchronizer, or an empty text."""
        return self._synchronizer.hint

    @property
    def counts(self) -> dict:
        """Return the counts of the Synchronizer and the sums over all bursts so far.

        They are blocks, erasures, and block_errors or (semantic links) squared_error;
        of_another_seed counts bursts that are left out. Those of a keyed link include
        the counts of ReceivedKeys.
        """
        names = ["blocks", "erasures"]
        names.append("squared_error" if self.semantic else "block_errors")
        sums = {name: sum(getattr(f, name) for f in self.frames) for name in names}
        if not self.semantic and self._gate.left_out:
            sums["of_another_seed"] = self._gate.left_out
        return self._synchronizer.counts | sums | self._key_counts

    @property
    def means(self) -> dict:
        """Return snr_db (of the mean SNR), cfo and clock_ppm; empty without bursts."""
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
    """Bob's decoder with the squared error of its images; see Scorer.

    Bob's module is used for bursts whose header reports Alice's module as active.
    """

    def __init__(self, link, images, secret=None, nonce=None):
        self._pixels = images.as_reals()
        if self._pixels.shape[1] != link.pixels:
            raise ValueError(
                f"images '{images.name}' have {self._pixels.shape[1]} pixels, link "
                f"'{link.name}' decodes {link.pixels}; give the transmitted images"
            )
        self._link = link
        self._decoder = PackedNetwork(link.decoder, complex_input=True)
        self.keys = ReceivedKeys(link, secret, nonce) if link.hides else None

    def score(self, y, frame) -> tuple:
        """Return (None, erasures, squared error) of codes, complex64 [codewords, n]."""
        if self.keys is not None:
            check = frame.header.key_check
            self.keys.take(frame.index, frame.nonce, check and check.hex())
            if frame.header.inserted:
                received, y = y, np.empty_like(y)
                self.keys.reveal(received, y)
            else:
                self.keys.skip(len(y))
        decoded = np.empty((len(y), self._link.pixels), np.float32)
        self._decoder.run(y, decoded)
        which = np.arange(frame.index, frame.index + len(y)) % len(self._pixels)
        errors = np.empty(len(y))
        kernels.squared_error(decoded, self._pixels[which], errors)
        sums = error_sums(errors)
        return None, sums["erasures"], sums["squared_error"]


def score(recording, model, frame, along=iter, sent_at=None, **settings) -> Scorer:
    """Return the Scorer(model, frame, **settings) after a whole Recording.

    `along` wraps the iterable of pieces, such as a progress bar, and yields them.
    `sent_at` is the time of the first sample in s since 1970; None: as recorded.

    Raises ValueError if keyed bursts are to be found, but the time is not known.
    """
    pushed = 0

    def clock():
        begun = sent_at
        if begun is None:
            try:
                date = np.datetime64((recording.begun or "NaT").rstrip("Z"), "ms")
            except ValueError:
                date = np.datetime64("NaT")
            if np.isnat(date):
                raise ValueError(
                    f"{recording.meta} has no core:datetime that is a date, but keyed "
                    "bursts are found by their time; give it with sent_at (commands: "
                    "--sent-at)"
                )
            begun = date.astype(float) / 1e3
        return begun + pushed / recording.sample_rate

    scorer = Scorer(model, frame, clock=clock, **settings)
    for samples in along(recording.pieces()):
        scorer.push(samples)
        pushed += len(samples)
    return scorer
