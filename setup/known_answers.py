#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the recordings of `advphy radio check` in a folder, given as the argument.

Each has 1024 blocks in 8 bursts, as signed bytes. Needs PYTHONPATH=build/test_modules.
They are not made again unless the version of the burst layout changes.
"""

import datetime
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from advphy_model.air.perturbation import Perturbation
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.files import recording_reader
from advphy_model.files.recording_contents import Attack, Origin
from advphy_model.files.recording_writer import RecordingWriter
from advphy_model.link import decision
from advphy_model.link.any_link import load
from advphy_model.measure import radio_check, scoring
from advphy_model.modem.burst_adversary import BurstAdversary
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.randomness import messages

BURSTS = 8
SAMPLE_RATE, FREQUENCY = 1e6, 433.92e6
MADE = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)
COMMAND = "python3 setup/known_answers.py FOLDER"
LARGEST = 126  # of a signed byte, for the largest sample
# Link, Eb/N0 in dB, channel of the samples, perturbation and PSR in dB, first burst,
# seed of the messages, and number of a burst that is lost or None.
RECORDINGS = {
    "noise": ("two_simplices", 2.5, "awgn", None, None, 0, 1, None),
    "offset_clock_echo": (
        *("autoencoder_mlp", 3.5),
        "two_rays(delay=4,gain_db=-10,phase_deg=60)+cfo(frequency=0.003)"
        "+clock_offset(ppm=25)",
        *(None, None, 70000, 31415926535, 70003),
    ),
    "attacked": ("gan_mlp", 6.0, "awgn", "universal_pgd_gan_mlp", -6.0, 40, 3, None),
}


def received(name):
    """Return (link, Frame, samples as complex64) of a recording."""
    link, ebn0_db, channel, attack, psr_db, first, seed, lost = RECORDINGS[name]
    model = load(link)
    frame = Frame.of_model(model)
    bursts = BURSTS + (lost is not None)
    modulator = Modulator(frame, model, first, seed=seed)
    blocks = bursts * frame.codewords
    sent = np.empty((blocks, model.n), np.complex64)
    first_block = first * frame.codewords
    decision.encoder(model).look_up(messages(seed, first_block, blocks, model.k), sent)
    x = modulator.modulate(sent)
    if attack is not None:
        adversary = BurstAdversary(Perturbation.load(attack), frame, psr_db)
        x = x + np.float32(modulator.scale) * adversary.samples(first, bursts)
    if lost is not None:
        x.reshape(bursts, -1)[lost - first] = 0
    ends = np.zeros(200, np.complex64)
    air = SampleChannel(channel, seed=11)
    y = air.process(np.concatenate([ends, x, ends]))
    variance = radio_check.sample_noise_variance(modulator, ebn0_db, model.rate)
    return model, frame, radio_check.noisy(y, 12, variance)


def make(name, folder):
    """Write a recording and the counts of this receiver; return these."""
    model, frame, samples = received(name)
    link, ebn0_db, channel, attack, psr_db, first, seed, lost = RECORDINGS[name]
    what = f"{link}, Eb/N0 {ebn0_db} dB, {channel}"
    what += "" if lost is None else f", burst {lost} is not there"
    meta = Path(folder) / f"{name}.sigmf-meta"
    origin = Origin.of(model, frame, seed, first_block=first * frame.codewords)
    more = {"description": f"{what}; made by: {COMMAND}", "at": MADE}
    writer = RecordingWriter(meta, origin, SAMPLE_RATE, FREQUENCY, **more)
    if attack is not None:
        writer.note_attack(Attack(attack, psr_db))
    writer.write(samples)
    writer.close()
    reals = samples.view(np.float32)
    stored = np.round(reals * (LARGEST / np.abs(reals).max())).astype(np.int8)
    meta.with_suffix(".sigmf-data").write_bytes(stored.tobytes())
    content = json.loads(meta.read_text())
    content["global"]["core:datatype"] = "ci8"
    content["global"]["core:sha512"] = hashlib.sha512(stored.tobytes()).hexdigest()
    meta.write_text(json.dumps(content, indent=4) + "\n")
    at = {"seed": seed, "first_frame": first}
    counts = scoring.score(recording_reader.read(meta), model, frame, **at).counts
    content["global"]["advphy:counts"] = counts
    meta.write_text(json.dumps(content, indent=4) + "\n")
    return counts


if __name__ == "__main__":
    for each in RECORDINGS:
        print(each, make(each, sys.argv[1]))
