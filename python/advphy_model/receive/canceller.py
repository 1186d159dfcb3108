# SPDX-License-Identifier: GPL-3.0-or-later
"""Blind estimate-and-cancel: find what an adversary adds, and take it off again."""

import cmath
import dataclasses
import functools
import math
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.receive import detection

ADVERSARIES = ("free", "signs", "shifts", "phases", "any")
PHASES = 16  # rotations that stand for a random phase; 8 lose at PSR +6 dB
LONGEST_WINDOW = 65536  # blocks
CHANGE = 1e-6  # probability of taking noise for a change of the adversary


@dataclass(frozen=True)
class CancellerSettings:
    """How to estimate and cancel.

    Args:
        components: K, how many vectors a "free" adversary adds, one of them in each
            block; 1: always the same p. The others' number follows from the adversary.
        window: blocks that are estimated from and corrected together: a power of two,
            at most 65536.
        sample: blocks of the window, evenly spread, that the estimate is made from: a
            power of two, at least 16. Noise in the estimate costs
            10 log10(1 + K / sample) dB with free components, else 1 for K.
        iterations: of expectation-maximization.
        forgetting: how much the estimate of the window before counts, 0..<1; 0: every
            window stands alone. For the block only.
        false_alarm: how often a window without a perturbation is taken for one with.
        adversary: what it may do beside adding the same p always: "free": nothing, or
            choose among K > 1 vectors; "signs": flip p's sign; "shifts": shift p
            cyclically; "phases": turn it by any phase; "any": one of the last three.
            The likeliest wins.

    Raises:
        ValueError: naming the setting, what was got and what was wanted.
    """

    components: int = 1
    window: int = 4096
    sample: int = 256
    iterations: int = 5
    forgetting: float = 0.0
    false_alarm: float = 1e-3
    adversary: str = "free"

    def __post_init__(self):
        if self.adversary not in ADVERSARIES:
            raise ValueError(
                f"adversary '{self.adversary}' is not known; choose from "
                f"{', '.join(ADVERSARIES)}"
            )
        if not isinstance(self.components, int) or not 1 <= self.components <= 32:
            raise ValueError(f"components must be 1..32, got {self.components}")
        if self.components > 1 and self.adversary != "free":
            raise ValueError(
                f"components = {self.components} with adversary '{self.adversary}', "
                "whose number follows from it; give 1, or adversary 'free'"
            )
        for name, least, most in (
            ("window", 16, LONGEST_WINDOW),
            ("sample", 16, self.window),
        ):
            value = getattr(self, name)
            whole = isinstance(value, int) and value.bit_count() == 1
            if not whole or not least <= value <= most:
                raise ValueError(
                    f"{name} must be a power of two of {least}..{most}, got {value} "
                    "blocks"
                )
        if not isinstance(self.iterations, int) or not 1 <= self.iterations <= 100:
            raise ValueError(f"iterations must be 1..100, got {self.iterations}")
        for name, least in (("forgetting", 0), ("false_alarm", 1e-12)):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not least <= value < 1:
                raise ValueError(f"{name} must be {least:g} <= it < 1, got {value}")

    @property
    def label(self) -> str:
        """Return a short text with the settings other than the default."""
        words = ["canceller"]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                words.append(f"{field.name} {value}")
        return ", ".join(words)


@dataclass(frozen=True, eq=False)
class Estimate:
    """What was found in one window.

    Args:
        adversary: what it was taken for: "static", or which of ADVERSARIES.
        p: complex64 [K, n], the components.
        weights: how often each of them arrives, [K].
        noise_variance: per real dimension.
        statistic: twice the logarithm of the likelihood ratio to no perturbation, less
            a penalty for free components beyond the first.
        detected: whether the statistic exceeds the threshold. If not, nothing was
            subtracted.
    """

    adversary: str
    p: np.ndarray
    weights: list
    noise_variance: float
    statistic: float
    detected: bool

    @property
    def psr_db(self) -> float:
        """Return the estimated PSR in dB."""
        power = np.abs(self.p.astype(complex)) ** 2
        psr = float(np.average(power.mean(axis=1), weights=self.weights))
        return 10 * math.log10(psr) if psr > 0 else -math.inf


class Canceller:
    """Find and subtract a perturbation, window after window, knowing the codebook.

    y = x_s + p_z + noise: message s is uniform over the codebook, component z of K and
    the noise variance are unknown. p is fitted by expectation-maximization
    (lib/air/mixture.h), from several starts if K > 1; the generalized likelihood ratio
    says whether there is a perturbation at all.

    Args:
        model: link model; only its codebook is used.
        settings: CancellerSettings.
    """

    def __init__(self, model, settings=None):
        self.settings = settings = settings or CancellerSettings()
        self.n = model.n
        families, sample = _families(settings, model.n), settings.sample
        self._names, tried = list(families), list(families.values())
        self._kernel = kernels.canceller(
            model.codebook, tried, sample, settings.iterations
        )
        self.threshold = detection.chi_squared_quantile(
            2 * model.n, 1 - settings.false_alarm
        )
        if len(families) > 1:  # whose likeliest exceeds that of one p
            simulated = detection.simulated_threshold(
                model, self._statistic, sample, settings.false_alarm
            )
            self.threshold = max(self.threshold, simulated)
        self._change = detection.chi_squared_quantile(
            2 * model.n * settings.components, 1 - CHANGE
        )
        self._past = None

    def _statistic(self, y):
        return self._kernel.find(y).statistic

    def forget(self) -> None:
        """Let the next window stand alone."""
        self._past = None

    def cancel(self, y) -> list:
        """Subtract, in place, what is found in each window; return the Estimates.

        Args:
            y: received vectors, complex64 [a multiple of the window, n].
        """
        window = self.settings.window
        if len(y) % window:
            raise ValueError(f"{len(y)} blocks, expected a multiple of {window}")
        parts = (y[at : at + window] for at in range(0, len(y), window))
        return [self._cancel_window(part) for part in parts]

    def _cancel_window(self, y):
        if self.settings.forgetting:
            memory = self._past, self.settings.forgetting, self._change
            self._past = found = self._kernel.find(y, *memory)
        else:
            found = self._kernel.find(y)
        detected = found.statistic > self.threshold
        if detected:
            self._kernel.subtract(found, y)
        adversary, p = self._names[found.family], (found.p, found.weights)
        return Estimate(adversary, *p, found.noise_variance, found.statistic, detected)


@functools.lru_cache(maxsize=64)
def shared_canceller(model, settings) -> Canceller:
    """Return a Canceller without memory; some thresholds take a second to find."""
    return Canceller(model, settings)


def _families(settings, n):
    """Return {name: (components, [(shift, factor) of each, or nothing], penalty)}."""
    turns = [(0, cmath.exp(2j * math.pi * i / PHASES)) for i in range(PHASES)]
    families = {"static": (1, [], 0.0)}
    tied = {
        "signs": (2, [(0, 1.0), (0, -1.0)], 0.0),
        "shifts": (n, [(i, 1.0) for i in range(n)], 0.0),
        "phases": (PHASES, turns, 0.0),
    }
    if settings.adversary == "any":
        return families | tied
    if settings.adversary != "free":
        return families | {settings.adversary: tied[settings.adversary]}
    if settings.components > 1:
        more = (settings.components - 1) * (2 * n + 1)  # parameters
        penalty = more / 2 * math.log(settings.sample)  # Schwarz (1978)
        families["free"] = (settings.components, [], penalty)
    return families
