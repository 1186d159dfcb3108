# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole link without GNU Radio: the kernels in cache-sized tiles over threads."""

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from advphy_model import kernels
from advphy_model.air.channels import channel
from advphy_model.link import decision
from advphy_model.power import noise_variance
from advphy_model.randomness import checked_seed
from advphy_model.receive.canceller import Canceller

_TILE_BYTES = 256 * 1024  # of received vectors: a quarter of a core's cache or less


class _Worker:
    """One thread's buffers, and the chain on one tile after another."""

    def __init__(self, model, apply, seed, attack, canceller):
        self._encoder = decision.encoder(model)
        self._decision = decision.decider(model)
        self._k, self._apply, self._seed = model.k, apply, seed
        self._attack, self._canceller = attack, canceller
        # Tiles begin where windows do, and hold whole ones.
        self._window = 1 if canceller is None else canceller.settings.window
        tile = max(64, _TILE_BYTES // (8 * model.n))
        tile = max(1, tile // self._window) * self._window
        self._sent = np.empty(tile, np.uint8)
        self._decided = np.empty(tile, np.uint8)
        self._erased = np.empty(tile, np.uint8)
        self._y = np.empty((tile, model.n), np.complex64)

    def count(self, origin, begin, end):
        """Return (errors, erasures) of the blocks origin + begin..end - 1."""
        errors = erasures = 0
        tile, window = len(self._sent), self._window
        for at in range(begin // window * window, end, tile):
            size = min(-(-(end - at) // window) * window, tile)
            self._decide(origin + at, size)
            wanted = slice(max(begin - at, 0), min(end - at, size))
            sent, decided = self._sent[wanted], self._decided[wanted]
            erased = self._erased[wanted]
            errors += kernels.count_differences(sent, decided)
            lost = int(np.count_nonzero(erased))
            if lost:  # an erased block may have been message 0: it is no decision
                errors -= int(np.count_nonzero((sent != decided) & (erased == 1)))
            erasures += lost
        return errors, erasures

    def _decide(self, first, size):
        """Fill sent, decided and erased with the blocks from first on."""
        sent, y = self._sent[:size], self._y[:size]
        kernels.messages(self._seed, first, self._k, sent)
        self._encoder.look_up(sent, y)
        self._apply(y, y, first)
        if self._attack is not None:
            self._attack.add(sent, first, y)
        if self._canceller is not None:
            self._canceller.cancel(y)
        self._decision.decide(y, self._decided[:size], self._erased[:size])


def run(
    model,
    *,
    rule,
    ebn0_db,
    seed=1,
    first_block=0,
    counted=(0, 0),
    kind="awgn",
    threads=None,
    attack=None,
    canceller=None,
):
    """Yield (blocks, block_errors, erasures) of ranges in order until the rule is met.

    Args:
        model: link model.
        rule: StopRule.
        ebn0_db: Eb/N0 in dB.
        seed: of messages and noise.
        first_block: index of the first block.
        counted: (blocks, failures) counted from first_block on before; the run goes on
            behind them.
        kind: a channel (air/channels).
        threads: how many, or None: one for each core.
        attack: Adversary, whose p is added behind the noise: y = (x + noise) + p.
        canceller: CancellerSettings; the windows begin at first_block.
    """
    if attack is not None:
        attack.require_fit(model)
    cancels = None if canceller is None else _alone(model, canceller)
    seed = checked_seed(seed)
    threads = threads or len(os.sched_getaffinity(0))
    apply_channel = channel(kind)
    variance = noise_variance(ebn0_db, model.rate)
    own = threading.local()

    def apply(x, y, first):
        apply_channel(x, y, seed=seed, first_block=first, noise_variance=variance)

    def count(begin, end):
        if not hasattr(own, "worker"):
            own.worker = _Worker(model, apply, seed, attack, cancels)
        return end - begin, *own.worker.count(first_block, begin, end)

    blocks, failures = counted
    start = blocks
    with ThreadPoolExecutor(threads) as pool:
        ahead = deque()
        try:
            while not (blocks and rule.met(blocks, failures)):
                while len(ahead) < 2 * threads and rule.next_check(start) > start:
                    end = rule.next_check(start)
                    ahead.append(pool.submit(count, start, end))
                    start = end
                more, errors, erasures = ahead.popleft().result()
                blocks, failures = blocks + more, failures + errors + erasures
                yield more, errors, erasures
        finally:
            for future in ahead:
                future.cancel()


def _alone(model, settings):
    """Return the canceller, whose windows must not depend on the order of threads."""
    if settings.forgetting:
        raise ValueError(
            f"forgetting = {settings.forgetting}: the engines count windows in any "
            "order, so each stands alone; wanted 0 (the block knows forgetting)"
        )
    return Canceller(model, settings)
