# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret that Alice and Bob share: kept in a file, or asked for.

A secret is 32 bytes, written as 64 hexadecimal digits. No error text shows it.
"""

import getpass
import os
import re
import stat
import sys
import unicodedata
import warnings

# OWASP's password storage cheat sheet (2023) for Scrypt: 128 MiB of memory.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
# Fixed, so that a passphrase alone gives both ends the same secret. The price: one
# table of guesses serves against all users, so nobody must be able to guess it.
SALT = b"gr-advphy keying passphrase 1"


def read(path) -> bytes:
    """Return the secret in a file, 32 bytes.

    Raises:
        ValueError: it is not a regular file of this user that nobody else may read, or
            does not hold 64 hexadecimal digits.
        OSError: it cannot be read.
    """
    with open(path, "rb", opener=_at_once) as file:
        _refuse_careless(path, os.fstat(file.fileno()))
        secret = _from_hex(file.read(256).decode("ascii", "replace"))
    if secret is None:
        raise ValueError(
            f"{path}: the content is not 64 hexadecimal digits; "
            "make a fresh secret under another name"
        )
    return secret


def _at_once(path, flags):
    return os.open(path, flags | os.O_NONBLOCK)  # a FIFO would be waited for


def create(path) -> None:
    """Write a fresh secret to a new file that only this user may read.

    Raises:
        ValueError: there is something under this name already.
        OSError: it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        handle = os.open(path, flags, 0o600)
    except FileExistsError:
        raise ValueError(
            f"{path} exists and is not overwritten; choose another name"
        ) from None
    try:
        with open(handle, "w", encoding="ascii") as file:
            os.fchmod(handle, 0o600)  # whatever the umask took away
            file.write(os.urandom(32).hex() + "\n")
            file.flush()
            os.fsync(handle)
    except OSError as error:
        os.unlink(path)  # half a secret is none
        raise OSError(error.errno, error.strerror, str(path)) from None


def ask() -> bytes:
    """Ask for the secret at the terminal, without echo; return 32 bytes.

    64 hexadecimal digits are the secret itself. Anything else is a passphrase, in
    Unicode's form NFC and UTF-8, that gives it by Scrypt with SALT.

    Raises:
        ValueError: there is no terminal, or nothing was entered.
        ImportError: the library `cryptography` is not installed.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise ValueError(
            "there is no terminal to ask for the passphrase at; give a secret file"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # it would echo
        try:
            entered = getpass.getpass("Passphrase or 64 hexadecimal digits: ")
        except (getpass.GetPassWarning, EOFError):
            entered = ""
    if not entered:
        raise ValueError("no passphrase was entered; enter one, or give a secret file")
    return _from_hex(entered) or _from_passphrase(entered)


def _from_passphrase(passphrase):
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    return Scrypt(salt=SALT, length=32, **SCRYPT).derive(text)


def _from_hex(text):
    """Return the bytes of exactly 64 hexadecimal digits (and a newline), or None."""
    if not re.fullmatch(r"[0-9A-Fa-f]{64}\r?\n?", text):
        return None
    return bytes.fromhex(text.strip())


def _refuse_careless(path, status):
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is not a regular file; give one that holds a secret")
    if status.st_uid != os.geteuid():
        raise ValueError(
            f"{path} belongs to user number {status.st_uid}, not to you; "
            f"make a copy of your own with mode 0600"
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise ValueError(
            f"{path} has mode {mode:04o}, so that others may use the secret; "
            f"chmod 600 {path}"
        )
