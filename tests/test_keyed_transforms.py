# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels of keying against matrices built as documented; the squared error."""

import math

import numpy as np
import pytest
from advphy_model import kernels
from advphy_model.complex_baseband import to_complex, to_reals


def words_of(transform, reals):
    signs = -(-reals // 32)
    return {
        "signs": signs,
        "sign_permutation": reals + signs,
        "rotation": sum(2 * -(-m // 2) for m in range(1, reals + 1)),
    }[transform]


def sign_diagonal(words, reals):
    bits = [int(words[i // 32]) >> (i % 32) & 1 for i in range(reals)]
    return np.diag([-1.0 if bit else 1.0 for bit in bits])


def permutation(words, reals):
    order = list(range(reals))
    for i in range(reals - 1, 0, -1):
        j = int(words[i]) * (i + 1) >> 32
        order[i], order[j] = order[j], order[i]
    return np.eye(reals)[order]


def normals(words):
    """Return Box and Muller's normals of pairs of words, as box_muller.h defines."""
    out = []
    for a, b in zip(words[0::2].tolist(), words[1::2].tolist(), strict=True):
        radius = math.sqrt(-2 * math.log(((a >> 1) + 0.5) / 2**31))
        angle = (b & (2**29 - 1)) * (math.pi / 4) / 2**29
        pair = [radius * math.cos(angle), radius * math.sin(angle)]
        if b >> 29 & 1:
            pair.reverse()
        out += [pair[0] * (-1) ** (b >> 31), pair[1] * (-1) ** (b >> 30 & 1)]
    return np.array(out)


def rotation(words, reals):
    """Return Q with the reflections multiplied out: Q = H_L ... H_2 D."""
    q, diagonal, at = np.eye(reals), [], 0
    for m in range(reals, 0, -1):
        g = normals(words[at : at + m + m % 2])[:m]
        at += m + m % 2
        sign = -1.0 if g[0] < 0 else 1.0
        if m > 1:
            v = np.zeros(reals)
            v[-m:] = g
            v[-m] += sign * np.linalg.norm(g)
            q = q @ (np.eye(reals) - 2 * np.outer(v, v) / (v @ v))
        diagonal.append(sign if m == 1 else -sign)
    return q @ np.diag(diagonal)


def matrix(transform, words, reals):
    if transform == "signs":
        return sign_diagonal(words, reals)
    if transform == "sign_permutation":
        return sign_diagonal(words[reals:], reals) @ permutation(words, reals)
    return rotation(words, reals)


def matrices(transform, words, reals):
    """Return the kernel's matrices [count, L, L], one for each row of words."""
    count = len(words)
    unit = np.tile(to_complex(np.eye(reals)), (count, 1))
    out = np.empty_like(unit)
    repeated = np.repeat(words, reals, axis=0)
    kernels.keyed_transform(transform, reals).apply(repeated, unit, out, False)
    return to_reals(out, reals).reshape(count, reals, reals).transpose(0, 2, 1)


def random_words(rng, count, words):
    return rng.integers(2**32, size=(count, words), dtype=np.uint32)


@pytest.mark.parametrize("reals", [1, 2, 5, 23, 40])
@pytest.mark.parametrize("transform", kernels.KEYED_TRANSFORMS)
def test_kernel_is_the_documented_matrix(rng, transform, reals):
    size = words_of(transform, reals)
    kernel = kernels.keyed_transform(transform, reals)
    assert kernel.words == size
    words, x = random_words(rng, 20, size), to_complex(rng.normal(size=(20, reals)))
    forward, inverse = np.empty_like(x), np.empty_like(x)
    kernel.apply(words, x, forward, False)
    kernel.apply(words, x, inverse, True)
    for i in range(20):
        q = matrix(transform, words[i], reals)
        np.testing.assert_allclose(q @ q.T, np.eye(reals), atol=1e-12)
        one = to_reals(x[i], reals)
        np.testing.assert_allclose(to_reals(forward[i], reals), q @ one, atol=1e-5)
        np.testing.assert_allclose(to_reals(inverse[i], reals), q.T @ one, atol=1e-5)


def test_rotation_is_the_q_of_qr_with_positive_diagonal():
    # L = 2, by hand: q's first column is the first Gaussian vector, normalized.
    words = np.array([[3, 7 << 28, 5, 9 << 28]], np.uint32)
    q, g = matrices("rotation", words, 2)[0], normals(words[0])
    np.testing.assert_allclose(q[:, 0], g[:2] / np.linalg.norm(g[:2]), atol=1e-6)


def test_rotation_is_uniform(rng):
    reals, count = 5, 6000
    q = matrices(
        "rotation", random_words(rng, count, words_of("rotation", reals)), reals
    )
    q = q.astype(float)
    second, fourth = 1 / reals, 3 / (reals * (reals + 2))
    # E[Q_ij^8] = 105 / (L (L + 2) (L + 4) (L + 6)): moments of a uniform unit vector.
    eighth = 105 / (reals * (reals + 2) * (reals + 4) * (reals + 6))
    for power, mean, square in [
        (1, 0, second),
        (2, second, fourth),
        (4, fourth, eighth),
    ]:
        sigma = math.sqrt((square - mean**2) / count)
        assert np.abs(np.mean(q**power, axis=0) - mean).max() < 5 * sigma
    # Both components of O(L) alike, and E[trace^2] = 1: signs of R's diagonal matter.
    assert abs(np.mean(np.linalg.det(q))) < 5 / math.sqrt(count)
    trace = np.trace(q, axis1=1, axis2=2)
    assert abs(np.mean(trace)) < 5 / math.sqrt(count)
    assert abs(np.mean(trace**2) - 1) < 5 * math.sqrt(2 / count)


def test_squared_error_is_the_sum_over_the_features(rng):
    a, b = rng.normal(size=(2, 50, 784)).astype(np.float32)
    out = np.empty(50)
    kernels.squared_error(a, b, out)
    wanted = np.sum((a.astype(float) - b) ** 2, axis=1)
    np.testing.assert_allclose(out, wanted, rtol=1e-6)
    with pytest.raises(ValueError, match="b must be C-contiguous"):
        kernels.squared_error(a, b[:, :5], out)
