# SPDX-License-Identifier: GPL-3.0-or-later
"""Block error rates from messages of counters: points of curves that add up."""

import math
import threading
from dataclasses import dataclass, field

from advphy_model.air.channels import canonical
from advphy_model.measure.link_chain import Counts

from .bler_point import Point, Segment
from .mailbox import is_of_others
from .setting_words import other_settings, what_differs


@dataclass
class Curve:
    """Points of one name whose settings differ only in x."""

    name: str
    link: str
    model_sha256: str
    setting: tuple
    points: dict = field(default_factory=dict)  # Point by x
    present: float | None = None  # x of the newest message
    seen: int = 0  # number of the newest message


class BlerPoints:
    """Curves of block error rates, filled by messages; safe among threads.

    Args:
        x: the key of settings that is the horizontal axis.
    """

    def __init__(self, x):
        self.x = x
        self._lock = threading.Lock()
        self._curves = {}
        self._forgotten = {}  # totals to subtract, by (name, seed, first block)
        self._newest = {}  # of each name: its newest running total
        self.version = 0  # grows with every change
        self.without_x = 0  # messages that lack the setting

    def take(self, message) -> bool:
        """Add a message of a counter; return whether it was understood."""
        if is_of_others(message, "counts"):
            return True
        found = _read(message)
        if found is None:
            return False
        name, segment, settings = found
        if not segment.blocks:
            return True
        x = settings.get(self.x)
        if self.x in settings and x in (None, -math.inf):  # a PSR: no attack
            return True
        if (
            isinstance(x, bool)
            or not isinstance(x, (int, float))
            or not math.isfinite(x)
        ):
            with self._lock:
                self.without_x += 1
                self.version += 1
            return True
        link = str(message.get("link", name)), str(message.get("model_sha256", ""))
        with self._lock:
            self._take(name, link, segment, settings, round(x, 4))
        return True

    def _take(self, name, link, segment, settings, x):
        self._newest[name] = segment
        segment = self._less_forgotten(name, segment)
        if segment.blocks < 1:
            return
        setting = other_settings(settings, self.x)
        key = name, *link, setting
        curve = self._curves.setdefault(key, Curve(name, *link, setting))
        point = curve.points.setdefault(x, Point(settings))
        changed = point.put(segment) or curve.present != x
        self.version += 1
        curve.seen = self.version
        if changed:
            curve.present = x

    def _less_forgotten(self, name, segment):
        before = self._forgotten.get((name, segment.seed, segment.first_block))
        if before is None:
            return segment
        if segment.blocks < before.blocks:  # counted from its beginning again
            del self._forgotten[name, segment.seed, segment.first_block]
            return segment
        return Segment(
            segment.seed,
            segment.first_block + before.blocks,
            segment.blocks - before.blocks,
            segment.block_errors - before.block_errors,
            segment.erasures - before.erasures,
        )

    def forget(self):
        """Begin anew, also within the segments that are being counted."""
        with self._lock:
            self._curves = {}
            self._forgotten = {
                (name, s.seed, s.first_block): s for name, s in self._newest.items()
            }
            self.without_x = 0
            self.version += 1

    def curves(self):
        """Return the curves in order of appearance, as tuples.

        Each is (name, what tells it from others of the name, present x, number of the
        newest message, {x: (failures, blocks)}).
        """
        with self._lock:
            of_name = {}
            for curve in self._curves.values():
                of_name.setdefault(curve.name, []).append(curve)
            return [
                (
                    curve.name,
                    what_differs(curve.setting, [c.setting for c in of_name[name]]),
                    curve.present,
                    curve.seen,
                    {x: curve.points[x].totals() for x in sorted(curve.points)},
                )
                for name, several in of_name.items()
                for curve in several
            ]

    def rows(self) -> list:
        """Return the counts as rows of link_chain.Counts.

        Of the segments summed up at one point the first block is that of the first.
        """
        with self._lock:
            return [
                _row(curve, point.settings, segment)
                for curve in self._curves.values()
                for point in curve.points.values()
                for segment in point.counted()
                if "ebn0_db" in point.settings
            ]


def _read(message):
    """Return (name, Segment, settings) of a message, or None."""
    if not isinstance(message, dict) or message.get("kind") != "counts":
        return None
    settings = message.get("settings") or {}  # an empty dictionary is nil in PMT
    try:
        numbers = [
            int(message.get(key, 0))
            for key in ("seed", "first_block", "blocks", "block_errors", "erasures")
        ]
    except (TypeError, ValueError, OverflowError):
        return None
    segment = Segment(*numbers)
    failures = segment.block_errors + segment.erasures
    fits = 0 <= failures <= segment.blocks and min(numbers[1:]) >= 0
    if not isinstance(settings, dict) or "blocks" not in message or not fits:
        return None
    return str(message.get("name", "")) or "counts", segment, settings


def _row(curve, settings, segment):
    on = bool(settings.get("on", False))
    link = curve.link
    if curve.name != link:  # several counters of one link are told apart
        link = f"{link} ({curve.name})"
    return Counts(
        link=link,
        engine="flowgraph",
        ebn0_db=float(settings["ebn0_db"]),
        seed=segment.seed,
        first_block=segment.first_block,
        blocks=segment.blocks,
        block_errors=segment.block_errors,
        erasures=segment.erasures,
        model_sha256=curve.model_sha256,
        psr_db=round(float(settings.get("psr_db", 0.0)), 4) if on else None,
        attack=str(settings.get("perturbation", "attack")) if on else "none",
        canceller=str(settings.get("canceller", "none")),
        channel=canonical(str(settings.get("kind", "awgn"))),
    )
