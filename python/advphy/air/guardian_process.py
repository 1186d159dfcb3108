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
FREE_SECONDS, RETRY_SECONDS = 0.1, 30.0  # while the device is busy
DIED = "its program has died"
SILENT = "its program gave no sign of life for 0.5 s: it is stopped or stuck"


def append_line(path, entry):
    """Append a line of JSON with the time, none for None; OSError if it fails."""
    now = datetime.datetime.now(datetime.timezone.utc)
    entry = entry and {"time": now.isoformat(timespec="milliseconds")} | entry
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, (json.dumps(entry) + "\n").encode() if entry else b"")
    finally:
        os.close(file)


def soapy(library, args):
    """Set the gain of a device of SoapySDR to 0, end its stream, close it."""
    call = {
        name: getattr(library, f"SoapySDRDevice_{name}")
        for name in "setGain deactivateStream closeStream unmake lastError".split()
    }
    make, begin = library.SoapySDRDevice_makeStrArgs, library.SoapySDRDevice_setupStream
    make.restype = begin.restype = ctypes.c_void_p
    call["lastError"].restype = ctypes.c_char_p
    if not (device := ctypes.c_void_p(make(args.encode()))):
        raise OSError(call["lastError"]().decode(errors="replace"))
    transmit, none = 0, ctypes.c_size_t(0)
    call["setGain"](device, transmit, none, ctypes.c_double(0))
    if stream := ctypes.c_void_p(begin(device, transmit, b"CF32", None, none, None)):
        call["deactivateStream"](device, stream, 0, ctypes.c_longlong(0))
        call["closeStream"](device, stream)
    call["unmake"](device)


def hackrf(library, args):
    """Stop the transmission of a HackRF of gr-osmosdr, by number or serial number."""
    device = ctypes.c_void_p()
    library.hackrf_init()
    if args.isdecimal() and len(args) < 3:
        library.hackrf_device_list.restype = ctypes.c_void_p
        found = ctypes.c_void_p(library.hackrf_device_list())
        code = library.hackrf_device_list_open(found, int(args), ctypes.byref(device))
        library.hackrf_device_list_free(found)
    else:
        code = library.hackrf_open_by_serial(args.encode(), ctypes.byref(device))
    if code:
        raise OSError(f"hackrf_open: {code}")
    library.hackrf_stop_tx(device)
    library.hackrf_close(device)


def uhd(library, args):
    """Open a USRP, which is silent without samples, and so reset it; close it."""
    device = ctypes.c_void_p()
    if code := library.uhd_usrp_make(ctypes.byref(device), args.encode()):
        raise OSError(f"uhd_usrp_make: {code}")
    library.uhd_usrp_free(ctypes.byref(device))


def osmosdr(library, args):
    """Open and close another device of gr-osmosdr, which is imported only now."""
    try:
        importlib.import_module("osmosdr").sink(args)
    except (ImportError, RuntimeError, ValueError) as error:
        raise OSError(str(error)) from None


def watch(link, program, told):
    """Return why the transmission must be ended, None after a normal end."""
    beating, missed = False, 0
    while True:
        ready, _, _ = select.select([link, program], [], [], SLICE)
        if link in ready:
            said = b""
            with contextlib.suppress(ConnectionError):
                said = link.recv(MOST_BYTES)
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


def turned_off(turn_off, library, args, seconds):
    """Turn a device off, again and again while it is busy; return the error or None."""
    end = time.monotonic() + seconds
    while True:
        try:
            return turn_off(library, args)
        except (OSError, AttributeError, TypeError) as error:  # or another library
            if time.monotonic() > end:
                return error
        time.sleep(0.02)


def main():
    """Watch the program that is at the other end of standard input."""
    for name in "INT TERM HUP QUIT TSTP TTOU PIPE USR1 USR2".split():
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_IGN)
    link = socket.socket(fileno=0)
    told = json.loads(link.recv(MOST_BYTES))
    program = os.pidfd_open(told["pid"])
    library = told["library"] and ctypes.CDLL(told["library"])
    if library and told["means"] == "soapy":
        library.SoapySDR_loadModules()  # takes time that is short later on
    link.send(READY)
    begun = time.monotonic()
    if (why := watch(link, program, told)) is None:
        return
    if why == SILENT:
        kill(program)
    device = globals()[told["means"]], library, told["args"]
    if error := turned_off(*device, FREE_SECONDS):
        kill(program)  # it lives, although it has closed the socket
        error = turned_off(*device, RETRY_SECONDS)
    failed = f", but not the device ({error}); unplug it" if error else ""
    said = f"ended the transmission of {told['device']}{failed}: {why}"
    entry = told["entry"] | {"event": "guardian", "why": said}
    with contextlib.suppress(OSError):
        os.write(2, f"guardian: {said}\n".encode())
    with contextlib.suppress(OSError):
        seconds = round(time.monotonic() - begun, 3)
        append_line(told["log"], entry | {"seconds": seconds})


if __name__ == "__main__":
    sys.exit(main())
