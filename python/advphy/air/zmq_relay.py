# SPDX-License-Identifier: GPL-3.0-or-later
"""Relay between gr-zeromq's REQ source and a sender that may end and start again.

The REQ source waits for ever for the reply of a sender that has ended. It asks the
relay instead, which asks the sender again as soon as that can be reached.
"""

import itertools
import os
import threading
import uuid
import weakref

import zmq

from .zmq_server import HEARTBEAT_MS, POLL_MS, RECEIVER, REFUSED, REMEDY

_numbers = itertools.count()


def zmq_relay(owner, endpoint):
    """Relay to a sender's endpoint until the owner is deleted; return the address.

    The REQ source connects to the address; messages are passed unchanged. If the sender
    refuses the receiver, owner.fail(ValueError) is called. zmq.ZMQError if the endpoint
    cannot be connected to.
    """
    address = f"ipc://@advphy-relay-{os.getpid()}-{next(_numbers)}"
    context, ended = zmq.Context(), threading.Event()
    front = context.socket(zmq.REP)
    front.linger = 0
    front.bind(address)
    try:
        back = _connected(context, endpoint)
    except zmq.ZMQError:
        context.destroy(linger=0)
        raise
    arguments = context, front, back, endpoint, ended, weakref.ref(owner)
    thread = threading.Thread(target=_relay, args=arguments, daemon=True)
    thread.start()
    weakref.finalize(owner, lambda: (ended.set(), thread.join()))
    return address


def _connected(context, endpoint):
    """Return (socket to the sender, its monitor)."""
    back = context.socket(zmq.REQ)
    back.linger = 0
    back.routing_id = RECEIVER + uuid.uuid4().bytes
    back.ipv6 = "[" in endpoint  # else localhost may become ::1
    back.heartbeat_ivl = HEARTBEAT_MS
    back.heartbeat_timeout = 2 * HEARTBEAT_MS
    monitor = back.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    back.connect(endpoint)
    return back, monitor


def _relay(context, front, back, endpoint, ended, owner):
    request = None  # that has no reply yet
    while not ended.is_set():
        if request is None and front.poll(POLL_MS):
            request = front.recv()
            back[0].send(request)
        elif request is not None:
            ready, _, _ = zmq.select([*back], [], [], POLL_MS / 1000)
            if back[0] in ready:
                reply = back[0].recv_multipart()
                if reply == [REFUSED]:
                    _refuse(owner(), endpoint)
                    break
                front.send_multipart(reply)
                request = None
            elif ready:  # the reply will not come
                back[0].disable_monitor()
                back[0].close()
                back = _connected(context, endpoint)
                back[0].send(request)
    context.destroy(linger=0)


def _refuse(owner, endpoint):
    if owner is not None:
        owner.fail(ValueError(f"args = '{endpoint}': {REMEDY.format(endpoint)}"))
