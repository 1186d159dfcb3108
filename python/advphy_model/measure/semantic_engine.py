# SPDX-License-Identifier: GPL-3.0-or-later
"""A semantic link without GNU Radio: one transmitter, Bob's branch and Eve's."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from advphy_model import kernels
from advphy_model.air.channels import channel
from advphy_model.link.arn import AliceModule, BobModule
from advphy_model.measure.semantic_counts import added
from advphy_model.measure.semantic_setting import EVE_SEED, Setting
from advphy_model.network.packed_network import PackedNetwork, classifier
from advphy_model.power import energy, snr_noise_variance
from advphy_model.randomness import checked_index

_TILE = 512  # frames at once: what a tile needs stays in a core's cache
_RANGE = 32 * _TILE  # frames that a thread takes at once


class _Worker:
    """One thread's buffers, and the chain on one tile after another."""

    def __init__(self, setting, pixels, labels):
        link = setting.link
        self._setting, self._pixels, self._labels = setting, pixels, labels
        self._encoder = PackedNetwork(link.encoder, complex_output=True)
        self._decoder = PackedNetwork(link.decoder, complex_input=True)
        inserted = setting.pair != "none"
        secret, bobs = setting.secret, setting.bob_secret or setting.secret
        self._alice = AliceModule(link, secret) if inserted else None
        self._bob = BobModule(link, bobs) if inserted else None
        self._classifier = (
            classifier(setting.eve.networks["classifier"]) if setting.eve else None
        )
        self._apply = channel(setting.kind)
        n = link.n
        self._x, self._sent, self._y, self._clean = (
            np.empty((_TILE, n), np.complex64) for _ in range(4)
        )
        self._decoded = np.empty((_TILE, link.pixels), np.float32)
        self._errors = np.empty(_TILE)
        self._read, self._erased = (np.empty(_TILE, np.uint8) for _ in range(2))

    def rows(self, first, frames):
        """Return {branch: row} of a range of frames."""
        rows = {}
        for at in range(first, first + frames, _TILE):
            size = min(_TILE, first + frames - at)
            for branch, row in self._tile(at, size).items():
                rows[branch] = added(rows[branch], row) if branch in rows else row
        return rows

    def _tile(self, first, size):
        which = np.arange(first, first + size) % len(self._pixels)
        pixels = self._pixels[which]
        x, sent = self._send(pixels, first)
        energies = {
            "signal_energy": energy(x),
            "perturbation_energy": energy(sent - x),
            "transmit_energy": energy(sent),
        }
        found = {}
        for branch in self._setting.measured:
            if branch == "eve":
                sums = self._eve(sent, first, self._labels[which])
            else:
                sums = self._bob_sums(sent, first, pixels, branch)
            found[branch] = self._setting.row(
                branch, "loop", first, frames=size, **energies, **sums
            )
        return found

    def _send(self, pixels, first):
        """Return (codes, what Alice sends) of images."""
        x, sent = self._x[: len(pixels)], self._sent[: len(pixels)]
        self._encoder.run(pixels, x)
        if self._alice is not None:
            self._alice.run(x, first, sent)
        else:
            sent[:] = x
        return x, sent

    def record(self, first, out):
        """Write what Eve receives of the frames from first on to out."""
        for at in range(0, len(out), _TILE):
            part = out[at : at + _TILE]
            which = np.arange(first + at, first + at + len(part)) % len(self._pixels)
            _, sent = self._send(self._pixels[which], first + at)
            part[:] = self._receive(
                sent,
                first + at,
                self._setting.seed + EVE_SEED,
                self._setting.eve_snr_db,
            )

    def _receive(self, sent, first, seed, snr_db):
        y = self._y[: len(sent)]
        variance = snr_noise_variance(snr_db)
        self._apply(sent, y, seed=seed, first_block=first, noise_variance=variance)
        return y

    def _bob_sums(self, sent, first, pixels, branch):
        setting, size = self._setting, len(sent)
        y = self._receive(sent, first, setting.seed, setting.snr_db)
        if branch == "bob" and self._bob is not None:
            clean = self._clean[:size]
            self._bob.run(y, first, clean)
            y = clean
        decoded, errors = self._decoded[:size], self._errors[:size]
        self._decoder.run(y, decoded)
        kernels.squared_error(decoded, pixels, errors)
        good = np.isfinite(errors)
        return {
            "erasures": int(size - good.sum()),
            "squared_error": float(errors[good].sum()),
            "squared_error_squares": float((errors[good] ** 2).sum()),
        }

    def _eve(self, sent, first, labels):
        setting, size = self._setting, len(sent)
        y = self._receive(sent, first, setting.seed + EVE_SEED, setting.eve_snr_db)
        read, erased = self._read[:size], self._erased[:size]
        erasures = self._classifier.decide(y, read, erased)
        right = (read == labels) & (erased == 0)
        return {"erasures": erasures, "correct": int(np.count_nonzero(right))}


def run(setting: Setting, frames: int, first_frame: int = 0, threads=None):
    """Yield {branch: SemanticCounts} of ranges in order until the frames are done.

    Args:
        setting: Setting.
        frames: how many.
        first_frame: index of the first.
        threads: how many, or None: one for each core.
    """
    _check_range(first_frame, frames)
    threads = threads or len(os.sched_getaffinity(0))
    pixels = setting.images.as_reals()
    labels = setting.images.labels
    own = threading.local()

    def count(begin, end):
        if not hasattr(own, "worker"):
            own.worker = _Worker(setting, pixels, labels)
        return own.worker.rows(begin, end - begin)

    last = first_frame + frames
    with ThreadPoolExecutor(threads) as pool:
        ranges = [
            pool.submit(count, begin, min(begin + _RANGE, last))
            for begin in range(first_frame, last, _RANGE)
        ]
        try:
            for future in ranges:
                yield future.result()
        finally:
            for future in ranges:
                future.cancel()


def _check_range(first_frame, frames):
    checked_index("frames", frames)
    checked_index("first_frame", first_frame)
    checked_index("first_frame + frames", first_frame + frames)


def record(setting: Setting, frames: int, first_frame: int = 0) -> np.ndarray:
    """Return what Eve receives, complex64 [frames, n]: her recording."""
    _check_range(first_frame, frames)
    out = np.empty((frames, setting.link.n), np.complex64)
    pixels, labels = setting.images.as_reals(), setting.images.labels
    _Worker(setting, pixels, labels).record(first_frame, out)
    return out


def signal_energy(setting: Setting, frames: int, first_frame: int = 0) -> float:
    """Return the sum of ||x||^2 over the codes of frames, before Alice's module."""
    pixels, encoder = setting.images.as_reals(), setting.link.encoder
    x, total_energy = np.empty((_TILE, setting.link.n), np.complex64), 0.0
    network = PackedNetwork(encoder, complex_output=True)
    for at in range(first_frame, first_frame + frames, _TILE):
        size = min(_TILE, first_frame + frames - at)
        network.run(pixels[np.arange(at, at + size) % len(pixels)], x[:size])
        total_energy += energy(x[:size])
    return total_energy


def total(setting: Setting, frames: int, first_frame: int = 0, threads=None) -> dict:
    """Return {branch: SemanticCounts} of all the frames."""
    rows = {}
    for more in run(setting, frames, first_frame, threads):
        for branch, row in more.items():
            rows[branch] = added(rows[branch], row) if branch in rows else row
    return rows
