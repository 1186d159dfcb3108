# SPDX-License-Identifier: GPL-3.0-or-later
"""Upper bounds on the BLER under any perturbation of a given power, from clean errors.

The Gaussian noise of the channel is randomized smoothing: if z is standard normal and
an event has probability b, it has at most probability g(b) = Phi(Phi^-1(b) + delta)
after a shift of z by delta = ||p|| / sigma (Neyman and Pearson; a half-space attains
it) [cohen]. It holds for any decision that looks at one block only, and for any p that
does not depend on the noise.

A universal p cannot stand in the worst direction of all errors at once. Let e be 1 at
an error, u a direction and a = <z, u>. Then E[e] = b, E[e a] is at most the norm of
E[e z], and E[e a^2] at most the largest eigenvalue of E[e z z^T], for every u. The
largest mass that such errors can have after a shift along u bounds the BLER under every
universal p. [mohapatra] uses moments of single inputs in the same way.

A decision errs where the nearest codeword errs, too, or where it errs alone. The bound
for the nearest codeword (pair_bound.py) plus g of the rate of the latter is a third
bound, which is the tightest one for good decoders at a high Eb/N0.
"""

import functools
import math

import numpy as np

from advphy_model import randomness
from advphy_model.checked_values import checked_whole
from advphy_model.link import decision
from advphy_model.measure import pair_bound, ranges
from advphy_model.power import noise_sigma, perturbation_norm

CONFIDENCE = 0.95  # of all limits together
_FIRST_BLOCK = 2**41  # no measurement and no attack uses these blocks
_MOST_BLOCKS = 10**10
_TILE = 2**20  # channel uses per range
_MOST_DIMENSIONS = 64  # for second moments
_MOST_SHIFT = 8.0  # delta above which the bound by moments is useless
_CELLS = 2000  # of a


class Certificate:
    """Upper bounds on the BLER at one Eb/N0; with 95 % confidence all hold together.

    Args:
        model: link model.
        ebn0_db: Eb/N0 in dB.
        blocks: smallest number of blocks to count without a perturbation; it is raised
            to a multiple of M, so that each message is sent equally often.
        seed: seed of the noise.
        workers: ranges.Workers; None: count in this thread.

    Attributes:
        errors: block errors and erasures of each message, [M].
        blocks: number of blocks of all messages.
        limits: upper limits of the error rates, whose mean is a limit, too, [M].

    Raises ValueError if ebn0_db or seed is out of range, or blocks is not in 1..1e10.
    """

    def __init__(self, model, ebn0_db, blocks, seed=1, workers=None):
        blocks = checked_whole("blocks", blocks, 1, _MOST_BLOCKS)
        self.model, self.ebn0_db = model, ebn0_db
        self._sigma = noise_sigma(ebn0_db, model.rate)
        share = -(-blocks // model.M)
        self.blocks = share * model.M
        count = functools.partial(self._count, randomness.checked_seed(seed))
        starts = range(0, self.blocks, max(1, _TILE // model.n))
        parts = zip(*ranges.in_order(count, starts, workers), strict=True)
        self.errors, alone, first, second = map(sum, parts)
        lost = (1 - CONFIDENCE) / 8  # half for the messages, one for each other limit
        limits = _limit(self.errors, share, 4 * lost / model.M)
        mean, self._alone = _limit([self.errors.sum(), alone], self.blocks, lost)
        if model.decision == "nearest_codeword":  # no counts are needed
            unions = pair_bound.union_bounds(model.codebook, self._sigma)
            limits, self._alone = np.minimum(limits, unions), 0.0
        self.limits = _evened(limits, mean)
        self._moments = None
        if 2 * model.n <= _MOST_DIMENSIONS:
            self._moments = _moments(first, second, self.blocks, lost)

    def _count(self, seed, start):
        """Count the blocks from start on.

        Returns errors of each message [M], errors where the nearest codeword is right,
        and the sums of z and z z^T over the errors.
        """
        model = self.model
        size = min(max(1, _TILE // model.n), self.blocks - start)
        sent = (np.arange(start, start + size) % model.M).astype(np.uint8)
        z = randomness.noise(seed, _FIRST_BLOCK + start, size, model.n)
        y = model.codebook[sent] + np.float32(self._sigma) * z
        decided, nearest, erased = np.empty((3, size), np.uint8)
        decider, twin = _deciders(model)
        twin.decide(y, nearest, erased)
        decider.decide(y, decided, erased)
        wrong = (decided != sent) | (erased == 1)
        errors = np.bincount(sent[wrong], minlength=model.M)
        alone = int(np.sum(wrong & (nearest == sent)))
        if 2 * model.n > _MOST_DIMENSIONS:
            return errors, alone, 0, 0
        z = z[wrong].view(np.float32).astype(float)
        z = z[np.linalg.norm(z, axis=1) <= _reach(2 * model.n, self.blocks)]
        return errors, alone, z.sum(axis=0), z.T @ z

    def per_message(self, psr_db: float) -> float:
        """Return the bound for one p for each message, of at most psr_db."""
        return float(np.mean(_shifted(self.limits, self._shift(psr_db))))

    def universal(self, psr_db: float) -> float:
        """Return the bound for one p, or for p drawn regardless of the message.

        It is the smallest of the bound for each message, the bound by moments and the
        bound by pairs of codewords. Every p has at most the PSR psr_db in dB.
        """
        shift, found = self._shift(psr_db), [self.per_message(psr_db)]
        if self._moments is not None and shift <= _MOST_SHIFT:
            found.append(_by_moments(self.limits.mean(), *self._moments, shift))
        by_pairs = pair_bound.universal(self.model.codebook, self._sigma, shift)
        found.append(by_pairs + _shifted(self._alone, shift))
        return float(min(found))

    def _shift(self, psr_db):
        return perturbation_norm(psr_db, self.model.n) / self._sigma


@functools.lru_cache(maxsize=2)
def _deciders(model):
    """Return the deciders of a model and of its nearest codewords, made only once."""
    return decision.decider(model), decision.decider(model.with_nearest_codeword())


def _shifted(rate, shift):
    """Return g: the largest probability of an event of this rate after a shift."""
    from scipy.special import ndtr, ndtri

    return ndtr(ndtri(rate) + shift)


def _reach(dimensions, blocks):
    """Return the norm of z beyond which errors do not enter the moments.

    E[<z, u>^2] over all z beyond it is 1 / (100 blocks), whatever u is.
    """
    from scipy.special import chdtri

    return math.sqrt(chdtri(dimensions + 2, 1 / (100 * blocks)))


def _limit(errors, blocks, lost):
    """Return upper Clopper-Pearson limits, too low with probability `lost` each."""
    from scipy.special import betaincinv

    errors = np.asarray(errors, float)
    with np.errstate(invalid="ignore"):
        found = betaincinv(errors + 1, blocks - errors, 1 - lost)
    return np.where(errors < blocks, found, 1.0)


def _evened(limits, mean):
    """Return min(limit, level) with the level at which the mean is at most `mean`.

    g is concave, so these have the largest mean of g of all rates with this mean.
    """
    if limits.mean() <= mean:
        return limits
    ordered = np.sort(limits)
    below = np.concatenate([[0], np.cumsum(ordered)[:-1]])
    level = (len(limits) * mean - below) / np.arange(len(limits), 0, -1)
    return np.minimum(limits, level[np.argmax(level <= ordered)])


def _moments(first, second, blocks, lost):
    """Return upper limits of ||E[e z]|| and of the top eigenvalue of E[e z z^T].

    In the fixed direction of the true maximum, the sum over blocks is at most the
    observed norm or eigenvalue, so limits for one bounded variable suffice: that of
    Chernoff for the second moment, that of Bernstein for the first.
    """
    log, reach = -math.log(lost), _reach(len(first), blocks)
    count = np.linalg.eigvalsh(second)[-1] / reach**2
    second = (count + log + math.sqrt(log * (log + 2 * count))) * reach**2 / blocks
    first = np.linalg.norm(first) / blocks
    first += math.sqrt(2 * second * log / blocks) + 4 * reach * log / (3 * blocks)
    beyond = 1 / (100 * blocks)
    return first + beyond, second + beyond


def _by_moments(mass, first, second, shift):
    """Return the largest mass after a shift of errors with these moments.

    Each cell of a counts with its largest likelihood ratio and its smallest moments.
    The limits mass, first and second are those of E[e], E[e a] and E[e a^2].
    """
    from scipy.special import ndtr

    edges = np.append(-40.0, np.linspace(-8, shift + 8, _CELLS))  # the rest: ndtr(-8)
    low, high = edges[:-1], edges[1:]
    weight = np.where(high <= 0, ndtr(high) - ndtr(low), ndtr(-low) - ndtr(-high))
    gain = np.exp(shift * high - shift**2 / 2)
    prices = np.stack([np.ones_like(low), low, np.clip(0, low, high) ** 2])
    limits = np.array([mass, first, second])

    def dual(multipliers):
        left = np.maximum(gain - multipliers @ prices, 0)
        return multipliers @ limits + left @ weight + ndtr(-8)

    return pair_bound.least(dual, limits, 1.0)
