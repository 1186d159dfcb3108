# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends of a stream of samples between processes, by gr-zeromq.

zmq is REQ/REP: one receiver gets every sample. zmq_pub is PUB/SUB: many receivers, each
of which loses the samples for which its queue has no room.
"""

import zmq

from .zmq_relay import zmq_relay
from .zmq_server import zmq_server

ENDPOINT = "tcp://127.0.0.1:5557"


def zmq_sink(owner, driver, endpoint):
    """Return the sink of samples; its server ends with the owner."""
    endpoint = endpoint or ENDPOINT
    if driver == "zmq_pub":
        return _made("pub_sink", endpoint, "bind")
    try:
        address = zmq_server(owner, endpoint)
    except zmq.ZMQError as error:
        raise _refusal(endpoint, "bind", error) from None
    return _made("rep_sink", address, "bind")


def zmq_source(owner, driver, endpoint):
    """Return the source of a sender's samples; its relay ends with the owner."""
    endpoint = endpoint or ENDPOINT
    if driver == "zmq_pub":
        return _made("sub_source", endpoint, "connect to")
    try:
        address = zmq_relay(owner, endpoint)
    except zmq.ZMQError as error:
        raise _refusal(endpoint, "connect to", error) from None
    return _made("req_source", address, "connect to")


def _made(maker, endpoint, does):
    from gnuradio import zeromq

    if "[" in endpoint:
        raise _refusal(endpoint, does, "gr-zeromq does not know IPv6", "of IPv4, ")
    try:
        return getattr(zeromq, maker)(8, 1, endpoint, 100, True)
    except RuntimeError as error:
        raise _refusal(endpoint, does, error) from None


def _refusal(endpoint, does, why, wanted=""):
    wanted = wanted or ("that is free, " if does == "bind" else "")
    return ValueError(
        f"args = '{endpoint}': zmq cannot {does} that endpoint ({why}); give one "
        f"{wanted}such as {ENDPOINT}"
    )
