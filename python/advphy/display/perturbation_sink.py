# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation sink: draws the true and the estimated perturbation."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from advphy_model.link.links import load
from advphy_model.measure.measurement_text import decibels

from .display_block import message_display
from .message_record import MessageRecord, attack_of, level


@dataclass(frozen=True)
class Match:
    """Residual of an estimate of p after a change of sign and a cyclic shift."""

    residual_db: float  # ||changed estimate - p||^2 / ||p||^2; -inf if they are equal
    sign: int = 1  # factor of the estimate
    shift: int = 0  # channel uses by which the estimate was shifted

    @property
    def text(self):
        """Return the change of the estimate in words, or an empty text."""
        words = ["sign changed"] if self.sign < 0 else []
        if self.shift:
            words.append(f"shifted by {self.shift}")
        return ", ".join(words)


def residual_db(estimate, p):
    """Return ||estimate - p||^2 / ||p||^2 in dB."""
    ratio = float(np.sum(np.abs(estimate - p) ** 2) / np.sum(np.abs(p) ** 2))
    return 10 * math.log10(ratio) if ratio > 0 else -math.inf


def matches(estimate, p):
    """Return (Match without a change, the best Match over signs and cyclic shifts)."""
    changed = [
        Match(residual_db(sign * np.roll(estimate, shift), p), sign, shift)
        for sign in (1, -1)
        for shift in range(len(p))
    ]
    return changed[0], min(changed, key=lambda match: match.residual_db)


def angle_degrees(estimate, p):
    """Return the angle between two vectors of C^n as vectors of R^2n, in degrees."""
    along = float(np.vdot(p, estimate).real)
    lengths = float(np.linalg.norm(p) * np.linalg.norm(estimate))
    return math.degrees(math.acos(min(1.0, max(-1.0, along / lengths))))


@dataclass(frozen=True)
class Seen:
    """Newest values of the messages."""

    p: object = None  # complex [n]; of a table, the vector of one message
    on: bool = False  # whether the attack is on
    psr_db: float = -math.inf  # PSR of the attack
    kind: str = ""  # "universal", "table", ...
    estimate: object = None  # components of the estimate, complex [K, n]
    weights: tuple = ()  # frequency of each of the K components
    detected: bool = False  # whether the canceller has detected a perturbation
    estimated_psr_db: float = -math.inf
    enabled: bool = True  # whether the canceller is enabled


class PerturbationRecord(MessageRecord):
    """The newest messages of adversary and canceller; codebook is complex [M, n]."""

    KINDS = frozenset({"psr", "estimate"})

    def __init__(self, codebook):
        super().__init__()
        self.codebook, self._seen = codebook, Seen()

    def add(self, message):
        read = self._psr if message["kind"] == "psr" else self._estimate
        self._seen = dataclasses.replace(self._seen, **read(message))

    def _psr(self, message):
        p, (on, psr_db) = message.get("p"), attack_of(message)
        return {
            "p": None if p is None else self._vectors(p)[0],
            "on": on,
            "psr_db": psr_db,
            "kind": str(message["settings"].get("perturbation_kind", "")),
        }

    def _estimate(self, message):
        detected, p = bool(message["detected"]), message.get("p")
        if detected and p is None:
            raise ValueError("detected, but without p")
        return {
            "estimate": None if p is None else self._vectors(p),
            "weights": tuple(float(w) for w in message.get("weights", [1.0])),
            "detected": detected,
            "estimated_psr_db": level(message.get("psr_db")),
            "enabled": bool(message["settings"].get("enabled", True)),
        }

    def _vectors(self, values):
        """Return components [K, n]; JSON has pairs of real and imaginary parts."""
        vectors = np.asarray(values)
        if vectors.ndim and vectors.shape[-1] == 2 and not np.iscomplexobj(vectors):
            vectors = vectors[..., 0] + 1j * vectors[..., 1]
        vectors = vectors.astype(complex).reshape(-1, self.codebook.shape[1])
        if not len(vectors) or not np.isfinite(vectors).all():
            raise ValueError("p is not a perturbation")
        return vectors

    def seen(self):
        self.collect()
        return self._seen


def texts(seen):
    """Return the lines of text below the planes."""
    lines = ["true: not reported"]
    if seen.p is not None or seen.on:
        on = f"true PSR {decibels(seen.psr_db)}"
        lines = [on if seen.on else "true: attack is off"]
        if seen.kind == "table":
            lines[0] += " (arrows: one row of a table)"
    if not seen.enabled:
        return [*lines, "estimated: the canceller is switched off"]
    if seen.estimate is None:
        return [*lines, "estimated: nothing received yet"]
    if not seen.detected:
        return [*lines, "estimated: no perturbation detected"]
    estimated = f"estimated PSR {decibels(seen.estimated_psr_db)}"
    if len(seen.estimate) > 1:
        estimated += f" ({len(seen.estimate)} components; arrows: the most frequent)"
    lines.append(estimated)
    if seen.p is None or not seen.on or not np.any(seen.p):
        return lines
    estimate = most_frequent(seen)
    plain, best = matches(estimate, seen.p)
    share = f"{100 * 10 ** (plain.residual_db / 10):.2g} %"
    line = f"estimate off by {share} of the power ({decibels(plain.residual_db)})"
    if np.any(estimate):
        line += f", angle {angle_degrees(estimate, seen.p):.0f}°"
    if best.text:
        line += f"; {best.text}: {decibels(best.residual_db)}"
    return [*lines, line]


def most_frequent(seen):
    """Return the most frequent component of the estimate, [n]."""
    weights = seen.weights if len(seen.weights) == len(seen.estimate) else (1.0,)
    return seen.estimate[int(np.argmax(weights))]


class perturbation_sink(message_display):
    """Draw both perturbations as arrows in the complex plane of each channel use.

    Message port "in": messages of kind "psr" and "estimate". Those of the other known
        kinds are ignored; unknown messages are counted as refused.

    Args:
        model: link model, or its name or file; its n and codebook are used.
        title: title above the plot.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("panels_window", "PerturbationWindow")

    def __init__(self, model, title="", frame_rate=15):
        record = PerturbationRecord(load(model).codebook)
        message_display.__init__(self, record, title, frame_rate)

    def seen(self):
        """Return the newest true and estimated perturbation."""
        return self.record.seen()
