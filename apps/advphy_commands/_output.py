# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command says: lines for people, or one JSON document for programs.

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
import os
import sys

STANDARD_OUTPUT = "-"
OPTION = "--json"


def add_option(parser):
    """Declare --json."""
    said = "print one JSON document in the place of lines, or write it to a file"
    bare = {"nargs": "?", "const": STANDARD_OUTPUT}
    parser.add_argument(OPTION, **bare, metavar="FILE.json", help=said)


def bare_option(following):
    """Return --json with its value: only a name that ends in .json is its file's."""
    name = following if (following or "").endswith(".json") else STANDARD_OUTPUT
    return f"{OPTION}={name}"


class Output:
    """Lines or a document.

    Args:
        command: name of the command, such as "measure" or "radio rx".
        json: None for lines; "-" for the document on standard output; or a path.
    """

    def __init__(self, command="", json=None):
        self.command, self.json = command, json
        self.only_json = json == STANDARD_OUTPUT
        self._document, self._events, self._stream = {}, False, None

    def line(self, text=""):
        """Print a line for people."""
        if not self.only_json:
            _write(text, sys.stdout)

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
            _write(document(values), self._stream)
        elif self.json is not None:
            with open(self.json, "a", encoding="ascii") as file:
                file.write(document(values) + "\n")

    @contextlib.contextmanager
    def document(self):
        """Run a command within: write its document at its end and at Ctrl-C."""
        with contextlib.ExitStack() as stack:
            if self.only_json:
                self._stream = stack.enter_context(_standard_output_alone())
            try:
                yield
            except KeyboardInterrupt:
                if self._document:
                    self._finish(interrupted=True)
                raise
            self._finish()

    def _finish(self, **more):
        from advphy_model import __version__
        from advphy_model.atomic_file import atomic_file

        if self.json is None or self._events:
            return
        head = {"command": self.command, "version": __version__}
        text = document(head | self._document | more, indent=1)
        if self.only_json:
            _write(text, self._stream)
        else:
            with atomic_file(self.json) as file:
                file.write(text + "\n")


def document(values, indent=None):
    """Return values as a JSON text, of ASCII alone, without NaN and Infinity."""
    text = json.dumps(values, default=_plain)
    return json.dumps(json.loads(text, parse_constant=lambda _: None), indent=indent)


def _plain(value):
    """Return what JSON knows in the place of a value that it does not know."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: getattr(value, name) for name in names}
    if hasattr(value, "tolist"):  # numpy's
        return value.tolist()
    for kind, plain in _PLAIN.items():
        if isinstance(value, kind):
            return plain(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")


_PLAIN = {
    complex: lambda value: [value.real, value.imag],
    bytes | bytearray: lambda value: value.hex(),
    set | frozenset | range: sorted,
    os.PathLike: str,
}


def _write(text, stream):
    """Write a line; above a progress bar, if there is one."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(str(text), file=stream)
    else:
        print(text, file=stream)
    stream.flush()


@contextlib.contextmanager
def _standard_output_alone():
    """Yield standard output; what anyone else writes there goes to standard error."""
    stream = sys.stdout
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a test's
            if stream.fileno() == 1:  # a driver writes there, not to Python's object
                stream.flush()
                stream = stack.enter_context(open(os.dup(1), "w"))
                os.dup2(2, 1)
                stack.callback(os.dup2, stream.fileno(), 1)
        yield stream
