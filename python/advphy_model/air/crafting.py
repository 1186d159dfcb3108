# SPDX-License-Identifier: GPL-3.0-or-later
"""Universal perturbations from decisions alone, crafted next to a stream.

The noise is Gaussian, so the gradient of the block error rate of p follows from the
noise of the blocks that a decoder gets wrong, whatever the decoder is (C. Stein, 1981):

    grad E[error(c + noise + p)] = E[error(c + noise + p) noise] / sigma^2

Each step moves p to the point of its sphere in that direction (the generalized power
method, M. Journee et al., 2010).
"""

import atexit
import contextlib
import threading

import numpy as np

from advphy_model.air.perturbation import Perturbation, checked_psr_db
from advphy_model.complex_baseband import to_complex, to_reals
from advphy_model.link.decision import decider
from advphy_model.power import noise_sigma, perturbation_norm

CRAFTED = "crafted"  # the name by which blocks ask for it
BLOCKS = 65536  # in a step, the same for all
RESTARTS, STEPS = 16, 25
_PATIENCE = 5.0  # seconds for a step, at the end of the program
_FEW = 64  # wrong blocks; with fewer the noise is made stronger
_FIRST, _CHANGE = 1.5, 1.1  # of its standard deviation at each start, and in a step


def craft(model, psr_db, ebn0_db, seed=1, after=lambda share: None) -> Perturbation:
    """Return the best universal perturbation against a link model of RESTARTS starts.

    Args:
        model: LinkModel.
        psr_db: PSR at the receiver in dB, -100..60.
        ebn0_db: Eb/N0 in dB for which it is crafted, -100..100.
        seed: seed of starts and noise; the same gives the same perturbation.
        after: function that is called after each step with the share of the work that
            is done, 0..1; an error that it raises ends the crafting.
    """
    size = perturbation_norm(checked_psr_db(psr_db), model.n)
    rng = np.random.default_rng(seed)
    sent = (np.arange(BLOCKS) % len(model.codebook)).astype(np.uint8)
    x, decide = to_reals(model.codebook)[sent], decider(model).decide
    sigma = np.float32(noise_sigma(ebn0_db, model.k / model.n))
    noise = sigma * rng.standard_normal((BLOCKS // 2, x.shape[1]), np.float32)
    noise = np.concatenate([noise, -noise])  # so its mean is 0, and less is by chance
    decided, erased = np.empty_like(sent), np.empty_like(sent)

    def wrong(p, stronger):
        decide(to_complex(x + np.float32(stronger) * noise + p), decided, erased)
        return (decided != sent) | (erased == 1)

    def of_norm(vector):
        return (vector * (size / np.linalg.norm(vector))).astype(np.float32)

    best, most = None, -1
    for restart in range(RESTARTS):
        p, stronger = of_norm(rng.standard_normal(x.shape[1])), _FIRST
        for step in range(STEPS):
            failed = wrong(p, stronger)
            enough = np.count_nonzero(failed) >= _FEW
            if enough:
                p = of_norm(noise[failed].mean(axis=0))
            stronger = max(1.0, stronger / _CHANGE if enough else stronger * _CHANGE)
            after((restart * STEPS + step + 1) / (RESTARTS * STEPS))
        if (errors := np.count_nonzero(wrong(p, 1.0))) > most:
            best, most = p, errors
    of = CRAFTED, "universal", model.k, model.n, to_complex(best)[None]
    recipe = {"psr_db": psr_db, "seed": seed, "bler": most / BLOCKS}
    about = {"victims": {model.name: model.sha256}, "recipe": recipe}
    about["knowledge"] = {"weights": "decisions only", "message": "unknown"}
    return Perturbation(*of, ebn0_db=float(ebn0_db), **about)


class Crafting(threading.Thread):
    """A thread that calls found(itself, p) with what craft(*arguments) returns.

    `share` is the share of the work that is done; `cancelled` may be set to True, which
    the end of the program does.
    """

    def __init__(self, found, *arguments):
        super().__init__(daemon=True)
        self.share, self.cancelled = 0.0, False
        self._found, self._arguments = found, arguments

    def run(self):
        """Craft, and hand over what was found unless it is cancelled before."""
        atexit.register(self._end)  # a kernel that returns after Python's end aborts
        with contextlib.suppress(InterruptedError):
            self._found(self, craft(*self._arguments, self._after))
        atexit.unregister(self._end)

    def _end(self):
        self.cancelled = True
        self.join(_PATIENCE)

    def _after(self, share):
        self.share = share
        if self.cancelled:
            raise InterruptedError
