# SPDX-License-Identifier: GPL-3.0-or-later
"""Train a link model (needs torch).

The recipe and the measured block error rates are written into the file. An interrupted
training goes on when the same command is given again. SCHEME and its settings:
`advphy train SCHEME --settings`.
"""

import dataclasses
import inspect


def add_arguments(parser):
    """Declare the arguments."""
    parser.add_argument("scheme", metavar="SCHEME", help="such as autoencoder")
    parser.add_argument("--out", metavar="FILE.safetensors")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of the scheme; may be repeated",
    )
    parser.add_argument("--settings", action="store_true", help="list the settings")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments):
    """Train, or list the settings."""
    from advphy_training import schemes

    module = schemes.scheme(arguments.scheme)
    settings = schemes.settings(module, arguments.set)
    if arguments.settings:
        _list(arguments.output, arguments.scheme, module, settings)
        return
    if not arguments.out:
        raise ValueError("--out FILE.safetensors is missing")
    model = schemes.train(
        arguments.scheme, settings, arguments.seed, arguments.out, arguments.quiet
    )
    arguments.output.line(f"{arguments.out}: {model.name}, SHA-256 {model.sha256}")
    arguments.output.note(
        scheme=arguments.scheme,
        settings=dataclasses.asdict(settings),
        seed=arguments.seed,
        out=arguments.out,
        name=model.name,
        sha256=model.sha256,
        measured=model.recipe["measured"],
    )


def _list(output, scheme, module, settings):
    """Say the settings of a scheme and what they mean."""
    described = inspect.getdoc(module.Settings)
    output.line(described)
    for key, value in dataclasses.asdict(settings).items():
        output.line(f"    {key} = {value}")
    output.note(
        scheme=scheme, settings=dataclasses.asdict(settings), described=described
    )
