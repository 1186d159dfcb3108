# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that end a command."""

import contextlib
import signal
import threading


def ended_by_signals():
    """Let SIGTERM and SIGHUP have the effect of Ctrl-C while the context is active."""
    return handled(signal.default_int_handler, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def handled(handler, *numbers):
    """Let a handler handle signals while the context is active, in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        numbers = ()  # Python sets handlers only in the main thread
    before = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) != signal.SIG_IGN  # nohup ignores SIGHUP
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
