# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of BLER curves: measured with intervals, in front of theory and the past.

It needs no flowgraph: whatever has messages of counters gives them to take().
"""

import functools
import math
import time

import numpy as np
from advphy_model.measure import table
from advphy_model.measure.error_rate import interval, upper_bound
from advphy_model.measure.link_chain import Counts

from .bler_hover import hover_at
from .bler_items import CurveItems, add_overlay, curve_looks
from .bler_overlays import X_LABELS, closed_form_lines, earlier_lines
from .bler_points import BlerPoints
from .display_arguments import checked_floor, checked_frame_rate
from .name_looks import GREY, INK
from .plot_items import logarithms
from .plot_window import plot_window_class
from .qt_application import require_plots
from .side_labels import SHARE, Label, rate_text, side_labels_class

MOST_VARIANTS = 4  # of the settings of one name, the newest
LABEL_SECONDS = 0.2  # between two writings of labels: none reads faster
_interval = functools.lru_cache(4096)(interval)


class BlerPlot:
    """What a window of BLER curves shows: the measured points, overlays, the axes.

    Args:
        title: above the plot.
        x: the key of settings that is the horizontal axis.
        first: its left end.
        last: its right end.
        floor: lowest BLER.
        closed_forms: links whose theory is drawn, with commas.
        csv: files of earlier counts, with commas.
        frame_rate: most pictures a second.

    Raises:
        ValueError: naming what is wrong.
    """

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
        self.title, self.x = str(title), str(x).strip()
        self.frame_rate = checked_frame_rate(frame_rate)
        if not self.x:
            raise ValueError(
                f"x = {x!r}, wanted the key of a setting, such as 'ebn0_db'"
            )
        if not (math.isfinite(first) and math.isfinite(last) and first < last):
            raise ValueError(
                f"first = {first!r} and last = {last!r}, wanted two numbers, the "
                "first below the last"
            )
        self.range, self.floor = (float(first), float(last)), checked_floor(floor)
        self.theory = closed_form_lines(closed_forms, self.x, *self.range)
        self.earlier = earlier_lines(csv, self.x)
        self.points = BlerPoints(self.x)

    @property
    def x_label(self):
        """Return what is written under the axis."""
        return X_LABELS.get(self.x, self.x.replace("_", " "))


def bler_curve_window(
    title="",
    x="ebn0_db",
    first=0.0,
    last=10.0,
    floor=1e-6,
    closed_forms="",
    csv="",
    frame_rate=15,
):
    """Return a widget that draws the messages given to its method take(message).

    The arguments are those of BlerPlot.

    Raises:
        ValueError: an argument is wrong, or there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    plot = BlerPlot(title, x, first, last, floor, closed_forms, csv, frame_rate)
    return window_of(plot)


def window_of(plot, mailbox=None):
    """Return the widget of a BlerPlot, which collects from a Mailbox if there is one.

    Raises:
        ValueError: there is no application of Qt.
        ImportError: PyQt5 is not installed.
    """
    require_plots()
    return _window_class()(plot, mailbox)


def measured(points):
    """Return (x, bler, low, high, failures, blocks) of {x: (failures, blocks)}.

    Where no block failed, bler is NaN and high the rate that this excludes at 95 %.
    """
    found = []
    for x, (failures, blocks) in points.items():
        if failures:
            found.append(
                (x, failures / blocks, *_interval(failures, blocks), failures, blocks)
            )
        else:
            found.append((x, math.nan, 0.0, upper_bound(blocks), 0, blocks))
    return np.array(found).reshape(-1, 6)


def overlay_labels(plot_item, plot):
    """Draw what stands behind the measured curves; return its Labels."""
    labels = []
    for number, (name, x, rates) in enumerate(plot.theory + plot.earlier):
        glyph, colour = add_overlay(plot_item, number, len(plot.theory), name, x, rates)
        shown = rates[(x <= plot.range[1]) & (rates > 0)]
        end = max(shown[-1], plot.floor) if len(shown) else 1.0
        labels.append(Label(float(logarithms(end)), name, colour, glyph))
    return labels


def curve_labels(looks, floor):
    """Return Labels of CurveLooks, each at the end of its curve."""
    labels = []
    for look in looks:
        with_errors = [f / b for f, b in look.points.values() if f]
        failures, blocks = look.points.get(look.present, (0, 0))
        value = rate_text(failures, blocks) if blocks and look.newest else ""
        end = float(logarithms(with_errors[-1] if with_errors else floor))
        labels.append(
            Label(
                end,
                look.name,
                look.look.colour,
                look.look.glyph,
                look.differs,
                value,
                bold=True,
            )
        )
    return labels


@functools.cache
def _window_class():
    import pyqtgraph
    from PyQt5 import QtCore

    class BlerCurveWindow(plot_window_class()):
        def __init__(self, plot, mailbox):
            super().__init__(plot.title, plot.frame_rate, plot.points, mailbox)
            self.plot, self.curves, self._near = plot, {}, []
            self._labels_due, self._column, self._stale = 0.0, 0, False
            self.axes = self.add_plot(0, log=True)
            self.axes.vb.set_home(plot.range, (math.log10(plot.floor), 0.0))
            self.labels = side_labels_class()(self.axes.vb)
            self.canvas.addItem(self.labels, 0, 1)
            self._overlays = overlay_labels(self.axes, plot)
            self.present = pyqtgraph.ScatterPlotItem(
                pen=pyqtgraph.mkPen(INK), brush=None, symbol="o"
            )
            self.tip = pyqtgraph.TextItem(color=INK, border=GREY, fill="w")
            self.empty = pyqtgraph.TextItem("no counts yet", GREY, anchor=(0.5, 0.5))
            self.empty.setPos(sum(plot.range) / 2, math.log10(plot.floor) / 2)
            for item in (self.present, self.tip, self.empty):
                item.setZValue(5)
                self.axes.addItem(item, ignoreBounds=True)
            self.tip.hide()
            self._moves = pyqtgraph.SignalProxy(
                self.canvas.scene().sigMouseMoved, rateLimit=30, slot=self._moved
            )
            self.add_action(
                "Save CSV...",
                lambda: self.ask_and_save(
                    "Save counts", "Counts (*.csv)", self.save_csv
                ),
            )
            self.add_action("Forget the counts", self.forget)

        def forget(self):
            """Draw only what is counted from now on."""
            if self._mailbox is not None:
                self._mailbox.collect()
            self.plot.points.forget()
            self.refresh()

        def save_csv(self, path):
            """Write the counts as advphy plot reads them; they need an Eb/N0."""
            rows = self.plot.points.rows()
            if not rows:
                raise ValueError("there are no counts with an Eb/N0 to save yet")
            table.write(path, rows, Counts)

        def version(self):
            stale = self._stale and time.monotonic() >= self._labels_due
            return self.plot.points.version, stale

        def arrange(self):
            letter = self.letter()
            self.axes.getAxis("left").setWidth(4.4 * letter)
            self.axes.getAxis("bottom").setHeight(2.9 * letter)
            long = self.height() > 22 * letter
            self.label_axis(
                self.axes, "left", "block error rate (BLER)" if long else "BLER"
            )
            self.label_axis(self.axes, "bottom", self.plot.x_label)
            self.labels.set_font(self.font_of())
            self.tip.setFont(self.font_of(0.95))
            self.empty.setFont(self.font_of())
            self._labels_due = self._column = 0
            self.set_label_width(SHARE * self.width())

        def fill(self):
            looks = curve_looks(self.plot.points.curves(), MOST_VARIANTS)
            size = 0.6 * self.letter()
            self._near = [(look, measured(look.points)) for look in looks]
            gone = self.curves.keys() - {(k.name, k.variant) for k in looks}
            for key in gone:
                self.curves.pop(key).remove()
            for look, found in self._near:
                key = look.name, look.variant
                if key not in self.curves:
                    self.curves[key] = CurveItems(self.axes)
                self.curves[key].show(look, found, size)
            present = [
                row
                for look, found in self._near
                if look.newest
                for row in found[found[:, 0] == look.present]
            ]
            rates = [row[3] if math.isnan(row[1]) else row[1] for row in present]
            self.present.setData(
                [row[0] for row in present], logarithms(rates), size=2.1 * size
            )
            self.empty.setVisible(not looks)
            self._stale = time.monotonic() < self._labels_due
            if not self._stale:
                self._labels_due = time.monotonic() + LABEL_SECONDS
                self._write(self._overlays + curve_labels(looks, self.plot.floor))
            self.say(self.note())

        def _write(self, labels):
            width = min(self.labels.wanted_width(labels), SHARE * self.width())
            if not 0.7 * self._column <= width <= self._column:
                self._column = width
                self.set_label_width(width)
            self.labels.show_labels(labels)

        def note(self):
            lacking = self.plot.points.without_x
            lack = f"counts without {self.plot.x}: {lacking}" if lacking else ""
            return "; ".join(filter(None, (super().note(), lack)))

        def _moved(self, arguments):
            place = self.axes.vb.mapSceneToView(arguments[0])
            self.hover(place.x(), place.y())

        def hover(self, x, y):
            """Tell of the point near a place of the plot, if there is one."""
            pixel = self.axes.vb.viewPixelSize()
            found = hover_at((x, y), pixel, self._near, self.plot.x_label)
            self.tip.setVisible(found is not None)
            if found is not None:
                x_range, y_range = self.axes.vb.viewRange()
                self.tip.setText("\n".join(found[2]))
                self.tip.setAnchor(
                    (
                        float(found[0] > sum(x_range) / 2),
                        float(found[1] < sum(y_range) / 2),
                    )
                )
                self.tip.setPos(QtCore.QPointF(found[0], found[1]))

    return BlerCurveWindow
