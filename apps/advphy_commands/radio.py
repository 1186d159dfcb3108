# SPDX-License-Identifier: GPL-3.0-or-later
"""Send and receive over the air, or check a radio.

tx sends frames of a link; without --arm it says what it would send, and opens no
device. rx receives, counts and records them. check passes levels in order: a file, the
stand-in radio, a real one. A radio is a driver (uhd, hackrf, soapy, osmosdr, standin)
and its device arguments; file and zmq take a path and an endpoint in their place.
"""

from advphy_commands import _radio_check, _radio_rx, _radio_tx

ACTIONS = {"tx": _radio_tx, "rx": _radio_rx, "check": _radio_check}
