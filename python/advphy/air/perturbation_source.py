# SPDX-License-Identifier: GPL-3.0-or-later
"""Perturbation source: an adversary's perturbation as it arrives at the receiver."""

import dataclasses
import logging

import numpy as np
from advphy_model import kernels
from advphy_model.air import perturbation as perturbations
from advphy_model.air.adversary import Adversary
from advphy_model.air.crafting import CRAFTED, Crafting
from advphy_model.air.perturbation import DEFAULT_PSR_DB, jammer
from advphy_model.link.links import load
from advphy_model.power import noise_variance
from advphy_model.randomness import checked_index, checked_seed
from gnuradio import gr

from ..block_errors import guarded_block
from ..reports import Reporter, segmented_block
from ..stream_tags import PERTURBATION_TAG
from .perturbation_segment import SHORTEST_TAGGED, Segment, phases, settings_of


class perturbation_source(segmented_block):
    """Send an adversary's perturbation as it arrives at the receiver.

    Input:  messages, uint8, optional; only a perturbation with a vector for each
            message needs it; without it the messages are re-created from the seed
    Output: perturbation, complex64 [n], for the channel's second input
    Tags:   "perturbation" on the first item under new settings, and where a schedule
            of at least 1000 blocks a phase changes: a dictionary. The error counter
            begins a new segment there.
    Message port "psr": a dictionary with kind, name, time, settings (the tag's, with
            psr_db as requested), first_block, blocks, psr_db_realised, psr_db_smallest
            and psr_db_largest (of a block), and p (c32vector of n, the newest block;
            zeros while off), and crafting (share of the work that is done, while it
            crafts); 20 times a second, when a segment ends and when the stream ends.

    Args:
        model: link model under attack, or its name or file.
        perturbation: Perturbation, its name or file, "noise_jammer" ("jammer" in
            version 0.5), or "crafted": a universal one that a thread crafts against
            the model, at the PSR of that moment and craft_ebn0_db, from decisions
            alone. The previous one is sent until it is ready, from the start on a noise
            jammer's. It takes seconds for 16 messages and dense networks, and up to a
            minute for convolutions or 256 messages.
        psr_db: PSR at the receiver in dB, -100..60; None: as in the file.
        shift: shift in channel uses, 0..n-1, or "random" per block.
        phase: phase in radians, or "random" per block.
        sign: 1, -1, "random", or "alternate": p and -p in turn.
        frequency_offset: offset in cycles per channel use, or "random" per block.
        fading: "none", or "rayleigh": one gain per block.
        off_blocks: number of blocks without the perturbation, at the beginning of each
            period.
        on_blocks: number of blocks with it, after those; 0 and 0: always on.
        full_scale: largest amplitude that can be sent, or None: unlimited.
        seed: seed of the random settings, and of messages that are re-created.
        first_block: index of the first item.
        latency: largest number of items in one call of work().
        enabled: False sends zeros; set_enabled changes it.
        name: name of this block in displays; "": "adversary".
        hold: number of blocks for which a random or alternate sign, and the vector that
            is drawn from a book, stay the same.
        craft_ebn0_db: Eb/N0 in dB for which "crafted" is crafted, -100..100.
    """

    SEGMENT = Segment

    def __init__(
        self,
        model,
        perturbation,
        psr_db=DEFAULT_PSR_DB,
        shift=0,
        phase=0.0,
        sign=1,
        frequency_offset=0.0,
        fading="none",
        off_blocks=0,
        on_blocks=0,
        full_scale=None,
        seed=1,
        first_block=0,
        latency=65536,
        enabled=True,
        name="",
        hold=1,
        craft_ebn0_db=8.0,
    ):
        self._model = load(model)
        item, messages = (np.complex64, (self._model.n,)), [np.uint8]
        messages = gr.py_io_signature(0, 1, messages)
        guarded_block.__init__(self, "perturbation_source", messages, [item])
        self._crafting, seed = None, checked_seed(seed)
        self.set_craft_ebn0_db(craft_ebn0_db)
        if crafted := perturbation == CRAFTED:
            level = DEFAULT_PSR_DB if psr_db is None else psr_db
            perturbation = jammer(self._model.k, self._model.n, level)
        p, arrival = self._perturbation(perturbation), {"shift": shift, "phase": phase}
        arrival |= {"sign": sign, "hold": hold, "fading": fading}
        arrival |= {"off_blocks": off_blocks, "on_blocks": on_blocks}
        arrival |= {"frequency_offset": frequency_offset, "full_scale": full_scale}
        self._adversary = Adversary(p, psr_db, **arrival, seed=seed)
        if crafted:
            self._crafting = self._crafter()  # which start() starts
        self._enabled = bool(enabled)
        first = checked_index("first_block", first_block)
        self.begin_segments(first, Reporter(self, "psr", name, "adversary"))
        self._newest = np.zeros(self._model.n, np.complex64)
        self.tags_schedule = True  # if its phases are long enough
        self.size_buffers(latency, 8 * self._model.n)

    def _perturbation(self, given):
        """Return the Perturbation; log a warning if it was made for another link."""
        given = perturbations.given(given, self._model)
        given.require_fit(self._model)
        if warning := given.warning_for(self._model):
            logging.getLogger(__name__).warning(warning)
        return given

    def _set(self, **settings):
        with self._lock:
            self._adversary = dataclasses.replace(self._adversary, **settings)

    def _send(self, crafting, perturbation):
        """Send what was crafted, unless it is cancelled."""
        with self._lock:
            if crafting.cancelled:
                return
            now = self._adversary
            try:
                self._adversary = dataclasses.replace(now, perturbation=perturbation)
            except ValueError as error:  # above full_scale
                text = "the crafted perturbation is not sent: %s"
                logging.getLogger(__name__).error(text, str(error))
            self._crafting = None

    def _crafter(self):
        now = self._adversary
        asked = self._model, now.scaled.psr_db, self._craft_ebn0_db, now.seed
        return Crafting(self._send, *asked)

    def set_perturbation(self, perturbation):
        """Send another perturbation from the next call on, or when it is crafted."""
        if perturbation == CRAFTED:
            self._craft_next(self._crafter()).start()
        else:
            given = self._perturbation(perturbation)
            self._craft_next(None)
            self._set(perturbation=given)

    def _craft_next(self, crafting):
        """Have what is being crafted never sent; return what is crafted next."""
        with self._lock:
            if self._crafting is not None:
                self._crafting.cancelled = True
            self._crafting = crafting
        return crafting

    def set_craft_ebn0_db(self, craft_ebn0_db):
        """Set the Eb/N0 in dB for which the next "crafted" one is crafted."""
        noise_variance(craft_ebn0_db, 1)  # which checks it
        self._craft_ebn0_db = craft_ebn0_db

    def set_psr_db(self, psr_db):
        """Set the PSR at the receiver in dB from the next call of work() on."""
        self._set(psr_db=psr_db)

    def set_shift(self, shift):
        """Set the shift in channel uses, or "random", from the next call on."""
        self._set(shift=shift)

    def set_phase(self, phase):
        """Set the phase in radians, or "random", from the next call on."""
        self._set(phase=phase)

    def set_sign(self, sign):
        """Set the sign, 1, -1, "random" or "alternate", from the next call on."""
        self._set(sign=sign)

    def set_hold(self, hold):
        """Set for how many blocks a drawn sign or vector stays, from the next call."""
        self._set(hold=hold)

    def set_frequency_offset(self, frequency_offset):
        """Set the offset in cycles per channel use, or "random", from the next call."""
        self._set(frequency_offset=frequency_offset)

    def set_schedule(self, off_blocks, on_blocks):
        """Set the blocks without and with it in a period; 0 and 0: always on."""
        self._set(off_blocks=off_blocks, on_blocks=on_blocks)

    def set_enabled(self, enabled):
        """Send the perturbation, or zeros, from the next call of work() on."""
        self._enabled = bool(enabled)

    def start(self):
        self._tagged, crafting = None, self._crafting
        if crafting is not None and not crafting.is_alive():
            self.set_perturbation(CRAFTED)
        return segmented_block.start(self)

    def stop(self):
        if self._crafting is not None:
            self._craft_next(self._crafter())  # after the next start(), as at unlock()
        return segmented_block.stop(self)

    def work(self, input_items, output_items):
        out = output_items[0]
        with self._lock:
            adversary, enabled = self._adversary, self._enabled
        written = self.nitems_written(0)
        first = self.first_index + written
        messages = input_items[0] if input_items else np.empty(len(out), np.uint8)
        if adversary.needs_messages and not input_items:
            kernels.messages(adversary.seed, first, self._model.k, messages)
        shortest = min(adversary.off_blocks, adversary.on_blocks)
        tagged = self.tags_schedule and shortest >= SHORTEST_TAGGED
        parts = [(0, len(out), enabled)]
        if enabled and tagged:
            parts = phases(adversary, first, len(out))
        for begin, end, on in parts:
            if (adversary, on) != self._tagged:
                self._tagged = (adversary, on)
                settings = settings_of(adversary, on, tagged)
                self.tag_item(written + begin, PERTURBATION_TAG, settings)
                self._open(first + begin, settings)
            part = out[begin:end]
            if on:
                sent = messages[begin:end] if adversary.needs_messages else None
                adversary.write(sent, first + begin, part)
            else:
                part[:] = 0
            self._account(adversary, on, part, tagged or not adversary.off_blocks)
            self._newest = part[0].copy()
        if self._reporter.due():
            self._publish(self.segment())
        return len(out)

    def _account(self, adversary, on, part, always):
        """Add energies to the current segment; `always`: no schedule within `part`."""
        if not on or (adversary.constant and always):
            energy = 10 ** (adversary.scaled.psr_db / 10) if on else 0.0
            total, smallest, largest = energy * len(part), energy, energy
        else:
            reals = part.view(np.float32)
            energies = np.einsum("ij,ij->i", reals, reals) / adversary.perturbation.n
            total = float(energies.sum(dtype=float))
            smallest, largest = float(energies.min()), float(energies.max())
        with self._lock:
            segment = self._segments[-1]
            segment.blocks += len(part)
            segment.energy += total
            segment.smallest = min(segment.smallest, smallest)
            segment.largest = max(segment.largest, largest)

    def _publish(self, segment):
        counted = {"first_block": segment.first_block, "blocks": segment.blocks}
        message, crafting = segment.realized() | counted, self._crafting
        if crafting is not None and crafting.is_alive():
            message["crafting"] = crafting.share
        self._reporter.send(message, segment.settings, {"p": self._newest})
