# SPDX-License-Identifier: GPL-3.0-or-later
"""ZMQ socket of the publisher, which other hosts can read only with keys.

A subscriber that does not read loses messages; one that joins late receives the newest
messages as the socket's welcome message. Keys are pairs of ZMQ's CURVE: the publisher
has one and all subscribers share another, `advphy publish-keys` makes both. Without
keys, anyone who can reach the address can read the messages.
"""

import errno
import ipaddress
import os
import re
import socket
import stat
import uuid
import weakref
from types import SimpleNamespace

import zmq
from advphy_model.user_folders import user_path

from .front_door import FrontDoor

WANTED = "expected tcp://HOST:PORT, tcp://HOST:* for any free port, or ipc://FILE"
LONGEST_FRAME = 2048  # bytes that a subscriber may send at once: a handshake, a topic
WAITING = 64  # messages that wait for a slow subscriber; further ones are lost
LINGER_MS = 100  # for the last messages of a flowgraph that stops
DOOR_SECONDS = 0.5  # for them to go out by the door
PUBLISHER, SUBSCRIBER = "publisher", "subscriber"  # names of the pairs of keys


def make_keys(folder) -> list:
    """Make keys for the publisher and its subscribers; return the paths of the files.

    The folder is new, with mode 0700; OSError if it exists or cannot be made. NAME.key
    holds the public key of a pair; NAME.key_secret, with mode 0600, holds both keys.
    """
    from zmq import auth

    folder = user_path(folder)
    folder.mkdir(mode=0o700)
    for name in (PUBLISHER, SUBSCRIBER):
        _, secret = auth.create_certificates(folder, name)
        os.chmod(secret, 0o600)
    return sorted(folder.iterdir())


def key_of(folder, name, secret):
    """Return (public key, secret key or None) of a pair; ValueError if unreadable."""
    from zmq import auth

    path = user_path(folder) / f"{name}.key{'_secret' if secret else ''}"
    try:
        return auth.load_certificate(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"keys = '{folder}': {path.name} cannot be read ({error}); "
            "`advphy publish-keys FOLDER` makes keys"
        ) from None


class InUseError(ValueError):
    """Error for an address that somebody else has."""


class PublishingSocket:
    """Socket that is bound by its constructor; one thread calls its other methods.

    See publisher for the arguments. ValueError if the address is not of a form of
    WANTED, cannot be bound, or needs keys.
    """

    def __init__(self, address, keys="", insecure=False):
        _check(address, keys or insecure)
        self._context = zmq.Context()
        self._authenticator, self._doors = None, []
        self._socket = made = self._context.socket(zmq.PUB)
        # Without this, the context of an unused socket would wait for it forever.
        self._unused = weakref.finalize(self, _close, self._context, made, self._doors)
        made.sndhwm, made.maxmsgsize, made.linger = WAITING, LONGEST_FRAME, LINGER_MS
        made.handshake_ivl = 2000  # ms, for peers of another protocol
        self.welcome(b"")
        try:
            if keys:
                self._require_keys(keys)
            self.address = self._bind(address)
        except (OSError, zmq.ZMQError, ValueError) as error:
            self.close()
            if isinstance(error, ValueError):
                raise
            kind = InUseError if error.errno == errno.EADDRINUSE else ValueError
            raise kind(f"address = {address!r}: {_why(error)}") from None

    def _bind(self, address):
        """Bind, behind a door if it is for TCP; return the address with numbers."""
        if address.startswith("ipc:"):
            self._socket.bind(address)
            return self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        name = f"advphy-publisher-{uuid.uuid4()}"
        self._socket.setsockopt(zmq.IPC_FILTER_PID, os.getpid())  # for us alone
        self._socket.bind(f"ipc://@{name}")
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        with zmq.Context() as context, context.socket(zmq.PUB) as made:
            made.ipv6 = "[" in host
            made.bind(f"tcp://{host}:*")  # at a port where nobody comes
            host = made.getsockopt_string(zmq.LAST_ENDPOINT)[6:].rpartition(":")[0]
        self._doors.append(FrontDoor(host, int(port.replace("*", "0")), f"\0{name}"))
        return f"tcp://{host}:{self._doors[0].port}"

    def _require_keys(self, folder):
        """Admit only subscribers with the subscriber's secret key."""
        from zmq.auth.thread import ThreadAuthenticator

        public, secret = key_of(folder, PUBLISHER, secret=True)
        allowed, _ = key_of(folder, SUBSCRIBER, secret=False)
        if secret is None:
            raise ValueError(f"keys = '{folder}': publisher.key_secret has no secret")
        self._authenticator = ThreadAuthenticator(self._context)
        self._authenticator.start()
        only = SimpleNamespace(callback=lambda domain, key: key == allowed)
        self._authenticator.configure_curve_callback("*", only)
        self._socket.curve_publickey, self._socket.curve_secretkey = public, secret
        self._socket.curve_server = True

    def welcome(self, message):
        self._socket.setsockopt(zmq.XPUB_WELCOME_MSG, message)

    def send(self, message):
        """Send a message to all subscribers; those that are slow lose it."""
        self._socket.send(message, zmq.NOBLOCK)  # a PUB socket drops, it never waits

    def begin(self):
        """Leave closing at exit to close(), because a thread uses this from now on."""
        self._unused.atexit = False

    def turn(self, seconds):
        """Admit and dismiss subscribers for a number of seconds."""
        self._socket.poll(1000 * seconds)  # it is never readable

    def close(self):
        """Close the port; the last messages have LINGER_MS to leave."""
        self._unused.detach()
        if self._authenticator is not None:
            self._authenticator.stop()
        _close(self._context, self._socket, self._doors)


def _close(context, made, doors):
    made.close()
    for door in doors:
        door.close(DOOR_SECONDS)
    context.term()


def _check(address, open_to_others):
    """Refuse an invalid address, and one that others can reach unless they may."""
    text = address if isinstance(address, str) else ""
    if text.startswith("ipc://") and len(text) > 6 and text.isprintable():
        _check_file(address)
        return
    found = re.fullmatch(r"tcp://(\[[:%.\w]+\]|[\w.*-]+):(\d{1,5}|\*)", text)
    if not found or (found[2] != "*" and int(found[2]) > 65535):
        raise ValueError(f"address = {address!r}, {WANTED}")
    try:
        local = ipaddress.ip_address(found[1].strip("[]")).is_loopback
    except ValueError:
        local = found[1] == "lo"
    if not (local or open_to_others):
        raise ValueError(
            f"address = {address!r}: other hosts could read the messages; give keys "
            "(`advphy publish-keys FOLDER` makes them), or insecure=True if all may, "
            "or tcp://127.0.0.1:PORT for this machine alone"
        )


def _check_file(address):
    """Refuse to bind over a file, or over another publisher's socket."""
    path = address.removeprefix("ipc://")
    if path.startswith("@") or not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise ValueError(f"address = {address!r}: {path} is a file, and no socket")
    with socket.socket(socket.AF_UNIX) as other:
        try:
            other.connect(path)
        except OSError:
            return  # the publisher that made it has ended
    raise ValueError(f"address = {address!r}: {_why(zmq.ZMQError(errno.EADDRINUSE))}")


def _why(error):
    return {
        errno.EADDRINUSE: "in use, perhaps by another publisher; choose another port, "
        "or * for any free port",
        errno.EADDRNOTAVAIL: "no address of this machine",
        errno.ENODEV: "no address of this machine; give a numeric one, as 127.0.0.1",
        errno.ENAMETOOLONG: "the file name is too long for a socket",
    }.get(error.errno, error.strerror or str(error)) + f"; {WANTED}"
