# SPDX-License-Identifier: GPL-3.0-or-later
"""Output of a command: lines for people, or one JSON document for programs.

With --json, standard output receives only the document, and standard error the rest.
With --json FILE.json, the lines are printed as usual. In a document, a number that is
not finite becomes null, a complex one [real, imaginary], bytes become hexadecimal.
"""

import contextlib
import dataclasses
import json
import os
import shlex
import sys


class Output:
    """Output of a command such as "radio rx".

    `json` is None for lines, "-" for a document on standard output, or a path. `words`
    are those of the command line.
    """

    def __init__(self, command="", json=None, words=()):
        self.command_line = shlex.join(["advphy", *words])
        self.command, self.json, self.only_json = command, json, json == "-"
        self._document, self._events, self._stream = {}, False, None

    def line(self, text=""):
        """Print a line for people."""
        if not self.only_json:
            _write(text, sys.stdout)

    def remark(self, text):
        """Print a remark or a warning on standard error."""
        _write(f"advphy {self.command}: {text}", sys.stderr)

    def note(self, **values):
        """Add keys to the document."""
        self._document.update(values)

    def row(self, key, values, text=None):
        """Append values to the list `key` of the document, and print the text."""
        self._document.setdefault(key, []).append(values)
        if text is not None:
            self.line(text)

    def event(self, **values):
        """Write a separate document on one line immediately, for endless output."""
        self._events = True
        if self.only_json:
            _write(document(values), self._stream)
        elif self.json is not None:
            with open(self.json, "a", encoding="ascii") as file:
                file.write(document(values) + "\n")

    @contextlib.contextmanager
    def document(self):
        """Write the document when the command inside ends or at Ctrl-C."""
        alone = _standard_output_alone if self.only_json else contextlib.nullcontext
        with alone() as self._stream:
            try:
                yield
            except KeyboardInterrupt:
                if self._document:
                    self.note(interrupted=True)
                    self._finish()
                raise
            self._finish()

    def _finish(self):
        from advphy_model import __version__
        from advphy_model.atomic_file import atomic_file

        if self.json is None or self._events:
            return
        head = {"command": self.command, "version": __version__}
        text = document(head | self._document, indent=1)
        if self.only_json:
            _write(text, self._stream)
        else:
            with atomic_file(self.json) as file:
                file.write(text + "\n")


def document(values, indent=None):
    """Return values as JSON in ASCII, without NaN and Infinity."""
    text = json.dumps(values, default=_plain)
    return json.dumps(json.loads(text, parse_constant=lambda _: None), indent=indent)


def _plain(value):
    if dataclasses.is_dataclass(value):
        return dataclasses.asdict(value)
    if hasattr(value, "tolist"):  # numpy
        return value.tolist()
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, set | frozenset | range):
        return sorted(value)
    return os.fspath(value)  # raises a TypeError if it is no path


def _write(text, stream):
    """Write a line, above the progress bar if there is one."""
    bars = getattr(sys.modules.get("tqdm"), "tqdm", None)
    (bars.write if bars else print)(str(text), file=stream)
    stream.flush()


@contextlib.contextmanager
def _standard_output_alone():
    """Yield standard output; redirect all other output to standard error."""
    stream = sys.stdout
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(OSError, ValueError, AttributeError):  # in a test
            if stream.fileno() == 1:  # drivers write to the file descriptor
                stream.flush()
                stream = stack.enter_context(open(os.dup(1), "w"))
                os.dup2(2, 1)
                stack.callback(os.dup2, stream.fileno(), 1)
        yield stream
