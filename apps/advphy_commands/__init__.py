# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `advphy`: one file a subcommand, found by file name.

A subcommand's module has a docstring (its help), add_arguments(parser) and
run(arguments). What several share is in modules whose names begin with "_".
"""

import argparse
import importlib
import os
import pkgutil
import re
import sys


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
        said = _remedy(error)
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
    parser = argparse.ArgumentParser(
        prog="advphy", description="Neural physical layers under attack."
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        command = importlib.import_module(f"{__name__}.{module.name}")
        summary = command.__doc__.partition("\n")[0]
        sub = commands.add_parser(
            module.name.replace("_", "-"),
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    arguments = parser.parse_args(words)
    if arguments.version:
        from advphy_model import __version__

        print(f"gr-advphy {__version__}")
        return 0
    if arguments.command is None:
        parser.print_help()
        return 2
    return arguments.run(arguments) or 0


def _joined(words):
    """Join "--ebn0-db", "-2:4:1" with "=": argparse takes the second for an option."""
    joined = []
    for word in words:
        negative = re.match(r"-[.\d]", word)
        if (
            negative
            and joined
            and joined[-1].startswith("--")
            and "=" not in joined[-1]
        ):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _remedy(error):
    """Say how to get a package that is missing."""
    package = (error.name or "").partition(".")[0]
    remedies = {
        "torch": "torch is not installed; `make test` in the clone installs it, or "
        "apt install python3-torch (Debian 13), or pip install torch",
        "gnuradio": "GNU Radio is not installed for this Python; "
        "apt install gnuradio, or use --engine loop",
        "scipy": "scipy is not installed; apt install python3-scipy",
        "matplotlib": "matplotlib is not installed; apt install python3-matplotlib",
        "cryptography": "cryptography is not installed; "
        "apt install python3-cryptography",
        "distributed": "distributed is not installed; apt install python3-distributed, "
        "or pip install distributed",
        "tqdm": "tqdm is not installed; apt install python3-tqdm",
    }
    return remedies.get(package, str(error))
