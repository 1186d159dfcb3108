# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated stream of bursts: sent, disturbed, received and decided."""

import numpy as np

from advphy_model import kernels, randomness
from advphy_model.link import decision
from advphy_model.measure.link_chain import count_blocks
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.power import noise_sigma
from advphy_model.receive.canceller import shared_canceller

_AT_ONCE = 8  # bursts per step, so that their samples stay in the cache


class BurstStream:
    """The bursts of a BurstSetting from number first_frame on."""

    def __init__(self, setting, first_frame):
        self._setting, self._first = setting, first_frame
        model, canceller = setting.model, setting.canceller
        self._codewords = setting.frame.codewords
        self._encoder = decision.encoder(model)
        self._decider = decision.decider(model)
        self._sigma = noise_sigma(setting.ebn0_db, model.rate)
        starts = tuple(map(int, setting.frame.payload_at[:: model.n]))
        self._canceller = canceller and shared_canceller(model, canceller, starts)
        self._window = 1 if canceller is None else canceller.window
        self._next = first_frame
        self._modulator = Modulator(setting.frame, model, first_frame)
        self._synchronizer = Synchronizer(setting.frame, model, first_frame=first_frame)
        self._sample = first_frame * setting.frame.samples()  # index of the next noise
        self._channel = setting.impair(self._sample)
        self._jam = np.empty(0, np.complex64)
        self._jammed = first_frame  # number of the adversary's next burst
        self._waiting = [], []  # codewords and their indices until a window is full
        self._seen = np.zeros(0, bool)  # whether each counted burst was received
        self._counts = np.zeros(3, int)  # blocks, block errors, erasures

    def count(self, frames):
        """Send bursts; return bursts, missed bursts, blocks, errors, erasures."""
        self._seen = np.zeros(frames, bool)
        for at in range(0, frames, _AT_ONCE):
            self._send(min(_AT_ONCE, frames - at))
        self._fill_window()
        self._take(*self._synchronizer.flush())
        missed = frames - int(self._seen.sum())
        return frames, missed, *map(int, self._counts)

    def _fill_window(self):
        """Send more bursts until the canceller's last window is full."""
        size, window = self._codewords, self._window
        if window > 1:
            held = sum(map(len, self._waiting[1]))
            more = -(-(window - held % window) // size)
            # Twice as many, since the receiver delays one and may miss some.
            for _ in range(2 * (more + 1)):
                self._send(1)

    def _send(self, frames):
        model, size = self._setting.model, self._codewords
        k, n, seed = model.k, model.n, self._setting.seed
        sent = randomness.messages(seed, self._next * size, frames * size, k)
        x = np.empty((frames * size, n), np.complex64)
        self._encoder.look_up(sent, x)
        self._next += frames
        self._receive(self._impaired(self._modulator.modulate(x)))

    def _impaired(self, samples):
        return samples if self._channel is None else self._channel.process(samples)

    def _receive(self, samples):
        """Add adversary and noise to the victim's samples, and synchronize."""
        setting, scale = self._setting, self._modulator.scale
        y = np.ascontiguousarray(samples, np.complex64)
        if setting.attack is not None:
            y = y + np.float32(scale) * self._jamming(len(y))
        out = np.empty_like(y)
        sigma = self._sigma * scale
        kernels.add_gaussian(setting.seed, 2 * self._sample, sigma, y, out)
        self._sample += len(out)
        self._take(*self._synchronizer.push(out))

    def _jamming(self, count):
        """Return the adversary's next samples, by the receiver's clock."""
        size = self._setting.frame.samples()
        if len(self._jam) < count:
            frames = -(-(count - len(self._jam)) // size)
            more = self._setting.attack.samples(self._jammed, frames)
            self._jam = np.concatenate([self._jam, more])
            self._jammed += frames
        now, self._jam = self._jam[:count], self._jam[count:]
        return now

    def _take(self, y, frames):
        """Collect received bursts and decide all complete windows."""
        for found in frames:
            number = found.header.number - self._first
            if not 0 <= number < self._next - self._first:
                continue  # the CRC matched by chance
            if number < len(self._seen):
                self._seen[number] = True
            size = found.header.codewords
            index = np.arange(found.index, found.index + size)
            self._waiting[0].append(y[found.first_codeword :][:size])
            self._waiting[1].append(index)
        if not self._waiting[0]:
            return
        y, index = (np.concatenate(part) for part in self._waiting)
        whole = len(y) // self._window * self._window
        if self._canceller is not None:
            self._canceller.cancel(y[:whole])
        self._decide(y[:whole], index[:whole])
        self._waiting = [y[whole:]], [index[whole:]]

    def _decide(self, y, index):
        """Decide blocks with their indices and count those of counted bursts."""
        wanted = index < (self._first + len(self._seen)) * self._codewords
        if not wanted.any():
            return
        y, index = y[wanted], index[wanted]
        decided, erased = np.empty((2, len(y)), np.uint8)
        self._decider.decide(y, decided, erased)
        first, last = int(index.min()), int(index.max())
        seed, k = self._setting.seed, self._setting.model.k
        sent = randomness.messages(seed, first, last - first + 1, k)[index - first]
        self._counts += len(y), *count_blocks(decided, sent, erased)
