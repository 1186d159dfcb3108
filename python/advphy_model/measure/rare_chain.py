# SPDX-License-Identifier: GPL-3.0-or-later
"""The aligned link with rare errors, by importance sampling."""

import functools
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from advphy_model.air.adversary import SIGNS
from advphy_model.air.channels import impairments
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link.decision import decider
from advphy_model.link.nearest_errors import nearest_errors
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.measure.proposal import Proposal
from advphy_model.measure.rare_counts import RareCounts
from advphy_model.power import noise_sigma
from advphy_model.randomness import noise, words

_FARTHEST = 25  # deviations of the noise; beyond, the squares of weights underflow
_LONGEST_BOOK = 256  # rows; each must be drawn often enough
_MOST_USES = 256  # channel uses of a codeword, for the memory of a tile
_TILE = 16384  # blocks
_TRIED = 256  # blocks per message from which its probability in the proposal follows
_ELSEWHERE = 2**47  # index of the first of these, so that no measurement counts them

_decider = functools.lru_cache(8)(decider)
_searching = threading.Lock()  # the other threads wait for the result


@dataclass(frozen=True)
class RareSetting(LinkSetting):
    """An aligned link whose errors are rare, at one Eb/N0 and with one adversary.

    Messages and noise are drawn from a Proposal. Random signs, shifts, phases and rows
    of a book are drawn as on the air; of a Rayleigh gain, small values are drawn more
    often. The first count searches for errors: a second for 16 messages.

    Args:
        model, ebn0_db, seed, attack: see LinkSetting.
        canceller: None.
        channel: "awgn", or "rayleigh_block(coherent=True)" with one gain per codeword.

    Raises ValueError if a value is out of range or does not match the link, or rare
    errors cannot be drawn.
    """

    schema: ClassVar = RareCounts

    def __post_init__(self):
        super().__post_init__()
        if self.model.n > _MOST_USES:
            _refuse(f"n = {self.model.n}", f"is above {_MOST_USES}", "choose less")
        if self.canceller is not None:
            _refuse("a canceller", "decides many blocks together", "omit --cancel")
        parts = impairments(self.channel)
        if parts and not (
            [part.name for part in parts] == ["rayleigh_block"]
            and parts[0].settings.coherent
            and parts[0].settings.coherence in (0, self.model.n)
        ):
            what = "is not awgn or rayleigh_block(coherent=True) with a gain per block"
            _refuse(f"channel '{self.channel}'", what, "choose one of these")
        if self.attack is not None:
            _require_drawable(self.attack)

    def count(self, first: int, begin: int, end: int) -> tuple:
        """Return the totals of blocks first + begin .. first + end - 1."""
        tiles = range(begin, end, _TILE)
        found = [self._weights(first + at, min(_TILE, end - at)) for at in tiles]
        weights = np.concatenate(found)
        sums = weights.sum(), (weights**2).sum(), weights.max(initial=0.0)
        totals = end - begin, len(weights), *map(float, sums)
        return (dict(zip(RareCounts.SUMS, totals, strict=True)),)

    def _weights(self, first, blocks):
        """Return the weights of the errors of blocks from first on."""
        proposal, uniform = self.proposal, self._uniform(first, blocks)
        sent = proposal.sent(uniform[:, 0])
        centers, weights = self._centers(sent, first, uniform[:, 2:])
        offsets = centers - self._errors[0][sent]
        moved = to_reals(noise(self.seed, first, blocks, self.model.n)).astype(float)
        for s in np.unique(sent):
            here = np.flatnonzero(sent == s)
            some = offsets[here if self._varies else here[:1]]
            moved[here], more = proposal.draw(s, some, uniform[here, 1], moved[here])
            weights[here] *= more
        y = to_complex(centers + self._sigma * moved)
        decided, erased = np.empty((2, blocks), np.uint8)
        _decider(self.model).decide(y, decided, erased)
        return weights[(decided != sent) | (erased == 1)]

    @cached_property
    def proposal(self) -> Proposal:
        """Return the distribution of messages and noise."""
        origins, errors = self._errors
        offsets = np.zeros((self.model.M, 1, 2 * self.model.n))
        if self._varies:
            sent = np.repeat(np.arange(self.model.M, dtype=np.uint8), _TRIED)
            uniform = self._uniform(_ELSEWHERE, len(sent))[:, 2:]
            tried = self._centers(sent, _ELSEWHERE, uniform)[0]
            offsets = tried.reshape(self.model.M, _TRIED, -1) - origins[:, None]
        made = Proposal(errors, self._sigma, offsets)
        if made.nearest > _FARTHEST and not self._fades:
            raise ValueError(
                f"ebn0_db = {self.ebn0_db:g}: the nearest error of '{self.model.name}' "
                f"is {made.nearest:.0f} deviations of the noise away, must be at most "
                f"{_FARTHEST}; choose a lower Eb/N0"
            )
        return made

    def __getstate__(self):
        """Return the attributes with the proposal, so that workers need not search."""
        return {"proposal": self.proposal} | vars(self)

    @property
    def _varies(self):
        """Return whether p or the gain differs between blocks of a message."""
        return self._fades or _is_drawn(self.attack)

    @property
    def _fades(self):
        return self.channel != "awgn"

    @property
    def _sigma(self):
        return noise_sigma(self.ebn0_db, self.model.rate)

    @cached_property
    def _errors(self):
        """Return (origins as reals [M, 2n], displacements of each message)."""
        with _searching:
            fixed = None if _is_drawn(self.attack) else self.attack
            return _nearest_errors(self.model, fixed)

    @cached_property
    def _gains(self):
        """Return (rates, probabilities) of a mixture for squared Rayleigh gains.

        E[Q(r |h|)] over a Rayleigh gain h has an integrand that falls as
        exp(-(1 + r^2 / 2) |h|^2), where r is the distance to the nearest error. Half of
        the gains have this rate; the others one of the powers of 10 down to 1, since a
        network may err without noise where a codeword is scaled.
        """
        squared = min((d**2).sum(axis=1).min() for d in self._errors[1] if len(d))
        fastest = 1 + squared / self._sigma**2 / 2
        slower = 10.0 ** np.arange(max(1, np.ceil(np.log10(fastest))))
        shares = np.append(np.full(len(slower), 0.5 / len(slower)), 0.5)
        return np.append(slower, fastest), shares

    def _uniform(self, first, blocks):
        """Return four uniform numbers for each block, float64 [blocks, 4]."""
        return (words(self.seed, "messages", first, blocks) + 0.5) / 2**32

    def _centers(self, sent, first, uniform):
        """Return (received vectors without noise as reals, weights of the gains)."""
        x, weights = self.model.codebook[sent], np.ones(len(sent))
        if self._fades:
            rates, shares = self._gains
            chosen = np.searchsorted(np.cumsum(shares)[:-1], uniform[:, 0])
            power = -np.log(uniform[:, 1]) / rates[chosen]
            weights = 1 / (np.exp(-np.outer(power, rates - 1)) @ (shares * rates))
            x = np.sqrt(power)[:, None] * x
        return _received(self.attack, sent, first, x), weights


def _received(attack, sent, first, x):
    """Return x + p of blocks with messages `sent` as float64 [blocks, 2n]."""
    p = np.zeros(x.shape, np.complex64)
    if attack is not None:
        attack.write(sent, first, p)
    return to_reals(x + p).astype(float)


@functools.lru_cache(8)
def _nearest_errors(model, attack):
    sent = np.arange(model.M, dtype=np.uint8)
    origins = _received(attack, sent, 0, model.codebook)
    return origins, nearest_errors(model, to_complex(origins))


def _is_drawn(attack):
    """Return whether p differs between blocks with the same message."""
    if attack is None:
        return False
    random = "random" in (attack.shift, attack.phase, attack.frequency_offset)
    return random or attack.sign in SIGNS or attack.perturbation.kind == "book"


def _require_drawable(attack):
    """Raise ValueError for an adversary whose strong perturbations are rare."""
    kind, rows = attack.perturbation.kind, len(attack.perturbation.rows)
    if kind == "jammer":
        _refuse("a jammer", "is strong in few blocks", "choose a lower Eb/N0 instead")
    if attack.fading != "none":
        _refuse("fading of p", "is strong in few blocks", "choose a higher PSR instead")
    if kind == "book" and rows > _LONGEST_BOOK:
        fewer = f"choose a book of at most {_LONGEST_BOOK}"
        _refuse(f"a book of {rows}", "has rows that are drawn too rarely", fewer)
    turns = attack.frequency_offset not in (0, "random")
    if turns or attack.hold > 1 or attack.off_blocks:
        what = "a frequency offset, hold, or off_blocks"
        _refuse(what, "makes blocks depend on each other", "omit it")


def _refuse(what, why, remedy):
    raise ValueError(f"rare errors: {what} {why}; {remedy}, or count without --rare")
