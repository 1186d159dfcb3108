# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of the BLER-curve sink: points, what differs, theory and earlier counts."""

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np
from advphy_model.link import links
from advphy_model.measure import curves, table
from advphy_model.measure.curves import without_hash
from advphy_model.measure.link_chain import Counts
from advphy_model.measure.measurement_text import bounds

X_LABELS = {"ebn0_db": "Eb/N0 (dB)", "psr_db": "PSR (dB)", "snr_db": "SNR (dB)"}
MOST = 12  # lines that a reader can distinguish
MOST_VARIANTS = 4  # newest variants of a name that are drawn, besides pinned ones
MOST_SEGMENTS = 4  # kept separately at one point; the oldest are added up beyond that


def after(total, before):
    """Return the counts that were added after an earlier total of this segment."""
    less = {name: -getattr(before, name) for name in Counts.SUMS}
    return dataclasses.replace(total.plus(less), first_block=before.end)


@dataclass
class Point:
    """Counts under one setting; a segment is a running total of successive blocks."""

    segments: dict = field(default_factory=dict)  # Counts by (seed, first block)
    summed: Counts | None = None  # of those that are no longer kept separately
    _totals: tuple | None = None

    def put(self, segment):
        """Replace a running total by a later one."""
        key = segment.seed, segment.first_block
        earlier = self.segments.get(key)
        if earlier is not None and earlier.blocks >= segment.blocks:
            return  # a second run from the same block counts nothing new
        self.segments[key], self._totals = segment, None
        if len(self.segments) > MOST_SEGMENTS:
            old = self.segments.pop(next(iter(self.segments)))
            self.summed = self.summed.joined(old) if self.summed else old

    def counted(self):
        """Return segments that do not overlap: of two that do, the longer one stays."""
        kept, old = table.longest(self.segments.values())[0], self.summed
        if old is None:
            return kept
        return [old, *(s for s in kept if s.seed != old.seed or s.first >= old.end)]

    def totals(self):
        if self._totals is None:
            whole = table.total(self.counted())
            self._totals = whole.failures, whole.blocks
        return self._totals


@dataclass
class Curve:
    """Points of one counter's name whose settings differ only in x."""

    name: str
    setting: tuple
    variant: int = 0  # see DrawnCurve
    points: dict = field(default_factory=dict)  # Point by x
    present: float | None = None  # x of the newest message
    seen: int = 0  # number of the newest message
    pin: str | None = None  # the user's name of a pinned curve, or empty


@dataclass(frozen=True)
class DrawnCurve:
    """A curve as it is drawn."""

    name: str  # of the counter
    differs: str  # settings in which it differs from others of the name, or empty
    points: dict  # {x: (failures, blocks)}
    present: float  # x where blocks are being counted
    variant: int  # 0 for the first settings of the name, 1 for the next, ...
    age: int  # 0 for the current settings of the name, 1 for the previous ones, ...
    pin: str | None = None  # the user's name of a pinned curve, or empty

    @property
    def title(self):
        return self.pin or self.label

    @property
    def label(self):
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


# Settings that follow from others, and those without a meaning if there is no attack.
DERIVED = {"noise_variance", "perturbation_kind"}
OF_ATTACK = DERIVED | set(
    "perturbation psr_db shift phase sign frequency_offset fading on".split()
)


def _plain(key, value):
    """Return the text of a setting, without the rounding errors of a slider."""
    if not isinstance(value, float):
        return str(value)
    return f"{round(value, 2) + 0.0:g}" if key.endswith("_db") else f"{value:.4g}"


def other_settings(settings, x):
    """Return the settings except x and derived ones, as sorted pairs of texts."""
    ignored = {x} | (DERIVED if settings.get("on", False) else OF_ATTACK)
    others = {str(key): settings[key] for key in settings.keys() - ignored}
    return tuple(sorted((key, _plain(key, value)) for key, value in others.items()))


ON = ("on", "True")
WORDS = {"psr_db": "PSR {} dB", "ebn0_db": "Eb/N0 {} dB", "snr_db": "SNR {} dB"}
WORDS |= dict.fromkeys(("kind", "perturbation", "canceller"), "{}")


def what_differs(setting, settings):
    """Return in words how a setting differs from others of the same name."""
    attacked = [other for other in settings if ON in other]
    words = []
    if attacked and len(attacked) < len(settings):
        settings = attacked
        if ON not in setting:
            settings = [other for other in settings if ON not in other] or [setting]
            words = ["no attack"]
        elif len(attacked) == 1:
            return WORDS["psr_db"].format(dict(setting).get("psr_db", "?"))
    shared = set(settings[0]).intersection(*settings[1:])
    own = [pair for pair in setting if pair not in shared]
    if len(own) > 1:  # the perturbation's name is long: only if nothing else differs
        own = [pair for pair in own if pair[0] != "perturbation"] or own
    for key, value in own:
        used = {dict(other).get(key, "none") for other in settings} - {"none"}
        words.append(_words(key, value, len(used) > 1))
    return ", ".join(words)


def _words(key, value, several):
    plain = key.replace("_", " ")
    if value == "none":
        return f"no {plain}"
    if key == "canceller" and not several:
        return "with canceller"
    return WORDS.get(key, plain + " {}").format(without_hash(value))


def closed_form_lines(names, x, first, last):
    """Return [(label, x, BLER)] of links; ValueError without theory over this x."""
    lines = []
    for name in _listed(names):
        theory = links.theory(name)
        if theory is None:
            known = [n for n in links.names() if links.theory(n)]
            raise ValueError(
                f"closed_forms = {names!r}: there is no theory of {name!r}; choose "
                f"from {', '.join(known)}"
            )
        if x != "ebn0_db":
            raise ValueError(
                f"closed_forms = {names!r} are functions of Eb/N0, but x = {x!r}; "
                "leave closed_forms empty"
            )
        what, bler = theory
        values = np.linspace(first, last, 101)
        lines.append((f"{name}, {what}", values, np.array([bler(v) for v in values])))
    return lines


def earlier_lines(paths, x):
    """Return [(label, x values, BLER)] of CSVs of counts, separated by commas.

    ValueError if a file is invalid, if there are too many curves, or if x is neither
    "ebn0_db" nor "psr_db".
    """
    listed, lines = _listed(paths), []
    if listed and x not in ("ebn0_db", "psr_db"):
        raise ValueError(
            f"csv = {paths!r}: counts have no {x}; give x = 'ebn0_db' or 'psr_db', or "
            "leave csv empty"
        )
    for path in listed:
        try:
            rows = table.read(path, Counts)
        except OSError as error:
            raise ValueError(
                f"csv = {path!r} cannot be read: {error.strerror}; give a file that "
                "advphy measure or this display wrote"
            ) from None
        for label, points in curves.curves(rows, x).items():
            counted = [(at, *points[at]) for at in sorted(points.keys() - {None})]
            seen = [(at, failures / blocks) for at, failures, blocks in counted]
            values, rates = np.array([p for p in seen if p[1]]).reshape(-1, 2).T
            if len(values):
                lines.append((label, values, rates))
    if len(lines) > MOST:
        raise ValueError(
            f"csv = {paths!r} has {len(lines)} curves, expected at most {MOST}; leave "
            "out some files or rows"
        )
    return lines


def _listed(text):
    return [part.strip() for part in str(text).split(",") if part.strip()]
