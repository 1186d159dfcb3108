# SPDX-License-Identifier: GPL-3.0-or-later
"""What blocks report during a run, up to their last word."""

import pmt
from gnuradio.advphy.reports import listening_block


class heard(listening_block):
    """Keep all messages: blocks.message_debug ends too soon for the last ones."""

    def __init__(self):
        listening_block.__init__(self, "heard")
        self.messages = []
        self.listen("in", self._take)

    def _take(self, message):
        self.messages.append(message)

    def said(self):
        """Return the messages as dictionaries."""
        return [pmt.to_python(message) for message in self.messages]
