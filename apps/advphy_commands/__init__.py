# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `advphy`: one module per subcommand, found by its file name.

The module of a subcommand has a docstring (its help), a dataclass Settings with its
arguments (_options.py) and a function run(settings, output), which prints through
output (_output.py). Modules whose names begin with "_" are no subcommands; they are
shared, or are actions of one.
"""

import contextlib
import functools
import logging
import os
import re
import sys

from advphy_commands import _options, _output, _parser, _progress
from advphy_commands._remedies import remedy
from advphy_commands._signals import ended_by_signals

_WRITTEN = ("csv", "json", "onnx", "out", "png")  # options with a file to write


def main(words=None) -> int:
    """Run the command line; return the exit code: 2 for bad input, 130 for Ctrl-C.

    SIGTERM and SIGHUP end a command as Ctrl-C does: what was counted is kept.
    """
    if not os.path.isabs(os.path.expanduser("~")):
        os.environ.pop("HOME", None)
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):  # matplotlib needs them
            os.environ.setdefault(name, "/nonexistent")
    # A shell leaves the "~" in --out=~/x as it is.
    home = functools.partial(re.sub, r"(^|=)~(?=/)", rf"\1{os.path.expanduser('~')}")
    typed = list(map(home, sys.argv[1:] if words is None else words))
    words = _joined(typed)
    try:
        code = _run(words, typed)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody reads the output any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ImportError as error:
        text = remedy(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        text = f"{where}{error.strerror or error}"
    except MemoryError:
        text = "not enough memory"
    except (ValueError, RuntimeError) as error:  # some are of GNU Radio or torch
        text = str(error)
    if "cannot create director" in text and "gnuradio" in text:
        text += "; GNU Radio needs a HOME that it may write to, such as HOME=/tmp"
    if "numpy" in text and "hides" not in text:  # of scipy, matplotlib or numpy itself
        with contextlib.suppress(ImportError):
            from advphy_model.numpy_copies import hidden_numpy

            text = "; ".join(filter(None, [text.partition("\n")[0], hidden_numpy()]))
    print(_parser.said(" ".join(["advphy", *words[:1]]), text), file=sys.stderr)
    return 2


def _run(words, typed):
    given = next((word for word in words if not word.startswith("-")), None)
    if given is not None and given not in _parser.names():
        print(_parser.said("advphy", _parser.unknown(given)), file=sys.stderr)
        return 2
    _parser.refuse_dashes(words)
    parser = _parser.parser(given)
    arguments = parser.parse_args(words)
    if arguments.version:
        from advphy_model import __version__

        print(f"gr-advphy {__version__}")
        return 0
    if arguments.command is None:
        parser.print_help()
        return 2
    name = " ".join(filter(None, [given, getattr(arguments, "action", None)]))
    output = _output.Output(name, arguments.json, typed)
    if output.json is not None and not output.only_json:
        from advphy_model.atomic_file import refuse_unwritable

        refuse_unwritable(output.json)
    _refuse_twice(arguments)
    with contextlib.suppress(Exception):  # `doctor` reports what is broken
        from advphy_training import progress

        progress.show = _progress.bar
    module = arguments.module
    with ended_by_signals(), output.document(), _each_warning_once():
        for note in _parser.comma_notes(words):
            output.remark(note)
        return module.run(_options.parsed(module.Settings, arguments), output) or 0


def _refuse_twice(arguments):
    """Raise ValueError if a file to write is another file of the command, too."""
    files = {}  # (option, path as given) of each file
    for name in vars(arguments).keys() - {"command", "action"}:
        value = getattr(arguments, name)
        for path in value if isinstance(value, list) else [value]:
            if name == "set":  # such as base=FILE
                path = path.partition("=")[2]
            if isinstance(path, str | os.PathLike) and not os.path.isdir(path):
                files.setdefault(os.path.realpath(path), []).append((name, path))
    for file, given in files.items():
        written = sorted(each for each in given if each[0] in _WRITTEN)
        if len(given) > 1 and (written[1:] or (written and os.path.exists(file))):
            name, path = written[0]
            raise ValueError(
                f"--{name} {path} is another file of the command; give two"
            )


@contextlib.contextmanager
def _each_warning_once():
    """Print equal warnings of the library once."""
    said = set()

    def new(record):
        text = record.getMessage()
        return not (text in said or said.add(text))

    logging.lastResort.addFilter(new)
    try:
        yield
    finally:
        logging.lastResort.removeFilter(new)


def _joined(words):
    """Join an option and its value with "=" where argparse would misread the value.

    In "--ebn0-db", "-2:4:1" argparse takes the second word for an option; in "--json",
    "LINK" it takes the second word for the name of a file.
    """
    joined, words = [], list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return [*joined, word, *words]
        if word == "--json":
            to_a_file = bool(words) and words[0].endswith(".json")
            word = f"--json={words.pop(0) if to_a_file else '-'}"
        negative = re.match(r"-([.\d]|inf|nan)", word.lower())
        if negative and joined and re.match("--[^=]*$", joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
