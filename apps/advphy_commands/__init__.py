# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `advphy`: one file a subcommand, found by file name.

A subcommand's module has a docstring (its help), the dataclass Settings of its
arguments (_options.py) and run(settings, output), which says what it has to say through
output (_output.py). What several share is in modules whose names begin with "_".
"""

import contextlib
import os
import re
import sys

from advphy_commands import _options, _output, _parser, _progress
from advphy_commands._remedies import remedy


def main(words=None) -> int:
    """Run the command line; return the exit code: 2 for bad input, 130 for Ctrl-C."""
    words = _joined(sys.argv[1:] if words is None else list(words))
    name = " ".join(["advphy", *words[:1]])
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has gone: nothing more to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ImportError as error:
        said = remedy(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        said = f"{where}{error.strerror or error}"
    except MemoryError:
        said = "there is not enough memory for that"
    except (ValueError, RuntimeError) as error:  # RuntimeError: GNU Radio's and torch's
        said = str(error)
    print(f"{name}: {said}", file=sys.stderr)
    return 2


def _run(words):
    given = next((word for word in words if not word.startswith("-")), None)
    if given is not None and given not in _parser.names():
        print(f"advphy: {_parser.unknown(given)}", file=sys.stderr)
        return 2
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
    output = _output.Output(name, arguments.json)
    if output.json is not None and not output.only_json:
        from advphy_model.atomic_file import refuse_unwritable

        refuse_unwritable(output.json)
    with contextlib.suppress(Exception):  # `doctor` says what is broken
        from advphy_training import progress

        progress.show = _progress.bar
    module = arguments.module
    with output.document():
        return module.run(_options.parsed(module.Settings, arguments), output) or 0


def _joined(words):
    """Give each option its value with "=", where argparse would take it wrongly.

    "--ebn0-db", "-2:4:1": it takes the second for an option. "--json", "LINK": it takes
    the second for the file.
    """
    joined, words = [], list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return [*joined, word, *words]
        if word == _output.OPTION:
            word = _output.bare_option(words[0] if words else None)
            if not word.endswith(f"={_output.STANDARD_OUTPUT}"):
                words.pop(0)
        if (
            re.match(r"-[.\d]", word)
            and joined
            and joined[-1].startswith("--")
            and "=" not in joined[-1]
        ):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
