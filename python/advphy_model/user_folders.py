# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that a user gives or owns: "~", and folders for data and settings."""

import errno
import os
import re
from pathlib import Path

NO_HOME = "/nonexistent"  # as Debian calls the home of a user without one


def user_path(path) -> Path:
    """Return a path, with a home for "~" at its begin; ValueError if it is none."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"a file or folder must be given by its name, got {path!r}")
    if re.search("[\0\ud800-\udc7f\udd00-\udfff]", os.fsdecode(path)):
        text = "cannot be the name of a file or folder; choose one of printable letters"
        raise ValueError(f"{os.fspath(path)!r} {text}")
    return Path(os.path.expanduser(path))


def user_folder(variable: str, below: str) -> Path:
    """Return the folder for gr-advphy in that of an XDG variable, or of ~/`below`.

    Without HOME and an entry in /etc/passwd it is a folder that does not exist.
    """
    shared = os.environ.get(variable, "")
    if not os.path.isabs(shared):  # the XDG specification ignores relative paths
        home = os.path.expanduser("~")
        shared = os.path.join(home if os.path.isabs(home) else NO_HOME, below)
    return Path(shared) / "gr-advphy"


def make_user_folder(folder: Path, variable: str) -> None:
    """Make a folder; the OSError of one that is read-only names the variable to set."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        text = f"{error.strerror}; set {variable} to a folder that you may write to"
        raise OSError(error.errno, text, str(folder)) from None
