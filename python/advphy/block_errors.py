# SPDX-License-Identifier: GPL-3.0-or-later
"""Guarded blocks, whose errors end the flowgraph and reach the caller of run().

When a Python block raises an error, GNU Radio prints a line, ends the block's thread
and waits forever. Here every work(), start(), stop() and message handler of a guarded
block is watched: the error is stored in the block and logged once, the block ends,
and those in runner.py stop the other blocks and raise the original error.
"""

import ctypes
import functools
import logging
import operator
import sys
import threading
import weakref

import numpy as np
import pmt
from advphy_model import kernels
from advphy_model.checked_values import checked_whole
from advphy_model.randomness import LAST_INDEX
from gnuradio import gr

from .argument_checks import checking_block, in_sentence
from .program_end import end_with_program
from .stream_tags import tagging_block

failure = threading.Condition()
watched_flowgraphs = weakref.WeakSet()  # whose errors are raised to a caller
DONE = -1  # what work() returns to end the flowgraph
_CALLS_OF_CONNECT = 4  # stack frames from connect() to to_basic_block()
_MEMORY = ctypes.c_char * 2**30  # more than a buffer has
_address_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


def _keep_in_flowgraph(block):
    """Store a reference to a block in the flowgraph that connects it.

    GNU Radio calls a Python block without a reference to it, so a block that is
    connected but stored in no variable would crash the process (gnuradio#8137).
    connect() calls to_basic_block(), so one of the calling stack frames is connect().
    """
    frame, left = sys._getframe(2), _CALLS_OF_CONNECT
    while frame is not None and left:
        flowgraph = frame.f_locals.get("self")
        if isinstance(flowgraph, gr.hier_block2) and flowgraph is not block:
            vars(flowgraph).setdefault("_kept", {})[id(block)] = block
            if isinstance(flowgraph, gr.top_block):
                end_with_program(flowgraph)
            elif not isinstance(flowgraph, kept_hier_block):
                kept = functools.partial(_to_basic_block, weakref.ref(flowgraph))
                flowgraph.to_basic_block = kept
            return
        frame, left = frame.f_back, left - 1


def _to_basic_block(hier_block):
    return kept_hier_block.to_basic_block(hier_block())


class _guarded(checking_block, tagging_block):
    """Common part of all guarded blocks; the flowgraph that connects one keeps it."""

    error = None
    first_index = None  # of its first item, of a block whose items have indices

    def require_indices(self, items):
        """Raise ValueError if so many items since the start have no index."""
        if self.first_index is not None and self.first_index + items > LAST_INDEX + 1:
            raise ValueError(
                f"{self.name()}: the stream goes beyond index 2^48, the last one; "
                "begin it at a lower index"
            )

    def to_basic_block(self):
        _keep_in_flowgraph(self)
        return super().to_basic_block()

    def handle_general_work(self, *arguments):
        kernels.keep_thread_state()  # only GNU Radio's threads come here
        return super().handle_general_work(*arguments)

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        watched = {"start": _watched, "stop": _watched}
        watched |= {"work": _watched_work, "general_work": _watched_work}
        for name in watched.keys() & vars(cls).keys():
            setattr(cls, name, watched[name](vars(cls)[name]))

    def set_msg_handler(self, which_port, handler_function):
        """Register a message handler, whose errors end the flowgraph."""

        @functools.wraps(handler_function)
        def handler(message):
            try:
                handler_function(message)
            except Exception as error:
                self.fail(error)

        # GNU Radio finds a handler again by its name, as an attribute of the block.
        handler.__name__ = f"_guarded_{handler_function.__name__}"
        setattr(self, handler.__name__, handler)
        super().set_msg_handler(which_port, handler)

    def fail(self, error):
        """Store and log the first error, end this block, wake who waits for it."""
        error = in_sentence(error) if isinstance(error, ValueError) else error
        with failure:
            first = self.error is None
            self.error = error if first else self.error
            # While it runs: a flowgraph that has ended does not know its blocks.
            watched = [each for each in watched_flowgraphs if _runs(each, self)]
            for flowgraph in watched:
                vars(flowgraph).setdefault("_block_error", self.error)
            failure.notify_all()
        if first:
            logging.getLogger(__name__).error(
                "block %s ends the flowgraph: %s",
                self.name(),
                repr(error),  # the record shall not hold the block
                exc_info=None if watched else error,  # the caller has its traceback
            )
        # This also ends the thread of a block that waits for items.
        done = pmt.cons(pmt.intern("done"), pmt.from_long(1))
        self.to_basic_block()._post(pmt.intern("system"), done)

    def size_buffers(self, latency, item_bytes):
        """Let one call of work() carry up to `latency` items >= 1; size the buffers.

        More items, of item_bytes each and at most 32 MiB together, are faster, fewer
        give a shorter delay. The buffer is never smaller than GNU Radio's own.
        """
        latency = checked_whole("latency", latency, rule="of items >= 1")
        items = max(1, min(latency, 2**25 // item_bytes))
        self.set_log_level("warn")  # otherwise GNU Radio logs every buffer
        self.set_min_output_buffer(2 * items)  # a call fills half of it at most
        self.set_max_noutput_items(items)


def _watched_work(work):
    @functools.wraps(work)
    def watched(self, input_items, output_items):
        if self.error is not None:  # of an earlier run of the flowgraph
            self.fail(self.error)
            return DONE
        try:
            self.meet_origins(input_items)
            produced = work(self, input_items, output_items)
            room = len(output_items[0] if output_items else input_items[0])
            if isinstance(produced, bool) or not hasattr(produced, "__index__"):
                raise TypeError(
                    f"{self.name()}: {work.__name__}() returned {produced!r}, expected "
                    "a number of items"
                )
            if not DONE <= operator.index(produced) <= room:
                raise ValueError(
                    f"{self.name()}: {work.__name__}() returned {produced}, but there "
                    f"is room for {room} items"
                )
            done = self.nitems_written if output_items else self.nitems_read
            self.require_indices(done(0) + max(operator.index(produced), 0))
            return operator.index(produced)
        except Exception as error:
            self.fail(error)
            return DONE

    return watched


def _watched(method):
    @functools.wraps(method)
    def watched(self):
        try:
            if method.__name__ == "start":
                self.forget_origins()
            return bool(method(self))
        except Exception as error:
            self.fail(error)
            return True

    return watched


def _arrays(buffers, dtypes, items):
    """Return arrays of the next items in GNU Radio's buffers."""
    return [
        np.frombuffer(_MEMORY.from_address(_address_in(buffer, None)), dtype, items)
        for buffer, dtype in zip(buffers, dtypes, strict=True)
    ]


class guarded_block(_guarded, gr.sync_block):
    """A sync block whose first error is stored as `error` and ends the flowgraph.

    Vectors are declared as (dtype, (n,)): GNU Radio makes flat arrays of (dtype, 1).
    """

    def forecast(self, noutput_items, ninputs):
        """Ask for the fewest items, so that a call takes all that there are.

        GNU Radio halves what it asks for until there is as much: it would call six
        times for 1000 items. All inputs must have items; a block that works without
        some is a guarded_general_block.
        """
        least = self.gateway.output_multiple() + self.gateway.history() - 1
        return [least] * ninputs

    def handle_general_work(self, noutput_items, ninput_items, inputs, outputs):
        """Call work(); GNU Radio's own way takes 6 us to make each array, this 0.3."""
        kernels.keep_thread_state()
        older = self.gateway.history() - 1
        items = min([noutput_items, *(there - older for there in ninput_items)])
        items -= items % self.gateway.output_multiple()
        produced = self.work(
            _arrays(inputs, self.in_sig().port_types(len(inputs)), items + older),
            _arrays(outputs, self.out_sig().port_types(len(outputs)), items),
        )
        if produced > 0:
            self.gateway.consume_each(produced)
        return produced


class kept_hier_block(checking_block, gr.hier_block2):
    """A hier block that a flowgraph keeps once it is connected."""

    def to_basic_block(self):
        _keep_in_flowgraph(self)
        return self._impl.to_basic_block()


class guarded_general_block(_guarded, gr.basic_block):
    """A general block whose first error is stored as `error` and ends the flowgraph.

    A subclass has general_work(input_items, output_items), which consumes the items
    that it has read, and forecast(noutput_items, ninputs).
    """


def _runs(flowgraph, block):
    """Return whether a block is part of a top block, in whatever hier block it is."""
    edges = flowgraph.edge_list() + flowgraph.msg_edge_list()
    ends = (end for edge in edges.splitlines() for end in edge.split("->"))
    return any(end.startswith(f"{block.alias()}:") for end in ends)
