# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are written under a temporary name and renamed when they are complete."""

import contextlib
import errno
import fcntl
import os
import tempfile
from pathlib import Path

from advphy_model.user_folders import user_path


@contextlib.contextmanager
def atomic_file(path, mode="w"):
    """Open a file that appears under `path` only if the block ends without an error.

    After a loss of power, `path` has its old content or the whole new one. The mode is
    "w" (text, UTF-8) or "wb". OSError has `path` if it cannot be written.
    """
    shown, path = path, user_path(path).resolve()  # a symbolic link stays a link
    temporary = None
    try:
        if path.exists():
            _refuse_special(path)
        text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(handle, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)  # the only way to read it
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
        temporary = None
        _keep_names(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(shown)) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _keep_names(folder):
    """Let the names in a folder survive a loss of power, if its file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # a folder that may be written to, but not listed
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def refuse_unwritable(path):
    """Raise OSError if a file could not be written, before any work is done."""
    place = user_path(path).resolve()
    try:
        if place.exists():
            _refuse_special(place)
        with atomic_file(place.parent / f".{place.name}.probe"):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    (place.parent / f".{place.name}.probe").unlink()


@contextlib.contextmanager
def only_writer(path):
    """Hold a lock file next to `path`; ValueError if another process holds it."""
    place = user_path(path).resolve()
    lock = place.parent / f".{place.name}.lock"
    try:
        handle = open(lock, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{path}: another advphy is writing to it; wait for it, or choose "
                "another --out"
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _refuse_special(path):
    """Raise OSError if path is not a regular file or is write-protected."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not path.is_file():
        raise OSError(errno.EINVAL, "is not a regular file")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
