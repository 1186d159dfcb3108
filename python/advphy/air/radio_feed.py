# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed of a transmitter that runs in a second flowgraph, so that it ends in zeros.

When a flowgraph stops, GNU Radio interrupts all of its blocks at once. The last samples
that the driver's sink wrote are then the last on the air, and some radios repeat them.
Here the driver's sink runs in a second flowgraph. When the first one ends, the second
sends a tail of zeros that fills the device's buffers, and is then turned off.
"""

import threading
import time

import numpy as np
from gnuradio import gr

from ..block_errors import DONE, guarded_block

CAPACITY = 131072  # samples between the two flowgraphs
HOLD_SECONDS = 0.5  # time without a sample before zeros are sent instead
SLACK_SECONDS = 2.0  # added to the time limit for a radio's start and its buffers
STALL_SECONDS = 10.0  # time without progress of the driver before it is an error


class SampleQueue:
    """Bounded queue of samples from one thread to another."""

    def __init__(self):
        self._samples = np.empty(CAPACITY, np.complex64)
        self._changed = threading.Condition()
        self.open()

    def open(self):
        """Empty and open the queue."""
        with self._changed:
            self._first = self._filled = 0
            self.closed = False

    def close(self, discard=False):
        """Close the queue for new samples; discard the waiting ones if requested."""
        with self._changed:
            self.closed = True
            if discard:
                self._filled = 0
            self._changed.notify_all()

    def put(self, samples, seconds):
        """Append samples; return their number, 0 if there was no room in that time."""
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
        """Write waiting samples; return their number, 0 if none came in that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._filled or self.closed, seconds)
            size = min(len(out), self._filled, CAPACITY - self._first)
            out[:size] = self._samples[self._first : self._first + size]
            self._first = (self._first + size) % CAPACITY
            self._filled -= size
            self._changed.notify_all()
            return size


class _pump(guarded_block):
    """Source of the second flowgraph: the queue's samples, zeros if it is empty."""

    def __init__(self, queue, tail, seconds, events):
        guarded_block.__init__(self, "sdr_sink", [], [np.complex64])
        self._queue, self._tail, self._seconds = queue, tail, seconds
        self._events = events

    def start(self):
        self._zeros_left = 0  # of a pause
        self._tail_left = self._tail
        self._begun, self._starved = time.monotonic(), True
        return True

    def work(self, input_items, output_items):
        out = output_items[0]
        late = time.monotonic() - self._begun > self._seconds + SLACK_SECONDS
        if late and not self._queue.closed:  # samples came slower than in real time
            self._queue.close(discard=True)
        if not self._zeros_left:
            size = self._queue.get(out, HOLD_SECONDS)
            if size:
                self._starved = False
                return size
            if self._queue.closed:
                size = min(len(out), self._tail_left)
                out[:size] = 0
                self._tail_left -= size
                return size if size else DONE
            if time.monotonic() - self._begun > self._seconds:
                self._queue.close()  # the time limit holds without samples, too
                return 0
            if self._starved:
                return 0  # the zeros are sent already
            self._starved, self._zeros_left = True, self._tail
            self._events.add(pauses=1)
        size = min(len(out), self._zeros_left)
        out[:size] = 0
        self._zeros_left -= size
        return size


class radio_feed(guarded_block):
    """Pass samples to a Radio, end it in zeros, and turn it off.

    Input: samples, complex64

    `seconds` is the time limit of the transmission; `tail` is the number of zeros, at
    least what the device can buffer; companions are (port, block, its port) of messages
    of the driver's sink.
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
                f"for {now - self._progress:.1f} s; check the device"
            )
        return size

    def is_running(self):
        return self._running

    def silence(self):
        """Discard waiting samples, send the zeros, and wait until it is turned off."""
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
            self.transmitter.stop()  # the driver no longer takes samples
            self._ended.wait(2)
        self._running = False

    def _wait(self):
        # transmitter.wait() would start a thread, which Python 3.12 refuses at exit.
        gr.top_block_wait_unlocked(self.transmitter._impl)
        self._ended.set()
