# SPDX-License-Identifier: GPL-3.0-or-later
"""Blind canceller: estimation and subtraction of the adversary's perturbation."""

import cmath
import dataclasses
import functools
import math

import numpy as np

from advphy_model import kernels
from advphy_model.checked_values import checked_whole, is_number, is_whole
from advphy_model.found_by_name import require_known
from advphy_model.receive import detection, spectrum

ADVERSARIES = ("free", "signs", "shifts", "phases", "periodic", "any")
PHASES = 16  # rotations that approximate a random phase; 8 are worse at PSR +6 dB
LONGEST_WINDOW = 65536  # blocks
CHANGE = 1e-6  # probability of mistaking noise for a change of the adversary


@dataclasses.dataclass(frozen=True)
class CancellerSettings:
    """Settings of the canceller.

    Args:
        components: K vectors of a "free" adversary, who adds one to each block; else 1.
        window: blocks that are corrected together, a power of two in 16..65536.
        sample: blocks of the window for the estimate, a power of two, at least 16. They
            are drawn by the received noise, so that nobody knows them in advance. Noise
            in the estimate costs 10 log10(1 + K / sample) dB.
        iterations: iterations of expectation-maximization, 1..100.
        forgetting: weight of the previous window's estimate, at least 0 and below 1.
        false_alarm: probability of a detection in a window without a perturbation.
        adversary: how p may vary from block to block, apart from a constant p. "free":
            not at all, or one of K > 1 vectors; "signs": p with either sign; "shifts":
            p shifted cyclically; "phases": p with any phase; "periodic": p turns,
            alternates or comes and goes by a schedule; "any": the likeliest of these.

    Raises ValueError if a setting is not known or out of range.
    """

    components: int = 1
    window: int = 4096
    sample: int = 256
    iterations: int = 5
    forgetting: float = 0.0
    false_alarm: float = 1e-3
    adversary: str = "free"

    def __post_init__(self):
        require_known("adversary", self.adversary, ADVERSARIES)
        for name, most in (("components", 64), ("iterations", 100)):
            whole = checked_whole(name, getattr(self, name), 1, most)
            object.__setattr__(self, name, whole)
        if self.components > 1 and self.adversary != "free":
            raise ValueError(
                f"components must be 1 with adversary '{self.adversary}', got "
                f"{self.components}; for more, give adversary 'free'"
            )
        for name, most in (("window", LONGEST_WINDOW), ("sample", self.window)):
            value = getattr(self, name)
            if not is_whole(value, 16, most) or int(value).bit_count() != 1:
                raise ValueError(
                    f"{name} must be a power of two in 16..{most} blocks, got {value!r}"
                )
            object.__setattr__(self, name, int(value))
        for name, least in (("forgetting", 0), ("false_alarm", 1e-12)):
            value = getattr(self, name)
            if not is_number(value) or not least <= value < 1:
                raise ValueError(f"{name} must be {least:g} to below 1, got {value!r}")
            object.__setattr__(self, name, float(value))

    @property
    def label(self) -> str:
        """Return a short text with the settings other than the default."""
        words = ["canceller", "drawn sample"]  # that of 0.5 took every 16th block
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                words.append(f"{field.name} {value}")
        return ", ".join(words)


@dataclasses.dataclass(frozen=True, eq=False)
class Estimate:
    """Result of the estimation in one window."""

    adversary: str  # the most likely kind: "static", or one of ADVERSARIES
    # Components, complex64 [K, n]; "periodic": amplitudes of lines that add up.
    p: np.ndarray
    weights: list  # relative frequency of each component, [K]; 1 for each line
    noise_variance: float  # noise variance per real dimension
    # Twice the log-likelihood ratio to no perturbation, minus a penalty.
    statistic: float
    gain: float  # the same ratio on as many other blocks; 0 if the sample is the window
    # Whether the statistic exceeds the threshold, the gain is positive, and the mean of
    # the window (for a static p) or the other kinds of adversaries do not speak against
    # it. If not, nothing was subtracted.
    detected: bool

    @property
    def psr_db(self) -> float:
        """Return the estimated PSR in dB."""
        power = np.abs(self.p.astype(complex)) ** 2
        total = 1.0 if self.adversary == "periodic" else sum(self.weights)
        psr = float(power.mean(axis=1) @ np.asarray(self.weights)) / total
        return 10 * math.log10(psr) if psr > 0 else -math.inf


class Canceller:
    """Canceller that finds and subtracts a perturbation in each window of blocks.

    The model is y = x_s + p_z + noise (lib/air/mixture.h) with uniform messages s, and
    unknown component z of K and noise variance. It is fitted by expectation-
    maximization, with several starts if K > 1. The generalized likelihood ratio decides
    whether p is present. The fit must also explain blocks that it has not seen, and
    better than adversaries of other kinds: a perturbation of a wrong kind does harm.

    Args:
        model: link model, of which only the codebook is used.
        settings: CancellerSettings; None: the defaults.
        starts: symbol at which each codeword of a full burst begins, if the windows
            hold bursts: then "periodic" and "any" also try a p that turns, with its
            own frequency and phase in each burst, if a window is a multiple of full
            bursts. None: they do not.
    """

    def __init__(self, model, settings=None, starts=None):
        self.settings = settings = settings or CancellerSettings()
        self.n = model.n
        families, sample = _families(settings, model.n), settings.sample
        self._names = list(families)
        self._kernel = self._kernel_for(model, families)
        others = {k: v for k, v in _tied(model.n).items() if k not in families}
        self._others = self._kernel_for(model, others) if others else None
        quantile, alarm = detection.chi_squared_quantile, settings.false_alarm
        self.threshold = quantile(2 * model.n, 1 - alarm)
        if len(families) > 1:  # the maximum over families exceeds that of one family
            simulated = detection.simulated_threshold(
                model, lambda y: self._kernel.find(y).statistic, sample, alarm
            )
            self.threshold = max(self.threshold, simulated)
        self._change = quantile(2 * model.n * settings.components, 1 - CHANGE)
        self._mean = model.codebook.mean(axis=0)
        self._slow = quantile(30 * model.n, 1 - CHANGE)
        # Twice the variance of a fit is allowed, so a constant p is rarely beyond it.
        self._near = quantile(2 * model.n, 0.95)
        self._line = quantile(2 * model.n, 1 - alarm / settings.window)
        self._starts, self._codewords = None, 1 if starts is None else len(starts)
        if starts is not None and settings.window % len(starts) == 0:
            self._starts = np.asarray(starts, int) - starts[0]
            span = 2 * (self._starts[-1] + model.n)  # twice: of two kinds
            self._turning = quantile(2 * model.n, 1 - alarm / span)
        self._past = None

    def _kernel_for(self, model, families):
        sample, iterations = self.settings.sample, self.settings.iterations
        tried = list(families.values())
        return kernels.canceller(model.codebook, tried, sample, iterations)

    def forget(self) -> None:
        """Discard the estimate of previous windows."""
        self._past = None

    def cancel(self, y, places=None) -> list:
        """Subtract from y, complex64 [k windows, n], in place; return the Estimates.

        places: index of each block in its burst, int [k windows]; None: full bursts.
        """
        window = self.settings.window
        if len(y) % window:
            raise ValueError(f"{len(y)} blocks, expected a multiple of {window}")
        if places is None:
            places = np.arange(len(y)) % self._codewords
        parts = (slice(at, at + window) for at in range(0, len(y), window))
        return [self._cancel_window(y[part], places[part]) for part in parts]

    def _cancel_window(self, y, places):
        forgetting = self.settings.forgetting
        past = (self._past, forgetting, self._change) if forgetting else ()
        found = self._past = self._kernel.find(y, *past)
        name, p, weights = self._names[found.family], found.p, found.weights
        rest, lines, known = self._periodic(y, places, found)
        if rest is not None:
            found, name, p = rest, "periodic", lines
            weights = [1.0] * len(lines)
        detected = found.statistic > self.threshold
        if detected and name == "static":
            fitted, p = p, self._static(found, p, y)
            detected = p is not None
            if p is fitted:
                self._kernel.subtract(found, y)
            elif detected:
                y -= p
        elif detected and self._holds(found, y):
            if rest is not None:
                y -= known
            self._kernel.subtract(found, y)
        else:
            detected = False
        return Estimate(
            adversary=name,
            p=found.p if p is None else p,
            weights=weights,
            noise_variance=found.noise_variance,
            statistic=found.statistic,
            gain=found.gain,
            detected=detected,
        )

    def _static(self, found, p, y):
        """Return a constant p, complex64 [1, n], or None; `p` is that of the fit.

        The mean of the window has much noise, for it holds the codewords, and no bias,
        whatever p does. A fit that differs from it is that of a p which is not
        constant; then the mean is subtracted, which lowers the power of p. But nothing
        is subtracted from a p that changes slowly: its mean may be far from each part.
        """
        mean, variance, spread = spectrum.average(y, self._mean)
        if spread > self._slow:
            return None
        tolerance = variance + 4 * found.noise_variance / self.settings.sample
        apart = 2 * (np.abs(p[0] - mean) ** 2 / tolerance).sum()
        if apart <= self._near:
            return p if self._gains(found) else None
        strength = 2 * (np.abs(mean) ** 2 / variance).sum()
        return mean[None].astype(np.complex64) if strength > self.threshold else None

    def _periodic(self, y, places, found):
        """Return (estimate of the rest, amplitudes of the lines, sum of the lines).

        The estimate is None if none is sought, or likelier than what was found.
        """
        best = None, None, None
        if self.settings.adversary not in ("periodic", "any"):
            return best
        least = found.statistic
        for amplitudes, known, margin in (self._lines(y), self._turns(y, places)):
            if known is not None:
                rest = self._kernel.find(y, known=known)
                if rest.statistic > least + margin:
                    best, least = (rest, amplitudes, known), rest.statistic
        return best

    def _lines(self, y):
        """Return (amplitudes, sum of the lines or None, margin to what was found)."""
        turning, amplitudes, known = spectrum.lines(y, self._mean, self._line)
        margin = self._change
        if len(turning) == 1 and abs(turning[0]) < np.pi / len(y):
            if spectrum.average(y, self._mean)[2] <= self._slow:
                return None, None, margin  # as slow as this it is a constant p
            margin = 0.0  # not a constant one, which is the next likely
        return amplitudes, known if len(turning) else None, margin

    def _turns(self, y, places):
        """Return the like for a p that turns, with another frequency in each burst."""
        if self._starts is None:
            return None, None, 0.0
        first = np.flatnonzero(np.diff(places, prepend=-2) != 1)  # of each burst
        bursts = zip(np.split(y, first[1:]), np.split(places, first[1:]), strict=True)
        known, found = np.zeros_like(y), False
        for at, (burst, place) in zip(first, bursts, strict=True):
            when = self._starts[place] - self._starts[place[0]]
            part = None
            if len(burst) > 1:
                part = spectrum.turning(burst, self._mean, when, self._turning)
            if part is not None:
                known[at : at + len(burst)], found = part, True
        if not found:
            return None, None, 0.0
        return known[first] / np.sqrt(len(first)), known, self._change

    def _gains(self, found):
        """Return whether a fit explains blocks that it has not seen."""
        return found.gain > 0 or self.settings.sample == self.settings.window

    def _holds(self, found, y):
        """Return whether a fit explains other blocks, and no other kind is likelier."""
        if self._others is None or not self._gains(found):
            return self._gains(found)
        return self._others.find(y).statistic <= found.statistic + self._change


@functools.lru_cache(maxsize=64)
def shared_canceller(model, settings, starts=None) -> Canceller:
    """Return a cached Canceller, since some thresholds take a second to compute."""
    return Canceller(model, settings, starts)


def _tied(n):
    """Return the families of one p under transforms, as _families does."""
    turns = [(0, cmath.exp(2j * math.pi * i / PHASES)) for i in range(PHASES)]
    return {
        "signs": (2, [(0, 1.0), (0, -1.0)], 0.0),
        "shifts": (n, [(i, 1.0) for i in range(n)], 0.0),
        "phases": (PHASES, turns, 0.0),
    }


def _families(settings, n):
    """Return {name: (components, list of (shift, factor) or empty, penalty)}."""
    families = {"static": (1, [], 0.0)}
    for name, family in _tied(n).items():
        if settings.adversary in (name, "any"):
            families[name] = family
    if settings.components > 1:
        more = (settings.components - 1) * (2 * n + 1)  # parameters
        penalty = more / 2 * math.log(settings.sample)  # Schwarz (1978)
        families["free"] = (settings.components, [], penalty)
    return families
