# SPDX-License-Identifier: GPL-3.0-or-later
"""A ZMQ socket that publishes: bounded, and off this machine only with keys.

A subscriber that does not read loses messages, and one who joins late gets the states
as the socket's welcome message. Keys are ZMQ's own, of CURVE: the publisher and every
subscriber have a pair, `advphy publish-keys` makes both. Without keys whoever reaches
the address reads along.
"""

import errno
import ipaddress
import os
import re
import socket
import stat
import time
import weakref
from pathlib import Path

import zmq

WANTED = "expected tcp://HOST:PORT, tcp://HOST:* for any free port, or ipc://FILE"
LONGEST_FRAME = 2048  # bytes that a subscriber sends at once: a handshake, a topic
WAITING = 64  # messages that wait for a slow subscriber; what is more is lost
LINGER_MS = 100  # for the last messages of a flowgraph that stops
PUBLISHER, SUBSCRIBER = "publisher", "subscriber"  # names of the pairs of keys


def make_keys(folder) -> list:
    """Make a pair of keys for the publisher and one for its subscribers.

    Args:
        folder: new folder, of mode 0700; NAME.key holds the public key of a pair,
            NAME.key_secret both, of mode 0600.

    Returns:
        the paths of the files.

    Raises:
        OSError: the folder is there already, or cannot be made.
    """
    from zmq import auth

    folder = Path(folder)
    folder.mkdir(mode=0o700)
    for name in (PUBLISHER, SUBSCRIBER):
        _, secret = auth.create_certificates(folder, name)
        os.chmod(secret, 0o600)
    return sorted(folder.iterdir())


def key_of(folder, name, secret):
    """Return (public key, secret key or None) of a pair in a folder of make_keys().

    Raises:
        ValueError: there is none; says what makes one.
    """
    from zmq import auth

    path = Path(folder) / f"{name}.key{'_secret' if secret else ''}"
    try:
        return auth.load_certificate(path)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"keys = '{folder}': {path.name} cannot be read ({error}); "
            "`advphy publish-keys FOLDER` makes keys"
        ) from None


class PublishingSocket:
    """Bind an address at once; send(), welcome() and turn() in one thread.

    Args:
        address: see WANTED.
        keys: folder of make_keys() with publisher.key_secret and subscriber.key; "":
            whoever reaches the address reads along.
        insecure: whether an address other than of this machine is bound without keys.

    Raises:
        ValueError: when it is none, cannot be bound, or wants keys.
    """

    def __init__(self, address, keys="", insecure=False):
        _check(address, keys or insecure)
        self._context = zmq.Context()
        self._authenticator = None
        self._socket = made = self._context.socket(zmq.XPUB)
        # Of one that is never used the context would wait for the socket for ever.
        self._unused = weakref.finalize(self, _close, self._context, made)
        made.setsockopt(zmq.SNDHWM, WAITING)
        made.setsockopt(zmq.MAXMSGSIZE, LONGEST_FRAME)
        made.setsockopt(zmq.HANDSHAKE_IVL, 2000)  # ms, for who speaks another protocol
        made.setsockopt(zmq.TCP_KEEPALIVE, 1)
        made.setsockopt(zmq.LINGER, LINGER_MS)
        made.setsockopt(zmq.IPV6, int("[" in address))
        made.setsockopt(zmq.XPUB_WELCOME_MSG, b"")
        try:
            if keys:
                self._require_keys(keys)
            made.bind(address)
        except zmq.ZMQError as error:
            self.close()
            raise ValueError(f"address = {address!r}: {_why(error)}") from None
        except ValueError:
            self.close()
            raise
        self.address = made.getsockopt_string(zmq.LAST_ENDPOINT)

    def _require_keys(self, folder):
        """Let only subscribers with the subscriber's secret key in."""
        from zmq.auth.thread import ThreadAuthenticator

        public, secret = key_of(folder, PUBLISHER, secret=True)
        allowed, _ = key_of(folder, SUBSCRIBER, secret=False)
        if secret is None:
            raise ValueError(f"keys = '{folder}': publisher.key_secret has no secret")
        self._authenticator = ThreadAuthenticator(self._context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback("*", _Only(allowed))
        self._socket.curve_publickey, self._socket.curve_secretkey = public, secret
        self._socket.curve_server = True

    def welcome(self, message):
        """Send this first to each who connects from now on."""
        self._socket.setsockopt(zmq.XPUB_WELCOME_MSG, message)

    def send(self, message):
        """Send to all who keep up."""
        self._socket.send(message, zmq.NOBLOCK)  # a PUB drops, it never waits

    def begin(self):
        """Leave closing to close(), since a thread uses this from now on."""
        self._unused.atexit = False

    def turn(self, seconds):
        """Take what subscribers send, for so long, and forget it."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._socket.poll(max(1, int(1000 * left))):
                self._socket.recv_multipart(zmq.NOBLOCK)

    def close(self):
        """Close the port; what was sent last has LINGER_MS to leave."""
        self._unused.detach()
        if self._authenticator is not None:
            self._authenticator.stop()
        _close(self._context, self._socket)


class _Only:
    """Admit one public key."""

    def __init__(self, allowed):
        self._allowed = allowed

    def callback(self, domain, key):
        """Return whether a subscriber's public key is the allowed one."""
        return key == self._allowed


def _close(context, made):
    made.close()
    context.term()


def _check(address, open_to_others):
    """Refuse what is no address, and one that others reach unless that is wanted."""
    if not isinstance(address, str):
        raise ValueError(f"address = {address!r}, {WANTED}")
    if address.startswith("ipc://") and len(address) > 6 and address.isprintable():
        _check_file(address)
        return
    found = re.fullmatch(
        r"tcp://(\[[0-9a-fA-F:%.\w]+\]|[\w.*-]+):(\d{1,5}|\*)", address
    )
    if not found or (found.group(2) != "*" and int(found.group(2)) > 65535):
        raise ValueError(f"address = {address!r}, {WANTED}")
    try:
        local = ipaddress.ip_address(found.group(1).strip("[]")).is_loopback
    except ValueError:
        local = found.group(1) == "lo"
    if not (local or open_to_others):
        raise ValueError(
            f"address = {address!r}: whoever reaches it would read along; give keys "
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
            return  # left behind by one that is no more
    raise ValueError(f"address = {address!r}: {_why(zmq.ZMQError(errno.EADDRINUSE))}")


def _why(error):
    return {
        errno.EADDRINUSE: "in use, perhaps by another publisher; choose another port, "
        "or * for any that is free",
        errno.EADDRNOTAVAIL: "no address of this machine",
        errno.ENODEV: "no address of this machine; use its number, such as 127.0.0.1",
        errno.ENAMETOOLONG: "the name of the file is too long for a socket",
    }.get(error.errno, error.strerror or str(error)) + f"; {WANTED}"
