# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of what a radio loses: underruns, overruns, late packets.

gr-uhd reports underruns and late packets of a sink by async messages, overruns of a
source by "rx_time" tags. A count is None where the driver does not report it: gr-soapy
never reads the status of a transmit stream and reports an overrun only as "sO" on
standard error; gr-osmosdr drops the error codes. Files and zmq lose
nothing; a receiver of zmq_pub knows its gaps by the sender's sample numbers.
"""

import collections
import threading
import time

import pmt

from ..block_errors import guarded_block

PUBLISH_SECONDS = 0.5
NAMES = ("underruns", "overruns", "late")
OF_BURSTS = {"underruns": "bursts_with_underruns", "late": "late_bursts"}
KEPT = 1000  # bursts of which the events are known
REPORTED = {  # what a driver reports; the others are None
    ("sink", "uhd"): ("underruns", "late", "bursts", *OF_BURSTS.values()),
    ("source", "uhd"): ("overruns",),
    ("source", "zmq_pub"): ("overruns",),
}
LOST = dict.fromkeys(("underflow", "underflow_in_packet"), "underruns")
LOST["time_error"] = "late"


class StreamEvents:
    """Counts since the start of a flowgraph, shared by the blocks that see them."""

    def __init__(self, direction, package, **more):
        lossless = NAMES if package in ("file", "zmq") else ()
        known = REPORTED.get((direction, package), lossless)
        names = (*NAMES, *("bursts", *OF_BURSTS.values()) * (direction == "sink"))
        self._initial = {name: 0 if name in known else None for name in names} | more
        self._lock, self._bursts = threading.Lock(), collections.deque(maxlen=KEPT)
        self._published = 0.0
        self.restart()

    def restart(self):
        with self._lock:
            self._counts, self._since = dict(self._initial), time.time()
            self._bursts.clear()

    def add(self, **counts):
        with self._lock:
            for name, count in counts.items():
                self._counts[name] += count

    def begin_burst(self, begin, handed):
        """Note that a burst for a device time was handed to the driver at another."""
        with self._lock:
            burst = {"number": self._counts["bursts"], "begin": begin, "handed": handed}
            self._bursts.append(burst | dict.fromkeys(OF_BURSTS, 0))
            self._counts["bursts"] += 1

    def lose(self, name, at):
        """Count "underruns" or "late", and for the burst of a device time, None: now.

        gr-uhd names no burst. It is the last one that had begun. Of several that were
        handed over after their time, it is the first that was not yet late.
        """
        with self._lock:
            self._counts[name] += 1
            begun = [b for b in self._bursts if at is None or b["begin"] <= at]
            if name == "late":
                hopeless = [b for b in begun if b["handed"] > b["begin"]]
                begun += [b for b in hopeless if not b["late"]][:1]
            if begun:
                begun[-1][name] += 1
                self._counts[OF_BURSTS[name]] += begun[-1][name] == 1

    def bursts(self):
        """Return copies of the last 1000 bursts, dictionaries."""
        with self._lock:
            return list(map(dict, self._bursts))

    def counts(self):
        """Return the counts and `since`, the start in unix seconds."""
        with self._lock:
            return self._counts | {"since": self._since}

    def publish(self, block, at_once=False):
        """Publish the counts on a block's port, twice a second or at once."""
        now = time.monotonic()
        if at_once or now - self._published > PUBLISH_SECONDS:
            self._published = now
            port = pmt.intern("stream_events")
            block.message_port_pub(port, pmt.to_pmt(self.counts()))


class uhd_messages(guarded_block):
    """Count the events that gr-uhd's sink reports on its port "async_msgs"."""

    def __init__(self, events):
        guarded_block.__init__(self, "uhd_messages", [], [])
        self._events = events
        self.message_port_register_in(pmt.intern("async_msgs"))
        self.set_msg_handler(pmt.intern("async_msgs"), self.handle)

    def handle(self, message):
        """Count the event codes of (uhd_async_msg . {event_code: [symbol, ...]})."""
        fields = pmt.cdr(message)
        codes = pmt.dict_ref(fields, pmt.intern("event_code"), pmt.PMT_NIL)
        at = pmt.dict_ref(fields, pmt.intern("time_spec"), pmt.PMT_NIL)
        at = sum(pmt.to_python(at)) if pmt.is_pair(at) else None  # (seconds . fraction)
        while pmt.is_pair(codes):
            name = LOST.get(pmt.symbol_to_string(pmt.car(codes)))
            if name:
                self._events.lose(name, at)
            codes = pmt.cdr(codes)
