# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a file beside its place and rename it, so that nothing is ever half written."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path


@contextlib.contextmanager
def atomic_file(path, mode="w"):
    """Open a file that appears under `path` only when the block ends without error.

    Args:
        path: where the file shall be; its folder must exist.
        mode: "w" (text, UTF-8) or "wb".

    Raises:
        OSError: naming `path`: no such folder, not writable, disk full.
    """
    path = Path(path)
    beside = None
    try:
        text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
        handle, beside = tempfile.mkstemp(
            dir=path.parent or ".", prefix=f".{path.name}."
        )
        with open(handle, mode, **text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
        beside = None
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)


def refuse_unwritable(path):
    """Raise OSError now where a file could not be written later, after the work."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    probe = path.with_name(f".{path.name}.probe")
    try:
        with atomic_file(probe):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    probe.unlink()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
