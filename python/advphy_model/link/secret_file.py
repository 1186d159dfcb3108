# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared secret of Alice and Bob, read from a file or typed at the terminal.

A secret is 32 bytes, written as 64 hexadecimal digits. No error text shows it, and a
program that has one leaves no core dump.
"""

import getpass
import hashlib
import os
import re
import resource
import stat
import sys
import unicodedata
import warnings

from advphy_model.file_gate import nonblocking
from advphy_model.user_folders import user_path

# OWASP's password storage cheat sheet (2023) for Scrypt: 128 MiB of memory.
SCRYPT = {"n": 2**17, "r": 8, "p": 1, "maxmem": 2**28}
# Fixed, so that a passphrase alone gives both ends the same secret. The drawback is
# that one table of guesses works against all users, so passphrases must be strong.
SALT = b"gr-advphy keying passphrase 1"


def read(path) -> bytes:
    """Return the secret in a file, 32 bytes.

    Raises ValueError if it is not a regular file of this user alone, or does not hold
    64 hexadecimal digits; OSError if it cannot be read.
    """
    _prevent_core_dumps()
    with open(user_path(path), "rb", opener=nonblocking) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            _refuse(path, "is not a regular file; give one that holds a secret")
        if (uid := status.st_uid) != os.geteuid():
            _refuse(path, f"belongs to user {uid}, not to you; copy it with mode 0600")
        if (mode := stat.S_IMODE(status.st_mode)) & 0o077:
            why = f"has mode {mode:04o}: it is not private; run chmod 600 {path}"
            _refuse(path, why)
        secret = _from_hex(file.read(256).decode("ascii", "replace"))
    if secret is None:
        _refuse(path, "is not 64 hexadecimal digits; make a new secret")
    return secret


def create(path) -> None:
    """Write a new random secret for this user alone; ValueError if the file exists."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        handle = os.open(user_path(path), flags, 0o600)
    except FileExistsError:
        _refuse(path, "exists and is not overwritten; choose another name")
    try:
        with open(handle, "w", encoding="ascii") as file:
            os.fchmod(handle, 0o600)  # independent of the umask
            file.write(os.urandom(32).hex() + "\n")
            file.flush()
            os.fsync(handle)
    except OSError as error:
        os.unlink(path)  # an incomplete secret is useless
        raise OSError(error.errno, error.strerror, str(path)) from None


def ask() -> bytes:
    """Ask for the secret at the terminal, without echo; return 32 bytes.

    64 hexadecimal digits are the secret itself. Any other text is a passphrase: the
    secret is derived from it (Unicode form NFC, UTF-8) by scrypt with SALT. Raises
    ValueError if there is no terminal, or nothing was entered.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise ValueError("there is no terminal to ask for it; give a secret file")
    _prevent_core_dumps()
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # echo cannot be off
        try:
            entered = getpass.getpass("Passphrase or 64 hexadecimal digits: ")
        except (getpass.GetPassWarning, EOFError):
            entered = ""
    if not entered:
        raise ValueError("no passphrase was entered; enter one, or give a secret file")
    text = unicodedata.normalize("NFC", entered).encode("utf-8", "surrogateescape")
    return _from_hex(entered) or hashlib.scrypt(text, salt=SALT, dklen=32, **SCRYPT)


def _prevent_core_dumps():
    """Let a crash of this program write no memory to a disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _from_hex(text):
    """Return the bytes of 64 hexadecimal digits and an optional newline, or None."""
    if not re.fullmatch(r"[0-9A-Fa-f]{64}\r?\n?", text):
        return None
    return bytes.fromhex(text.strip())


def _refuse(path, what):
    raise ValueError(f"{path} {what}") from None
