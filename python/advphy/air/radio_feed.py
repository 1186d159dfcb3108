# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed a transmitter that is a flowgraph of its own, so that it can end in zeros.

When a flowgraph stops, for whatever reason, GNU Radio interrupts all of its blocks at
once: what a driver's sink last wrote is the last on the air, and some radios repeat it.
Here the driver's sink runs in a second flowgraph. When the first one ends, the second
still sends a tail of zeros that fills the device's buffers, and is then turned off.
"""

import threading
import time

import numpy as np
from gnuradio import gr

from ..block_errors import DONE, guarded_block

CAPACITY = 131072  # samples between the two flowgraphs
HOLD_SECONDS = 0.5  # without a sample until zeros are sent in their place
SLACK_SECONDS = 2.0  # beyond the time limit: a radio's start and its buffers
STALL_SECONDS = 10.0  # without progress of the driver until that is an error


class SampleQueue:
    """Samples from one thread to another, bounded."""

    def __init__(self):
        self._samples = np.empty(CAPACITY, np.complex64)
        self._changed = threading.Condition()
        self.open()

    def open(self):
        """Begin empty."""
        with self._changed:
            self._first = self._filled = 0
            self.closed = False

    def close(self, discard=False):
        """Take nothing more; drop what waits, if asked."""
        with self._changed:
            self.closed = True
            if discard:
                self._filled = 0
            self._changed.notify_all()

    def put(self, samples, seconds):
        """Append samples; return how many, 0 if there was no room for so long."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._filled < CAPACITY or self.closed, seconds
            )
            begin = (self._first + self._filled) % CAPACITY
            room = min(CAPACITY - self._filled, CAPACITY - begin)
            size = 0 if self.closed else min(len(samples), room)
            self._samples[begin : begin + size] = samples[:size]
            self._filled += size
            self._changed.notify_all()
            return size

    def get(self, out, seconds):
        """Write what waits; return how many, 0 if nothing came for so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._filled or self.closed, seconds)
            size = min(len(out), self._filled, CAPACITY - self._first)
            out[:size] = self._samples[self._first : self._first + size]
            self._first = (self._first + size) % CAPACITY
            self._filled -= size
            self._changed.notify_all()
            return size


class _pump(guarded_block):
    """Source of the second flowgraph: the queue's samples, zeros where it is dry."""

    def __init__(self, queue, tail, seconds, events):
        guarded_block.__init__(self, "sdr_sink", [], [np.complex64])
        self._queue, self._tail, self._seconds = queue, tail, seconds
        self._events = events

    def start(self):
        self._zeros_left = 0  # of a pause
        self._tail_left = self._tail
        self._begun, self._wanting = time.monotonic(), True
        return True

    def work(self, input_items, output_items):
        out = output_items[0]
        late = time.monotonic() - self._begun > self._seconds + SLACK_SECONDS
        if late and not self._queue.closed:  # samples came more slowly than their time
            self._queue.close(discard=True)
        if not self._zeros_left:
            size = self._queue.get(out, HOLD_SECONDS)
            if size:
                self._wanting = False
                return size
            if self._queue.closed:
                return self._end(out)
            if time.monotonic() - self._begun > self._seconds:
                self._queue.close()  # a transmitter without samples is on no longer
                return 0
            if self._wanting:
                return 0  # the zeros are sent already
            self._wanting, self._zeros_left = True, self._tail
            self._events.add(pauses=1)
        size = min(len(out), self._zeros_left)
        out[:size] = 0
        self._zeros_left -= size
        return size

    def _end(self, out):
        size = min(len(out), self._tail_left)
        out[:size] = 0
        self._tail_left -= size
        return size if size else DONE


class radio_feed(guarded_block):
    """Hand samples to a transmitter; end it in zeros and turn it off.

    Input: samples, complex64

    Args:
        radio: Radio that is a sink.
        tail: zeros at the end, in samples: at least what the device can buffer.
        seconds: longest time on, in seconds.
        events: StreamEvents with pauses.
        companions: blocks of the second flowgraph, as (port, block, port) of messages.
    """

    def __init__(self, radio, tail, seconds, events, companions=()):
        guarded_block.__init__(self, "radio_feed", [np.complex64], [])
        self._queue = SampleQueue()
        self._patience = 2 * (CAPACITY + tail) / radio.sample_rate() + 2
        self.pump = _pump(self._queue, tail, seconds, events)
        self._radio, self._companions = radio, companions
        self.transmitter = gr.top_block("transmitter")
        self.transmitter.connect(self.pump, radio.block)
        for port, block, its_port in companions:
            self.transmitter.msg_connect(radio.block, port, block, its_port)
        self._running = False
        self._ended = threading.Event()
        self.stopped = threading.Event()

    def start(self):
        self.stopped.clear()
        self._queue.open()
        self._ended.clear()
        self.transmitter.start()
        threading.Thread(target=self._wait, daemon=True).start()
        self._running, self._progress = True, time.monotonic()
        return True

    def work(self, input_items, output_items):
        size = self._queue.put(input_items[0], 0.1)
        now = time.monotonic()
        if size:
            self._progress = now
        elif self._queue.closed:
            return DONE
        elif self.pump.error is not None:
            raise self.pump.error
        elif self._ended.is_set() or now - self._progress > STALL_SECONDS:
            raise RuntimeError(
                f"driver = '{self._radio.driver}': the transmitter has taken no sample "
                f"for {now - self._progress:.1f} s"
            )
        return size

    def is_running(self):
        """Tell whether the transmitter is on."""
        return self._running

    def silence(self):
        """Drop what waits, send the zeros, turn the transmitter off; wait for it."""
        self._queue.close(discard=True)
        self._turn_off()

    def stop(self):
        self._queue.close()
        self._turn_off()
        self.stopped.set()
        return True

    def _turn_off(self):
        if not self._running:
            return
        if not self._ended.wait(self._patience):
            self.transmitter.stop()  # the driver stands still
            self._ended.wait(2)
        self._running = False

    def _wait(self):
        # Not transmitter.wait(): that starts a thread of its own, which Python 3.12
        # refuses while it exits.
        gr.top_block_wait_unlocked(self.transmitter._impl)
        self._ended.set()
