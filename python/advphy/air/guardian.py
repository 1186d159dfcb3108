# SPDX-License-Identifier: GPL-3.0-or-later
"""Guardian of a transmitter: a process that ends a transmission when this one cannot.

It sees that this process has died, and that it gives no sign of life for 0.5 s. Signs
come while no call of work() of the sink lasts longer than LONGEST_CALL, and while the
driver takes samples, or zeros, within NEXT_CALL: waiting is alive, being stuck is not.
"""

import contextlib
import json
import logging
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

START_SECONDS = 10.0  # until the guardian answers; it loads the driver's library
LONGEST_CALL, NEXT_CALL = 5.0, 5.0
DRIVER_SECONDS = 15.0  # in which the driver must begin or end
GATE, FEED, PUMP = range(3)  # whose calls are watched
LIBRARIES = {"soapy": "SoapySDR", "hackrf": "hackrf", "uhd": "uhd"}


def log_path():
    """Return the path of the user's log of transmissions: a line of JSON for each."""
    folder = user_folder("XDG_STATE_HOME", ".local/state")
    return folder / "transmissions.jsonl"


def log(entry):
    """Append an entry, with the time, to the log; ValueError if it cannot be written.

    None only tries that.

    event: "on" at each start of a radio, "off" at its end, "guardian" if that ended it.
    Both also have device, args, band of the allow-list, frequency (Hz), sample_rate,
    gain (dB), adversary, permitted, and model (SHA-256, None if it is not known).
    seconds and peak are of the samples sent; the guardian's seconds are by the clock.
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
    """Return (name in guardian_process.MEANS, its arguments) of device arguments."""
    kinds = [part.partition("=")[0] for part in re.split("[ ,]", args)]
    if package == "osmosdr" and "soapy" in kinds:
        return "soapy", re.sub(r"(^|,)soapy(=[^,]*)?,", r"\1", args)
    if package == "osmosdr" and "hackrf" in kinds:
        return "hackrf", radio_drivers.hackrf_of(package, args)
    return package, args


def _library(name):
    """Return the path of a library that this process has loaded, or None."""
    maps = Path("/proc/self/maps").read_text()
    found = re.search(rf"/\S*/lib{name}\.so\S*$", maps, re.MULTILINE)
    return found and found.group()


class Guardian:
    """Guardian of one device, of which the package is imported.

    begin() starts its process, watch() the signs of life, end() ends both.
    """

    def __init__(self, package, args):
        self._means, self._args = means_of(package, args)
        library = _library(LIBRARIES.get(self._means, self._means))
        self._told = {"pid": os.getpid(), "library": library, "device": args}
        self._told |= {"means": self._means, "args": self._args}
        self._bye = self._beats = None

    def begin(self):
        """Start the process, unless it runs; ValueError if it does not start."""
        if self._bye and self._bye.alive:
            return
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        here.settimeout(START_SECONDS)
        with there:
            process = subprocess.Popen(
                [sys.executable or "python3", "-I", guardian_process.__file__],
                stdin=there,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._link = here
        self._bye = weakref.finalize(self, _say_bye, process, here, os.getpid())
        self._bye.atexit = False  # end() comes then, after the device was turned off
        told, answer = self._told | {"entry": {}, "log": str(log_path())}, b""
        with contextlib.suppress(OSError):
            here.send(json.dumps(told).encode())
            answer = here.recv(1)
        if answer != guardian_process.READY:
            self.end()
            raise ValueError(
                f"the guardian of {self._told['device']} does not start, and no radio "
                "transmits without it; its error is on standard error"
            )

    def watch(self, entry):
        """Send the entry of the log, then signs of life."""
        with contextlib.suppress(OSError):  # is_there() will be false
            self._link.send(json.dumps(entry).encode())
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
        if found := self._bye and self._bye.detach():  # the call does nothing at exit
            _, say_bye, arguments, _ = found
            say_bye(*arguments)


def _say_bye(process, link, owner):
    """Let a guardian end silently, unless this is a child of its owner."""
    if os.getpid() != owner:
        return
    with contextlib.suppress(OSError):
        link.send(guardian_process.END)
    link.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        logging.getLogger(__name__).error("the guardian does not end: killed")
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
