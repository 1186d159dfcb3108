# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the secret: who may read it, what is in it; and the passphrase."""

import getpass
import hashlib
import os
import re
import resource
import sys
import types
import warnings

import pytest
from advphy_model.link import secret_file

DIGITS = "00112233445566778899aabbccddeeff" * 2


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "secret"
    file.write_text(DIGITS + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def enter(monkeypatch):
    """Return a function that lets the next question at the terminal be answered."""

    def answer(text):
        terminal = types.SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(getpass, "getpass", lambda prompt: text)

    return answer


def test_a_created_file_is_private_and_fresh(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    before = os.umask(0o277)  # takes away even what the owner needs
    try:
        secret_file.create(one)
    finally:
        os.umask(before)
    secret_file.create(other)
    assert one.stat().st_mode & 0o7777 == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", one.read_text())
    assert secret_file.read(one) == bytes.fromhex(one.read_text())
    assert secret_file.read(one) != secret_file.read(other)


def test_an_existing_file_is_not_overwritten(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for there in (path, link):
        with pytest.raises(ValueError, match="exists and is not overwritten"):
            secret_file.create(there)
    assert path.read_text() == DIGITS + "\n"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("written", [DIGITS, DIGITS + "\n", DIGITS.upper() + "\r\n"])
def test_64_digits_are_the_secret(path, written):
    path.write_text(written, newline="")
    assert secret_file.read(path) == bytes.fromhex(DIGITS)
    assert secret_file.read(str(path)) == bytes.fromhex(DIGITS)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o601, 0o660])
def test_a_file_that_others_may_use_is_refused(path, mode):
    path.chmod(mode)
    with pytest.raises(
        ValueError, match=f"chmod 600 {re.escape(str(path))}"
    ) as refused:
        secret_file.read(path)
    assert f"mode {mode:04o}" in str(refused.value)
    assert DIGITS[:8] not in str(refused.value)


def test_a_file_of_somebody_else_is_refused(path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ValueError, match="not to you"):
        secret_file.read(path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(ValueError, match="is not a regular file"):
        secret_file.read(tmp_path / "fifo")
    with pytest.raises(ValueError, match="is not a regular file"):
        secret_file.read("/dev/null")
    with pytest.raises(OSError, match="nowhere"):
        secret_file.read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "written",
    [
        b"",
        DIGITS[:-1].encode(),
        (DIGITS + "0").encode(),
        (DIGITS + "\n\n").encode(),
        b" " + DIGITS.encode(),
        b"g" + DIGITS[1:].encode(),
        b"\xff" * 64,
    ],
)
def test_other_content_is_refused_and_not_shown(path, written):
    path.write_bytes(written)
    with pytest.raises(ValueError, match="not 64 hexadecimal digits") as refused:
        secret_file.read(path)
    assert DIGITS[1:9] not in str(refused.value)
    assert refused.value.__context__ is None


def test_digits_that_are_entered_are_the_secret(enter):
    enter(DIGITS)
    assert secret_file.ask() == bytes.fromhex(DIGITS)


def test_a_passphrase_gives_the_documented_scrypt(enter):
    wanted = hashlib.scrypt(  # OpenSSL's, by the standard library
        "gr\u00fcn".encode(),
        salt=b"gr-advphy keying passphrase 1",
        n=2**17,
        r=8,
        p=1,
        maxmem=2**28,
        dklen=32,
    )
    enter("gru\u0308n")  # the same text, decomposed
    assert secret_file.ask() == wanted


def test_nothing_entered_is_refused(enter):
    enter("")
    with pytest.raises(ValueError, match="no passphrase was entered"):
        secret_file.ask()


def test_no_terminal_is_refused(monkeypatch):
    for stdin in (None, types.SimpleNamespace(isatty=lambda: False)):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(ValueError, match="no terminal"):
            secret_file.ask()


def test_a_terminal_that_would_echo_is_not_used(enter, monkeypatch):
    enter("")

    def echoing(prompt):
        warnings.warn("it would be seen", getpass.GetPassWarning, stacklevel=2)
        return "sesame"

    monkeypatch.setattr(getpass, "getpass", echoing)
    with pytest.raises(ValueError, match="no passphrase was entered"):
        secret_file.ask()


def test_a_program_with_a_secret_dumps_no_core(path, monkeypatch):
    limits = []  # a hard limit of this process could not be raised again
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: limits.append(limit))
    secret_file.read(path)
    assert limits == [(resource.RLIMIT_CORE, (0, 0))]
