# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorder: writes received samples to a SigMF recording for a later count."""

import numpy as np
from advphy_model.files.recording_contents import Attack, Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link.any_link import load
from advphy_model.modem.frame import Frame, require_frame

from ..block_errors import guarded_block


class recorder(guarded_block):
    """Write samples to a recording while they arrive.

    Input: samples, complex64

    The .sigmf-meta is complete when the flowgraph has stopped; after a crash it is
    marked as incomplete. After lock() and unlock(), or another start, it goes on in a
    new capture; also after lost samples, which gr-uhd marks by a tag "rx_time".

    Args:
        file: path of the .sigmf-meta; an existing recording is not overwritten.
        model: link model or semantic link, or its name or file.
        frame: the sender's advphy.Frame.of_model(...), or None: Frame.of_model(model).
        sample_rate: sample rate in samples/s.
        frequency: carrier frequency in Hz, or None: not known.
        seed: seed of the message source.
        first_block: index of the first block sent, the first of a burst, or None: not
            known.
        images: name of the data set of a semantic link's image source, or None.
        description: sentence that describes the recording.
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
        require_frame(frame, model)
        origin = Origin.of(model, frame, seed, first_block=first_block, images=images)
        self._writer = RecordingWriter(
            file, origin, sample_rate, frequency, description
        )
        self._ended = False

    def note_attack(self, what, psr_db=None, first_sample=None, samples=None):
        """Add an annotation of an adversary's signal, by default from now on."""
        if first_sample is None:
            first_sample = self._writer.samples
        self._writer.note_attack(Attack(what, psr_db, first_sample, samples))

    def note_counts(self, counts):
        """Add the counts of the live measurement, a dictionary of numbers."""
        self._writer.note_counts(counts)

    def samples(self):
        """Return the number of samples that were written."""
        return self._writer.samples

    def start(self):
        if self._ended:
            self._writer.begin_capture()
            self._ended = False
        return True

    def stop(self):
        self._ended = True
        self._writer.close()
        return True

    def work(self, input_items, output_items):
        samples, begin = input_items[0], 0
        if self._ended:
            return len(samples)
        for at, _, _ in self.tags_of(len(samples), "rx_time"):
            self._writer.write(samples[begin:at])
            self._writer.begin_capture()
            begin = at
        self._writer.write(samples[begin:])
        return len(samples)
