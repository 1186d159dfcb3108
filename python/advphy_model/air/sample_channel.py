# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel for a stream of samples without blocks, for simulation of the modem."""

import math

import numpy as np

from advphy_model import kernels
from advphy_model.air.channels import canonical, impairments
from advphy_model.checked_values import checked_number
from advphy_model.power import snr_noise_variance
from advphy_model.randomness import checked_index, checked_seed


class SampleChannel:
    """Impair a stream of samples and then add noise.

    The output does not depend on how the stream is cut into calls. A clock offset
    changes the number of samples. Each clock or timing offset holds back the last 16
    samples (interpolation.py), so append 16 zeros for each.

    Args:
        kind: label of a channel (air/channels); its times are in samples.
        seed: seed of noise and impairments.
        snr_db: signal power over noise power in dB, for samples of mean power 1.
        noise_variance: noise variance per real dimension, instead; both None: no noise.
        first_sample: index of the first sample.

    Raises ValueError if an argument is not known or out of range.
    """

    def __init__(
        self, kind, *, seed=1, snr_db=None, noise_variance=None, first_sample=0
    ):
        self.kind = canonical(kind)
        self._seed = checked_seed(seed)
        first = checked_index("first_sample", first_sample)
        self._stages = [_stage(part, seed, first) for part in impairments(kind)]
        self._index = first
        if snr_db is None:
            self.set_noise_variance(noise_variance or 0.0)
        elif noise_variance is None:
            self.set_snr_db(snr_db)
        else:
            raise ValueError(
                f"snr_db = {snr_db} and noise_variance = {noise_variance}; give one"
            )

    def set_snr_db(self, snr_db):
        """Set the SNR in dB, for samples of mean power 1, from the next sample on."""
        # A sample has two real dimensions.
        self.set_noise_variance(snr_noise_variance(snr_db) / 2)

    def set_noise_variance(self, noise_variance):
        """Set the noise variance per real dimension, from the next sample on."""
        variance = checked_number("noise_variance", noise_variance, 0, 1e300)
        self._sigma = math.sqrt(variance)

    def process(self, samples) -> np.ndarray:
        """Return all samples that are complete after these, complex64 [count]."""
        y = np.ascontiguousarray(samples, np.complex64)
        if y.ndim != 1:
            raise ValueError(f"samples have shape {y.shape}, expected one dimension")
        for stage in self._stages:
            if len(y):
                y = stage.process(y)
        out = np.array(y, np.complex64)
        if self._sigma:
            kernels.add_gaussian(self._seed, 2 * self._index, self._sigma, out, out)
        self._index += len(out)
        return out


class _Memoryless:
    """A stream through an impairment without memory."""

    def __init__(self, part, seed, first_sample):
        self._part, self._seed, self._index = part, seed, first_sample

    def process(self, x):
        y = self._part.impair(x[None], seed=self._seed, first_sample=self._index)
        self._index += len(x)
        return y[0]


def _stage(part, seed, first_sample):
    if hasattr(part.settings, "require_samples"):
        part.settings.require_samples()
    if hasattr(part.module, "Stream"):
        return part.module.Stream(
            part.settings, seed=seed, stream=part.stream, first_sample=first_sample
        )
    return _Memoryless(part, seed, first_sample)
