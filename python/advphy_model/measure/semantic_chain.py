# SPDX-License-Identifier: GPL-3.0-or-later
"""A semantic link without GNU Radio: transmitter and the branches of Bob and Eve."""

import dataclasses
import typing
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from advphy_model import kernels
from advphy_model.air.channels import channel
from advphy_model.air.image_adversary import ImageAdversary
from advphy_model.files.images import Images, require_shape
from advphy_model.found_by_name import require_known
from advphy_model.link.arn import AliceModule, BobModule, keying_of
from advphy_model.link.eavesdropper import Eve
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.image_quality import error_sums, ssim
from advphy_model.measure.semantic_counts import BRANCHES, SemanticCounts
from advphy_model.network.packed_network import PackedNetwork, classifier
from advphy_model.power import energy, snr_noise_variance
from advphy_model.randomness import checked_index, checked_seed

_TILE = 512  # images per step, so that their data stay in a core's cache
EVE_SEED = 1  # Eve's seed is Bob's plus this, so that their noise is independent


@dataclass(frozen=True)
class SemanticSetting:
    """A semantic link at one SNR for Bob and one for Eve.

    Args:
        link: SemanticLink.
        images: Images; item i is image i modulo their number.
        snr_db: Bob's SNR in dB.
        eve_snr_db: Eve's SNR in dB.
        eve: Eve, or None.
        alice: whether Alice's module is active, if the link has one.
        branches: branches to measure, from BRANCHES.
        secret: 32 bytes for a keyed link.
        bob_secret: another secret for Bob, to measure a wrong key; None: the same.
        nonce: 12 bytes, or none, as in version 0.5: as nothing is sent, the same seed
            always measures the same keys.
        seed: seed of Bob's noise; Eve's is seed + EVE_SEED.
        kind: label of the channel (air/channels).
        attack: ImageAdversary at Bob's receiver, or None; Eve does not receive its p.
        ssim: whether the SSIM of Bob's images is summed, which takes longer.

    Raises ValueError if a value is out of range or does not match the link.
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
    nonce: bytes = b""
    seed: int = 1
    kind: str = "awgn"
    attack: ImageAdversary | None = None
    ssim: bool = False

    step: typing.ClassVar = 32 * _TILE  # images per range of a thread

    def __post_init__(self):
        require_shape(self.images, self.link.image_shape)
        self.link.require_unit_power(self.images)
        for snr_db in (self.snr_db, self.eve_snr_db):
            snr_noise_variance(snr_db)  # checks the range
        for seed in (self.seed, self.seed + EVE_SEED):
            checked_seed(seed)
        channel(self.kind)  # checks the label
        for branch in self.branches:
            require_known("branch", branch, BRANCHES)
        _ = self._key_checks  # checks the secrets
        if self.attack is not None:
            self.attack.require_fit(self.link, self.images)
        if self.ssim:
            one = self.images.as_reals()[:1]
            ssim(one, one, self.link.image_shape)  # checks the size of the images
        if self.eve is not None:
            self.eve.require_fit(self.link)
            if "eve" in self.branches:
                self.images.labeled()

    @cached_property
    def _hashes(self):
        """Return the hashes of link and Eve, cached since they take time."""
        return self.link.sha256, "" if self.eve is None else self.eve.sha256

    @cached_property
    def _key_checks(self):
        """Return the check values of Alice's and Bob's keys of message 0 as a text."""
        if self.pair == "none":
            return ""
        secrets = self.secret, self.bob_secret or self.secret
        keys = [keying_of(self.link, secret, self.nonce) for secret in secrets]
        return " ".join(f"{key.checks(0, 1)[0]:016x}" for key in keys if key)

    @property
    def model(self) -> SemanticLink:
        """Return the link."""
        return self.link

    @property
    def measured(self) -> tuple:
        """Return the branches that can be measured with this setting."""
        absent = set() if self.eve else {"eve"}
        absent |= set() if self.link.hides and self.alice else {"bob_without"}
        return tuple(branch for branch in self.branches if branch not in absent)

    @property
    def pair(self) -> str:
        """Return Alice's module as the rows name it: see SemanticCounts."""
        if not (self.alice and self.link.hides):
            return "none"
        return "learned" if self.link.keying == "none" else self.link.keying

    def rows(self, engine: str, first: int) -> tuple:
        """Return a row for each measured branch, with all sums 0."""
        checked_index("first_frame", first)
        return tuple(self._row(branch, engine, first) for branch in self.measured)

    def _row(self, branch, engine, first):
        eve = self.eve if branch == "eve" else None
        attack = None if branch == "eve" else self.attack
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
            attack="none" if attack is None else attack.label,
            attack_psr_db=None if attack is None else round(attack.scaled.psr_db, 4),
            images_sha256=self.images.sha256,
            key_checks=self._key_checks,
            **SemanticCounts.nothing(),
        )

    def of(self, rows):
        """Return the setting restricted to the branches of some of its rows."""
        return dataclasses.replace(self, branches=tuple(row.branch for row in rows))

    def items(self, blocks: int) -> int:
        """Return the number of items for so many blocks."""
        return blocks

    def count(self, first: int, begin: int, end: int) -> tuple:
        """Return the sums of items first + begin .. first + end - 1 by branch."""
        return ranges.chain_of(self, _Chain).sums(first + begin, end - begin)


class _Chain:
    """The buffers of one thread, which runs the link tile by tile."""

    def __init__(self, setting):
        link, images = setting.link, setting.images
        self._setting = setting
        self._pixels, self._labels = images.as_reals(), images.labels
        self._encoder = PackedNetwork(link.encoder, complex_output=True)
        self._decoder = PackedNetwork(link.decoder, complex_input=True)
        inserted = setting.pair != "none"
        secret, bobs = setting.secret, setting.bob_secret or setting.secret
        nonce = setting.nonce
        self._alice = AliceModule(link, secret, nonce) if inserted else None
        self._bob = BobModule(link, bobs, nonce) if inserted else None
        eve = setting.eve
        self._classifier = eve and classifier(eve.networks["classifier"])
        self._apply = channel(setting.kind)
        self._attack = setting.attack and setting.attack.adder(link.reals)
        buffers = np.empty((4, _TILE, link.n), np.complex64)
        self._x, self._sent, self._y, self._clean = buffers
        self._decoded = np.empty((_TILE, link.pixels), np.float32)
        self._errors = np.empty(_TILE)
        self._read, self._erased = np.empty((2, _TILE), np.uint8)

    def sums(self, first, frames):
        """Return the sums of a range of images, a dictionary for each branch."""
        total = [SemanticCounts.nothing() for _ in self._setting.measured]
        for at, which in self._tiles(first, frames):
            for sums, more in zip(total, self._tile(at, which), strict=True):
                for name, value in more.items():
                    sums[name] += value
        return tuple(total)

    def _tiles(self, first, frames):
        """Yield (index of the first item, numbers of the images) of each tile."""
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
                sums = self._bob_sums(sent, first, which, branch)
            found.append({"frames": len(which), **energies, **sums})
        return found

    def _send(self, pixels, first):
        x, sent = self._x[: len(pixels)], self._sent[: len(pixels)]
        self._encoder.run(pixels, x)
        if self._alice is not None:
            self._alice.run(x, first, sent)
        else:
            sent[:] = x
        return x, sent

    def sent(self, first, frames):
        """Yield (index of the first item, codes, what Alice sends) of each tile."""
        for at, which in self._tiles(first, frames):
            yield at, *self._send(self._pixels[which], at)

    def _receive(self, sent, first, seed, snr_db):
        y = self._y[: len(sent)]
        variance = snr_noise_variance(snr_db)
        self._apply(sent, y, seed=seed, first_block=first, noise_variance=variance)
        return y

    def eve_receives(self, sent, first):
        """Return Eve's received vectors in a buffer, from item `first` on."""
        setting = self._setting
        return self._receive(sent, first, setting.seed + EVE_SEED, setting.eve_snr_db)

    def _bob_sums(self, sent, first, which, branch):
        setting, size, pixels = self._setting, len(sent), self._pixels[which]
        y = self._receive(sent, first, setting.seed, setting.snr_db)
        if self._attack is not None:
            self._attack(which, first, y)
        if branch == "bob" and self._bob is not None:
            clean = self._clean[:size]
            self._bob.run(y, first, clean)
            y = clean
        decoded, errors = self._decoded[:size], self._errors[:size]
        self._decoder.run(y, decoded)
        kernels.squared_error(decoded, pixels, errors)
        sums = error_sums(errors)
        if setting.ssim:
            good = np.isfinite(errors)
            values = ssim(decoded[good], pixels[good], setting.link.image_shape)
            sums |= {"ssim_sum": float(values.sum()), "ssim_frames": len(values)}
        return sums

    def _eve(self, sent, first, labels):
        y, size = self.eve_receives(sent, first), len(sent)
        read, erased = self._read[:size], self._erased[:size]
        erasures = self._classifier.decide(y, read, erased)
        right = (read == labels) & (erased == 0)
        return {"erasures": erasures, "correct": int(np.count_nonzero(right))}


def record(setting: SemanticSetting, frames: int, first_frame: int = 0) -> np.ndarray:
    """Return Eve's received vectors for a range of images, complex64 [frames, n]."""
    end = checked_index("first_frame", first_frame) + checked_index("frames", frames)
    checked_index("first_frame + frames", end)
    out = np.empty((frames, setting.link.n), np.complex64)
    chain = ranges.chain_of(setting, _Chain)
    for at, _, sent in chain.sent(first_frame, frames):
        out[at - first_frame :][: len(sent)] = chain.eve_receives(sent, at)
    return out


def signal_energy(setting: SemanticSetting, frames: int, first_frame: int = 0) -> float:
    """Return the sum of ||x||^2 over a range of images, before Alice's module."""
    total_energy = 0.0  # not sum(), which rounds differently since Python 3.12
    for _, x, _ in ranges.chain_of(setting, _Chain).sent(first_frame, frames):
        total_energy += energy(x)
    return total_energy


def total(setting: SemanticSetting, frames: int, first_frame: int = 0, workers=None):
    """Return {branch: SemanticCounts} of a range of images, counted in this process."""
    rule = StopRule(min_errors=None, max_blocks=frames)
    rows = ranges.total(setting, rule, first_frame, workers)
    return {row.branch: row for row in rows}
