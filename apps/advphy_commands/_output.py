# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command says: lines for people, or one JSON document for programs.

A command has an Output in `arguments.output` and says everything through it:

    output.line(text)              a line of its result, for people
    output.note(key=value, ...)    keys of the document
    output.row(key, values, text)  a row of a list in the document, and its line
    output.event(key=value, ...)   a document of its own, at once: what has no end
    output.remark(text)            "advphy NAME: text" on standard error, always

With --json, standard output is the document and nothing else, whatever else writes
there: it goes to standard error. With --json FILE.json the document goes to the file,
and the lines are printed as without. In a document, numbers that are not finite are
null, complex numbers [real, imaginary], bytes hexadecimal digits.
"""

import contextlib
import dataclasses
import json
import math
import os
import sys
from pathlib import Path

STANDARD_OUTPUT = "-"
OPTION = "--json"


def add_option(parser):
    """Declare --json, unless the command has its own."""
    if OPTION not in parser._option_string_actions:
        parser.add_argument(
            OPTION,
            nargs="?",
            const=STANDARD_OUTPUT,
            metavar="FILE.json",
            help="print one JSON document in the place of lines, or write it to a file",
        )


def bare_option(word, following):
    """Return --json with its value: only a name that ends in .json is its file's."""
    if following is not None and following.endswith(".json"):
        return f"{OPTION}={following}"
    return f"{OPTION}={STANDARD_OUTPUT}"


class Output:
    """Lines or a document.

    Args:
        command: name of the command, such as "measure" or "radio rx".
        json: None for lines; "-" for the document on standard output; or a path.
    """

    def __init__(self, command="", json=None):
        self.command, self.json = command, json
        self.only_json = json == STANDARD_OUTPUT
        self._document, self._events = {}, False
        self._stream = sys.stdout

    def line(self, text=""):
        """Print a line for people."""
        if not self.only_json:
            _write(str(text), sys.stdout)

    def remark(self, text):
        """Print a remark or a warning, whether there is a document or not."""
        _write(f"advphy {self.command}: {text}", sys.stderr)

    def note(self, **values):
        """Put keys into the document."""
        self._document.update(values)

    def row(self, key, values, text=None):
        """Append to the document's list `key`, and print the row's line, if any."""
        self._document.setdefault(key, []).append(values)
        if text is not None:
            self.line(text)

    def event(self, **values):
        """Write a document of its own at once, on one line: what has no end."""
        self._events = True
        if self.only_json:
            _write(_text(values), self._stream)
        elif self.json is not None:
            with open(self.json, "ab") as file:
                file.write(_text(values).encode("utf-8", "backslashreplace") + b"\n")

    @contextlib.contextmanager
    def document(self):
        """Run a command within: write its document at its end and at Ctrl-C."""
        with _clear_of_others() if self.only_json else _as_it_is() as stream:
            self._stream = stream
            try:
                yield
            except KeyboardInterrupt:
                if self._document:
                    self._finish({"interrupted": True})
                raise
            self._finish({})

    def _finish(self, more):
        if self.json is None or self._events:
            return
        from advphy_model import __version__

        head = {"command": self.command, "version": __version__}
        text = _text(head | self._document | more, indent=1) + "\n"
        if self.only_json:
            _encoded(text, self._stream)
            return
        from advphy_model.atomic_file import atomic_file

        with atomic_file(self.json, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))


def plain(value):
    """Return a value as what JSON knows; what is not finite as None."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if hasattr(value, "tolist"):  # numpy's
        return plain(value.tolist())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (set, frozenset)):
        return sorted(map(plain, value))
    if isinstance(value, (list, tuple, range)):
        return [plain(each) for each in value]
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")


def _text(values, indent=None):
    return json.dumps(plain(values), ensure_ascii=False, allow_nan=False, indent=indent)


def _encoded(text, stream):
    """Write UTF-8 whatever the locale; a path's stray byte as its escape in JSON."""
    if hasattr(stream, "buffer"):
        stream.flush()
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
    else:
        stream.write(text)
    stream.flush()


def _write(text, stream):
    """Write a line; above a progress bar, if there is one."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(text, file=stream)
    else:
        print(text, file=stream)
    stream.flush()


@contextlib.contextmanager
def _as_it_is():
    yield sys.stdout


@contextlib.contextmanager
def _clear_of_others():
    """Yield standard output; what anyone else writes there goes to standard error."""
    stream = sys.stdout
    try:
        own = stream.fileno() == 1 and sys.stderr.fileno() == 2
    except (OSError, ValueError, AttributeError):
        own = False  # a test's, or none
    if not own:
        with contextlib.redirect_stdout(sys.stderr):
            yield stream
        return
    stream.flush()
    kept = os.dup(1)  # drivers write to the descriptor, not to Python's object
    os.dup2(2, 1)
    with contextlib.closing(_reopened(kept)) as real:
        try:
            yield real
        finally:
            stream.flush()
            os.dup2(real.fileno(), 1)


def _reopened(descriptor):
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")
