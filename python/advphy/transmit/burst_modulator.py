# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst modulator: makes bursts of samples for a radio from codewords."""

import numpy as np
from advphy_model.link.any_link import load
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from gnuradio import gr

from ..block_errors import guarded_general_block
from .alice_arn import KEY_TAG
from .alice_arn import TAG as ALICE_TAG

CHECK_DIGITS = 4  # hexadecimal digits of a key's check that fit into a header


class burst_modulator(guarded_general_block):
    """Make bursts of codewords: preamble, header, pilots, payload, pulse shaping.

    Input:  codewords, complex64 [n]
    Output: samples, complex64, magnitude at most `amplitude`

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
    ):
        model = load(model)
        frame = Frame.of_model(model) if frame is None else frame
        guarded_general_block.__init__(
            self, "burst_modulator", [(np.complex64, (model.n,))], [np.complex64]
        )
        settings = first_frame, amplitude, peak_symbol, seed
        self._modulator = Modulator(frame, model, *settings, secret)
        self._first_frame, self._size = self._modulator.number, frame.codewords
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
        self._inserted, self._keys = False, {}
        return True

    def forecast(self, noutput_items, ninputs):
        bursts = max(1, noutput_items // self._modulator.frame.samples())
        return [bursts * self._size] * ninputs

    def general_work(self, input_items, output_items):
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
