# SPDX-License-Identifier: GPL-3.0-or-later
"""Guardian of a transmitter: a process that ends a transmission when this one cannot.

It sees that this process has died, and that it gives no sign of life for 0.5 s. Signs
come while no call of work() of the sink lasts longer than LONGEST_CALL, and while the
driver takes samples, or zeros, within a time: waiting is alive, being stuck is not.
"""

import contextlib
import json
import math
import os
import re
import socket
import subprocess
import sys
import weakref
from pathlib import Path

from advphy_model import kernels
from advphy_model.user_folders import make_user_folder, user_folder

from ..block_errors import guarded_block
from . import guardian_process, radio_drivers

LONGEST_CALL = 5.0
DRIVER_SECONDS = 15.0  # in which the driver begins or ends, and the guardian answers
GATE, FEED, PUMP = range(3)  # whose calls are watched
LIBRARIES = {"soapy": "SoapySDR", "hackrf": "hackrf", "uhd": "uhd"}


def log_path():
    """Return the path of the user's log of transmissions: a line of JSON for each."""
    folder = user_folder("XDG_STATE_HOME", ".local/state")
    return folder / "transmissions.jsonl"


def log(entry):
    """Append an entry with the time to the log; ValueError if it cannot be written.

    None only tries that. docs/over_the_air.md describes the entries.
    """
    path = log_path()
    try:
        make_user_folder(path.parent, "XDG_STATE_HOME")
        guardian_process.append_line(path, entry)
    except OSError as error:
        raise ValueError(
            f"the log of transmissions {path} cannot be written ({error.strerror}); no "
            "radio transmits without it; make it writable, or set XDG_STATE_HOME"
        ) from None


def means_of(package, args):
    """Return the name of a function of guardian_process and its device arguments."""
    kinds = [part.partition("=")[0] for part in re.split("[ ,]", args)]
    if package == "osmosdr" and "soapy" in kinds:
        return "soapy", re.sub(r"(^|,)soapy(=[^,]*)?,", r"\1", args)
    if package == "osmosdr" and "hackrf" in kinds:
        return "hackrf", radio_drivers.hackrf_of(package, args)
    return package, args


class Guardian:
    """Guardian of one device, of which the package is imported.

    begin() starts its process, watch() the signs of life, end() ends both.
    """

    _bye = _beats = None

    def __init__(self, package, args):
        means, own = means_of(package, args)
        pattern = rf"/\S*/lib{LIBRARIES.get(means)}\.so\S*$"
        maps = Path("/proc/self/maps").read_text()
        library = re.search(pattern, maps, re.MULTILINE)
        self._told = {"means": means, "args": own, "device": args, "entry": {}}
        self._told |= {"pid": os.getpid(), "library": library and library.group()}

    def begin(self):
        """Start the process, unless it runs; ValueError if it does not start."""
        if self._bye and self._bye.alive:
            return
        self._link, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.settimeout(DRIVER_SECONDS)
        with there:
            process = subprocess.Popen(
                [sys.executable or "python3", "-I", guardian_process.__file__],
                stdin=there,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        own = process, self._link, os.getpid()
        self._bye = weakref.finalize(self, _say_bye, *own)
        self._bye.atexit = False  # end() comes then, after the device was turned off
        answer = b""
        with contextlib.suppress(OSError):
            self._send(self._told | {"log": str(log_path())})
            answer = self._link.recv(1)
        if answer != guardian_process.READY:
            self.end()
            raise ValueError(
                f"the guardian of {self._told['device']} does not start, and no radio "
                "transmits without it; its error is on standard error"
            )

    def _send(self, message):
        self._link.send(json.dumps(message).encode())

    def watch(self, entry):
        """Send the entry of the log, then signs of life."""
        with contextlib.suppress(OSError):  # is_there() will be false
            self._send(entry)
        self._beats = kernels.Heartbeat(self._link.fileno())

    def promise(self, call, seconds):
        """Promise that a call ends, or comes again, within so many seconds."""
        if (beats := self._beats) is not None:
            beats.promise(call, seconds)

    def is_there(self):
        """Return whether the process takes the signs of life."""
        return (beats := self._beats) is None or beats.heard()

    def end(self):
        """End the process, after the device was turned off."""
        self._beats = None
        if found := self._bye and self._bye.detach():  # its call does nothing at exit
            _, say_bye, own, _ = found
            say_bye(*own)


def _say_bye(process, link, owner):
    """Let a guardian end silently, unless this is a child of its owner."""
    if os.getpid() != owner:
        return
    with contextlib.suppress(OSError):
        link.send(guardian_process.END)
    link.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:  # somebody has stopped it
        process.kill()
        process.wait()


class watched_block(guarded_block):
    """A block whose calls of work() a Guardian watches, once it has one."""

    guardian, call = None, GATE
    next_call = math.inf  # s until the next one

    def handle_general_work(self, *arguments):
        """Call work()."""
        if self.guardian is None:
            return super().handle_general_work(*arguments)
        self.guardian.promise(self.call, LONGEST_CALL)
        try:
            return super().handle_general_work(*arguments)
        finally:
            self.guardian.promise(self.call, self.next_call)
