# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole link without GNU Radio: the kernels in cache-sized tiles over threads."""

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from advphy_model import inference, kernels
from advphy_model.channels import channel
from advphy_model.randomness import checked_seed

_TILE_BYTES = 256 * 1024  # of received vectors: a quarter of a core's cache or less


class _Worker:
    """One thread's buffers, and the chain on one tile after another."""

    def __init__(self, model, tile, attack):
        self._encoder = inference.encoder(model)
        self._decision = inference.decision(model)
        self._messages = np.empty(tile, np.uint8)
        self._decided = np.empty(tile, np.uint8)
        self._erased = np.empty(tile, np.uint8)
        self._y = np.empty((tile, model.n), np.complex64)
        self._k, self._attack = model.k, attack

    def count(self, first, blocks, seed, apply):
        """Return (errors, erasures) of the blocks from first on."""
        errors = erasures = done = 0
        while done < blocks:
            size = min(blocks - done, len(self._messages))
            sent, decided = self._messages[:size], self._decided[:size]
            erased, y = self._erased[:size], self._y[:size]
            kernels.messages(seed, first + done, self._k, sent)
            self._encoder.look_up(sent, y)
            apply(y, y, first + done)
            if self._attack is not None:
                self._attack.add(sent, first + done, y)
            lost = self._decision.decide(y, decided, erased)
            wrong = kernels.count_differences(sent, decided)
            if lost:  # an erased block may have been message 0: it is no decision
                wrong -= int(np.count_nonzero((sent != decided) & (erased == 1)))
            errors, erasures, done = errors + wrong, erasures + lost, done + size
        return errors, erasures


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
        kind: name of a channel.
        threads: how many, or None: one for each core.
        attack: Adversary, whose p is added behind the noise: y = (x + noise) + p.
    """
    if attack is not None:
        attack.require_fit(model)
    seed = checked_seed(seed)
    threads = threads or len(os.sched_getaffinity(0))
    tile = max(64, _TILE_BYTES // (8 * model.n))
    apply_channel = channel(kind)
    own = threading.local()

    def apply(x, y, first):
        apply_channel(
            x, y, seed=seed, first_block=first, rate=model.rate, ebn0_db=ebn0_db
        )

    def count(begin, end):
        if not hasattr(own, "worker"):
            own.worker = _Worker(model, tile, attack)
        return end - begin, *own.worker.count(
            first_block + begin, end - begin, seed, apply
        )

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
