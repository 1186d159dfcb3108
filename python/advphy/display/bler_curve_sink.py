# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER-curve sink: counts that arrive as messages fill in curves with intervals."""

from .bler_curve_record import BlerCurveRecord
from .display_block import message_display


class bler_curve_sink(message_display):
    """Draw the block error rates of counters over a setting while it is changed.

    Message port "in": messages of kind "counts"; others are ignored and counted.

    Args:
        title: above the plot.
        x: the key of settings that is the horizontal axis: "ebn0_db", "psr_db", ...
        first: left end of the axis.
        last: right end of it.
        floor: lowest BLER drawn, in (0, 1).
        closed_forms: links whose theory is drawn, with commas: "bpsk, hamming74_ml".
        csv: files of earlier counts to draw as thin lines, with commas.
        frame_rate: pictures a second, at most 30; more than 20 count as 20.
    """

    WINDOW = "bler_curve_window", "BlerCurveWindow"

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
        message_display.__init__(self, "bler_curve_sink", record, title, frame_rate)

    def curves(self):
        """Return what has been counted: {label: {x: (failures, blocks)}}."""
        return {curve.label: curve.points for curve in self.record.curves()}
