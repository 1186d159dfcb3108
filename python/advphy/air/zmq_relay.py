# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends of a stream of samples between processes, by gr-zeromq.

zmq_pub is PUB/SUB: many receivers, each of which loses the samples for which its queue
has no room. zmq is REQ/REP: one receiver gets every sample. A REP sink replies to
whoever asks, so that each of two receivers would get half of the samples; its relay
serves one until that disconnects. A REQ source waits for ever for the reply of a sender
that has ended; its relay asks the sender again as soon as that can be reached.
"""

import itertools
import logging
import os
import struct
import threading
import uuid
import weakref

import pmt
import zmq
from zmq.utils.monitor import recv_monitor_message

ENDPOINT = "tcp://127.0.0.1:5557"
_numbers = itertools.count()
POLL_MS = 100
HEARTBEAT_MS = 1000  # a peer that is silent for two of them has gone
RECEIVER = b"advphy-"  # begins the routing ids of receivers that know REFUSED
REFUSED = b"advphy: refused"  # reply to another receiver
LONGEST_REQUEST, LONGEST_REPLY = 300, 2**26  # bytes of a part
MOST_TAGS, MOST_VALUES = 4096, 1000  # of a reply; of a part of a tag
HEADER = struct.Struct("<3sQQ")  # of gr-zeromq: magic and version, offset, tags
SIZES = {0: 0, 1: 0, 3: 4, 4: 8, 5: 16, 6: 0, 11: 8, 13: 8}  # of pmt_serial_tags.h
NUMBERS = 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 16  # bytes of each in a vector of them
NO_SAMPLES = "what the sender at {0} sends is no samples of an SDR Sink; end it"
REMEDY = (
    "driver = 'zmq' is for one receiver, and another one has the samples of {0}; end "
    "that one, or use driver = 'zmq_pub' at both ends"
)


def zmq_stream(owner, driver, does, endpoint):
    """Return the block of gr-zeromq; its relay ends with the owner.

    `does` is "bind" for a sink, "connect to" for a source, whose fail(error) is called
    if the sender refuses it. ValueError if the endpoint cannot be used.
    """
    from gnuradio import zeromq

    endpoint = endpoint or ENDPOINT
    sink, address = does == "bind", endpoint
    try:
        if driver == "zmq":
            maker = zeromq.rep_sink if sink else zeromq.req_source
            address = _relay(owner, endpoint, sink)
        elif "[" in endpoint:
            raise RuntimeError("gr-zeromq does not know IPv6")
        else:
            maker = zeromq.pub_sink if sink else zeromq.sub_source
        return maker(8, 1, address, 100, True)
    except (RuntimeError, zmq.ZMQError) as error:
        free = "that is free, " if sink else ""
        raise ValueError(
            f"args = '{endpoint}': {driver} cannot {does} that endpoint ({error}); "
            f"give one {free}such as {ENDPOINT}"
        ) from None


def _relay(owner, endpoint, of_sink):
    """Start a relay that ends with the owner; return its address for the block."""
    address = f"ipc://@advphy-relay-{os.getpid()}-{next(_numbers)}"
    context, ended = zmq.Context(), threading.Event()
    block = context.socket(zmq.REQ if of_sink else zmq.REP)
    block.linger = 0
    (block.connect if of_sink else block.bind)(address)
    try:
        peer = _open(context, endpoint, zmq.ROUTER if of_sink else zmq.REQ)
    except zmq.ZMQError:
        context.destroy(linger=0)
        raise
    relay = _serve if of_sink else _ask
    arguments = context, block, peer, endpoint, ended, weakref.ref(owner)
    thread = threading.Thread(target=relay, args=arguments, daemon=True)
    thread.start()
    weakref.finalize(owner, lambda: (ended.set(), thread.join()))
    return address


def _open(context, endpoint, kind):
    """Return (socket at the endpoint, its monitor)."""
    peer = context.socket(kind)
    peer.linger, peer.rcvhwm, peer.sndhwm = 0, 64, 64
    peer.maxmsgsize = LONGEST_REPLY if kind == zmq.REQ else LONGEST_REQUEST
    peer.ipv6 = "[" in endpoint  # else localhost may become ::1
    peer.heartbeat_ivl = HEARTBEAT_MS
    peer.heartbeat_timeout = 2 * HEARTBEAT_MS
    monitor = peer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    if kind == zmq.REQ:
        peer.routing_id = RECEIVER + uuid.uuid4().bytes
        peer.connect(endpoint)
    else:
        peer.bind(endpoint)
    return peer, monitor


def _serve(context, block, peer, endpoint, ended, owner):
    receiver = asked = None  # connection of the one; who has no reply yet
    while not ended.is_set():
        # Without a receiver the reply waits for the next one.
        reply = [block] if receiver is not None else []
        ready, _, _ = zmq.select([*reply, *peer], [], [], POLL_MS / 1000)
        if peer[1] in ready:
            gone = recv_monitor_message(peer[1])["value"]
            receiver = None if gone == receiver else receiver
        elif block in ready:
            peer[0].send_multipart([asked, b"", *block.recv_multipart()])
            asked = None
        elif ready:
            who, *_, request = peer[0].recv_multipart(copy=False)
            if len(request) != 4 or struct.unpack("=i", request)[0] <= 0:
                continue  # not a number of samples, at which gr-zeromq would crash
            if receiver in (None, request.get(zmq.SRCFD)):
                if asked is None:
                    block.send(request)
                receiver, asked = request.get(zmq.SRCFD), who.bytes
                continue
            remedy = REMEDY.format(endpoint)
            logging.getLogger(__name__).warning("refused a receiver: %s", remedy)
            if who.bytes.startswith(RECEIVER):  # another would not understand it
                peer[0].send_multipart([who.bytes, b"", REFUSED])
    context.destroy(linger=0)


def _is_reply(parts):
    """Return whether it is what a sink of gr-zeromq sends: a header, tags, samples.

    At anything else the thread of gr-zeromq's source would end without an error, or
    allocate as much as a tag claims to have.
    """
    try:
        (data,) = parts
        begin, _, tags = HEADER.unpack_from(data)
        known, at = begin == b"\xf0\x5f\1" and tags <= MOST_TAGS, HEADER.size
        for number in range(3 * tags if known else 0):  # key, value, source; key, ...
            begin = at if number % 3 else at + 8  # behind the offset of a tag
            at = _end(data, begin)
            read = pmt.deserialize_str(data[begin:at])
            known = known and (number % 3 or pmt.is_symbol(read))
    except Exception:  # of whatever type those of pmt are
        return False
    return known and (len(data) - at) % 8 == 0


def _end(data, at):
    """Return where the value of pmt that begins there ends; or raise an error."""
    seen, wanted = 0, 1
    while seen < wanted <= MOST_VALUES:
        kind, at, seen = data[at], at + 1, seen + 1
        if kind == 2:  # symbol
            at += 2 + struct.unpack_from(">H", data, at)[0]
        elif kind in (7, 9):  # pair, dictionary
            wanted += 2
        elif kind in (8, 12):  # vector, tuple
            wanted, at = wanted + struct.unpack_from(">I", data, at)[0], at + 4
        elif kind == 10:  # vector of numbers, after some bytes that fill
            of, numbers, fill = struct.unpack_from(">BIB", data, at)
            at += 6 + fill + numbers * NUMBERS[of]
        else:
            at += SIZES[kind]
    if seen < wanted or at > len(data):
        raise ValueError
    return at


def _ask(context, block, peer, endpoint, ended, owner):
    request = None  # that has no reply yet
    while not ended.is_set():
        if request is None and block.poll(POLL_MS):
            request = block.recv()
            peer[0].send(request)
        elif request is not None:
            ready, _, _ = zmq.select([*peer], [], [], POLL_MS / 1000)
            if peer[0] in ready:
                reply = peer[0].recv_multipart()
                refused = reply == [REFUSED]
                if refused or not _is_reply(reply):
                    why = (REMEDY if refused else NO_SAMPLES).format(endpoint)
                    if source := owner():
                        source.fail(ValueError(f"args = '{endpoint}': {why}"))
                    break
                block.send_multipart(reply)
                request = None
            elif ready:  # the reply will not come
                peer[0].disable_monitor()
                peer[0].close()
                peer = _open(context, endpoint, zmq.REQ)
                peer[0].send(request)
    context.destroy(linger=0)
