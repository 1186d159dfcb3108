# SPDX-License-Identifier: GPL-3.0-or-later
"""A radio's driver in a flowgraph of its own, which can be left behind if it hangs.

Samples go through a queue between that flowgraph and the user's.
"""

import collections
import logging
import threading

import numpy as np
from gnuradio import gr

from .guardian import PUMP

CAPACITY = 131072  # samples between the two flowgraphs
RETURN_SECONDS = 1.0  # in which a driver ends that was stopped


class SampleQueue:
    """Bounded queue of samples of some channels, with tags, from thread to thread."""

    def __init__(self, channels=1):
        self._samples = np.empty((channels, CAPACITY), np.complex64)
        self._changed = threading.Condition()
        self.open()

    def open(self):
        """Empty and open the queue."""
        with self._changed:
            self._first = self._filled = self._put = 0
            self._tags = collections.deque()  # (number of the sample, key, value)
            self.closed = False

    def close(self, discard=False):
        """Close the queue for new samples; discard the waiting ones if requested."""
        with self._changed:
            self.closed = True
            if discard:
                self._filled = 0
                self._tags.clear()
            self._changed.notify_all()

    def put(self, samples, tags, seconds):
        """Append samples [channels][N], tags (item, key, value) among them.

        Return the number of samples, 0 if there was no room in that time.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._filled < CAPACITY or self.closed, seconds
            )
            begin = (self._first + self._filled) % CAPACITY
            room = min(CAPACITY - self._filled, CAPACITY - begin)
            size = 0 if self.closed else min(len(samples[0]), room)
            for row, own in zip(self._samples, samples, strict=True):
                row[begin : begin + size] = own[:size]
            here = (tag for tag in tags if tag[0] < size)
            self._tags.extend((self._put + at, *tag) for at, *tag in here)
            self._filled += size
            self._put += size
            self._changed.notify_all()
            return size

    def get(self, out, seconds):
        """Write waiting samples into out [channels][N]; return their number and tags.

        The number is 0 if none came in that time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._filled or self.closed, seconds)
            size = min(len(out[0]), self._filled, CAPACITY - self._first)
            for row, own in zip(self._samples, out, strict=True):
                own[:size] = row[self._first : self._first + size]
            tags, got = [], self._put - self._filled
            while self._tags and self._tags[0][0] < got + size:
                at, *tag = self._tags.popleft()
                tags.append((at - got, *tag))
            self._first = (self._first + size) % CAPACITY
            self._filled -= size
            self._changed.notify_all()
            return size, tags


def ends_when_stopped(flowgraph, ended, radio):
    """Stop a driver's flowgraph; leave it behind, or to the guardian, if it hangs."""
    flowgraph.stop()
    if ended.wait(RETURN_SECONDS):
        return True
    ends = "it is left behind; end the program to close the device"
    if radio.guardian:
        radio.guardian.promise(PUMP, 0)
        ends = "the guardian ends the program and the transmission"
    text = "driver = '%s' does not return: %s"
    logging.getLogger(__name__).error(text, radio.driver, ends)
    return False


def wait_for(flowgraph, *then):
    """Start a thread that keeps a flowgraph until it ends, then calls functions."""
    kept = [flowgraph]

    def wait():
        # Its wait() would start a thread, which Python 3.12 refuses at exit.
        gr.top_block_wait_unlocked(kept[0]._impl)
        kept.clear()  # before others know, who may open the device again
        for act in then:
            act()

    threading.Thread(target=wait, daemon=True).start()
