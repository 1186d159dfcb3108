# SPDX-License-Identifier: GPL-3.0-or-later
"""Send and receive over the air, or check a radio.

tx sends bursts of a link; without --arm it only prints what it would send and opens no
device. rx receives bursts, counts their errors and records them. check tests the modem
level by level: with a file, with the stand-in radio, with a real radio. psr measures
the PSR at a receiver. A radio is given by its driver (uhd, hackrf, soapy, osmosdr,
standin) and its device arguments. The drivers file and zmq take a path or an endpoint
as device arguments.
"""

from advphy_commands import _radio_check, _radio_psr, _radio_rx, _radio_tx

ACTIONS = {"tx": _radio_tx, "rx": _radio_rx, "check": _radio_check, "psr": _radio_psr}
