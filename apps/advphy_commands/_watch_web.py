# SPDX-License-Identifier: GPL-3.0-or-later
"""Page of `advphy watch --web`: what the window shows, in a browser."""

import math
import time
from pathlib import Path

from advphy_model.measure.curve_looks import ORANGE, look_of
from advphy_model.measure.measurement_text import short_text

from advphy_commands._output import document
from advphy_commands._page_server import PageServer
from advphy_commands._watch_displays import TITLES, Shown

PORT = 5600
PAGE = Path(__file__).with_name("_watch_page.html")
PICTURE_SECONDS = 0.25  # between two pictures
MOST_LINES, MOST_POINTS = 24, 200  # of a plot, the newest of more; of a line, thinned


def address(name, text):
    """Return (host, port) of "PORT" or "HOST:PORT", or raise ValueError."""
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) < 65536) or "/" in host:
        raise ValueError(
            f"{name} must be PORT or HOST:PORT, such as {PORT} or 0.0.0.0:{PORT}, got "
            f"'{text}'; write the ADDRESS of a publisher before {name}"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


class Page:
    """The page until close(); ValueError if it cannot be served."""

    def __init__(self, settings, output, turns):
        host, port = settings.web
        self._turns, self._shown = turns, Shown(settings, turns)
        self._state, self._due = None, 0.0
        try:
            self._server = PageServer(host, port, PAGE.read_bytes())
        except OSError as error:
            where = f"--web {host}:{port}: {error.strerror}"
            raise ValueError(f"{where}; give another HOST or PORT") from None
        self.close = self._server.close
        turns.show(lambda _: None, self._tick)
        output.remark(f"the page is at {self._server.url()}")
        if not self._server.loopback:
            output.remark(
                "whoever reaches this computer over the network can look at the page: "
                "there is no password and no encryption"
            )

    def _tick(self):
        shown = self._shown
        state = [each.state() for each in (shown.curves, shown.strip, shown.eves)]
        due = self._turns.received and time.monotonic() >= self._due
        if due and state != self._state:
            self._state, self._due = state, time.monotonic() + PICTURE_SECONDS
            plots = [_curves(shown.curves)] if shown.has_curves else []
            plots += [_strip(shown.strip)]
            plots += [_eves(shown.eves)] if shown.has_eves else []
            self._server.show(document({"plots": plots}).encode())


def _line(name, value, points, **more):
    look = look_of(name)
    more |= {"color": look.color, "marker": look.marker.pyqtgraph}
    return {"name": name, "value": value, "points": points} | more


def _thinned(points):
    """Return (at most MOST_POINTS of the points with the last one, one of how many)."""
    step = max(1, math.ceil(len(points) / MOST_POINTS))
    return points[::-step][::-1], step


def _plot(title, lines, x, y, x_label="time (s)", **more):
    drawn = {"lines": lines, "x": x, "y": y, "x_label": x_label}
    return {"title": TITLES[title]} | drawn | more


def _curves(record):
    """Return the plot of BLER curves: points (x, bler or None, low, high)."""
    from gnuradio.advphy.display.bler_curves import MOST_VARIANTS

    lines = []
    for curve in record.curves(MOST_VARIANTS)[-MOST_LINES:]:
        counted = curve.points.get(curve.present)
        value = short_text(*counted) if counted and not curve.age else ""
        more = ("differs", "variant", "age", "present")
        more = {name: getattr(curve, name) for name in more}
        points, _ = _thinned([row[:4] for row in curve.rows().tolist()])
        lines.append(_line(curve.name, value, points, **more))
    y = math.log10(record.floor), 0.0
    return _plot("curves", lines, record.range, y, record.x_label)


def _strip(record):
    """Return the plot over time: points (x, log10 BLER, 2 measured, 1 limit, 0 gap)."""
    from gnuradio.advphy.display import onset_strip as strip

    intervals, attacks, found = record.events()
    now, lines = strip.newest_time(intervals, attacks, found), []
    for name, kept in list(intervals.items())[-MOST_LINES:]:
        shown = [i for i in kept if i.time >= now - record.seconds] or kept[-1:]
        each = strip.slots(shown, record.seconds)
        x, y, joined, seen = strip.error_line(each, now, record.floor)
        points = zip(
            *(part.tolist() for part in (x, y, joined * 1 + seen)), strict=True
        )
        value = short_text(each[-1].failures, each[-1].blocks)
        lines.append(_line(name, value, list(points)))
    bars = [_bar(name, kept, now, "attacks", ORANGE) for name, kept in attacks.items()]
    bars += [_bar(name, kept, now, "detected", "") for name, kept in found.items()]
    more = {"bars": bars[:MOST_LINES]}
    more["notes"] = strip.delay_texts(intervals, attacks, found)
    ends = (-record.seconds, 0.0), (math.log10(record.floor), 0.0)
    return _plot("strip", lines, *ends, **more)


def _bar(name, states, now, words, color):
    """Return when an attack was on, or a canceller detected one."""
    from gnuradio.advphy.display.onset_strip import spells

    parts, last = spells(states, now, lambda state: state.on), states[-1]
    level = f" at {last.psr_db:.1f} dB" if math.isfinite(last.psr_db) else ""
    value = words + level if last.on else "off" if color else "nothing detected"
    times = [(begin - now, end - now) for begin, end, _ in parts[-MOST_POINTS:]]
    return {"name": name, "value": value, "color": color, "spells": times}


def _eves(record):
    """Return the plot of Eve's accuracy in percent: points (x, y, whether joined)."""
    from gnuradio.advphy.display.accuracy_strip import POINT_SECONDS

    points, lines = {n: kept for n, kept in record.points().items() if kept}, []
    now = max((kept[-1][0] for kept in points.values()), default=0.0)
    for name, kept in list(points.items())[-MOST_LINES:]:
        kept, step = _thinned(kept)
        joined = [
            (at - now, 100 * share, 2 * (later - at <= (1 + step) * POINT_SECONDS))
            for (at, share), (later, _) in zip(kept, [*kept[1:], kept[-1]], strict=True)
        ]
        lines.append(_line(name, f"{kept[-1][1]:.0%}", joined))
    ends = (-record.seconds, 0.0), (0.0, 100.0)
    return _plot("eves", lines, *ends, level=100 * record.chance)
