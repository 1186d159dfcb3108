# SPDX-License-Identifier: GPL-3.0-or-later
"""Send and receive over the air, or check a radio.

tx sends frames of a link; without --arm it says what it would send, and opens no
device. rx receives, counts and records them. check passes levels in order: a file, the
stand-in radio, a real one. A radio is a driver (uhd, hackrf, soapy, osmosdr, standin)
and its device arguments; file and zmq take a path and an endpoint in their place.
"""

import signal

from advphy_commands import _radio_check, _radio_rx, _radio_tx

ACTIONS = {"tx": _radio_tx, "rx": _radio_rx, "check": _radio_check}


def add_arguments(parser):
    """Declare the arguments of each action."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, module in ACTIONS.items():
        summary = module.__doc__.partition("\n")[0]
        sub = actions.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=module.__doc__,
            formatter_class=parser.formatter_class,
        )
        module.add_arguments(sub)


def run(arguments):
    """Run the action; SIGTERM and SIGHUP end it as Ctrl-C does."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN  # as nohup lets it be
    }
    try:
        return ACTIONS[arguments.action].run(arguments)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
