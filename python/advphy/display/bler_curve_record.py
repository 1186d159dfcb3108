# SPDX-License-Identifier: GPL-3.0-or-later
"""Record of the BLER curves: adds up counts from messages, point by point."""

import math
from dataclasses import dataclass, field

import numpy as np
from advphy_model.air.channels import canonical
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.measurement_text import bounds

from .bler_curve_points import Point, Segment
from .bler_overlays import X_LABELS, closed_form_lines, earlier_lines
from .display_block import checked_floor
from .message_record import MessageRecord
from .setting_words import other_settings, what_differs


@dataclass
class Curve:
    """Points of one counter's name whose settings differ only in x."""

    name: str
    link: str
    model_sha256: str
    setting: tuple
    points: dict = field(default_factory=dict)  # Point by x
    present: float | None = None  # x of the newest message
    seen: int = 0  # number of the newest message


@dataclass(frozen=True)
class DrawnCurve:
    """A curve as it is drawn.

    Args:
        name: name of the counter.
        differs: settings in which it differs from others of the name, or empty.
        points: {x: (failures, blocks)}.
        present: x where blocks are being counted.
        variant: 0 for the first settings of the name, 1 for the next, ...
        age: 0 for the current settings of the name, 1 for the previous ones, ...
    """

    name: str
    differs: str
    points: dict
    present: float
    variant: int
    age: int

    @property
    def label(self):
        """Return the name and the differences."""
        return ", ".join(filter(None, (self.name, self.differs)))

    def rows(self):
        """Return rows of (x, bler, low, high, failures, blocks).

        Where no block failed, bler is NaN and high is its upper bound at 95 %.
        """
        rows = []
        for x, (failures, blocks) in self.points.items():
            bler = failures / blocks if failures else math.nan
            rows.append((x, bler, *bounds(failures, blocks), failures, blocks))
        return np.array(rows).reshape(-1, 6)


class BlerCurveRecord(MessageRecord):
    """Measured BLER curves from messages, with closed forms and earlier counts.

    Args:
        x: key of the setting on the horizontal axis.
        first: left end of that axis.
        last: right end of that axis.
        floor: lowest BLER.
        closed_forms: names of links whose theory is drawn, separated by commas.
        csv: files of earlier counts, separated by commas.

    Raises:
        ValueError: if an argument is invalid.
    """

    KINDS = frozenset({"counts"})

    def __init__(
        self, x="ebn0_db", first=0.0, last=10.0, floor=1e-6, closed_forms="", csv=""
    ):
        super().__init__()
        self.x = str(x).strip()
        if not self.x:
            raise ValueError(
                f"x must be the key of a setting, such as 'ebn0_db', got {x!r}"
            )
        if not (math.isfinite(first) and math.isfinite(last) and first < last):
            raise ValueError(
                f"first = {first!r} and last = {last!r}, expected two numbers, the "
                "first below the last"
            )
        self.x_label = X_LABELS.get(self.x, self.x.replace("_", " "))
        self.range, self.floor = (float(first), float(last)), checked_floor(floor)
        self.theory = closed_form_lines(closed_forms, self.x, *self.range)
        self.earlier = earlier_lines(csv, self.x)
        self._curves = {}
        self._forgotten = {}  # totals to subtract, by (name, seed, first block)
        self._newest = {}  # newest running total, by name
        self._seen = 0
        self.without_x = 0  # messages that lack the setting

    def add(self, message):
        """Add a message of a counter."""
        segment = _segment(message)
        settings = message.get("settings") or {}  # an empty dictionary is nil in PMT
        x = settings.get(self.x)
        if not segment.blocks or (self.x in settings and x in (None, -math.inf)):
            return  # without an attack, a curve over PSR has no point
        if (
            isinstance(x, bool)
            or not isinstance(x, (int, float))
            or not math.isfinite(x)
        ):
            self.without_x += 1
            return
        name = str(message.get("name", "")) or "counts"
        self._newest[name] = segment
        segment = self._less_forgotten(name, segment)
        if segment.blocks:
            curve, x = self._curve(name, message, settings), round(x, 4)
            curve.points.setdefault(x, Point(settings)).put(segment)
            self._seen += 1
            curve.present, curve.seen = x, self._seen

    def _curve(self, name, message, settings):
        """Return the Curve of a message; a new one if there is none yet."""
        curve = Curve(
            name=name,
            link=str(message.get("link", name)),
            model_sha256=str(message.get("model_sha256", "")),
            setting=other_settings(settings, self.x),
        )
        key = curve.name, curve.link, curve.model_sha256, curve.setting
        return self._curves.setdefault(key, curve)

    def _less_forgotten(self, name, segment):
        key = name, segment.seed, segment.first_block
        before = self._forgotten.get(key)
        if before is None:
            return segment
        if segment.blocks < before.blocks:  # the segment has begun again
            del self._forgotten[key]
            return segment
        return segment.after(before)

    def forget(self):
        """Forget all counts, including those of the current segments."""
        with self.lock:
            self.collect()
            self._curves, self.without_x = {}, 0
            self._forgotten = {
                (name, s.seed, s.first_block): s for name, s in self._newest.items()
            }
            self._version += 1

    def curves(self) -> list:
        """Return the DrawnCurves in order of appearance."""
        with self.lock:
            self.collect()
            of_name = {}
            for curve in self._curves.values():
                of_name.setdefault(curve.name, []).append(curve)
            return [
                _drawn(curve, variant, several)
                for several in of_name.values()
                for variant, curve in enumerate(several)
            ]

    def rows(self) -> list:
        """Return the counts as rows of link_chain.Counts.

        Segments that were added up at one point have the first block of the first one.
        """
        with self.lock:
            self.collect()
            return [
                _row(curve, point.settings, segment)
                for curve in self._curves.values()
                for point in curve.points.values()
                for segment in point.counted()
                if "ebn0_db" in point.settings
            ]

    def save_csv(self, path):
        """Write the counts to a CSV that advphy plot reads; they need an Eb/N0."""
        rows = self.rows()
        if not rows:
            raise ValueError("there are no counts with an Eb/N0 to save yet")
        table.write(path, rows, Counts)


def _drawn(curve, variant, several):
    """Return the DrawnCurve of one of several curves of a name."""
    differs = what_differs(curve.setting, [other.setting for other in several])
    points = {x: curve.points[x].totals() for x in sorted(curve.points)}
    age = sum(other.seen > curve.seen for other in several)
    return DrawnCurve(curve.name, differs, points, curve.present, variant, age)


def _segment(message):
    blocks = int(message["blocks"])
    names = ("seed", "first_block", "block_errors", "erasures")
    seed, first, errors, erasures = (int(message.get(name, 0)) for name in names)
    if min(first, errors, erasures) < 0 or errors + erasures > blocks:
        raise ValueError("counts are impossible")
    return Segment(seed, first, blocks, errors, erasures)


def _row(curve, settings, segment):
    on = bool(settings.get("on", False))
    link = curve.link
    if curve.name != link:  # a link may have several counters
        link = f"{link} ({curve.name})"
    return Counts(
        link=link,
        engine="flowgraph",
        ebn0_db=float(settings["ebn0_db"]),
        seed=segment.seed,
        first_block=segment.first_block,
        **segment.sums,
        model_sha256=curve.model_sha256,
        psr_db=round(float(settings.get("psr_db", 0.0)), 4) if on else None,
        attack=str(settings.get("perturbation", "attack")) if on else "none",
        canceller=str(settings.get("canceller", "none")),
        channel=canonical(str(settings.get("kind", "awgn"))),
    )
