# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of blocks that count a stream in segments of constant settings."""

import dataclasses
import threading

from .block_errors import guarded_block


class segmented_block(guarded_block):
    """A block that counts in segments and publishes them; the last one is current.

    A subclass calls begin_segments() in its constructor, adds to self._segments[-1]
    under self._lock, and implements _publish(segment).

    Class attributes:
        SEGMENT: dataclass whose first fields are the index of the first item and the
            settings.
        COUNTED: field of it that is empty, or 0, in an empty segment.
    """

    COUNTED = "blocks"

    def begin_segments(self, first, reporter):
        """Begin with an empty segment at the index `first`."""
        self._first, self._reporter = first, reporter
        self._lock = threading.Lock()
        self._segments = [self.SEGMENT(first)]

    def segments(self):
        """Return a copy of the segments so far, the current one last."""
        with self._lock:
            return [_copied(segment) for segment in self._segments]

    def start(self):
        with self._lock:
            if getattr(self._segments[-1], self.COUNTED):
                self._segments.append(self.SEGMENT(self._first))
        self._reporter.begin()
        return True

    def stop(self):
        current = self.segments()[-1]
        with self._reporter.ending():
            if getattr(current, self.COUNTED):
                self._publish(current)
        return True

    def _open(self, first, settings):
        """Begin a segment at an index; publish the previous one unless it is empty."""
        with self._lock:
            previous = self._segments[-1]
            counted = getattr(previous, self.COUNTED)
            if not counted:
                self._segments.pop()
            self._segments.append(self.SEGMENT(first, settings))
        if counted:
            self._publish(previous)


def _copied(segment):
    own = {k: dict(v) for k, v in vars(segment).items() if isinstance(v, dict)}
    return dataclasses.replace(segment, **own)
