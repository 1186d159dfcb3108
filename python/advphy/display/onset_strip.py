# SPDX-License-Identifier: GPL-3.0-or-later
"""Onset strip: draws BLER, attack and canceller over the last seconds."""

import collections
import functools
import itertools
import math
import statistics
from dataclasses import dataclass

import numpy as np
from advphy_model.measure.error_rate import interval, upper_bound

from .display_block import checked_floor, checked_seconds, message_display
from .message_record import MessageRecord, Totals, attack_of, level

_interval = functools.lru_cache(8192)(interval)  # past counts do not change

MOST = 4000  # largest number of events that are kept of each name
BEFORE = 2.0  # seconds before an attack, for the usual error rate
LAST_WORD = 0.2  # seconds; a state's last message may arrive when the next one begins
GAP = 1.0  # seconds without counts after which the line is interrupted
SLOTS = 140  # points of a curve
POOLED = 0.25  # seconds whose counts are added up before they are compared
FEW = 0.1  # of the usual number of blocks; the rate of fewer is left to chance
SURE = 0.9999  # confidence of a rise: there are 600 comparisons in 30 s


@dataclass(frozen=True)
class Interval:
    """Blocks counted between two messages, at the time of the later one."""

    time: float
    blocks: int
    failures: int


@dataclass(frozen=True)
class State:
    """State of an adversary or a canceller from a time on."""

    time: float
    on: bool
    psr_db: float


@dataclass(frozen=True)
class Slot:
    """Blocks counted in a short time."""

    time: float  # of its last message
    blocks: int
    failures: int
    rate: float  # BLER, or without failures its upper limit at 95 %


def slots(intervals, seconds) -> list:
    """Return the Slots of a counter's Intervals, each a small part of `seconds`.

    A slot without failures has the limit from all blocks since the last failure. Slots
    with FEW blocks are added to the next one; the newest one waits for it.
    """
    found, clean, last = [], 0, -math.inf
    length = seconds / SLOTS
    parts = itertools.groupby(intervals, lambda i: i.time // length)
    parts, several = [list(part) for _, part in parts], []
    least = FEW * statistics.median(_sum(part)[1] for part in parts)
    for part in parts:
        several = several + part
        failures, blocks = _sum(several)
        if blocks < least:
            continue
        clean *= not failures and several[0].time - last <= GAP
        clean += 0 if failures else blocks
        rate = failures / blocks if failures else upper_bound(clean)
        last = several[-1].time
        found.append(Slot(last, blocks, failures, rate))
        several = []
    return found


def error_line(found, now, floor):
    """Return x, y, whether a point joins the next, and whether both saw failures.

    x is in seconds from `now`, y the logarithm of the rate, at least that of the floor.
    """
    times = np.array([slot.time for slot in found])
    y = np.log10(np.maximum([slot.rate for slot in found], floor))
    joined = np.append(np.diff(times) <= GAP, False)
    seen = np.array([slot.failures > 0 for slot in found])
    return times - now, y, joined, joined & seen & np.append(seen[1:], False)


class OnsetRecord(MessageRecord):
    """Messages of counters, adversaries and cancellers; arguments: see onset_strip."""

    KINDS = frozenset({"counts", "psr", "answers", "estimate"})
    SLOT = 0.02  # seconds; a faster sender's newest message of each slot is drawn

    def __init__(self, seconds=20.0, floor=1e-5):
        super().__init__()
        self.floor = checked_floor(floor)
        self.seconds = checked_seconds(seconds)
        self._totals = Totals()
        self._intervals, self._attacks, self._found = {}, {}, {}

    def add(self, message):
        time = float(message["time"])
        if not math.isfinite(time):
            raise ValueError("time is not finite")
        add = {"counts": self._counts, "estimate": self._estimate}
        add |= dict.fromkeys(("psr", "answers"), self._psr)
        add[message["kind"]](str(message["name"]), time, message)

    def _counts(self, name, time, message):
        blocks, first = int(message["blocks"]), int(message["first_block"])
        failures = int(message["block_errors"]) + int(message.get("erasures", 0))
        blocks, failures = self._totals.added(name, first, blocks, failures)
        if blocks > 0 and failures >= 0:
            self._keep(self._intervals, name, Interval(time, blocks, failures))

    def _psr(self, name, time, message):
        on, psr_db = attack_of(message)
        before = self._attacks.get(name)
        if before and before[-1].on != on and 0 < time - before[-1].time < LAST_WORD:
            time = before[-1].time  # the last message of the previous state
        self._keep(self._attacks, name, State(time, on, psr_db if on else -math.inf))

    def _estimate(self, name, time, message):
        on = bool(message["detected"])  # a disabled canceller sends no PSR
        psr_db = message["psr_db"] if on else message.get("psr_db")
        self._keep(self._found, name, State(time, on, level(psr_db)))

    def _keep(self, events, name, event):
        kept = events.setdefault(name, collections.deque(maxlen=MOST))
        kept.append(event)
        while len(kept) > 2 and kept[1].time < event.time - self.seconds - BEFORE:
            kept.popleft()

    def events(self):
        with self.lock:
            self.collect()
            return tuple(
                {name: list(kept) for name, kept in events.items()}
                for events in (self._intervals, self._attacks, self._found)
            )


def spells(states, end, same=lambda state: (state.on, state.psr_db)):
    """Return [(begin, end, psr_db)] of the periods that are on, until a time `end`.

    A period ends where `same`, a function of a State, has another value.
    """
    begun = [next(run) for _, run in itertools.groupby(states, same)]
    ends = [*(state.time for state in begun[1:]), end]
    return [
        (state.time, max(state.time, until), state.psr_db)
        for state, until in zip(begun, ends, strict=False)
        if state.on
    ]


def lasting(states):
    """Return the runs of at least two successive states that are on.

    A single one may be a false alarm, because a canceller tests a thousand windows a
    second.
    """
    runs = (list(run) for on, run in itertools.groupby(states, lambda s: s.on) if on)
    return [run for run in runs if len(run) > 1]


def last_change(states):
    """Return (time, on) of the last change between on and off, or None."""
    for before, after in zip(states[-2::-1], states[:0:-1], strict=False):
        if before.on != after.on:
            return after.time, after.on
    return None


def found_after(states, onset):
    """Return the seconds from the onset to the canceller's first detection, or None.

    It is None if the canceller was already detecting something at the onset. A
    detection of up to LAST_WORD before the onset counts as 0 s, because messages are
    not more exact.
    """
    before = [state for state in states if state.time < onset - LAST_WORD]
    if before and before[-1].on:
        return None
    after = states[len(before) :]
    return next((max(0.0, s.time - onset) for s in after if s.on), None)


def usual_before(intervals, onset):
    """Return (failures, blocks) of the BEFORE seconds before an onset."""
    return _sum(i for i in intervals if onset - BEFORE <= i.time < onset)


def risen_at(intervals, usual, onset, pooled=POOLED):
    """Return the time, from an onset on, of surely more errors than usual, or None."""
    windows = _windows(intervals, usual, onset, pooled, SURE)
    return next((end for _, end, above in windows if above), None)


def returned_at(intervals, usual, since, pooled=POOLED):
    """Return the time, from `since` on, after which errors are as usual, or None."""
    windows = _windows(intervals, usual, since, pooled, 0.95)
    return next((t for t, _, above in windows if t >= since and not above), None)


def _windows(intervals, usual, since, pooled, confidence):
    """Yield (begin, end, above) of the windows of `pooled` seconds that end later.

    Above are those whose Wilson interval is above that of the usual counts. Windows
    with FEW blocks are left out.
    """
    begin, least = 0, FEW * usual[1] * pooled / BEFORE
    high = _interval(*usual, confidence=confidence)[1]
    for end, newest in enumerate(intervals):
        while newest.time - intervals[begin].time > pooled:
            begin += 1
        if begin and newest.time >= since:
            counts = _sum(intervals[begin : end + 1])
            above = _interval(*counts, confidence=confidence)[0] > high
            if counts[1] >= least:
                yield intervals[begin - 1].time, newest.time, above


def _sum(intervals):
    several = list(intervals)
    return sum(i.failures for i in several), sum(i.blocks for i in several)


def newest_time(*events):
    """Return the time of the newest of all events, or 0."""
    return max((k[-1].time for part in events for k in part.values() if k), default=0.0)


def delay_texts(intervals, attacks, found):
    """Return the delays of detection and recovery after an onset, as lines of text."""
    changes, lines = list(filter(None, map(last_change, attacks.values()))), []
    onset, on = max(changes, default=(0.0, False))
    since = [[s for s in kept if s.time >= onset] for kept in found.values()]
    if not on or not any(any(lasting(states)) for states in since):
        return []  # where nothing is cancelled, nobody expects to recover
    for name, states in found.items():
        if (after := found_after(states, onset)) is not None:
            lines.append(f"{name}: found after {after:.2f} s")
    for name, counted in intervals.items():
        usual = usual_before(counted, onset)
        risen = risen_at(counted, usual, onset) if usual[1] else None
        if risen is not None:
            back = returned_at(counted, usual, risen)
            after = back and f"recovered after {back - onset:.2f} s"
            lines.append(f"{name}: {after or 'not recovered'}")
    return lines


class onset_strip(message_display):
    """Draw block error rates, attacks and detections over time.

    Message port "in": messages of kind "counts", "psr", "answers" and "estimate". Those
        of the other known kinds are ignored; unknown messages are counted as refused.

    Args:
        title: title above the plot.
        seconds: time that is shown, 1..3600 s.
        floor: lowest BLER that is drawn, 1e-15..0.5.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("onset_window", "OnsetWindow")

    def __init__(self, title="", seconds=20.0, floor=1e-5, frame_rate=15):
        record = OnsetRecord(seconds, floor)
        message_display.__init__(self, record, title, frame_rate)

    def events(self):
        """Return (intervals, attacks, estimates) of the last seconds, {name: [...]}."""
        return self.record.events()
