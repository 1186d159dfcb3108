# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks that sum up a stream in segments of constant settings, and publish them."""

import dataclasses
import threading

from .block_errors import guarded_block


class segmented_block(guarded_block):
    """A block with segments; the present one is the last.

    A subclass calls begin_segments() in its constructor, adds to self._segments[-1]
    under self._lock, and has _publish(segment).

    Class attributes:
        SEGMENT: dataclass whose first fields are the index of the first item and the
            settings.
        COUNTED: its field that is empty, or 0, while nothing was counted.
    """

    COUNTED = "blocks"

    def begin_segments(self, first, reporter):
        """Begin with an empty segment.

        Args:
            first: index of the first item.
            reporter: Reporter of the block.
        """
        self._first, self._reporter = first, reporter
        self._lock = threading.Lock()
        self._segments = [self.SEGMENT(first)]

    def segments(self):
        """Return a copy of the segments so far, the present one last."""
        with self._lock:
            return [_copied(segment) for segment in self._segments]

    def start(self):
        """Begin at the first item again, in a new segment."""
        with self._lock:
            if getattr(self._segments[-1], self.COUNTED):
                self._segments.append(self.SEGMENT(self._first))
        self._reporter.begin()
        return True

    def stop(self):
        """Publish the last segment."""
        present = self.segments()[-1]
        with self._reporter.ending():
            if getattr(present, self.COUNTED):
                self._publish(present)
        return True

    def _open(self, first, settings):
        """Open a segment at the item of an index; an empty one before it vanishes."""
        with self._lock:
            present = self._segments[-1]
            counted = getattr(present, self.COUNTED)
            if not counted:
                self._segments.pop()
            self._segments.append(self.SEGMENT(first, settings))
        if counted:
            self._publish(present)


def _copied(segment):
    own = {k: dict(v) for k, v in vars(segment).items() if isinstance(v, dict)}
    return dataclasses.replace(segment, **own)
