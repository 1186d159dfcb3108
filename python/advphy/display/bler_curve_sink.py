# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER-curve sink: draws curves with intervals from the messages of counters."""

import math

from advphy_model.air.channels import canonical
from advphy_model.measure import table
from advphy_model.measure.link_chain import Counts

from .bler_curves import (
    X_LABELS,
    Curve,
    DrawnCurve,
    Point,
    Segment,
    closed_form_lines,
    earlier_lines,
    other_settings,
    what_differs,
)
from .display_block import checked_floor, message_display
from .message_record import MessageRecord


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
        if not -math.inf < first < last < math.inf:
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
        segment = _segment(message)
        settings = message.get("settings") or {}  # an empty dictionary is nil in PMT
        x = settings.get(self.x)
        if not segment.blocks or (self.x in settings and x in (None, -math.inf)):
            return  # without an attack, a curve over PSR has no point
        number = isinstance(x, int | float) and not isinstance(x, bool)
        if not number or not math.isfinite(x):
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
        link, sha256 = message.get("link", name), message.get("model_sha256", "")
        key = name, str(link), str(sha256), other_settings(settings, self.x)
        return self._curves.setdefault(key, Curve(*key))

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
            drawn = []
            for name, several in of_name.items():
                settings = [curve.setting for curve in several]
                for variant, curve in enumerate(several):
                    differs = what_differs(curve.setting, settings)
                    points = {x: curve.points[x].totals() for x in sorted(curve.points)}
                    age = sum(other.seen > curve.seen for other in several)
                    look = (differs, points, curve.present, variant, age)
                    drawn.append(DrawnCurve(name, *look))
            return drawn

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


def _segment(message):
    blocks = int(message["blocks"])
    names = ("seed", "first_block", "block_errors", "erasures")
    seed, first, errors, erasures = (int(message.get(name, 0)) for name in names)
    if min(first, errors, erasures) < 0 or errors + erasures > blocks:
        raise ValueError("counts are impossible")
    return Segment(seed, first, blocks, errors, erasures)


def _row(curve, settings, segment):
    on, link = bool(settings.get("on", False)), curve.link
    several = "" if curve.name == link else f" ({curve.name})"  # counters of a link
    return Counts(
        link=link + several,
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


class bler_curve_sink(message_display):
    """Draw block error rates over a setting that is changed while it runs.

    Message port "in": messages of kind "counts". Those of the other known kinds are
        ignored; unknown messages are counted as refused.

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
