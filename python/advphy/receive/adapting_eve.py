# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapting Eve: an eavesdropper who learns from what she receives."""

import logging
import time

import numpy as np
import pmt
from advphy_model.checked_values import checked_positive, checked_whole, is_number
from advphy_model.complex_baseband import channel_uses
from advphy_model.files import images as data_sets
from advphy_model.link.eavesdropper import ERASED, Eve, combined, majority
from advphy_model.link.eve_training import HELD_OUT, Training, trainer_of
from advphy_model.network.packed_network import classifier
from advphy_model.randomness import checked_seed
from gnuradio import gr

from ..block_errors import guarded_general_block
from ..stream_tags import EVE_TAG, FRAME_TAG

PORT = pmt.intern("training")
MEMORY = 20000  # intercepts that are kept, the newest
FEWEST = 250  # intercepts of a training
RESTARTED = 1 << 14  # items; inputs that far apart: the sender has begun again


class adapting_eve(guarded_general_block):
    """Classify received vectors by networks that are trained while it runs.

    She is told the labels of a share of the images, knows an image by the index of its
    item, and records what she receives of those, the newest 20000 items. A process next
    to the flowgraph trains on it. If that fails or takes a minute, it is logged once.

    Inputs: received vectors, complex64 [n], of all antennas of the first Eve, then of
            the next, aligned by "frame" tags; what one of them lacks is left out.
    Output: labels, uint8; 255 where all Eves have a sample that is not finite. It has
            the tags of the first input.
    Tags:   "eve" on the first item, and where networks are exchanged: a dictionary with
            training (its number, from 1; 0: none yet) and intercepts (that it used).
    Message port "training": the same after each training, with accuracy, the share of
            labels that she finds of images that she was told, but not trained on.

    Args:
        model: Eve to begin with, or her name or file.
        images: Images with labels, or the name of the image source's data set.
        told: share of the images whose labels she knows, above 0 and at most 1.
        eves: number of Eves, 1..64, each with a training of her own; most votes count.
        antennas: antennas of each Eve, 1..64, combined by their SNR (maximal ratio).
        every: seconds between the starts of two trainings, at least 0.1.
        trainer: "torch", "numpy", or "auto": torch if this Python has it.
        seed: seed of the trainings and of the choice of images that she is told;
            torch: at most 2^32 - 64.
        learns: False: a static Eve, who records nothing and has the networks that she
            began with; set_learns changes it.
    """

    def __init__(
        self,
        model,
        images="mnist_sample",
        told=0.2,
        eves=1,
        antennas=1,
        every=3.0,
        trainer="auto",
        seed=1,
        learns=True,
    ):
        model = Eve.load(model)
        for key, count in {"eves": eves, "antennas": antennas}.items():
            checked_whole(key, count, 1, 64)
        checked_positive("told", told, 1)
        if not (is_number(every) and every >= 0.1):
            raise ValueError(f"every must be at least 0.1 s, got {every}")
        n, shape = channel_uses(model.reals), (int(eves), int(antennas))
        ports = [(np.complex64, (n,))] * (shape[0] * shape[1])
        guarded_general_block.__init__(self, "adapting_eve", ports, [np.uint8])
        self._shape, self._every, self._trainer = shape, every, trainer_of(trainer)
        if self._trainer == "torch":  # which draws from 32 bits of seed + k
            checked_whole("seed", seed, 0, 2**32 - 64)
        self._known = {"reals": model.reals, "classes": model.classes, "seed": seed}
        self._labels = data_sets.load(images).labeled()
        count, rng = len(self._labels), np.random.default_rng(checked_seed(seed))
        ranks = rng.permutation(count)
        self._told = ranks < max(HELD_OUT, round(told * count))
        self._held = ranks % HELD_OUT == 0
        self._kept = np.zeros((shape[0], MEMORY, n), np.complex64)  # a ring
        self._which = np.zeros(MEMORY, np.int64)  # image of each
        self._first = [classifier(model.networks["classifier"])] * shape[0]
        self.set_learns(learns)
        self.message_port_register_out(PORT)
        self.set_tag_propagation_policy(gr.TPP_DONT)
        self.set_log_level("warn")

    def set_learns(self, learns):
        """Let her learn from now on, or forget what she has learned."""
        self._learns = bool(learns)

    def _forget(self):
        self._said = {"training": 0, "intercepts": 0}
        self.exchanged, self._recorded = (self._said, self._first), 0

    def start(self):
        self._tagged = None
        self._forget()
        ports = self._shape[0] * self._shape[1]
        self._index, self._snrs_db = np.zeros(ports, np.int64), np.zeros(ports)
        self._training, self._warned = None, False
        self._next = time.monotonic() + self._every  # training
        return True

    def stop(self):
        if self._training is not None:
            self._training.close()
        return True

    def general_work(self, input_items, output_items):
        self._train()
        sizes = np.array([self._run(*each) for each in enumerate(input_items)])
        if apart := int(np.ptp(self._index)):  # leave out what some have missed
            ahead = self._index.max() - self._index
            if apart > RESTARTED:  # and what was sent before
                ahead = np.where(ahead < RESTARTED, sizes, 0)
            self._pass(np.minimum(sizes, ahead))
            return 0
        count = min(sizes.min(), len(output_items[0]))
        received = np.stack([y[:count] for y in input_items])
        output_items[0][:count] = self._read(received.reshape(*self._shape, count, -1))
        for tag in self.get_tags_in_window(0, 0, count):
            at = self.nitems_written(0) + tag.offset - self.nitems_read(0)
            self.add_item_tag(0, at, tag.key, tag.value)
        self._pass(np.full(len(sizes), count))
        return count

    def _run(self, port, items):
        """Return how many items of an input belong together; note their index."""
        tags = self.tags_of(len(items), FRAME_TAG, port=port)
        bursts = {at: burst for at, _, burst in tags}
        if 0 in bursts:
            burst = bursts.pop(0)
            self._index[port] = burst["index"]
            self._snrs_db[port] = burst.get("snr_db", 0.0)
        return min(bursts, default=len(items))

    def _pass(self, counts):
        for port, count in enumerate(counts.tolist()):
            self.consume(port, count)
        self._index += counts

    def _read(self, received):
        """Return the labels of vectors [eves, antennas, count, n], and record them."""
        snrs_db = self._snrs_db.reshape(self._shape)
        y = np.stack([combined(*each) for each in zip(received, snrs_db, strict=True)])
        networks = self.exchangeable(EVE_TAG)
        read, erased = (np.empty(y.shape[:2], np.uint8) for _ in range(2))
        for network, *each in zip(networks, y, read, erased, strict=True):
            network.decide(*each)
        read[erased == 1] = ERASED
        which = (self._index[0] + np.arange(y.shape[1])) % len(self._labels)
        known = self._told[which] & ~erased.any(axis=0) & self._learns
        places = (self._recorded + np.arange(np.count_nonzero(known))) % MEMORY
        self._kept[:, places], self._which[places] = y[:, known], which[known]
        self._recorded += len(places)
        return majority(read, self._known["classes"])

    def _train(self):
        """Take networks that are trained; begin the next training when it is due."""
        training, end = self._training, min(self._recorded, MEMORY)
        if not self._learns:
            if training is not None:
                training.close()
                self._training = None
            if self._said["training"] or end:
                self._forget()
        elif training is not None:
            self._take(*training.result())
        elif time.monotonic() >= self._next and end >= FEWEST:
            which, number = self._which[:end], self._said["training"] + 1
            self._known |= {"labels": self._labels[which], "held": self._held[which]}
            self._training = Training(self._trainer, self._kept[:, :end], **self._known)
            self._said = {"training": number, "intercepts": end}
            self._next = self._training.begun + self._every

    def _take(self, eves, trouble):
        if trouble and not self._warned:
            self._warned = True
            text = "%s: a training %s; the networks stay as they are"
            logging.getLogger(__name__).warning(text, self.name(), trouble)
        if eves:
            found = [classifier(eve.networks["classifier"]) for eve in eves]
            self.exchanged = self._said, found
            shares = [eve.recipe["held_out_accuracy"] for eve in eves]
            said = self._said | {"accuracy": float(np.mean(shares))}
            self.message_port_pub(PORT, pmt.to_pmt(said))
        if eves is not None:
            self._training.close()
            self._training = None
