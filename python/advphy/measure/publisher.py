# SPDX-License-Identifier: GPL-3.0-or-later
"""Publisher: sends messages of counters and meters to other programs over ZMQ."""

import contextlib
import logging
import secrets
import threading
from collections import deque

import pmt
from advphy_model.measure import published
from advphy_model.measure.published import HERE, checked_name

from ..reports import listening_block
from .publishing_socket import InUseError, PublishingSocket

TURN_SECONDS = 0.02
MOST_WAITING = 1024  # messages of blocks until the next turn; the oldest are dropped
MOST_STATES = 256  # blocks whose last message is kept


class publisher(listening_block):
    """Publish the messages of counters, meters and cancellers as JSON on ZMQ.

    The address is bound by the constructor, served while the flowgraph runs, and free
    again when it stops. A separate thread does all the work: subscribers that do not
    read, or send garbage, do not delay the flowgraph.

    Message port "in": messages of any number of blocks: counts, distortion, accuracy,
        psr, estimate, power, frames. Others are counted as refused.

    Args:
        address: "tcp://127.0.0.1:5570", "tcp://127.0.0.1:*" for any free port, or
            "ipc://FILE". Ports 5570 to 5589 of 127.0.0.1 are those that `advphy watch`
            looks at: if one is in use, the next free one is taken and a warning logged.
            An address that other hosts can reach needs keys or insecure.
        name: name of the flowgraph in displays.
        keys: folder made by `advphy publish-keys`; then only subscribers with the key
            can read the messages. "": no keys.
        insecure: True: other hosts may read the messages without keys.
    """

    def __init__(
        self, address="tcp://127.0.0.1:5570", name="", keys="", insecure=False
    ):
        listening_block.__init__(self, "publisher")
        self._name = checked_name(name)
        self._security = {"keys": keys, "insecure": insecure}
        self._socket = self._bound(address)
        self._address = self._socket.address
        self._waiting, self._states = deque(), {}
        self._counts = {"published": 0, "refused": 0, "dropped": 0}
        self._stopping, self._thread = threading.Event(), None
        self.listen("in", self._take)

    def _bound(self, address):
        """Return a socket; of HERE, at the next address that is free."""
        first = HERE.index(address) if address in HERE else len(HERE)
        for other in [address, *HERE[first + 1 :]]:
            with contextlib.suppress(InUseError):
                made = PublishingSocket(other, **self._security)
                if other != address:
                    text = "%s is in use; the publisher is at %s instead"
                    logging.getLogger(__name__).warning(text, address, other)
                return made
        return PublishingSocket(address, **self._security)  # raises why

    def address(self):
        """Return the bound address, with the port that was chosen."""
        return self._address

    def counts(self):
        """Return the numbers of messages that were published, refused and dropped."""
        return dict(self._counts)

    def text(self):
        """Return the number of published messages, as a line for a display."""
        return f"{self._counts['published']} messages on {self._address}"

    def start(self):
        """Serve subscribers."""
        if self._socket is None:  # started again: at the same port
            self._socket = PublishingSocket(self._address, **self._security)
        self._run, self._sequence = secrets.token_hex(8), 0
        self._waiting.clear()
        self._states.clear()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return True

    def stop(self):
        """Publish messages until all reporters have ended, and free the port."""
        listening_block.stop(self)
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None
        return True

    def _take(self, message):
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._counts["dropped"] += 1
        self._waiting.append(message)

    def _serve(self):
        self._socket.begin()
        try:
            while not self._stopping.is_set():
                self._publish()
                self._socket.turn(TURN_SECONDS)
            self._publish()
        except Exception as error:
            self.fail(error)
        finally:
            self._socket.close()
            self._socket = None

    def _publish(self):
        """Send the newest waiting message of each block and segment."""
        newest = {}
        while self._waiting:
            message = self._measurement(self._waiting.popleft())
            if message is not None:
                key = message["kind"], message["block"], message["name"]
                first = message.get("first_block", message.get("first_frame"))
                newest.pop((key, first), None)
                newest[key, first] = message
        for (key, _), message in newest.items():
            self._states.pop(key, None)
            self._states[key] = message
            message["sequence"] = self._sequence
            self._sequence += 1
            self._socket.send(published.encode(message))
            self._counts["published"] += 1
        if newest:
            kept = list(self._states.items())[-MOST_STATES:]
            self._states = dict(kept)
            states = published.states(self._states.values())
            self._socket.welcome(published.encode(states))

    def _measurement(self, message):
        try:
            decoded = pmt.to_python(message)
            if not isinstance(decoded, dict):
                raise ValueError("it is not a dictionary")
            decoded["settings"] = decoded.get("settings") or {}  # PMT: empty is nil
            return published.measurement(decoded, self._name, self._run, 0)
        except (ValueError, TypeError) as error:
            self._counts["refused"] += 1
            if self._counts["refused"] == 1:
                text = "a message that no counter or meter sends is not published: %s"
                logging.getLogger(__name__).warning(text, str(error))
            return None
