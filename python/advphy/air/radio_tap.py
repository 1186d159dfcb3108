# SPDX-License-Identifier: GPL-3.0-or-later
"""Tap of a receiver that runs in a second flowgraph, so that a stop always stops."""

import threading

import numpy as np
from gnuradio import gr

from ..block_errors import DONE, guarded_block
from .driver_flowgraph import SampleQueue, ends_when_stopped, wait_for


class _drain(guarded_block):
    """Sink of a receiver's second flowgraph: fills the queue."""

    def __init__(self, queue):
        guarded_block.__init__(self, "drain", [np.complex64], [])
        self._queue = queue

    def work(self, input_items, output_items):
        size, read = len(input_items[0]), self.nitems_read(0)
        tags = self.get_tags_in_window(0, 0, size)
        tags = [(tag.offset - read, tag.key, tag.value) for tag in tags]
        put = self._queue.put(input_items, sorted(tags, key=lambda tag: tag[0]), 0.1)
        return put or (DONE if self._queue.closed else 0)


class radio_tap(guarded_block):
    """Samples, complex64, of a Radio in a flowgraph of its own, which may hang."""

    def __init__(self, radio):
        guarded_block.__init__(self, "radio_tap", [], [np.complex64])
        self._queue, self._radio = SampleQueue(), radio
        self._drain, self.receiver = _drain(self._queue), gr.top_block("receiver")
        self.receiver.connect(radio.block, self._drain)
        self._ended = threading.Event()

    def start(self):
        self._queue.open()
        self._ended.clear()
        self.receiver.start()
        wait_for(self.receiver, self._ended.set)
        return True

    def work(self, input_items, output_items):
        size, tags = self._queue.get(output_items, 0.1)
        for at, key, value in tags:
            self.add_item_tag(0, self.nitems_written(0) + at, key, value)
        return size or (DONE if self._ended.is_set() else 0)

    def stop(self):
        self._queue.close(discard=True)
        return ends_when_stopped(self.receiver, self._ended, self._radio)
