# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared secret of Alice and Bob, read from a file or typed at the terminal.

A secret is 32 bytes, written as 64 hexadecimal digits. No error text shows it.
"""

import getpass
import os
import re
import stat
import sys
import unicodedata
import warnings

from advphy_model.user_folders import user_path

# OWASP's password storage cheat sheet (2023) for Scrypt: 128 MiB of memory.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
# Fixed, so that a passphrase alone gives both ends the same secret. The drawback is
# that one table of guesses works against all users, so passphrases must be strong.
SALT = b"gr-advphy keying passphrase 1"


def read(path) -> bytes:
    """Return the secret in a file, 32 bytes.

    Raises ValueError if the file is not a regular file of this user, others may access
    it, or it does not hold 64 hexadecimal digits; OSError if the file cannot be read.
    """

    def nonblocking(path, flags):
        return os.open(path, flags | os.O_NONBLOCK)  # opening a FIFO would block

    with open(user_path(path), "rb", opener=nonblocking) as file:
        _refuse_careless(path, os.fstat(file.fileno()))
        secret = _from_hex(file.read(256).decode("ascii", "replace"))
    if secret is None:
        raise ValueError(
            f"{path}: the content is not 64 hexadecimal digits; "
            "make a new secret under another name"
        )
    return secret


def create(path) -> None:
    """Write a new random secret to a new file that only this user may read.

    Raises ValueError if the file exists; OSError if the file cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        handle = os.open(user_path(path), flags, 0o600)
    except FileExistsError:
        raise ValueError(
            f"{path} exists and is not overwritten; choose another name"
        ) from None
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
    secret is derived from it (Unicode form NFC, UTF-8) by Scrypt with SALT. Raises
    ValueError if there is no terminal, or nothing was entered; ImportError if the
    library `cryptography` is not installed.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise ValueError(
            "there is no terminal to ask for the passphrase; give a secret file"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # echo cannot be off
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
    """Return the bytes of 64 hexadecimal digits and an optional newline, or None."""
    if not re.fullmatch(r"[0-9A-Fa-f]{64}\r?\n?", text):
        return None
    return bytes.fromhex(text.strip())


def _refuse_careless(path, status):
    """Raise ValueError unless the file is regular, ours and private."""
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is not a regular file; give one that holds a secret")
    if status.st_uid != os.geteuid():
        raise ValueError(
            f"{path} belongs to user number {status.st_uid}, not to you; "
            "make your own copy with mode 0600"
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise ValueError(
            f"{path} has mode {mode:04o}, so others may use the secret; "
            f"run chmod 600 {path}"
        )
