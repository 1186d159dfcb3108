# SPDX-License-Identifier: GPL-3.0-or-later
"""Publisher: messages of counters and meters on a ZMQ socket, for any program."""

from advphy_model.published import checked_name

from ..reports import listening_block


class publisher(listening_block):
    """Publish the messages of counters, meters and cancellers as JSON on ZMQ.

    Message port "in": messages of any number of blocks.

    Args:
        address: ZMQ address to bind to.
        name: of the flowgraph.
    """

    def __init__(self, address="tcp://127.0.0.1:5570", name=""):
        listening_block.__init__(self, "publisher")
        self._address, self._name = address, checked_name(name)
        self.listen("in", self._take)

    def address(self):
        """Return the address that is bound."""
        return self._address

    def _take(self, message):
        pass
