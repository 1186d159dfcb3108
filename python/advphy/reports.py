# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages about the stream: sent by measuring blocks, received by listening blocks.

Blocks that count in segments, under constant settings each, begin with segmented_block.

A message is a dictionary with kind, name, block (its alias), time (unix seconds),
settings (a dictionary, from the tags) and the figures of its kind.

GNU Radio ends a block with message inputs as soon as one of the blocks before it ends,
and drops the messages in its queue. A listening block stays until each block that
reports to it has sent its last message.
"""

import contextlib
import dataclasses
import threading
import time
import weakref

import pmt
from advphy_model.measure.curve_looks import number_of
from advphy_model.measure.published import checked_name

from .block_errors import guarded_block, guarded_general_block

PUBLISH_SECONDS = 0.05
MOST_SEGMENTS = 1000  # kept separately; the oldest are added up beyond that
_POLL_SECONDS = 0.01
_listeners = weakref.WeakSet()


class Reporter:
    """Sender of the messages of one port of a block.

    The block calls begin() in start(), send() in work() whenever due() is true, and
    send() for the last time within ending() in stop().

    `block` is a guarded block. Its message port, which is registered here, has the kind
    of its messages as name. `name` is that of the block in displays; "": `default`.
    """

    def __init__(self, block, port, name, default):
        self._block = weakref.proxy(block)  # a cycle would keep the block alive
        self._port = pmt.intern(port)
        self._kind, self.name = port, checked_name(name) or default
        self._sent = 0.0
        counts = port in ("counts", "accuracy")
        self._look = {"look": number_of(self.name)} if counts else {}
        self._listening = []
        block.message_port_register_out(self._port)

    def due(self):
        """Return whether the last message is older than PUBLISH_SECONDS."""
        return time.monotonic() - self._sent > PUBLISH_SECONDS

    def send(self, figures, settings, vectors=None):
        """Send figures and settings, dictionaries of numbers, booleans and strings.

        vectors is {key: complex64 array}, sent as c32vector, or None.
        """
        self._sent = time.monotonic()
        own = {"kind": self._kind, "name": self.name}
        own |= {"block": self._block.alias(), "time": time.time()} | self._look
        message = pmt.to_pmt({"settings": dict(settings)})
        for key, value in (own | figures).items():
            large = isinstance(value, int) and value >= 2**63  # to_pmt takes 63 bits
            value = pmt.from_uint64(value) if large else pmt.to_pmt(value)
            message = pmt.dict_add(message, pmt.intern(key), value)
        for key, vector in (vectors or {}).items():
            values = pmt.init_c32vector(vector.size, vector.ravel().tolist())
            message = pmt.dict_add(message, pmt.intern(key), values)
        self._block.message_port_pub(self._port, message)

    def begin(self):
        """Tell the listening blocks that this block will report."""
        aliases, subscribers = set(), self._block.message_subscribers(self._port)
        while pmt.is_pair(subscribers):
            aliases.add(pmt.symbol_to_string(pmt.car(pmt.car(subscribers))))
            subscribers = pmt.cdr(subscribers)
        self._listening = [one for one in list(_listeners) if one.alias() in aliases]
        for listener in self._listening:
            listener.expect(self)

    @contextlib.contextmanager
    def ending(self):
        """Let the body send the last message, then tell the listening blocks."""
        try:
            yield
        finally:
            for listener in self._listening:
                listener.dismiss(self)
            self._listening = []


class listening_block(guarded_general_block):
    """A block with message inputs only, which stays until all reporters have ended.

    A subclass registers its ports and handlers with `listen`. If it overrides stop(),
    it calls listening_block.stop(self) there first.
    """

    def __init__(self, name):
        guarded_general_block.__init__(self, name, None, None)
        self._reporters, self._change = set(), threading.Condition()
        self._handlers = {}
        _listeners.add(self)

    def listen(self, port, handler):
        port = pmt.intern(port)
        self.message_port_register_in(port)
        self.set_msg_handler(port, handler)
        self._handlers[port] = handler

    def expect(self, reporter):
        with self._change:
            self._reporters.add(reporter)

    def dismiss(self, reporter):
        with self._change:
            self._reporters.discard(reporter)
            self._change.notify_all()

    def stop(self):
        """Handle messages until all reporters have ended."""
        while True:
            with self._change:
                ended = self._change.wait_for(
                    lambda: not self._reporters, _POLL_SECONDS
                )
            block = self.to_basic_block()
            for port, handler in self._handlers.items():
                while (message := block.delete_head_nowait(port)) is not None:
                    handler(message)
            if ended or self.error is not None:
                return True


def forward_messages(hier_block, part, port):
    """Publish the messages of a part on the port of the same name of its hier block.

    In C++ this makes the hier block one of its own parts (hier_block2_detail::
    msg_connect), a cycle that would keep its sockets, files and threads alive forever.
    The cycle is opened when the Python block `part` is deleted.
    """
    hier_block.message_port_register_hier_out(port)
    hier_block.msg_connect((part, port), (hier_block, port))
    weakref.finalize(
        part, _disconnect, hier_block._impl, part.to_basic_block(), port
    ).atexit = False


def _disconnect(hier_block, part, port):
    hier_block.primitive_msg_disconnect(part, port, hier_block.to_basic_block(), port)
    hier_block.disconnect_all()


class segmented_block(guarded_block):
    """A block that counts in segments and publishes them; the last one is current.

    A subclass calls begin_segments() in its constructor, adds to self._segments[-1]
    under self._lock, and implements _publish(segment). SEGMENT is a dataclass whose
    first fields are the index of the first item and the settings; its field COUNTED is
    empty, or 0, in an empty segment. It has add(later segment).
    """

    COUNTED = "blocks"

    def begin_segments(self, first, reporter):
        """Begin with an empty segment at the index `first`."""
        self.first_index, self._reporter = first, reporter
        self._lock = threading.Lock()
        self._segments = [self.SEGMENT(first)]

    def segments(self):
        """Return a copy of the segments so far, the current one last.

        Of more than 1000, the first is the sum of the oldest ones, without settings.
        """
        with self._lock:
            return [_copied(segment) for segment in self._segments]

    def segment(self):
        """Return a copy of the current segment; all of them may be thousands."""
        with self._lock:
            return _copied(self._segments[-1])

    def start(self):
        with self._lock:
            if getattr(self._segments[-1], self.COUNTED):
                self._segments.append(self.SEGMENT(self.first_index))
        self._reporter.begin()
        return True

    def stop(self):
        current = self.segment()
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
            if len(self._segments) > MOST_SEGMENTS:
                self._segments[0].add(self._segments.pop(1))
                self._segments[0].settings = {}
        if counted:
            self._publish(previous)


def _copied(segment):
    own = {k: dict(v) for k, v in vars(segment).items() if isinstance(v, dict)}
    return dataclasses.replace(segment, **own)
