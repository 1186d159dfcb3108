# SPDX-License-Identifier: GPL-3.0-or-later
"""Feed of a transmitter that runs in a second flowgraph, so that it ends in zeros.

When a flowgraph stops, GNU Radio interrupts all of its blocks at once. The last samples
that the driver's sink wrote are then the last on the air, and some radios repeat them.
Here the driver's sink runs in a second flowgraph. When the first one ends, the second
sends a tail of zeros that fills the device's buffers, and is then turned off.

A burst of gr-uhd with a time waits here until shortly before, so that it can still be
discarded. Between bursts the device is silent by itself: no zeros are sent.
"""

import logging
import math
import threading
import time

import numpy as np
from gnuradio import gr

from ..block_errors import DONE
from ..transmit.burst_modulator import BEGIN, END, TIME
from .driver_flowgraph import SampleQueue, ends_when_stopped, wait_for
from .guardian import DRIVER_SECONDS, FEED, PUMP, log, watched_block
from .transmit_gate import burst_tags, seconds_of

HOLD_SECONDS = 0.5  # time without a sample before zeros are sent instead
SLACK_SECONDS = 2.0  # added to the time limit for a radio's start and its buffers
TAKE_SECONDS = 1.0  # in which the driver must take a sample at the end, or is stopped
PERMIT_SECONDS = 1.0  # between two looks at the allow-list and the device
LEAD = 0.25  # s before its tx_time, when a burst is handed over
POLL_SECONDS = 0.5  # more than GNU Radio's 0.25 s after a call that took no sample


class _pump(watched_block):
    """Source of the second flowgraph: the queue's samples, zeros if it is empty."""

    call = PUMP

    def __init__(self, queue, radio, tail, seconds, events):
        outputs = [np.complex64] * radio.channels
        watched_block.__init__(self, "sdr_sink", [], outputs)
        self.guardian, self.next_call = radio.guardian, radio.stall_seconds + 2
        self._queue, self._radio, self._rate = queue, radio, radio.sample_rate()
        self._tail, self._seconds, self._events = tail, seconds, events

    def start(self):
        self._zeros_left = 0  # of a pause
        self._leaves = -math.inf  # device time when a timed burst has left
        self._tail_left = self._tail
        self._begun, self._starved = time.monotonic(), True
        self.called = time.monotonic()
        return True

    def stop(self):
        if self.guardian:
            self.guardian.promise(PUMP, DRIVER_SECONDS)  # for what the driver holds
        return True

    def work(self, input_items, output_items):
        out, self.called = output_items[0], time.monotonic()
        late = time.monotonic() - self._begun > self._seconds + SLACK_SECONDS
        if late and not self._queue.closed:  # samples came slower than in real time
            self._queue.close(discard=True)
        if not self._zeros_left:
            size, tags = self._queue.get(output_items, HOLD_SECONDS)
            if size:
                self._starved = False
                self._mark(size, tags)
                return size
            if self._queue.closed:
                size = min(len(out), self._tail_left)
                self._tail_left -= size
                if size or not self._device_holds_burst():
                    return _silent(output_items, size) or DONE
                time.sleep(POLL_SECONDS / 5)
                return 0
            if time.monotonic() - self._begun > self._seconds:
                self._queue.close()  # the time limit holds without samples, too
                return 0
            if self._starved:
                return 0  # the zeros are sent already
            self._starved, self._zeros_left = True, self._tail
            self._events.add(pauses=1)
        size = min(len(out), self._zeros_left)
        self._zeros_left -= size
        return _silent(output_items, size)

    def _device_holds_burst(self):
        timed = math.isfinite(self._leaves)
        return timed and self._radio.device_time() < self._leaves

    def _mark(self, size, tags):
        """Tag the samples of this call for gr-uhd, and note the bursts among them."""
        times = {at: seconds_of(value) for at, key, value in tags if key == TIME}
        for at, begin in times.items():
            self._leaves = begin - at / self._rate  # of this call's first sample
        self._leaves += size / self._rate
        for at, key, value in tags:
            self.add_item_tag(0, self.nitems_written(0) + at, key, value)
            if key == BEGIN:
                now = self._radio.device_time()
                self._events.begin_burst(times.get(at, now), now)
            if key == END:
                self._starved = at == size - 1  # the device is silent by itself


def _silent(outputs, size):
    for out in outputs:
        out[:size] = 0
    return size


class radio_feed(watched_block):
    """Pass samples to a Radio, end it in zeros, and turn it off.

    Inputs: samples of each channel, complex64

    `seconds` is the time limit of the transmission; `tail` is the number of zeros, at
    least what the device can buffer; companions are (port, block, its port) of messages
    of the driver's sink.
    """

    call = FEED
    permit = None  # raises ValueError if the device may not send as it is set
    entry = dict  # returns that of the log

    def __init__(self, radio, tail, seconds, events, companions=()):
        inputs = [np.complex64] * radio.channels
        watched_block.__init__(self, "radio_feed", inputs, [])
        self.guardian = radio.guardian
        self._at_end = [radio.guardian.end] if radio.guardian else []
        self._queue = SampleQueue(radio.channels)
        self.pump = _pump(self._queue, radio, tail, seconds, events)
        self._radio, self._companions = radio, companions
        self.transmitter = gr.top_block("transmitter")
        for channel in range(radio.channels):
            self.transmitter.connect((self.pump, channel), (radio.block, channel))
        for port, block, its_port in companions:
            self.transmitter.msg_connect(radio.block, port, block, its_port)
        self._running = self._on = False
        self._ended = threading.Event()
        self.stopped = threading.Event()

    def start(self):
        self.stopped.clear()
        self._queue.open()
        self._ended.clear()
        guardian = self.guardian
        with self._radio.changing:
            if self.permit:
                self.permit()
            if guardian:
                guardian.begin()
                log(self.entry() | {"event": "on"})
                self._on = True
                guardian.watch(self.entry())
                guardian.promise(PUMP, DRIVER_SECONDS)
            self.transmitter.start()
        wait_for(self.transmitter, *self._at_end, self._ended.set)
        if self.permit:
            threading.Thread(target=self._ask_again, daemon=True).start()
        self._running, self._progress = True, time.monotonic()
        return True

    def work(self, input_items, output_items):
        if self.guardian and not self.guardian.is_there():
            raise RuntimeError(
                "the guardian process of the transmitter has ended; no radio transmits "
                "without it: start again"
            )
        room = len(input_items[0])
        tags = burst_tags(self, room) if self._radio.package == "uhd" else []
        for at, key, value in tags:
            if key != TIME:
                continue
            wait = seconds_of(value) - LEAD - self._radio.device_time()
            if at == 0 and 0 < wait < POLL_SECONDS:
                time.sleep(wait)
            elif wait > 0:
                room, early = at, value
                break
        samples = [one[:room] for one in input_items]
        size = self._queue.put(samples, tags, 0.1) if room else 0
        now = time.monotonic()
        if size:
            self._progress = now
        elif self._queue.closed:
            if not room:
                said = f"tx_time = {seconds_of(early):.6f} s, whose burst is not sent"
                logging.getLogger(__name__).warning(
                    f"the transmission ended before {said}"
                )
            return DONE
        elif self.pump.error is not None:
            raise self.pump.error
        elif not room and not self._ended.is_set():
            self._progress = now
            time.sleep(POLL_SECONDS / 5)
        elif self._ended.is_set() or now - self._progress > self._radio.stall_seconds:
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
        try:
            if self.guardian:
                self.guardian.end()  # of a start that failed
            if self._on:
                self._on = False
                log(self.entry() | {"event": "off"})
        finally:
            self.stopped.set()  # from here on Python may end
        return True

    def _turn_off(self):
        if not self._running:
            return
        while not self._ended.wait(0.1):
            if time.monotonic() - self.pump.called < TAKE_SECONDS:
                continue
            if not ends_when_stopped(self.transmitter, self._ended, self._radio):
                break  # although the driver took no sample
        self._running = False

    def _ask_again(self):
        """End the stream as soon as the allow-list or the device has changed."""
        while not self._ended.wait(PERMIT_SECONDS):
            try:
                with self._radio.changing:
                    self.permit()
            except ValueError as error:
                self.fail(error)
                self._queue.close(discard=True)
                return
