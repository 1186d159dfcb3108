# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the golden recordings: frames with an offset, noise, and one of them lost."""

import datetime
import sys
from pathlib import Path

import numpy as np
from advphy_model.files import images
from advphy_model.files.recording_contents import Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link import decision
from advphy_model.link.any_link import load
from advphy_model.link.arn import AliceModule
from advphy_model.measure import radio_check
from advphy_model.measure.scoring import Scorer
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.network.packed_network import PackedNetwork
from advphy_model.randomness import messages

CODEWORDS = 8  # of a frame
FRAMES, LOST = 5, 2
SEED, NOISE_SEED = 1, 2
CFO = 0.0013  # cycles per sample
EBN0_DB, RATE = 9.0, 4 / 7  # the semantic code gets the same noise
SAMPLE_RATE, FREQUENCY = 1e6, 433.92e6
MADE = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
COMMAND = "PYTHONPATH=build/test_modules python3 tests/golden/make_recordings.py FOLDER"


def codewords_of(model):
    """Return what is sent, complex64 [FRAMES * CODEWORDS, n]."""
    count = FRAMES * CODEWORDS
    sent = np.empty((count, model.n), np.complex64)
    if not hasattr(model, "pixels"):
        found = messages(SEED, 0, count, model.k)
        decision.encoder(model).look_up(found, sent)
        return sent
    pixels = images.load("mnist_sample").as_reals()[:count]
    PackedNetwork(model.encoder, complex_output=True).run(pixels, sent)
    AliceModule(model).run(sent, 0, sent)
    return sent


def received(model, frame):
    """Return the samples of a recording, complex64."""
    modulator = Modulator(frame, model)
    samples = modulator.modulate(codewords_of(model), inserted=hasattr(model, "pixels"))
    kept = np.delete(samples.reshape(FRAMES, -1), LOST, axis=0).reshape(-1)
    turned = kept * np.exp(2j * np.pi * (CFO * np.arange(len(kept)) + 0.1))
    variance = radio_check.sample_noise_variance(modulator, EBN0_DB, RATE)
    return radio_check.noisy(turned.astype(np.complex64), NOISE_SEED, variance)


def make(name, folder):
    """Write the recording of a link's frames."""
    model = load(name)
    frame = Frame.of_model(model, codewords=CODEWORDS)
    samples = received(model, frame)
    data_set = "mnist_sample" if hasattr(model, "pixels") else None
    scorer = Scorer(model, frame, SEED, first_frame=0, images=data_set)
    scorer.push(samples)
    writer = RecordingWriter(
        Path(folder) / f"{name}.sigmf-meta",
        Origin.of(model, frame, SEED, first_block=0, images=data_set),
        SAMPLE_RATE,
        FREQUENCY,
        at=MADE,
        description=f"CFO {CFO} cycles a sample, Eb/N0 {EBN0_DB} dB, frame {LOST} "
        f"lost; made by: {COMMAND}",
    )
    writer.write(samples)
    writer.note_counts(scorer.counts)
    writer.close()
    print(name, scorer.counts)


if __name__ == "__main__":
    for link in ("autoencoder_mlp", "paired_arn_white"):
        make(link, sys.argv[1])
