# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER-curve sink: draws curves with intervals from the messages of counters."""

import dataclasses
import functools
import logging
import math

from advphy_model.checked_values import is_number
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.published_counts import row_of

from . import bler_curves
from .display_block import checked_floor, message_display
from .message_record import MessageRecord

MOST_CURVES, MOST_POINTS = 100, 1000  # of a name that are kept, besides pinned ones


class BlerCurveRecord(MessageRecord):
    """Measured BLER curves, closed forms and earlier counts; see bler_curve_sink."""

    KINDS = frozenset({"counts"})

    def __init__(
        self, x="ebn0_db", first=0.0, last=10.0, floor=1e-6, closed_forms="", csv=""
    ):
        super().__init__()
        self.x = str(x).strip()
        if not self.x:
            rule = "the key of a setting, such as 'ebn0_db'"
            raise ValueError(f"x must be {rule}, got {x!r}")
        if not (is_number(first) and is_number(last) and -1e300 < first < last < 1e300):
            raise ValueError(
                f"first = {first!r} and last = {last!r}, expected two numbers, the "
                "first below the last"
            )
        self.x_label = bler_curves.X_LABELS.get(self.x, self.x.replace("_", " "))
        self.range, self.floor = (float(first), float(last)), checked_floor(floor)
        self.theory = bler_curves.closed_form_lines(closed_forms, self.x, *self.range)
        self.earlier = bler_curves.earlier_lines(csv, self.x)
        self._curves = {}
        self._forgotten = {}  # totals to subtract, by (name, seed, first block)
        self._newest = {}  # newest running total, by name
        self._seen = 0
        self._warn_once = functools.cache(logging.getLogger(__name__).warning)
        self.without_x = 0  # messages that lack the setting

    def add(self, message):
        name = str(message.get("name", "")) or "counts"
        segment = row_of({"link": name} | message)
        segment.require_possible()
        if segment.link != name:  # there may be several counters of a link
            segment = dataclasses.replace(segment, link=f"{segment.link} ({name})")
        settings = message.get("settings") or {}
        x = settings.get(self.x)
        if not segment.blocks or (self.x in settings and x in (None, -math.inf)):
            return  # without an attack, a curve over PSR has no point
        if not (is_number(x) and math.isfinite(x)):
            self.without_x += 1
            return
        self._newest[name] = segment
        before = self._forgotten.get((name, segment.seed, segment.first_block))
        if before is not None and segment.blocks < before.blocks:  # it has begun again
            del self._forgotten[name, segment.seed, segment.first_block]
        elif before is not None:
            segment = bler_curves.after(segment, before)
        if segment.blocks:
            setting, x = bler_curves.other_settings(settings, self.x), round(x, 4)
            key = name, segment.link, segment.model_sha256, setting
            if key not in self._curves:
                self._curves[key] = bler_curves.Curve(
                    name, setting, self._next_variant(name)
                )
            curve = self._curves[key]
            self._seen += 1
            curve.present, curve.seen = x, self._seen
            if x not in curve.points:
                curve.points[x] = bler_curves.Point()
                self._forget_oldest(name)
            curve.points[x].put(segment)

    def _next_variant(self, name):
        same = (c.variant for c in self._curves.values() if c.name == name)
        return max(same, default=-1) + 1

    def _forget_oldest(self, name):
        """Forget the oldest curves of a name if there are too many."""
        loose = [k for k, c in self._curves.items() if c.name == name and c.pin is None]
        loose.sort(key=lambda key: -self._curves[key].seen)
        points = sum(len(self._curves[key].points) for key in loose)
        while len(loose) > MOST_CURVES or (points > MOST_POINTS and len(loose) > 1):
            text = "%s had over %d settings or %d points: the oldest are forgotten"
            self._warn_once(text, name, MOST_CURVES, MOST_POINTS)
            points -= len(self._curves.pop(loose.pop()).points)

    def forget(self):
        """Forget all counts but of pinned curves, and those of current segments."""
        with self.lock:
            self.collect()
            kept = {k: c for k, c in self._curves.items() if c.pin is not None}
            self._curves, self.without_x = kept, 0
            self._forgotten = {
                (name, s.seed, s.first_block): s for name, s in self._newest.items()
            }
            self._version += 1

    def pin(self, drawn, text):
        """Pin a DrawnCurve, with a name that may be empty; None unpins it."""
        with self.lock:
            for curve in self._curves.values():
                if (curve.name, curve.variant) == (drawn.name, drawn.variant):
                    curve.pin = text
            self._version += 1

    def curves(self, most=math.inf) -> list:
        """Return the DrawnCurves: of each name the newest ones, and pinned ones."""
        with self.lock:
            self.collect()
            of_name = {}
            for curve in self._curves.values():
                of_name.setdefault(curve.name, []).append(curve)
            drawn = []
            for name, several in of_name.items():
                order = sorted((c.seen for c in several), reverse=True)
                ages = {seen: age for age, seen in enumerate(order)}
                shown = [c for c in several if ages[c.seen] < most or c.pin is not None]
                settings = [curve.setting for curve in shown]
                for curve in shown:
                    differs = bler_curves.what_differs(curve.setting, settings)
                    points = {x: curve.points[x].totals() for x in sorted(curve.points)}
                    look = curve.present, curve.variant, ages[curve.seen], curve.pin
                    drawn.append(bler_curves.DrawnCurve(name, differs, points, *look))
            return drawn

    def rows(self) -> list:
        """Return the counts as rows of link_chain.Counts.

        Segments that were added up at one point have the first block of the first one.
        """
        with self.lock:
            self.collect()
            return [
                row
                for curve in self._curves.values()
                for point in curve.points.values()
                for row in point.counted()
                if row.ebn0_db is not None
            ]

    def save_csv(self, path):
        """Write the counts to a CSV that advphy plot reads; they need an Eb/N0."""
        rows = self.rows()
        if not rows:
            raise ValueError("there are no counts with an Eb/N0 to save yet")
        table.write(path, rows, Counts)


class bler_curve_sink(message_display):
    """Draw block error rates over a setting that is changed while it runs.

    Message port "in": messages of kind "counts". Those of the other known kinds are
        ignored; unknown messages are counted as refused.

    Of each counter, the counts of the newest 100 settings besides x with at most 1000
    points are kept, and those of pinned curves.

    Args:
        title: title above the plot.
        x: key of the setting on the horizontal axis: "ebn0_db", "psr_db", ...
        first: left end of the horizontal axis.
        last: right end of the horizontal axis.
        floor: lowest BLER that is drawn, 1e-15..0.5.
        closed_forms: links whose theory is drawn, such as "bpsk, hamming74_ml".
        csv: files of earlier counts that are drawn as thin lines, separated by commas.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("bler_curve_window", "BlerCurveWindow")

    def __init__(
        self,
        title="",
        x="ebn0_db",
        first=0.0,
        last=10.0,
        floor=1e-6,
        closed_forms="",
        csv="",
        frame_rate=15,
    ):
        record = BlerCurveRecord(x, first, last, floor, closed_forms, csv)
        message_display.__init__(self, record, title, frame_rate)

    def curves(self):
        """Return the counts as {label: {x: (failures, blocks)}}."""
        return {curve.label: curve.points for curve in self.record.curves()}
