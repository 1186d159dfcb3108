# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what a C++ library marks on standard error, and pass all of it on.

gr-soapy tells an overflow by writing "sO" there and in no other way. While somebody
counts, file descriptor 2 is a pipe that a thread empties into the real one.
"""

import os
import threading

_lock = threading.Lock()
_counters = []
_diversion = None


class MarkCounter:
    """Call `found(n)` when a mark was written n times, from start() to stop().

    All of the process is heard: two sources count each other's marks.

    Args:
        mark: bytes.
        found: is called in another thread.
    """

    def __init__(self, mark, found):
        self._mark, self._found = mark, found
        self._tail = b""

    def start(self):
        """Begin to listen."""
        global _diversion
        with _lock:
            self._tail = b""
            _counters.append(self)
            if _diversion is None:
                _diversion = _Diversion()

    def stop(self):
        """Hear what has been written until now, then listen no more."""
        global _diversion
        with _lock:
            if self not in _counters:
                return
            if len(_counters) == 1:
                _diversion.end()
                _diversion = None
            else:
                _diversion.catch_up()
            _counters.remove(self)

    def hear(self, text):
        """Count the marks in a piece of text, and one across its beginning."""
        text = self._tail + text
        count = text.count(self._mark)
        if count:
            self._found(count)
        keep = len(self._mark) - 1  # a mark cut in two; a whole one is not kept
        last = text.rpartition(self._mark)[2]
        self._tail = last[-keep:] if keep else b""


class _Diversion:
    """Standard error through a pipe and a thread."""

    def __init__(self):
        self._real = os.dup(2)
        self._read, write = os.pipe()
        os.dup2(write, 2)
        os.close(write)
        self._sentinel = b"\0advphy\0"  # said by catch_up() to itself
        self._caught_up = threading.Event()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    def _pass_on(self):
        while text := os.read(self._read, 65536):
            while self._sentinel in text:
                before, _, text = text.partition(self._sentinel)
                self._deliver(before)
                self._caught_up.set()
            self._deliver(text)
        os.close(self._read)
        os.close(self._real)

    def _deliver(self, text):
        if text:
            os.write(self._real, text)
            for counter in list(_counters):
                counter.hear(text)

    def catch_up(self):
        """Wait until all that was written has been heard."""
        self._caught_up.clear()
        os.write(2, self._sentinel)
        self._caught_up.wait(1)

    def end(self):
        """Give standard error back."""
        self.catch_up()
        os.dup2(self._real, 2)  # closes the pipe's end: the thread reads its end
        self._thread.join(1)  # in vain if a child process still holds the pipe
