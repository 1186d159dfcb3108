# SPDX-License-Identifier: GPL-3.0-or-later
"""An Eve without the secret of keyed bursts: she finds them by their energy.

    .venv/bin/python examples/blind_eve.py --snr-db 10

Preamble, pilots and header of keyed bursts are noise to her. But she knows the layout:
bursts of her own, under another secret, have the same mean power at each instant, and
their best match gives her the timing. The phase of a burst comes from the mean of
its codewords, which images do not make zero. She is told the labels of three quarters
of the images and learns from what she received of them. The program prints the share of
labels that she reads of the others,

    timing known   a synchronizer that has the secret
    energy         from the power alone; all bursts have one carrier phase
    phase          the same, and each burst has a random phase
"""

import argparse
import secrets

import numpy as np
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.files import images
from advphy_model.link import eve_training
from advphy_model.link.eve_training import Intercepts
from advphy_model.link.semantic_link import SemanticLink
from advphy_model.measure import semantic_chain
from advphy_model.measure.semantic_chain import SemanticSetting
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.pulse import frame_bank, payload_symbols
from advphy_model.power import snr_noise_variance

LINKS = ("semantic_mnist", "paired_arn_white", "keyed_arn")
QUIET_DB = 60.0  # SNR at which Alice's codewords are recorded before they are sent


def bursts_of(link, data, frame):
    """Return keyed bursts of the images in order, complex64 [bursts, samples]."""
    key = None if link.keying == "none" else secrets.token_bytes(32)
    setting = SemanticSetting(link, data, QUIET_DB, QUIET_DB, secret=key)
    x = semantic_chain.record(setting, len(data) // frame.codewords * frame.codewords)
    modulator = Modulator(frame, link, amplitude=1.0, secret=secrets.token_bytes(32))
    return modulator.modulate(x).reshape(-1, frame.samples())


def mean_power(samples, frame):
    """Return the power at each instant of a burst's period, mean over all bursts."""
    y = np.convolve(samples, frame_bank(frame, 1)[0], "same")
    return np.mean(np.abs(y.reshape(-1, frame.samples())) ** 2, axis=0)


def found_by_energy(samples, frame, own):
    """Return the samples from the beginning of a burst on, as `own` bursts have it."""
    heard, known = (
        np.fft.fft(power - power.mean())
        for power in (mean_power(samples, frame), mean_power(own.ravel(), frame))
    )
    late = int(np.argmax(np.fft.ifft(heard * known.conj()).real))
    return np.roll(samples, -late)


def aligned(codewords):
    """Turn each burst so that its mean codeword is nearest to that of the others."""
    phases = np.zeros(len(codewords))
    means = codewords.mean(axis=1)
    for _ in range(10):
        together = np.mean(means * np.exp(-1j * phases)[:, None], axis=0)
        phases = np.angle(np.sum(means * together.conj(), axis=1))
    return codewords * np.exp(-1j * phases)[:, None, None]


def share(codewords, link, labels, seed):
    """Return the share of labels of the last quarter that a trained Eve reads."""
    y = np.ascontiguousarray(codewords.reshape(len(labels), -1), np.complex64)
    held = np.arange(len(y)) >= len(y) * 3 // 4
    eve = eve_training.train(Intercepts(y, link.reals, labels, held), seed=seed)
    return eve.recipe["held_out_accuracy"]


def shares(link, data, snr_db, seed):
    """Return the share that Eve reads, by what she knows."""
    frame = Frame.of_model(link, codewords=64)
    rng, bursts = np.random.default_rng(seed), bursts_of(link, data, frame)
    own, labels = bursts_of(link, data, frame), data.labeled()
    labels = labels[: len(bursts) * frame.codewords]
    turned = bursts * np.exp(2j * np.pi * rng.random((len(bursts), 1)))
    gain = np.sqrt(np.mean(np.abs(payload_symbols(bursts[0], frame)) ** 2))
    noise = gain**2 * snr_noise_variance(snr_db) / 2
    found = {}
    for name, sent in (("timing known", bursts), ("energy", bursts), ("phase", turned)):
        late = 0 if name == "timing known" else int(rng.integers(frame.samples()))
        samples = np.roll(sent.ravel(), late).astype(np.complex64)
        air = SampleChannel("awgn", seed=seed, noise_variance=noise)
        samples = air.process(samples)
        if name != "timing known":
            samples = found_by_energy(samples, frame, own)
        y = payload_symbols(samples.astype(np.complex64), frame) / gain
        y = y.reshape(len(bursts), frame.codewords, frame.n)
        found[name] = share(aligned(y) if name == "phase" else y, link, labels, seed)
    return found


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--images", default="mnist_train")
    parser.add_argument("--trainings", type=int, default=3)
    given = parser.parse_args()
    data = images.load(given.images)
    for name in LINKS:
        for seed in range(1, given.trainings + 1):
            found = shares(SemanticLink.load(name), data, given.snr_db, seed)
            print(name, seed, *(f"{key} {value:.3f}" for key, value in found.items()))


if __name__ == "__main__":
    main()
