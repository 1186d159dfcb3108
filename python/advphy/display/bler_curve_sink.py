# SPDX-License-Identifier: GPL-3.0-or-later
"""BLER-curve sink: draws curves with intervals from the messages of counters."""

from .bler_curve_record import BlerCurveRecord
from .display_block import message_display


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
