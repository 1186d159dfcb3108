# SPDX-License-Identifier: GPL-3.0-or-later
"""Stations and paths in the shared memory of stand-in radios (air_memory.h)."""

import fcntl
import os
import re
import stat
import struct
from pathlib import Path

import numpy as np

from advphy_model import kernels
from advphy_model.found_by_name import require_known

FOLDER = Path("/dev/shm")
PROFILES = kernels.PATH_PROFILES
STATIONS, PATHS = 8, 64
PATH = np.dtype([(name, "f8") for name in kernels.PATH_SETTINGS])
_SENDER = np.dtype(
    [("name", "S32"), ("pid", "i8")]
    + [(name, "u4") for name in ("life", "streaming", "starved", "underruns")]
    + [("origin", "i8"), ("written", "i8"), ("frequency", "f8"), ("gain_db", "f8")]
)
_RECEIVER = np.dtype(
    [("name", "S32"), ("pid", "i8")]
    + [(name, "u4") for name in ("streaming", "lagging", "overflows", "unused")]
    + [("time", "i8"), ("needed", "i8", STATIONS)]
    + [(name, "f8") for name in ("frequency", "gain_db", "noise_variance")]
    + [("power", "f8", STATIONS)]
)
_ENTRY = np.dtype([("sender", "S32"), ("receiver", "S32"), ("path", PATH)])
_CONTROL = np.dtype(
    [
        ("version", "u8"),
        ("sample_rate", "f8"),
        ("clock", "i8"),
        ("changes", "u8"),
        ("senders", _SENDER, STATIONS),
        ("receivers", _RECEIVER, STATIONS),
        ("paths", _ENTRY, PATHS),
    ]
)
_VERSION = 1 << 16 | _CONTROL.itemsize
_TABLE_BYTE, _PRESENT_BYTE, _FIRST_PLACE = 0, 1, 2
_NAME = re.compile("[A-Za-z0-9_-]{1,31}")  # as the stand-in takes them
_LOCK = struct.Struct("hhqqi4x")  # struct flock


class SharedAir:
    """The air of a name, as long as the context is active.

    Raises ValueError if nobody is on that air, or another version has begun it.
    """

    def __init__(self, name):
        self.name, self._path = name, FOLDER / f"advphy-air-{os.getuid()}-{name}"
        if name not in (there := names()):
            there = ", ".join(there) or "none"
            raise ValueError(f"nobody is on the air {name!r}; there are: {there}")

    def __enter__(self):
        self._file = open(self._path, "r+b")  # closed by __exit__
        size = os.fstat(self._file.fileno()).st_size
        head = self._file.read(8)
        if size < _CONTROL.itemsize or int.from_bytes(head, "little") != _VERSION:
            self._file.close()
            raise ValueError(
                f"the air {self.name!r} was begun by another version of gr-advphy; end "
                "its programs first"
            )
        self._control = np.memmap(self._file, _CONTROL, "r+", shape=1)[0]
        return self

    def __exit__(self, *_):
        del self._control
        self._file.close()

    @property
    def sample_rate(self) -> float:
        """Return the sample rate in samples/s."""
        return float(self._control["sample_rate"])

    @property
    def clock(self) -> int:
        """Return the time on the air in samples."""
        return int(self._control["clock"])

    def transmitters(self) -> dict:
        """Return {name: fields of air_sender} of those on the air."""
        return self._living("senders", _FIRST_PLACE)

    def receivers(self) -> dict:
        """Return {name: fields of air_receiver} of those on the air.

        power is {transmitter: mean power that arrives of it, before the noise}.
        """
        found = self._living("receivers", _FIRST_PLACE + STATIONS)
        places = {name: one["place"] for name, one in self.transmitters().items()}
        for receiver in found.values():
            power = receiver["power"]
            receiver["power"] = {name: float(power[i]) for name, i in places.items()}
        return found

    def _living(self, kind, first_byte):
        found = {}
        for i, record in enumerate(self._control[kind]):
            if not _is_free(self._file.fileno(), first_byte + i):
                found[record["name"].decode()] = dict(
                    zip(record.dtype.names, record.tolist(), strict=True), place=i
                )
        return found

    def paths(self) -> dict:
        """Return {(transmitter, receiver): {setting: value}}."""
        found = {}
        for entry in filter(lambda entry: entry["sender"], self._control["paths"]):
            path = dict(zip(PATH.names, entry["path"].tolist(), strict=True))
            path["profile"] = PROFILES[int(path["profile"])]
            found[entry["sender"].decode(), entry["receiver"].decode()] = path
        return found

    def change(self, transmitter, receiver, **settings):
        """Change settings of a path while it is used.

        The settings are the fields of PATH; profile is one of PROFILES. ValueError if
        the path or a setting is not known, or a value is out of range.
        """
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _TABLE_BYTE)
        try:
            for entry in self._control["paths"]:
                between = entry["sender"].decode(), entry["receiver"].decode()
                if between == (transmitter, receiver):
                    entry["path"] = self._checked(entry["path"].copy(), settings)
                    self._control["changes"] += 1
                    return
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _TABLE_BYTE)
        there = ", ".join(" to ".join(path) for path in self.paths()) or "none"
        raise ValueError(
            f"there is no path from {transmitter!r} to {receiver!r} on the air "
            f"{self.name!r}; there are: {there}"
        )

    def _checked(self, path, settings):
        for name, value in settings.items():
            require_known("setting of a path", name, PATH.names)
            if name == "profile":
                require_known("profile", value, PROFILES)
                value = PROFILES.index(value)
            path[name] = value
        values = np.array(path.tolist())
        kernels.check_path(values, self.sample_rate)
        return path


def names() -> list[str]:
    """Return the names of this user's airs; remove what killed programs left."""
    prefix, found = f"advphy-air-{os.getuid()}-", []
    for path in FOLDER.glob(f"{prefix}*"):
        own = path.lstat()
        if not (stat.S_ISREG(own.st_mode) and own.st_uid == os.getuid()):
            continue  # anybody may make one
        if not _NAME.fullmatch(path.name.removeprefix(prefix)):
            continue
        with path.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, _TABLE_BYTE)  # released by close()
            if _is_free(file, _PRESENT_BYTE):
                path.unlink(missing_ok=True)
            else:
                found.append(path.name.removeprefix(prefix))
    return sorted(found)


def _is_free(file, byte):
    """Return whether nobody has locked a byte."""
    asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
    found = _LOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return found[0] == fcntl.F_UNLCK
