# SPDX-License-Identifier: GPL-3.0-or-later
"""Alice's module, which fools Eve; it is inserted or bypassed at an item boundary."""

import math

import numpy as np
from advphy_model.link.arn import AliceModule
from advphy_model.link.keying import draw_nonce, given_nonce
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure.measurement_text import figures_of
from advphy_model.power import energy
from advphy_model.randomness import checked_index

from ..block_errors import guarded_block
from ..reports import Reporter
from ..stream_tags import ALICE_TAG, KEY_TAG, of_link

KEY_TAG_EVERY = 256  # items; Bob detects a wrong, repeated or lost key at the next tag


class alice_arn(guarded_block):
    """Send x' = x + F(x), or Q_k x with a fresh key for each message.

    Input:  codes, complex64 [n]
    Output: codes to transmit, complex64 [n]
    Tags:   "alice" on the first item and where the module is inserted or bypassed: a
            dictionary with inserted, pairing, pair ("learned", a keying, or "none")
            and, of a keyed link, nonce. "key" on every 256th item of a keyed link: a
            dictionary with index, check and nonce, by which Bob has the key and detects
            a wrong, a repeated, a replayed and a lost one.
    Message port "power": a dictionary with kind, name, time, settings (a dictionary
            with inserted), psr_db (realized), transmit_power_db (over 1 per real
            dimension) and items; all are of the items since the previous message; 20
            times a second and when the stream ends.

    Args:
        model: semantic link with a pair, or its name or file. A keyed one needs codes
            of one length, unless a nonce is given.
        inserted: whether the module is inserted; set_inserted changes it.
        secret: 32 bytes, for a keyed link (advphy.secret reads them from a file).
        first_frame: index of the first item of each start.
        latency: largest number of items in one call of work().
        name: name of this block in displays; "": "alice_arn".
        nonce: None: 96 random bits at each start, so that no key is used twice under
            one secret, in whatever run. "none", as in version 0.5, or 12 bytes, in
            measurements: then another start continues after the last index, and you
            have to choose first_frame such that no index is used in two runs.
    """

    def __init__(
        self,
        model,
        inserted=True,
        secret=None,
        first_frame=0,
        latency=6000,
        name="",
        nonce=None,
    ):
        model = SemanticLink.load(model)
        item = (np.complex64, (model.n,))
        guarded_block.__init__(self, "alice_arn", [item], [item])
        self._draws = nonce is None
        if self._draws and model.keying != "none":
            model.require_equal_lengths()
        self.first_index = checked_index("first_frame", first_frame)
        self._module = AliceModule(model, secret, given_nonce(nonce))
        self._pairing, self._reals = model.pairing, model.reals
        self._pair = "learned" if model.keying == "none" else model.keying
        self._next_index = self.first_index
        self._energies, self._all = np.zeros(4), np.zeros(4)
        self._text = "no item yet"
        self.set_inserted(inserted)
        self._reporter = Reporter(self, "power", name, "alice_arn")
        self.expected = (of_link(model),)
        self.size_buffers(latency, 8 * model.n)

    def set_inserted(self, inserted):
        """Insert or bypass the module from the next call of work() on."""
        self._inserted = bool(inserted)

    def inserted(self):
        """Return whether the module is inserted."""
        return self._inserted

    def power(self):
        """Return (realized PSR in dB or None, transmit power in dB) over all items."""
        return _levels(self._all, self._reals)

    def text(self):
        """Return the levels that were last published, as a line for a display."""
        return self._text

    def energies(self):
        """Return the sums of ||x||^2, ||x' - x||^2 and ||x'||^2 over all items."""
        names = ("signal_energy", "perturbation_energy", "transmit_energy")
        return dict(zip(names, map(float, self._all[1:]), strict=True))

    def start(self):
        if self._draws:
            self._module.rekey(draw_nonce())
            self._next_index = self.first_index
        self._tagged, self._origin = None, self._next_index
        self._reporter.begin()
        return True

    def stop(self):
        """Publish the levels of the last items."""
        with self._reporter.ending():
            if self._energies[0]:
                self._publish()
        return True

    def work(self, input_items, output_items):
        x, out = input_items[0], output_items[0]
        inserted, written = self._inserted, self.nitems_written(0)
        if inserted != self._tagged:
            pair = self._pair if inserted else "none"
            state = {"inserted": inserted, "pairing": self._pairing, "pair": pair}
            state |= self._nonce()
            self.tag_item(written, ALICE_TAG, state)
        if inserted:
            self._module.run(x, self._origin + written, out)
            if self._module.keying is not None:
                self._tag_keys(written, len(out), inserted != self._tagged)
        else:
            out[:] = x
        self._tagged = inserted
        self._next_index = self._origin + written + len(out)
        energies = np.array([len(x), energy(x), energy(out - x), energy(out)])
        self._all = self._all + energies  # not in place, because others read it
        self._energies += energies
        if self._reporter.due():
            self._publish()
        return len(out)

    def _tag_keys(self, written, items, first):
        """Tag the items whose index is a multiple of KEY_TAG_EVERY, and the first."""
        index = self._origin + written
        multiple = -(-index // KEY_TAG_EVERY) * KEY_TAG_EVERY
        indices = {index} if first else set()
        for at in sorted(indices.union(range(multiple, index + items, KEY_TAG_EVERY))):
            check = f"{int(self._module.keying.checks(at, 1)[0]):016x}"
            key = {"index": at, "check": check} | self._nonce()
            self.tag_item(written + at - index, KEY_TAG, key)

    def _nonce(self):
        nonce = self._module.nonce if self._module.keying is not None else b""
        return {"nonce": nonce.hex()} if nonce else {}

    def _publish(self):
        psr_db, transmit_db = _levels(self._energies, self._reals)
        figures = {"transmit_power_db": transmit_db, "items": int(self._energies[0])}
        figures |= {} if psr_db is None else {"psr_db": psr_db}
        self._text = figures_of({"kind": "power"} | figures)
        self._reporter.send(figures, {"inserted": self._inserted})
        self._energies[:] = 0


def _levels(energies, reals):
    """Return (PSR in dB or None, transmit power in dB) of (items, three energies)."""
    items, signal, perturbation, sent = energies
    if not items or not sent:
        return None, -math.inf
    psr_db = 10 * math.log10(perturbation / signal) if perturbation else None
    return psr_db, 10 * math.log10(sent / (items * reals))
