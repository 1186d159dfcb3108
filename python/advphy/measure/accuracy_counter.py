# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy counter: counts the labels that Eve reads correctly."""

import numpy as np
from advphy_model.files import images as data_sets
from advphy_model.link.eavesdropper import ERASED
from advphy_model.measure.error_rate import interval

from ..stream_tags import of_images
from .segmented_meter import segmented_meter

NEWEST = 12  # labels that a message has


class accuracy_counter(segmented_meter):
    """Count the labels that Eve reads correctly, for each segment.

    The true labels are re-created from the data set and the index.

    Input:  labels that Eve reads, uint8; 255: erased, which counts as wrong
    Message port "accuracy": a dictionary with kind, name, time, settings (a
        dictionary with snr_db, inserted, ...), first_frame, frames, erasures, correct,
        accuracy, low and high (95 % Wilson interval), and labels and read (the newest
        12 true labels, and what Eve reads, as texts); 20 times a second, when a segment
        ends and when the stream ends.

    Args:
        images: Images with labels, or the name of the image source's data set.
        first_frame: index of the first item.
        settings: dictionary of settings that no tag carries, such as an SNR before the
            modem, or None; set_settings changes it.
        name: name of this block in displays; "": "accuracy".
    """

    def __init__(self, images="mnist_sample", first_frame=0, settings=None, name=""):
        images = data_sets.load(images)
        self._labels, self._newest = images.labeled(), []
        segmented_meter.__init__(
            self, "accuracy_counter", np.uint8, first_frame, "accuracy", settings, name
        )
        self.expected = (of_images(images),)

    def sums(self, items, first_frame):
        """Return the numbers of labels: all, erased and correct."""
        which = np.arange(first_frame, first_frame + len(items)) % len(self._labels)
        newest = self._labels[which[-NEWEST:]], items[-NEWEST:]
        pairs = zip(*(map(str, part.tolist()) for part in newest), strict=True)
        self._newest = (self._newest + list(pairs))[-NEWEST:]
        return {
            "frames": len(items),
            "erasures": int(np.count_nonzero(items == ERASED)),
            "correct": int(np.count_nonzero(items == self._labels[which])),
        }

    def figures(self, sums):
        """Return the accuracy and its interval, or nothing if there are no items."""
        frames = sums.get("frames", 0)
        if not frames:
            return {}
        low, high = interval(sums["correct"], frames)
        accuracy = {"accuracy": sums["correct"] / frames, "low": low, "high": high}
        newest = map(" ".join, zip(*self._newest, strict=True))
        return accuracy | dict(zip(("labels", "read"), newest, strict=True))

    def accuracy(self):
        """Return the accuracy of the current segment, or NaN if it is empty."""
        return self.figures(self.segment().sums).get("accuracy", float("nan"))

    def text(self):
        """Return the accuracy of the current segment, as a line for a display."""
        figures = self.figures(self.segment().sums)
        text = "{accuracy:.1%} ({low:.1%}..{high:.1%})" if figures else "no item yet"
        return text.format(**figures)
