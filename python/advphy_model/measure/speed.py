# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the kernels run, alone and in a loop, and how near to their limits."""

import functools
import statistics
import time

import numpy as np

from advphy_model import kernels
from advphy_model.link import decision
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.network import inference
from advphy_model.power import noise_sigma

EBN0_DB = 4.0
TILE = 4096  # messages
# Vector instructions for 64 normals, times 16 lanes: 260 in the disassembled AVX-512
# loop of random_simd.cc (GCC 12).
NOISE_OPERATIONS = 260 * 16 / 64


def rate_of(work, amount, seconds=0.3):
    """Return amount per second of calling work(), over at least `seconds`."""
    work()
    calls, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds:
        work()
        calls += 1
    return calls * amount / spent


def median_ratios(contestants, reference, rounds=5):
    """Return (medians of rates, medians of the ratios to the reference), by name.

    All run in turn in every round, so that a machine whose speed drifts does not
    favour one; a ratio is formed within its round.

    Args:
        contestants: {name: function that returns a rate}.
        reference: name of the one in the denominator.
        rounds: how often.
    """
    rates = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, rate in contestants.items():
            rates[name].append(rate())
    ratios = {
        name: statistics.median(
            ours / theirs for ours, theirs in zip(found, rates[reference], strict=True)
        )
        for name, found in rates.items()
    }
    return {name: statistics.median(found) for name, found in rates.items()}, ratios


def engine_rate(counted, setting, blocks):
    """Return messages per second of ranges.counted or its like, everything counted."""
    rule = StopRule(min_errors=None, max_blocks=blocks)
    rows = setting.rows("speed", 0)
    begun = time.perf_counter()
    *_, (row,) = counted(setting, rows, rule)
    return row.blocks / (time.perf_counter() - begun)


def loop_rate(model, blocks=20_000_000, threads=2):
    """Return messages per second of the kernels without GNU Radio."""
    with ranges.threads(threads) as workers:
        counted = functools.partial(ranges.counted, workers=workers)
        return engine_rate(counted, LinkSetting(model, EBN0_DB), blocks)


def decision_rate(model, batch):
    """Return decisions per second of one batch after another, on one thread."""
    y = np.zeros((batch, model.n), np.complex64)
    kernels.gaussian(1, 0, y)
    decided, erased = np.empty(batch, np.uint8), np.empty(batch, np.uint8)
    decide = decision.decider(model)
    return rate_of(lambda: decide.decide(y, decided, erased), batch)


def kernel_shares(model):
    """Return rows (kernel, M messages/s, kind of limit, share of it), one thread.

    The arithmetic limit is the rate of multiply-adds that stay in registers; a vector
    instruction of the noise counts as one. The memory limit is numpy's copy of as many
    bytes in a buffer of the same size.
    """
    sent, decided = np.empty(TILE, np.uint8), np.empty(TILE, np.uint8)
    y, other = (np.empty((TILE, model.n), np.complex64) for _ in range(2))
    codebook, sigma = decision.encoder(model), noise_sigma(EBN0_DB, model.rate)
    kernels.messages(1, 0, model.k, sent)
    codebook.look_up(sent, y)
    copy_messages = rate_of(lambda: np.copyto(decided, sent), TILE)
    copy_vectors = rate_of(lambda: np.copyto(other, y), TILE)
    multiply_adds = rate_of(
        lambda: kernels.multiply_adds(10000), kernels.multiply_adds(10000)
    )
    decider = inference.kernel_network(model.networks["decoder"])
    noise_operations = NOISE_OPERATIONS * 2 * model.n
    limits = {
        "messages": ("memory", copy_messages),
        "look-up": ("memory", copy_vectors),
        "noise": ("arithmetic", multiply_adds / noise_operations),
        "decision": ("arithmetic", multiply_adds / decider.multiply_adds),
        "count": ("memory", copy_messages),
    }
    rates = {
        "messages": rate_of(lambda: kernels.messages(1, 0, model.k, sent), TILE),
        "look-up": rate_of(lambda: codebook.look_up(sent, y), TILE),
        "noise": rate_of(lambda: kernels.add_gaussian(1, 0, sigma, y, other), TILE),
        "decision": decision_rate(model, TILE),
        "count": rate_of(lambda: kernels.count_differences(sent, decided), TILE),
    }
    return [
        (name, rate / 1e6, limits[name][0], rate / limits[name][1])
        for name, rate in rates.items()
    ]
