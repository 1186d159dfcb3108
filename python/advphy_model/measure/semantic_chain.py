# SPDX-License-Identifier: GPL-3.0-or-later
"""A semantic link without GNU Radio: one transmitter, Bob's branch and Eve's."""

import dataclasses
import threading
import typing
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from advphy_model import kernels
from advphy_model.air.channels import channel
from advphy_model.files.images import Images, require_shape
from advphy_model.link.arn import AliceModule, BobModule, keying_of
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.image_quality import error_sums
from advphy_model.measure.semantic_counts import BRANCHES, SemanticCounts
from advphy_model.network.packed_network import PackedNetwork, classifier
from advphy_model.power import energy, snr_noise_variance
from advphy_model.randomness import checked_index, checked_seed

_TILE = 512  # frames at once: what a tile needs stays in a core's cache
EVE_SEED = 1  # Eve's noise has this seed more than Bob's: both are independent


@dataclass(frozen=True)
class SemanticSetting:
    """What is sent, through what, to whom.

    Args:
        link: SemanticLink.
        images: Images; frame i is image i modulo their number.
        snr_db: Bob's SNR in dB.
        eve_snr_db: Eve's SNR in dB.
        eve: Eve, or None.
        alice: whether Alice's module is in, where the link has one.
        branches: which of BRANCHES to measure.
        secret: 32 bytes for a keyed link.
        bob_secret: another one for Bob, to see what a wrong key gives; None: the same.
        seed: of Bob's noise; Eve's is seed + EVE_SEED.
        kind: a channel (air/channels).

    Raises:
        ValueError: naming what does not fit.
    """

    link: SemanticLink
    images: Images
    snr_db: float
    eve_snr_db: float
    eve: Eve | None = None
    alice: bool = True
    branches: tuple = BRANCHES
    secret: bytes | None = field(default=None, repr=False)
    bob_secret: bytes | None = field(default=None, repr=False)
    seed: int = 1
    kind: str = "awgn"

    step: typing.ClassVar = 32 * _TILE  # frames that a thread takes at once

    def __post_init__(self):
        require_shape(self.images, self.link.image_shape)
        for snr_db in (self.snr_db, self.eve_snr_db):
            snr_noise_variance(snr_db)  # refuses what is no SNR
        for seed in (self.seed, self.seed + EVE_SEED):
            checked_seed(seed)
        channel(self.kind)  # refuses what is not known
        for branch in self.branches:
            if branch not in BRANCHES:
                raise ValueError(
                    f"branch '{branch}' is not known; choose from {', '.join(BRANCHES)}"
                )
        if self.pair != "none":
            for secret in (self.secret, self.bob_secret or self.secret):
                keying_of(self.link, secret)  # refuses a secret that is missing
        if self.eve is not None:
            self.eve.require_fit(self.link)
            if "eve" in self.branches:
                self.images.labeled()

    @cached_property
    def _hashes(self):
        """Return the hashes of link and Eve, which take as long as a hundred frames."""
        return self.link.sha256, "" if self.eve is None else self.eve.sha256

    @property
    def model(self) -> SemanticLink:
        """Return the link."""
        return self.link

    @property
    def measured(self) -> tuple:
        """Return the branches that there is something to measure of."""
        present = {
            "bob": True,
            "bob_without": self.link.hides and self.alice,
            "eve": self.eve is not None,
        }
        return tuple(branch for branch in self.branches if present[branch])

    @property
    def pair(self) -> str:
        """Return what Alice sends through, as the rows name it."""
        if not (self.alice and self.link.hides):
            return "none"
        return "learned" if self.link.keying == "none" else self.link.keying

    def rows(self, engine: str, first: int) -> tuple:
        """Return a row for each branch that is measured, with nothing counted."""
        checked_index("first_frame", first)
        return tuple(self._row(branch, engine, first) for branch in self.measured)

    def _row(self, branch, engine, first):
        eve = self.eve if branch == "eve" else None
        return SemanticCounts(
            link=self.link.name,
            engine=engine,
            images=self.images.name,
            branch=branch,
            pair=self.pair,
            snr_db=float(self.eve_snr_db if branch == "eve" else self.snr_db),
            seed=self.seed,
            first_frame=first,
            pixels=self.link.pixels,
            reals=self.link.reals,
            model_sha256=self._hashes[0],
            eve="none" if eve is None else eve.name,
            eve_sha256="" if eve is None else self._hashes[1],
            **SemanticCounts.nothing(),
        )

    def of(self, rows):
        """Return the setting with the branches of some of its rows."""
        return dataclasses.replace(self, branches=tuple(row.branch for row in rows))

    def items(self, blocks: int) -> int:
        """Return how many items hold so many blocks."""
        return blocks

    def count(self, first: int, begin: int, end: int) -> tuple:
        """Return the sums of frames first + begin .. first + end - 1 by branch."""
        return _chain(self).sums(first + begin, end - begin)


_own = threading.local()  # a thread's chain, and the setting that it is of


def _chain(setting):
    """Return this thread's chain of a setting."""
    if getattr(_own, "setting", None) is not setting:
        _own.setting, _own.chain = setting, _Chain(setting)
    return _own.chain


class _Chain:
    """One thread's buffers, and the link on one tile after another."""

    def __init__(self, setting):
        link, images = setting.link, setting.images
        self._setting = setting
        self._pixels, self._labels = images.as_reals(), images.labels
        self._encoder = PackedNetwork(link.encoder, complex_output=True)
        self._decoder = PackedNetwork(link.decoder, complex_input=True)
        inserted = setting.pair != "none"
        secret, bobs = setting.secret, setting.bob_secret or setting.secret
        self._alice = AliceModule(link, secret) if inserted else None
        self._bob = BobModule(link, bobs) if inserted else None
        self._classifier = (
            classifier(setting.eve.networks["classifier"]) if setting.eve else None
        )
        self._apply = channel(setting.kind)
        n = link.n
        self._x, self._sent, self._y, self._clean = (
            np.empty((_TILE, n), np.complex64) for _ in range(4)
        )
        self._decoded = np.empty((_TILE, link.pixels), np.float32)
        self._errors = np.empty(_TILE)
        self._read, self._erased = (np.empty(_TILE, np.uint8) for _ in range(2))

    def sums(self, first, frames):
        """Return the sums of a range of frames, a dictionary for each branch."""
        total = [SemanticCounts.nothing() for _ in self._setting.measured]
        for at, which in self._tiles(first, frames):
            for sums, more in zip(total, self._tile(at, which), strict=True):
                for name, value in more.items():
                    sums[name] += value
        return tuple(total)

    def _tiles(self, first, frames):
        """Yield (index of the first frame, numbers of the images) of each tile."""
        for at in range(first, first + frames, _TILE):
            end = min(at + _TILE, first + frames)
            yield at, np.arange(at, end) % len(self._pixels)

    def _tile(self, first, which):
        pixels = self._pixels[which]
        x, sent = self._send(pixels, first)
        energies = {
            "signal_energy": energy(x),
            "perturbation_energy": energy(sent - x),
            "transmit_energy": energy(sent),
        }
        found = []
        for branch in self._setting.measured:
            if branch == "eve":
                sums = self._eve(sent, first, self._labels[which])
            else:
                sums = self._bob_sums(sent, first, pixels, branch)
            found.append({"frames": len(which), **energies, **sums})
        return found

    def _send(self, pixels, first):
        """Return (codes, what Alice sends) of images."""
        x, sent = self._x[: len(pixels)], self._sent[: len(pixels)]
        self._encoder.run(pixels, x)
        if self._alice is not None:
            self._alice.run(x, first, sent)
        else:
            sent[:] = x
        return x, sent

    def record(self, first, out):
        """Write what Eve receives of the frames from first on to out."""
        for at, which in self._tiles(first, len(out)):
            _, sent = self._send(self._pixels[which], at)
            out[at - first :][: len(which)] = self._eve_hears(sent, at)

    def signal_energy(self, first, frames):
        """Return the sum of ||x||^2 over the codes of frames."""
        total_energy = 0.0  # not by sum(), which rounds otherwise since Python 3.12
        for at, which in self._tiles(first, frames):
            total_energy += energy(self._send(self._pixels[which], at)[0])
        return total_energy

    def _receive(self, sent, first, seed, snr_db):
        y = self._y[: len(sent)]
        variance = snr_noise_variance(snr_db)
        self._apply(sent, y, seed=seed, first_block=first, noise_variance=variance)
        return y

    def _eve_hears(self, sent, first):
        setting = self._setting
        return self._receive(sent, first, setting.seed + EVE_SEED, setting.eve_snr_db)

    def _bob_sums(self, sent, first, pixels, branch):
        setting, size = self._setting, len(sent)
        y = self._receive(sent, first, setting.seed, setting.snr_db)
        if branch == "bob" and self._bob is not None:
            clean = self._clean[:size]
            self._bob.run(y, first, clean)
            y = clean
        decoded, errors = self._decoded[:size], self._errors[:size]
        self._decoder.run(y, decoded)
        kernels.squared_error(decoded, pixels, errors)
        return error_sums(errors)

    def _eve(self, sent, first, labels):
        y, size = self._eve_hears(sent, first), len(sent)
        read, erased = self._read[:size], self._erased[:size]
        erasures = self._classifier.decide(y, read, erased)
        right = (read == labels) & (erased == 0)
        return {"erasures": erasures, "correct": int(np.count_nonzero(right))}


def record(setting: SemanticSetting, frames: int, first_frame: int = 0) -> np.ndarray:
    """Return what Eve receives, complex64 [frames, n]: her recording."""
    checked_index("frames", frames)
    checked_index(
        "first_frame + frames", checked_index("first_frame", first_frame) + frames
    )
    out = np.empty((frames, setting.link.n), np.complex64)
    _chain(setting).record(first_frame, out)
    return out


def signal_energy(setting: SemanticSetting, frames: int, first_frame: int = 0) -> float:
    """Return the sum of ||x||^2 over the codes of frames, before Alice's module."""
    return _chain(setting).signal_energy(first_frame, frames)


def total(setting: SemanticSetting, frames: int, first_frame: int = 0, workers=None):
    """Return {branch: SemanticCounts} of frames, counted in this process."""
    rule = StopRule(min_errors=None, max_blocks=frames)
    rows = ranges.total(setting, rule, first_frame, workers)
    return {row.branch: row for row in rows}
