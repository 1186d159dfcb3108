# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of the figure of decision regions: a link's decisions on a plane."""

import numpy as np
from advphy_model import power
from advphy_model.link import codebook_geometry, decision

from advphy_figures.constellation import pairs_of
from advphy_figures.signal_space import require_direction

GRID = 320  # points on each side
_MARGIN = 0.75  # around the points that are shown, relative to the pair's distance


def describe(model, ebn0_db, p=None, codewords=None) -> dict:
    """Return all numbers of the figure, as values for JSON.

    The plane goes through two codewords and a third point: a third codeword, or the
    first one + p if a perturbation is given and no third codeword. With n = 1 it is
    the received space itself.

    Args:
        model: link model.
        ebn0_db: Eb/N0 in dB, of the noise that is drawn.
        p: Perturbation as it arrives, or None; ValueError if it has no direction.
        codewords: two or three messages; None: without p the closest pair and its next
            neighbor, with p the pair whose border it brings nearest.
    """
    sigma = power.noise_sigma(ebn0_db, model.rate)
    rows = None
    if p is not None:  # p for each message
        require_direction(p, model)
        rows = np.broadcast_to(np.asarray(p.rows, complex), (model.M, model.n))
    book = np.asarray(model.codebook, complex)
    plane, messages, third = _plane(book, _messages(model, rows, codewords), rows)
    tip = None if rows is None else plane.direction(rows[messages[0]])
    u, v = _window(model, plane, plane.project(book[messages]), tip, sigma)
    words = zip(plane.project(book), plane.height(book), strict=True)
    return {
        "figure": "decision-regions",
        "link": model.name,
        "model_sha256": model.sha256,
        "decision": model.decision,
        "n": model.n,
        "ebn0_db": float(ebn0_db),
        "sigma": sigma,
        "messages": messages,
        "third": third,
        "origin": pairs_of(plane.origin),
        "first": pairs_of(plane.first),
        "second": pairs_of(plane.second),
        "u": u.tolist(),
        "v": v.tolist(),
        "decided": _decided(model, plane.points(*np.meshgrid(u, v))).tolist(),
        "codewords": [
            {"message": s, "u": float(at[0]), "v": float(at[1]), "off": float(off)}
            for s, (at, off) in enumerate(words)
        ],
        "codebook": pairs_of(book),
        "perturbation": None if p is None else _arrow(p, rows[messages[0]], tip),
    }


def _decided(model, points):
    """Return the link's decisions for points [..., n], uint8 [...]."""
    y = points.reshape(-1, model.n)
    decided = np.empty(len(y), np.uint8)
    decision.decider(model).decide(y, decided, np.empty(len(y), np.uint8))
    return decided.reshape(points.shape[:-1])


def _arrow(p, row, tip):
    return {
        "name": p.name,
        "psr_db": p.psr_db,
        "u": float(tip[0]),
        "v": float(tip[1]),
        "share": float((tip**2).sum() / codebook_geometry.inner(row, row)),
    }


def _messages(model, rows, codewords):
    if codewords is None:
        if rows is not None:
            return list(codebook_geometry.closings(model.codebook, rows)[0][:2])
        return codebook_geometry.closest(model.codebook, 3)
    if len(codewords) not in (2, 3) or len(set(codewords)) < len(codewords):
        rule = "two or three different messages"
        raise ValueError(f"codewords must be {rule}, got {codewords}")
    for s in codewords:
        if s not in range(model.M):
            raise ValueError(f"codewords must be in 0..{model.M - 1}, got {s}")
    return list(codewords)


def _plane(book, messages, rows):
    """Return the plane, the messages whose codewords span it, and its third point.

    The third point is "codeword", "p", or "j" if all codewords are on a line.
    """
    if book.shape[1] == 1:
        plane = codebook_geometry.Plane(np.zeros(1), np.ones(1), np.full(1, 1j))
        return plane, messages, "codeword"
    a, b = messages[:2]
    near = [int(s) for s in np.argsort(codebook_geometry.distances(book)[a])]
    candidates = [("codeword", s, book[s] - book[a]) for s in (*messages[2:], *near)]
    if rows is not None:
        candidates.insert(len(messages) - 2, ("p", None, rows[a]))
    for third, message, vector in candidates:
        if codebook_geometry.spans(book[b] - book[a], vector):
            plane = codebook_geometry.plane(book[a], book[b] - book[a], vector)
            return plane, [a, b] + [message] * (third == "codeword"), third
    return codebook_geometry.plane(book[a], book[b] - book[a]), [a, b], "j"


def _window(model, plane, corners, tip, sigma):
    shown = list(corners)
    if tip is not None:
        shown.append(corners[0] + tip)
    if model.n == 1:
        shown = list(plane.project(model.codebook))
    shown = np.array(shown)
    margin = max(_MARGIN * np.hypot(*(corners[1] - corners[0])), 2 * sigma)
    center = (shown.max(axis=0) + shown.min(axis=0)) / 2
    half = (np.ptp(shown, axis=0) / 2).max() + margin
    return (np.linspace(c - half, c + half, GRID) for c in center)
