# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of the BLER-curve sink."""

import math

from advphy_model.measure.curve_looks import look_of
from advphy_model.measure.measurement_text import short_text

from .bler_curve_items import CurveItems, add_earlier, add_theory
from .plot_items import GRAY, INK, logarithms, pen_of, pyqtgraph
from .plot_window import PlotWindow
from .side_labels import Label

MOST_VARIANTS = 4  # newest variants of a name that are drawn


class BlerCurveWindow(PlotWindow):
    """Window with the curves of a BlerCurveRecord; it needs no flowgraph."""

    def __init__(self, record, title="", frame_rate=15):
        super().__init__(record, title, frame_rate)
        self.curves = {}
        self.axes = self.add_plot(0, log=True)
        self.axes.vb.set_home(record.range, (math.log10(record.floor), 0.0))
        self.add_labels(self.axes)
        self._overlays = self._add_overlays()
        self.present = pyqtgraph.ScatterPlotItem(pen=pen_of(INK), brush=None)
        self.empty = pyqtgraph.TextItem("no counts yet", GRAY, anchor=(0.5, 0.5))
        self.empty.setPos(sum(record.range) / 2, math.log10(record.floor) / 2)
        for item in (self.present, self.empty):
            item.setZValue(5)
            self.axes.addItem(item, ignoreBounds=True)
        self.add_saving("Save CSV...", "Counts (*.csv)", record.save_csv)
        self.add_action("Forget the counts", self.forget)

    def _add_overlays(self):
        """Draw closed forms and earlier counts; return their Labels."""
        drawn = [
            (line, add_theory(self.axes, number, *line[1:]))
            for number, line in enumerate(self.record.theory)
        ]
        drawn += [(line, add_earlier(self.axes, *line)) for line in self.record.earlier]
        labels = []
        for (name, x, rates), look in drawn:
            shown = rates[(x <= self.record.range[1]) & (rates > 0)]
            end = max(shown[-1], self.record.floor) if len(shown) else 1.0
            labels.append(Label(float(logarithms(end)), name, *look))
        return labels

    def forget(self):
        """Draw only blocks that are counted from now on."""
        self.record.forget()
        self.refresh()

    def arrange(self):
        letter = self.letter()
        self.axes.getAxis("left").setWidth(4.4 * letter)
        self.axes.getAxis("bottom").setHeight(2.9 * letter)
        long = self.height() > 22 * letter
        text = "block error rate (BLER)" if long else "BLER"
        self.label_axis(self.axes, "left", text)
        self.label_axis(self.axes, "bottom", self.record.x_label)
        self.empty.setFont(self.font_of())

    def fill(self):
        self._drawn = [c for c in self.record.curves() if c.age < MOST_VARIANTS]
        size, newest = 0.6 * self.letter(), []
        by_key = {(curve.name, curve.variant): curve for curve in self._drawn}
        for key in self.curves.keys() - by_key.keys():
            self.curves.pop(key).remove()
        for key, curve in by_key.items():
            if key not in self.curves:
                self.curves[key] = CurveItems(self.axes, self.record.x_label)
            self.curves[key].show(curve, size)
            if not curve.age:
                rows = curve.rows()
                newest += rows[rows[:, 0] == curve.present].tolist()
        rates = [row[3] if math.isnan(row[1]) else row[1] for row in newest]
        self.present.setData(
            [row[0] for row in newest], logarithms(rates), size=2.1 * size
        )
        self.empty.setVisible(not self._drawn)
        self.show_labels()
        self.show_text(self.note())

    def labels(self):
        return [self._overlays + [self._label(curve) for curve in self._drawn]]

    def _label(self, curve):
        """Return the Label of a DrawnCurve, at its end."""
        rates = [failures / blocks for failures, blocks in curve.points.values()]
        end = next((rate for rate in reversed(rates) if rate), self.record.floor)
        counted = curve.points.get(curve.present)
        value = short_text(*counted) if counted and not curve.age else ""
        color, marker = look_of(curve.name)
        return Label(
            float(logarithms(end)),
            curve.name,
            color,
            marker.glyph,
            curve.differs,
            value,
            bold=True,
        )

    def note(self):
        missing = self.record.without_x
        text = f"counts without {self.record.x}: {missing}" if missing else ""
        return "; ".join(filter(None, (super().note(), text)))
