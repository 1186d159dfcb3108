# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst modulator: makes bursts of samples for a radio from codewords."""

import numpy as np
import pmt
from advphy_model.link.any_link import load
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from gnuradio import gr

from ..block_errors import guarded_general_block
from ..stream_tags import ALICE_TAG, KEY_TAG, MODEL_TAG, of_link, of_seed
from .bytes_to_messages import PDUS, next_pdu

# Tags of bursts as gr-uhd takes them.
TAGS = TIME, BEGIN, END = tuple(map(pmt.intern, ("tx_time", "tx_sob", "tx_eob")))
CHECK_DIGITS = 4  # hexadecimal digits of a key's check that fit into a header


class burst_modulator(guarded_general_block):
    """Make bursts of codewords: preamble, header, pilots, payload, pulse shaping.

    Input:  codewords, complex64 [n]; with pdus=True there is none
    Output: samples, complex64, magnitude at most `amplitude`
    Tag "advphy_model": SHA-256 of the model, on the first sample of each start
    Message port "pdus", with pdus=True: PDUs to send, each a pair of a dictionary and a
            vector, u8vector of messages or c32vector of codewords

    With pdus=True, a PDU becomes a burst, or several if it is longer, of which the last
    may be shorter. Tags "tx_sob" and "tx_eob" are on its first and last sample, and
    "tx_time" of its dictionary on the first, half a gap before the power rises, all as
    gr-uhd takes them. A PDU that does not fit ends the flowgraph.

    A burst holds frame.codewords codewords; the last, incomplete burst of a finite
    stream is not sent. Alice's tags "alice" and "key" are sent in the headers: the pair
    is inserted or bypassed at the next burst, and the nonce of a keyed link is in any
    four bursts in a row. Keyed bursts take it for their own. On a keyed link Alice's
    first index must be first_frame * codewords.

    Args:
        model: link model or semantic link, or its name or file.
        frame: advphy.Frame.of_model(...), or None: Frame.of_model(model).
        first_frame: number of the first burst; codeword c of burst f has index
            f * codewords + c.
        amplitude: largest magnitude of a sample, above 0 and at most 1.
        peak_symbol: largest magnitude of a payload symbol, see Modulator, or None.
        seed: seed of the message source, whose check the headers carry, or None: data
            of your own, or images.
        secret: 32 bytes, for keyed bursts (docs/over_the_air.md), of which each start
            begins a new session; None: plain bursts.
        pdus: True: PDUs instead of a stream; they carry no "alice" and "key".
    """

    def __init__(
        self,
        model,
        frame=None,
        first_frame=0,
        amplitude=0.8,
        peak_symbol=None,
        seed=None,
        secret=None,
        pdus=False,
    ):
        model = load(model)
        frame = Frame.of_model(model) if frame is None else frame
        inputs = None if pdus else [(np.complex64, (model.n,))]
        guarded_general_block.__init__(self, "burst_modulator", inputs, [np.complex64])
        settings = first_frame, amplitude, peak_symbol, seed
        self._modulator = Modulator(frame, model, *settings, secret)
        self._first_frame, self._size = self._modulator.number, frame.codewords
        self._model, self._pdus = model, pdus
        self.expected = (of_link(model),)
        if seed is not None and hasattr(model, "k"):
            self.expected = (of_link(model), of_seed(seed, model.k))
        if pdus:
            self.message_port_register_in(pmt.intern(PDUS))
        else:
            self.set_output_multiple(frame.samples())
            self.set_relative_rate(frame.samples(), frame.codewords)
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.set_log_level("warn")
        self.start()

    def clipped(self):
        """Return the number of samples that were clipped."""
        return self._modulator.clipped

    def frames(self):
        """Return the number of the next burst."""
        return self._modulator.number

    def start(self):
        """Begin at the first burst again, as the sources do at their first item."""
        self._modulator.restart(self._first_frame)
        self._origin = self._first_frame * self._size
        self._inserted, self._keys, self._told = False, {}, False
        self._samples = np.empty(0, np.complex64)  # of a PDU
        return True

    def forecast(self, noutput_items, ninputs):
        bursts = max(1, noutput_items // self._modulator.frame.samples())
        return [bursts * self._size] * ninputs

    def general_work(self, input_items, output_items):
        if not self._told:
            self.tag_item(self.nitems_written(0), MODEL_TAG, self._model.sha256)
            self._told = True
        if self._pdus:
            return self._send_pdus(output_items[0])
        size, samples = self._size, self._modulator.frame.samples()
        bursts = min(len(input_items[0]) // size, len(output_items[0]) // samples)
        tags = self.tags_of(bursts * size, ALICE_TAG, KEY_TAG)
        for f in range(bursts):
            while tags and tags[0][0] <= f * size:
                self._follow(*tags.pop(0))
            index = self._origin + self.nitems_read(0) + f * size
            made = self._modulator.modulate(
                input_items[0][f * size : (f + 1) * size],
                inserted=self._inserted,
                key_checks=[self._keys.pop(index, None)],
            )
            output_items[0][f * samples : (f + 1) * samples] = made
        for tag in tags:  # within the last burst: applies from the next one on
            self._follow(*tag)
        self.consume(0, bursts * size)
        return bursts * samples

    def _send_pdus(self, out):
        written = self.nitems_written(0)
        if not len(self._samples):
            kinds = {"u8vector": pmt.is_u8vector, "c32vector": pmt.is_c32vector}
            pdu = next_pdu(self, kinds)
            if pdu is None:
                return 0
            codewords = self._codewords(*pdu)
            parts = np.split(codewords, [len(codewords) // self._size * self._size])
            parts = [self._modulator.modulate(part) for part in parts if len(part)]
            self._samples = np.concatenate(parts)
            self.add_item_tag(0, written, BEGIN, pmt.PMT_T)
            time = pmt.dict_ref(pdu[0], TIME, pmt.PMT_NIL)
            if time is not pmt.PMT_NIL:
                self.add_item_tag(0, written, TIME, time)
        count = min(len(out), len(self._samples))
        out[:count], self._samples = self._samples[:count], self._samples[count:]
        if not len(self._samples):
            self.add_item_tag(0, written + count - 1, END, pmt.PMT_T)
        return count

    def _codewords(self, about, vector):
        """Return the codewords of a PDU, complex64 [codewords, n]."""
        n, book = self._model.n, getattr(self._model, "codebook", ())
        if any(
            pmt.dict_has_key(about, pmt.intern(tag)) for tag in (ALICE_TAG, KEY_TAG)
        ):
            raise ValueError("a PDU has 'alice' or 'key', which only a stream carries")
        if pmt.is_c32vector(vector):
            items = np.array(pmt.c32vector_elements(vector), np.complex64)
            if len(items) and not len(items) % n:
                return items.reshape(-1, n)
        else:
            items = np.array(pmt.u8vector_elements(vector), np.uint8)
            if len(items) and items.max() < len(book):
                return book[items]
        raise ValueError(
            f"a PDU has {len(items)} items, but link '{self._model.name}' takes "
            f"messages below {len(book)}, or whole codewords of {n} symbols"
        )

    def _follow(self, item, key, value):
        nonce = bytes.fromhex(value.get("nonce", ""))
        if nonce and nonce != self._modulator.nonce:
            self._modulator.carry_nonce(nonce)
        if key == ALICE_TAG:
            self._inserted = bool(value["inserted"])
            return
        read, index = self.nitems_read(0), value["index"]
        origin = index - read - item
        if origin != self._origin:
            raise ValueError(
                f"Alice's key has index {index}, but its codeword in the burst has "
                f"{self._origin + read + item}; set first_frame of the burst "
                f"modulator to Alice's first_frame / {self._size}"
            )
        check = value.get("check", "")[:CHECK_DIGITS]
        self._keys = {index: bytes.fromhex(check)} if check else {}
