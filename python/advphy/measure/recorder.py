# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorder: received samples, kept as a SigMF recording that can be counted again."""

import numpy as np
from advphy_model.files.recording_contents import Attack, Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link.any_link import load
from advphy_model.modem.frame import Frame

from ..block_errors import guarded_block


class recorder(guarded_block):
    """Write samples to a recording while they arrive.

    Input: samples, complex64

    The .sigmf-meta is complete when the flowgraph has stopped; after a crash it says
    that it is not. A flowgraph that is started again records nothing more.

    Args:
        file: path of the .sigmf-meta; an existing recording is not overwritten.
        model: link model or semantic link, or the name or file of one.
        frame: advphy.Frame.of_model(...), the sender's, or None: Frame.of_model(model).
        sample_rate: in samples/s.
        frequency: of the carrier in Hz, or None: not known.
        seed: of the message source.
        first_block: index of the first block sent, the first of a frame, or None: not
            known.
        images: name of the data set of a semantic link's image source, or None.
        description: a sentence for who finds the recording.
    """

    def __init__(
        self,
        file,
        model,
        frame=None,
        sample_rate=1e6,
        frequency=None,
        seed=1,
        first_block=None,
        images=None,
        description="",
    ):
        guarded_block.__init__(self, "recorder", [np.complex64], None)
        model = load(model)
        frame = Frame.of_model(model) if frame is None else frame
        origin = Origin.of(model, frame, seed, first_block=first_block, images=images)
        self._writer = RecordingWriter(
            file, origin, sample_rate, frequency, description
        )
        self._ended = False

    def note_attack(self, what, psr_db=None, first_sample=None, samples=None):
        """Say in the recording what an adversary sends, from now on by default."""
        if first_sample is None:
            first_sample = self._writer.samples
        self._writer.note_attack(Attack(what, psr_db, first_sample, samples))

    def note_counts(self, counts):
        """Say in the recording what was counted live: a dictionary of numbers."""
        self._writer.note_counts(counts)

    def samples(self):
        """Return how many samples were written."""
        return self._writer.samples

    def stop(self):
        self._ended = True
        self._writer.close()
        return True

    def work(self, input_items, output_items):
        if not self._ended:
            self._writer.write(input_items[0])
        return len(input_items[0])
