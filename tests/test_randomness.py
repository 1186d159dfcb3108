# SPDX-License-Identifier: GPL-3.0-or-later
"""Randomness: an independent Philox, moments, tails, correlations, chunks."""

import numpy as np
import pytest
from advphy_model import kernels, randomness
from scipy import stats

SEED = 7


def philox(counters, stream, seed):
    """Return Philox4x32-10 of counters [m] (Salmon et al., SC11), uint32 [m, 4]."""
    c = np.zeros((4, len(counters)), np.uint64)
    c[0], c[1] = counters & 0xFFFFFFFF, counters >> np.uint64(32)
    c[3] = stream
    key = [seed & 0xFFFFFFFF, seed >> 32]
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = np.array(
            [
                (p1 >> shift) ^ c[1] ^ np.uint64(key[0]),
                p1 & low,
                (p0 >> shift) ^ c[3] ^ np.uint64(key[1]),
                p0 & low,
            ]
        )
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return c.T.astype(np.uint32)


def normals(count, seed=SEED, first=0):
    out = np.empty(count, np.float32)
    kernels.gaussian(seed, first, out)
    return out


def test_independent_philox_gives_the_published_vector():
    # Random123 kat_vectors: all zero.
    words = philox(np.zeros(1, np.uint64), 0, 0)[0]
    vector = "6627e8d5 e169c58d bc57ac4c 9b00dbd8"
    assert " ".join(f"{w:08x}" for w in words) == vector


def test_messages_are_bytes_of_an_independent_philox():
    words = philox(np.arange(32, dtype=np.uint64), 0, SEED)
    groups = words.reshape(2, 16, 4).transpose(0, 2, 1)  # group, word, counter
    expected = groups.astype("<u4").tobytes()
    got = randomness.messages(SEED, 0, 512, 8)
    assert got.tobytes() == expected
    assert np.array_equal(randomness.messages(SEED, 0, 512, 3), got & 7)


def test_noise_is_box_muller_of_an_independent_philox():
    words = philox(np.arange(16 * 200, dtype=np.uint64), 1, SEED).astype(np.float64)
    radius = np.sqrt(-2 * np.log((words[:, ::2] // 2 + 0.5) / 2**31))
    b = words[:, 1::2].astype(np.uint64)
    angle = (b % 2**29) * (np.pi / 4 / 2**29)
    pair = np.stack([np.cos(angle), np.sin(angle)])
    swap = (b >> np.uint64(29)) & np.uint64(1) == 1
    pair = np.where(swap, pair[::-1], pair)
    sign = np.stack([b >> np.uint64(31), b >> np.uint64(30)]) & np.uint64(1)
    pair = np.where(sign == 1, -pair, pair) * radius
    expected = pair.transpose(1, 2, 0).reshape(200, 16, 4).transpose(0, 2, 1).ravel()
    # float32 rounds u to 24 bits, so r^2 = -2 ln u is wrong by up to 2^-23 near u = 1.
    tolerance = np.stack([1e-6 + 2**-23 / (2 * radius)] * 2)
    tolerance = tolerance.transpose(1, 2, 0).reshape(200, 16, 4).transpose(0, 2, 1)
    assert np.all(np.abs(normals(len(expected)) - expected) < tolerance.ravel())


def test_moments_of_ten_million_normals():
    x = normals(10_000_000).astype(np.float64)
    m = len(x)
    # Standard errors of mean, variance, skewness, kurtosis: 1, 2, 6 (of x^3: 15), 96.
    assert abs(x.mean()) < 4 / m**0.5
    assert abs(x.var() - 1) < 4 * (2 / m) ** 0.5
    assert abs((x**3).mean()) < 4 * (15 / m) ** 0.5
    assert abs((x**4).mean() - 3) < 4 * (96 / m) ** 0.5


def test_distribution_is_normal_by_kolmogorov_smirnov():
    assert stats.kstest(normals(1_000_000, seed=11), "norm").pvalue > 1e-4


def test_tails_beyond_four_and_five_sigma():
    counts = {4.0: 0, 4.5: 0, 5.0: 0, 5.3: 0}
    total, chunk = 400_000_000, 10_000_000
    for first in range(0, total, chunk):
        x = np.abs(normals(chunk, seed=3, first=first))
        beyond = x[x > 4]
        for level in counts:
            counts[level] += int((beyond > level).sum())
    for level, count in counts.items():
        expected = total * 2 * stats.norm.sf(level)
        assert abs(count - expected) < 4 * expected**0.5 + 1, level


def test_the_far_tail_is_where_the_words_are_small():
    # The smallest word of 16 million, by the independent Philox, gives the largest
    # radius; kernel and formula agree on it.
    parts = np.split(np.arange(4_000_000, dtype=np.uint64), 8)
    a = np.concatenate([philox(part, 1, 5)[:, ::2] >> 1 for part in parts])
    counter, pair = np.unravel_index(a.argmin(), a.shape)
    wanted = np.sqrt(-2 * np.log((a[counter, pair] + 0.5) / 2**31))
    assert wanted > 5.4
    first = int(counter) // 16 * 64 + int(counter) % 16 + 32 * int(pair)
    got = [normals(1, seed=5, first=first + offset)[0] for offset in (0, 16)]
    assert np.hypot(*got) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("lag", [1, 2, 13, 14, 15, 16, 32, 48, 64, 1024])
def test_neighboring_indices_are_not_correlated(lag):
    x = normals(4_000_000, seed=2).astype(np.float64)
    assert abs(np.mean(x[:-lag] * x[lag:])) < 4.5 / 2000
    y = x**2 - 1  # of variance 2, so products of variance 4
    assert abs(np.mean(y[:-lag] * y[lag:])) < 4.5 * 2 / 2000


@pytest.mark.parametrize(("one", "other"), [(1, 2), (0, 2**32), (2**63, 2**63 + 1)])
def test_neighboring_seeds_are_not_correlated(one, other):
    x, y = (normals(1_000_000, seed=s).astype(np.float64) for s in (one, other))
    assert abs(np.mean(x * y)) < 4.5 / 1000
    a, b = (randomness.messages(s, 0, 1_000_000, 4) for s in (one, other))
    assert abs(np.mean(a == b) - 1 / 16) < 4.5 * (15 / 256 / 1e6) ** 0.5


def test_messages_and_noise_of_a_seed_are_not_correlated():
    bits = randomness.messages(1, 0, 1_000_000, 1).astype(np.float64) * 2 - 1
    assert abs(np.mean(bits * normals(1_000_000, seed=1))) < 4.5 / 1000


def test_messages_are_uniform():
    counts = np.bincount(randomness.messages(1, 0, 10_000_000, 8), minlength=256)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_indices_far_out_are_other_numbers():
    near, far = normals(1000), normals(1000, first=2**40)
    assert not np.any(near == far)


def test_every_instruction_set_and_chunking_gives_the_same_bits(rng):
    expected = normals(100_000, first=12345)
    messages = randomness.messages(SEED, 999, 100_000, 4)
    best = kernels.instruction_set()
    try:
        for name in kernels.instruction_sets():
            kernels.choose_instruction_set(name)
            cuts = [0, *np.sort(rng.integers(0, 100_000, 50)), 100_000]
            for begin, end in zip(cuts, cuts[1:], strict=False):  # noqa: RUF007
                part = normals(end - begin, first=12345 + begin)
                assert np.array_equal(part, expected[begin:end])
                part = randomness.messages(SEED, 999 + begin, end - begin, 4)
                assert np.array_equal(part, messages[begin:end])
    finally:
        kernels.choose_instruction_set(best)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True])
def test_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed"):
        randomness.checked_seed(seed)


def test_kernels_refuse_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match=r"out must be C-contiguous"):
        kernels.messages(1, 0, 4, np.empty(4, np.int32))
    with pytest.raises(ValueError, match="k = 9"):
        kernels.messages(1, 0, 9, np.empty(4, np.uint8))
    with pytest.raises(ValueError, match="C-contiguous"):
        kernels.gaussian(1, 0, np.empty((4, 4), np.float32)[:, ::2])
