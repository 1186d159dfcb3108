# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to bytes: the payload of a link again, each byte at its place."""

from itertools import pairwise

import numpy as np
import pmt
from advphy_model.checked_values import checked_whole
from advphy_model.link.links import load
from advphy_model.modem import payload
from advphy_model.randomness import checked_index
from gnuradio import gr

from ..block_errors import guarded_general_block
from ..stream_tags import ERASURES_TAG, FRAME_TAG
from ..transmit.bytes_to_messages import PDUS
from .decoder import Erasures

LOST_TAG, BYTE_TAG = "lost", "byte"


class messages_to_bytes(guarded_general_block):
    """Return the bytes that bytes_to_messages sent.

    Input:  decided messages, uint8
    Output: bytes, uint8; with a frame there is none
    Tags:   "lost" on the first of a run of bytes that did not arrive or were not
            decided: the length of the run. These bytes are put out as `fill`, so later
            ones stay at their places. "byte" on the first byte, and on the first after
            the sender began anew, if there are bursts: the index of the byte.
    Message port "pdus", with a frame: the PDUs that arrived whole, each a pair of a
            dictionary with number (of the burst) and a u8vector

    A "frame" tag of the burst synchronizer gives the index of the next message, an
    "erasures" tag of the decoder the messages that were not decided. Bursts that the
    synchronizer counts as missed are lost; it has first_frame for those at the begin.

    Args:
        model: link model, or its name or file; its k is used.
        frame: None: a stream; the frame of bytes_to_messages: PDUs.
        first_block: index of the first message, as in bytes_to_messages.
        fill: value of a lost byte, 0..255.
        latency: largest number of items in one call of work().
    """

    def __init__(self, model, frame=None, first_block=0, fill=0, latency=65536):
        self._k, self._frame = load(model).k, frame
        outputs = [np.uint8] if frame is None else None
        guarded_general_block.__init__(self, "messages_to_bytes", [np.uint8], outputs)
        self._first_block = checked_index("first_block", first_block)
        self._fill = checked_whole("fill", fill, 0, 255)
        if frame is None:
            self.size_buffers(latency, 1)
            self.set_relative_rate(self._k, 8)
        else:
            payload.room(frame, self._k)  # raises ValueError if there is none
            self.message_port_register_out(pmt.intern(PDUS))
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.start()

    def start(self):
        self._next = self._first_block  # index of the next message
        self._begun = False  # whether a burst has given the index
        self._odd = False  # whether the number of the last burst was suspicious
        self._followed = 0  # items read up to the last "frame" tag that was followed
        self._missing = 0  # messages before the next one that did not arrive
        self._bits = np.empty(0, np.uint8)  # of an incomplete byte, or of a burst
        self._lost = np.empty(0, bool)  # flags of these bits
        self._erasures = Erasures()
        self._counts = {"received": 0, "wrong": 0}
        return True

    def counts(self):
        """Return the numbers of PDUs received, and of bursts with a wrong CRC-32."""
        return dict(self._counts)

    def forecast(self, noutput_items, ninputs):
        return [1] * ninputs

    def general_work(self, input_items, output_items):
        if self._frame is not None:
            return self._find_pdus(input_items[0])
        out, items, read = output_items[0], input_items[0], self.nitems_read(0)
        count = most = 8 * len(out) // self._k
        if not self._missing:
            count = min(len(items), most)
            needs = "number", "missed"
            tags = self.tags_of(count, FRAME_TAG, ERASURES_TAG, needs=needs)
            lost = self._erasures.flags(tags, count, read)
            lost = np.zeros(count, bool) if lost is None else lost
            for at, key, value in tags:
                if key != FRAME_TAG or read + at < self._followed:
                    continue
                if at:  # the messages before this burst
                    count = at
                    break
                self._follow(value)
        if self._missing:
            count = min(self._missing, most)
            messages, lost = np.zeros(count, np.uint8), np.ones(count, bool)
            self._missing -= count
        else:
            messages, lost = items[:count], lost[:count]
            self.consume(0, count)
        return self._put(out, messages, lost)

    def _follow(self, burst):
        """Find out how many messages are missing before a burst."""
        index = checked_index("index in a 'frame' tag", burst["index"])
        self._followed = self.nitems_read(0) + 1
        odd = burst.get("suspicious") == "number"  # perhaps by millions
        leaps = (odd or self._odd) and index > self._next
        self._odd = odd
        if not self._begun or index < self._next or leaps:  # the sender begins (anew)
            codewords = index // max(1, burst["number"])  # in each earlier burst
            self._next = index - burst["missed"] * codewords
            checked_index("index without missed, of a 'frame' tag,", self._next)
            self._begun = True
            place = (self._next - self._first_block) * self._k
            self._lost = np.ones(place % 8, bool)  # the begin of this byte
            self._bits = np.zeros(place % 8, np.uint8)
            self.tag_item(self.nitems_written(0), BYTE_TAG, place // 8)
        self._missing = index - self._next

    def _put(self, out, messages, lost):
        messages = payload.whitened(messages, self._next, self._k)
        self._next += len(messages)
        bits = np.concatenate([self._bits, payload.bits_of(messages, self._k)])
        lost = np.concatenate([self._lost, np.repeat(lost, self._k)])
        count = len(bits) // 8
        self._bits, self._lost = bits[8 * count :], lost[8 * count :]
        out[:count] = np.packbits(bits[: 8 * count])
        flags = lost[: 8 * count].reshape(-1, 8).any(axis=1)
        out[:count][flags] = self._fill
        self.tag_runs(flags, LOST_TAG)
        return count

    def _find_pdus(self, items):
        size, tags = self._frame.codewords, self.tags_of(len(items), FRAME_TAG)
        starts = {at: burst["index"] for at, _, burst in tags}
        for begin, end in pairwise(sorted({0, *starts, len(items)})):
            if begin in starts:
                self._next, self._bits = starts[begin], self._bits[:0]
            self._bits = np.concatenate([self._bits, items[begin:end]])
            while len(self._bits) >= size:
                burst = payload.whitened(self._bits[:size], self._next, self._k)
                self._publish(payload.unwrapped(burst, self._k), self._next // size)
                self._next, self._bits = self._next + size, self._bits[size:]
        self.consume(0, len(items))
        return 0

    def _publish(self, pdu, number):
        self._counts["wrong" if pdu is None else "received"] += 1
        if pdu is not None:
            vector = pmt.init_u8vector(len(pdu), list(pdu))
            message = pmt.cons(pmt.to_pmt({"number": number}), vector)
            self.message_port_pub(pmt.intern(PDUS), message)
