# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks that sum up a stream in segments of constant settings, and publish them."""

import copy
import threading

import pmt

from .guard import guarded_block

GIVEN = "given"  # settings by a parameter, beside those by tags


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
            return copy.deepcopy(self._segments)

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


class setting_follower(segmented_block):
    """A segmented sink whose settings are given, or said by tags.

    Class attributes:
        TAGS: keys of the tags.
    """

    def set_settings(self, settings):
        """Open a new segment with these settings at the next call of work().

        What was on its way when the setting changed is in it, too.
        """
        self._given = dict(settings or {})

    def start(self):
        self._settings = {}  # by the key of their tag, or GIVEN
        return segmented_block.start(self)

    def _changes(self, tags, read):
        """Return {item: settings from there on}, given and by tags together."""
        found, given = {}, self._given
        if given != self._settings.get(GIVEN, {}):
            self._settings[GIVEN] = given
            found[0] = self._merged()
        for tag in sorted(tags, key=lambda tag: tag.offset):
            key = pmt.symbol_to_string(tag.key)
            if key in self.TAGS:
                self._settings[key] = pmt.to_python(tag.value)
                found[tag.offset - read] = self._merged()
        return found

    def _merged(self):
        return {k: v for part in self._settings.values() for k, v in part.items()}
