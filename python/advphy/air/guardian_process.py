# SPDX-License-Identifier: GPL-3.0-or-later
"""Program of the guardian: ends a transmission when its program dies or gets stuck.

It runs without GNU Radio, in a session of its own, and gets messages from a socket, its
standard input: the device as JSON, an entry of the log as JSON at each start, BEAT as a
sign of life, at last END. Without signs of life it kills the program, because a device
is busy as long as its program has it. Then it opens and closes the device.
"""

import contextlib
import ctypes
import datetime
import importlib
import json
import os
import select
import signal
import socket
import sys
import time

READY, BEAT, END = b"r", b".", b"q"
MOST_BYTES = 2**16  # of a message
SLICE, SLICES = 0.05, 10  # s without a sign: 0.5; a machine that stands does not count
FREE_SECONDS, RETRY_SECONDS, PAUSE = 0.1, 30.0, 0.02  # while the device is busy
TX, CF32 = 0, b"CF32"  # of SoapySDR
DIED = "its program has died"
SILENT = "its program gave no sign of life for 0.5 s: it is stopped, stuck or starved"


def append_line(path, entry):
    """Append a line of JSON with the time, none for None; OSError if it fails."""
    now = datetime.datetime.now(datetime.timezone.utc)
    when = {"time": now.isoformat(timespec="milliseconds")}
    line = json.dumps(when | (entry or {})) + "\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if entry is not None:
            os.write(file, line.encode())
    finally:
        os.close(file)


class Soapy:
    """A device of SoapySDR: close its stream, set its gain to 0, close it."""

    def __init__(self, library, args):
        self._lib, self._args = library, args.encode()
        for name in ("Device_makeStrArgs", "Device_setupStream"):
            getattr(library, f"SoapySDR{name}").restype = ctypes.c_void_p
        library.SoapySDRDevice_lastError.restype = ctypes.c_char_p
        library.SoapySDR_loadModules()  # takes time that is short later on

    def turn_off(self):
        lib, channel = self._lib, ctypes.c_size_t(0)
        device = lib.SoapySDRDevice_makeStrArgs(self._args)
        if not device:
            raise OSError(lib.SoapySDRDevice_lastError().decode(errors="replace"))
        device = ctypes.c_void_p(device)
        lib.SoapySDRDevice_setGain(device, TX, channel, ctypes.c_double(0))
        stream = lib.SoapySDRDevice_setupStream(device, TX, CF32, None, channel, None)
        if stream:
            stream = ctypes.c_void_p(stream)
            lib.SoapySDRDevice_deactivateStream(device, stream, 0, ctypes.c_longlong(0))
            lib.SoapySDRDevice_closeStream(device, stream)
        lib.SoapySDRDevice_unmake(device)


class HackRF:
    """A HackRF of gr-osmosdr: stop its transmission, set its gains to 0, close it."""

    def __init__(self, library, args):
        self._lib, self._which = library, args
        library.hackrf_device_list.restype = ctypes.c_void_p
        library.hackrf_init()

    def turn_off(self):
        lib, device = self._lib, ctypes.c_void_p()
        if self._which.isdecimal() and len(self._which) < 3:  # a number, not a serial
            found = ctypes.c_void_p(lib.hackrf_device_list())
            at = int(self._which), ctypes.byref(device)
            code = lib.hackrf_device_list_open(found, *at)
            lib.hackrf_device_list_free(found)
        else:
            which = self._which.encode()
            code = lib.hackrf_open_by_serial(which, ctypes.byref(device))
        if code:
            raise OSError(f"hackrf_open: {code}")
        lib.hackrf_stop_tx(device)
        lib.hackrf_set_txvga_gain(device, 0)
        lib.hackrf_set_amp_enable(device, 0)
        lib.hackrf_close(device)


class Uhd:
    """A USRP, which is silent without samples: open it, which resets it, and close."""

    def __init__(self, library, args):
        self._lib, self._args = library, args.encode()

    def turn_off(self):
        device = ctypes.c_void_p()
        code = self._lib.uhd_usrp_make(ctypes.byref(device), self._args)
        if code:
            raise OSError(f"uhd_usrp_make: {code}")
        self._lib.uhd_usrp_free(ctypes.byref(device))


class Osmosdr:
    """Another device of gr-osmosdr, which is imported only now: open and close it."""

    def __init__(self, library, args):
        self._args = args

    def turn_off(self):
        try:
            importlib.import_module("osmosdr").sink(self._args)
        except (ImportError, RuntimeError, ValueError) as error:
            raise OSError(str(error)) from None


MEANS = {"soapy": Soapy, "hackrf": HackRF, "uhd": Uhd, "osmosdr": Osmosdr}


def watch(link, program, told):
    """Return why the transmission must be ended, None after a normal end."""
    beating, missed = False, 0
    while True:
        ready, _, _ = select.select([link, program], [], [], SLICE)
        if link in ready:
            try:
                said = link.recv(MOST_BYTES)
            except ConnectionError:
                said = b""
            if said in (END, b""):
                return None if said else DIED
            if said != BEAT:
                told["entry"] = json.loads(said)
            beating, missed = True, 0
        elif ready:
            return DIED
        elif beating and (missed := missed + 1) >= SLICES:
            return SILENT


def kill(program):
    """Kill the program, and wait until its descriptors are closed."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(program, signal.SIGKILL)
    select.select([program], [], [], RETRY_SECONDS)


def turned_off(device, seconds):
    """Turn a device off, again and again while it is busy; return the error or None."""
    end = time.monotonic() + seconds
    while True:
        try:
            return device.turn_off()
        except OSError as error:
            if time.monotonic() > end:
                return error
        time.sleep(PAUSE)


def report(told, why, error, seconds):
    """Say on standard error and in the log what happened."""
    what = "" if error is None else f", but not the device ({error}); unplug it"
    said = f"ended the transmission of {told['device']}{what}: {why}"
    with contextlib.suppress(OSError):
        os.write(2, f"guardian: {said}\n".encode())
    entry = told["entry"] | {"event": "guardian", "seconds": round(seconds, 3)}
    with contextlib.suppress(OSError):
        append_line(told["log"], entry | {"why": said})


def main():
    """Watch the program that is at the other end of standard input."""
    numbers = ("INT", "TERM", "HUP", "QUIT", "TSTP", "TTOU", "PIPE", "USR1", "USR2")
    for name in numbers:
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)
    link = socket.socket(fileno=0)
    told = json.loads(link.recv(MOST_BYTES))
    program = os.pidfd_open(told["pid"])
    library = told["library"] and ctypes.CDLL(told["library"])
    device = MEANS[told["means"]](library, told["args"])
    link.send(READY)
    begun = time.monotonic()
    if (why := watch(link, program, told)) is not None:
        if why == SILENT:
            kill(program)
        if (error := turned_off(device, FREE_SECONDS)) is not None:
            kill(program)  # it lives, although it has closed the socket
            error = turned_off(device, RETRY_SECONDS)
        report(told, why, error, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
