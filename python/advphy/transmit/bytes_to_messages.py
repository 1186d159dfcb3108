# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to messages: the payload of a link, as a stream or as PDUs in bursts."""

import logging
import time

import numpy as np
import pmt
from advphy_model.link.links import load
from advphy_model.modem import payload
from advphy_model.randomness import checked_index
from gnuradio import gr

from ..block_errors import guarded_general_block

PDUS = "pdus"
_POLL_SECONDS = 0.002


def next_pdu(block, kinds):
    """Return (dictionary, vector), PMTs, of the next PDU on port "pdus", None if none.

    kinds is {name of a vector: function that tells whether a PMT is one}.
    """
    # Without a handler, PDUs wait in GNU Radio's queue until there is room.
    pdu = block.to_basic_block().delete_head_nowait(pmt.intern(PDUS))
    if pdu is None:
        time.sleep(_POLL_SECONDS)
        return None
    if not pmt.is_pair(pdu) or not any(kind(pmt.cdr(pdu)) for kind in kinds.values()):
        wanted, first = " or ".join(f"a {name}" for name in kinds), next(iter(kinds))
        raise ValueError(
            f"a message on port pdus must be a pair of a dictionary and {wanted}, got "
            f"{pdu}; make it with pmt.cons(pmt.PMT_NIL, pmt.init_{first}(...))"
        )
    return pmt.car(pdu), pmt.cdr(pdu)


class bytes_to_messages(guarded_general_block):
    """Send bytes as messages of k bits, whitened; messages_to_bytes is the way back.

    Input:  bytes, uint8; with a frame there is none
    Output: messages, uint8, each in 0..M-1
    Message port "pdus", with a frame: PDUs to send, each a pair of a dictionary and a
            u8vector; a longer one than a burst has room for ends the flowgraph

    Without a frame, the bits of all bytes follow one another, the highest bit of a byte
    first. The last bits of a stream are not sent if they do not fill a message, and a
    warning says so. With a frame, each PDU fills a burst, with its length and a CRC-32.

    Args:
        model: link model, or its name or file; its k is used.
        frame: None: a stream; the burst modulator's advphy.Frame.of_model(...): PDUs.
        first_block: index of the first message: first_frame * codewords of the burst
            modulator.
        latency: largest number of items in one call of work(), but at least 8.
    """

    def __init__(self, model, frame=None, first_block=0, latency=65536):
        self._k, self._frame = load(model).k, frame
        inputs = [np.uint8] if frame is None else None
        guarded_general_block.__init__(self, "bytes_to_messages", inputs, [np.uint8])
        self.first_index = checked_index("first_block", first_block)
        self.size_buffers(latency, 1)
        if frame is None:
            self.set_output_multiple(8)  # so that there is room for a byte
            self.set_max_noutput_items(max(8, self.max_noutput_items()))
            self.set_relative_rate(8, self._k)
        else:
            payload.room(frame, self._k)  # raises ValueError if there is none
            self.message_port_register_in(pmt.intern(PDUS))
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.start()

    def start(self):
        self._bits = np.empty(0, np.uint8)  # not sent yet
        return True

    def stop(self):
        """Warn of bits that did not fill a message."""
        left, k = len(self._bits), self._k
        if left and self._frame is None:
            logging.getLogger(__name__).warning(
                f"the last {left} bits of the bytes do not fill a message of {k} bits "
                f"and were not sent; send a multiple of {k} bytes"
            )
        return True

    def forecast(self, noutput_items, ninputs):
        return [1] * ninputs

    def general_work(self, input_items, output_items):
        out = output_items[0]
        if self._frame is None:
            data = input_items[0][: len(out) * self._k // 8]
            self._bits = np.concatenate([self._bits, np.unpackbits(data)])
            self.consume(0, len(data))
        elif not len(self._bits):
            self._take_pdu()
        count = min(len(out), len(self._bits) // self._k)
        sent = payload.grouped(self._bits[: count * self._k], self._k)
        self._bits = self._bits[count * self._k :]
        index = self.first_index + self.nitems_written(0)
        out[:count] = payload.whitened(sent, index, self._k)
        return count

    def _take_pdu(self):
        pdu = next_pdu(self, {"u8vector": pmt.is_u8vector})
        if pdu is None:
            return
        data = bytes(pmt.u8vector_elements(pdu[1]))
        messages = payload.wrapped(data, self._frame, self._k)
        self._bits = payload.bits_of(messages, self._k)
