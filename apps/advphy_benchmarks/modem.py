# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed of the modem in samples per second on one thread."""

import time

import numpy as np
from advphy_model import kernels
from advphy_model.link import links
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer

FRAMES = 400
_CALL = 32768  # samples


def rates(samples_per_symbol=4) -> dict:
    """Return samples per second of processor time as {sending, searching, locked}.

    Searching is the synchronizer in noise; locked is the synchronizer with equalizer in
    consecutive bursts at Es/N0 = 6 dB.
    """
    model = links.load("two_simplices")
    frame = Frame.of_model(model, samples_per_symbol=samples_per_symbol)
    sent = np.empty(FRAMES * frame.codewords, np.uint8)
    kernels.messages(1, 0, model.k, sent)
    modulator = Modulator(frame, model)
    begun = time.process_time()
    x = modulator.modulate(model.codebook[sent]) / np.float32(modulator.scale)
    sending = len(x) / (time.process_time() - begun)
    noise = np.empty_like(x)
    kernels.gaussian(2, 0, noise)
    found = {"sending": sending}
    for name, y in (("searching", noise), ("locked", x + np.float32(0.35) * noise)):
        synchronizer = Synchronizer(frame, model)
        begun = time.process_time()
        for at in range(0, len(y), _CALL):
            synchronizer.push(y[at : at + _CALL])
        found[name] = len(y) / (time.process_time() - begun)
        frames = synchronizer.counts["received"]
        if frames != (FRAMES if name == "locked" else 0):
            raise RuntimeError(f"{name}: {frames} of {FRAMES} bursts were received")
    return found
