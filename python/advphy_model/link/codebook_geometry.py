# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry of a codebook in Euclidean space: distances, pairs, planes.

C^n is treated as R^2n, with the inner product Re <a, b>.
"""

from dataclasses import dataclass

import numpy as np

_SAME = 1e-4  # distances with a smaller relative difference count as equal
_FLAT = 1e-6  # vectors are aligned if the orthogonal part is a smaller share


def inner(a, b) -> np.ndarray:
    """Return Re <a, b> over the last axis of complex arrays."""
    return np.real(np.sum(np.conj(a) * np.asarray(b), axis=-1))


def distances(codebook) -> np.ndarray:
    """Return the distances ||x_s - x_t|| of all codewords, [M, M]."""
    book = np.asarray(codebook, complex)
    return np.sqrt((np.abs(book[:, None] - book[None]) ** 2).sum(axis=2))


def spectrum(codebook) -> list:
    """Return [(distance, number of unordered pairs)], smallest distance first."""
    apart = distances(codebook)
    found = np.sort(apart[np.triu_indices(len(apart), 1)])
    groups = {}
    for distance in map(float, found):
        last = next(reversed(groups), -np.inf)
        near = last if distance - last <= _SAME * found[-1] else distance
        groups[near] = groups.get(near, 0) + 1
    return list(groups.items())


def closest(codebook, count=2) -> list:
    """Return `count` messages: the closest pair, then the next nearest to either."""
    apart = distances(codebook).round(6)  # keeps ties, so the lowest message is first
    np.fill_diagonal(apart, np.inf)
    pair = np.unravel_index(apart.argmin(), apart.shape)
    chosen = sorted(int(s) for s in pair)
    near = apart[chosen].min(axis=0)
    others = [int(s) for s in np.argsort(near, kind="stable") if s not in chosen]
    return (chosen + others)[:count]


def closings(codebook, p) -> list:
    """Return [(s, t, share)] of how far p moves codewords, the largest share first.

    When s is sent, the received vector is x_s + p. Its shift toward x_t is
    Re <p, x_t - x_s> / ||x_t - x_s||; the decision boundary to t is at
    ||x_t - x_s|| / 2. The share is the ratio of both; 1 is on the boundary. Equal
    codewords are left out. p is complex [n], or [M, n] with row s for message s.
    """
    book = np.asarray(codebook, complex)
    rows = np.broadcast_to(np.asarray(p, complex), book.shape)
    found = []
    for s, t in np.argwhere(distances(book) > 0):
        way = book[t] - book[s]
        share = 2 * inner(rows[s], way) / inner(way, way)
        found.append((int(s), int(t), float(share)))
    return sorted(found, key=lambda pair: (-pair[2], pair[:2]))


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in C^n: origin + u first + v second, with real u and v."""

    origin: np.ndarray  # complex [n]
    first: np.ndarray  # complex [n] with norm 1
    second: np.ndarray  # complex [n] with norm 1, orthogonal to `first`

    def points(self, u, v) -> np.ndarray:
        """Return the points with coordinates u, v [...] as complex64 [..., n]."""
        u, v = np.asarray(u)[..., None], np.asarray(v)[..., None]
        found = self.origin + u * self.first + v * self.second
        return found.astype(np.complex64)

    def project(self, x) -> np.ndarray:
        """Return the coordinates [..., 2] of points projected onto the plane."""
        return self.direction(np.asarray(x) - self.origin)

    def direction(self, d) -> np.ndarray:
        """Return the components [..., 2] of vectors parallel to the plane."""
        return np.stack([inner(self.first, d), inner(self.second, d)], axis=-1)

    def height(self, x) -> np.ndarray:
        """Return the distance of points to the plane."""
        d = np.asarray(x, complex) - self.origin
        rest = inner(d, d) - (self.direction(d) ** 2).sum(axis=-1)
        return np.sqrt(np.maximum(rest, 0))


def spans(along, vector) -> bool:
    """Return whether two vectors span a plane; ValueError if `along` is zero."""
    along, vector = np.asarray(along, complex), np.asarray(vector, complex)
    length = np.sqrt(inner(along, along))
    if not length > 0:
        raise ValueError("the two codewords of the slice are equal; choose others")
    rest = vector - inner(along, vector) / length**2 * along
    return bool(np.sqrt(inner(rest, rest)) > _FLAT * length)


def plane(corner, along, towards=None) -> Plane:
    """Return the plane through corner, corner + along and corner + towards.

    The second direction is the part of `towards` orthogonal to `along`, or j times the
    first if `towards` is None; all are complex [n].
    """
    along = np.asarray(along, complex)
    first = along / np.sqrt(inner(along, along))
    if towards is None:
        return Plane(np.asarray(corner, complex), first, 1j * first)
    rest = towards - inner(first, towards) * first
    return Plane(np.asarray(corner, complex), first, rest / np.sqrt(inner(rest, rest)))
