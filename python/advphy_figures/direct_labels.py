# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels at the ends of curves, without overlaps; a legend if they do not fit."""

import textwrap

import numpy as np
from advphy_model.measure.curve_looks import apart
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation

from advphy_figures import look

_GAP = 0.25  # between two labels, relative to the height of a line
_WIDEST = 0.42  # largest width of the labels, relative to the figure
_AT_THE_EDGE = 0.06  # largest distance of a curve's end from the edge, relative
_WRAP = 30  # letters in a line
_LONGEST = 300  # letters in a label; a font renders no line of 4000
_BELOW = 0.5  # inches from an axes to its legend, for ticks and their label


def label(axes, curves, notes=None, ends=None):
    """Label curves at their right ends, or in a legend below if that does not fit.

    Call it when everything is drawn and the limits are final. Curves are [(text,
    Line2D)]. notes is {text: second line of the label}, such as the meaning of the
    dashes; ends is {text: (x, y)} of curves that do not end at the end of their line.
    Return "ends" or "legend".
    """
    notes = notes or {}
    points = [(ends or {}).get(text) or _end(line) for text, line in curves]
    figure = axes.figure
    figure.draw_without_rendering()
    texts = [
        _text(axes, text, line.get_color(), end, notes.get(text))
        for (text, line), end in zip(curves, points, strict=True)
    ]
    if texts and _arrange(axes, points, texts):
        return "ends"
    for text in texts:
        text.remove()
    if curves:
        its = {text: f"{text} - {note}" for text, note in notes.items() if note}
        _legend(axes, [(_cut(its.get(text, text)), line) for text, line in curves])
    return "legend"


def labeled(axes) -> list:
    """Return [(label, Line2D)] of the lines of an axes that have a label."""
    named = [(line.get_label(), line) for line in axes.lines]
    return [pair for pair in named if not pair[0].startswith("_")]


def _legend(axes, named):
    """Put a legend below an axes, and enlarge the figure by its height."""
    figure = axes.figure
    columns = 1 if max(len(name) for name, _ in named) > _WRAP + 15 else 2
    below = ScaledTranslation(0, -_BELOW, figure.dpi_scale_trans)
    names, lines = zip(*named, strict=True)
    place = {"loc": "upper left", "bbox_to_anchor": (0, 0), "borderaxespad": 0}
    place["bbox_transform"] = axes.transAxes + below
    legend = axes.legend(lines, names, ncol=columns, **place)
    figure.draw_without_rendering()
    height = legend.get_window_extent().height / figure.dpi
    width, before = figure.get_size_inches()
    wanted = getattr(figure, "_legend_inches", 0.0)
    figure._legend_inches = max(wanted, height)
    figure.set_size_inches(width, before + figure._legend_inches - wanted)


def _text(axes, text, color, end, note):
    words = textwrap.fill(_cut(text), _WRAP)
    if note:
        words += "\n" + textwrap.fill(note, _WRAP)
    leader = {"arrowstyle": "-", "color": color, "linewidth": 0.6}
    leader |= {"shrinkA": 1, "shrinkB": 3, "relpos": (0, 0.5)}
    its = {"color": look.ink(color), "fontsize": "small", "va": "center"}
    its |= {"textcoords": "axes fraction", "annotation_clip": False}
    return axes.annotate(words, end, (1.03, 0.5), arrowprops=leader, **its)


def _cut(text):
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _end(line):
    x, y = line.get_data()
    last = int(np.argmax(x))
    return float(x[last]), float(y[last])


def _arrange(axes, points, texts):
    """Move the texts next to the ends of the curves; return whether they fit."""
    figure = axes.figure
    frame = axes.get_window_extent()
    ends = axes.transData.transform(points)
    if np.any(ends[:, 0] < frame.x1 - _AT_THE_EDGE * frame.width):
        return False
    renderer = figure.canvas.get_renderer()
    # The boxes of the texts, without the lines that lead to them.
    boxes = [Text.get_window_extent(text, renderer) for text in texts]
    if max(box.width for box in boxes) > _WIDEST * figure.bbox.width:
        return False
    line = min(box.height for box in boxes)
    heights = [box.height + _GAP * line for box in boxes]
    if sum(heights) > frame.height:
        return False
    places = apart(ends[:, 1], heights, frame.y0, frame.y1)
    for text, place in zip(texts, places, strict=True):
        text.set_position((1.03, (place - frame.y0) / frame.height))
    return True
