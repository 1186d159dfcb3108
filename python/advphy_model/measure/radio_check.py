# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance test of the modem: figures of a run compared with limits."""

import math
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels, power
from advphy_model.files.recording_reader import PIECE
from advphy_model.link.decision import encoder
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import StopRule, interval
from advphy_model.measure.link_chain import LinkSetting
from advphy_model.measure.scoring import Scorer
from advphy_model.modem.modulator import Modulator
from advphy_model.randomness import messages

NOISE_SAMPLES = 2_000_000  # noise without signal, in which no burst may be found
NOISE_SEED_STEP = 1  # difference between the seeds of this noise and the run's
SNR_SLACK_DB = 0.5  # allowed difference of the estimated SNR
# Allowed differences of the mean over the bursts. The clock is measured from one burst
# to the next, so the first bursts contribute little. 100 bursts at 4 dB had 4.4e-6 and
# 2.3 ppm.
CFO_SLACK, CLOCK_SLACK_PPM = 1e-5, 4.0  # cycles per sample, ppm


@dataclass(frozen=True)
class Check:
    """One figure and its limits."""

    name: str
    figure: float  # measured value
    low: float = 0  # lower limit, inclusive
    high: float = math.inf  # upper limit, inclusive
    unit: str = ""  # unit of figure and limits, or ""

    @property
    def passed(self) -> bool:
        """Return whether the figure is within the limits; NaN is not."""
        return self.low <= self.figure <= self.high

    def text(self) -> str:
        """Return a line with PASS or FAIL, figure and limits."""
        verdict = "PASS" if self.passed else "FAIL"
        limits = f"{self.low:.4g}..{self.high:.4g}"
        return f"{verdict}  {self.name:<26}{self.figure:>12.4g}  {limits} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Expected figures of a run."""

    ebn0_db: float  # Eb/N0 in dB, as set or from the estimated SNR
    loss_db: float  # allowed loss of the modem in dB
    most_lost: float = 0.01  # share of the bursts that may be missed, 0..1
    # Carrier frequency offset in cycles per sample; None: not known.
    cfo: float | None = None
    # Magnitude of the clock offset in ppm; None: not known.
    clock_ppm: float | None = None
    # Allowed difference of the SNR in dB; None: it is not known.
    snr_slack_db: float | None = SNR_SLACK_DB


def sample_noise_variance(modulator, ebn0_db: float, rate: float) -> float:
    """Return the noise variance per real dimension of samples at an Eb/N0."""
    return modulator.scale**2 * power.noise_variance(ebn0_db, rate)


def frames_of(model, frame, frames: int, seed: int):
    """Return (samples of bursts 0..frames - 1 as complex64, their Modulator)."""
    modulator = Modulator(frame, model)
    blocks = frames * frame.codewords
    codewords = np.empty((blocks, model.n), np.complex64)
    encoder(model).look_up(messages(seed, 0, blocks, model.k), codewords)
    return modulator.modulate(codewords), modulator


def noisy(samples, seed: int, noise_variance: float) -> np.ndarray:
    """Return samples plus noise of a variance per real dimension, complex64."""
    y = np.empty_like(samples)
    kernels.add_gaussian(seed, 0, math.sqrt(noise_variance), samples, y)
    return y


def bler_without_modem(model, ebn0_db: float) -> float:
    """Return the BLER of the aligned link with noise only."""
    rule = StopRule(min_errors=2000, max_blocks=10_000_000)
    (row,) = ranges.total(LinkSetting(model, ebn0_db), rule)
    return row.failures / row.blocks


def judged(counts, means, model, sent: int, expected: Expected):
    """Return the Checks of a run.

    The BLER must lie between those of the aligned link at Eb/N0 and at loss_db less;
    lower means less noise than expected. Each limit is extended by the 95 % interval of
    the run. Counts and means are those of the Scorer; `sent` is the number of bursts.
    """
    ebn0_db, cfo, ppm = expected.ebn0_db, expected.cfo, expected.clock_ppm
    most_lost = math.floor(expected.most_lost * sent)
    lost = max(0, sent - counts["received"])
    checks = [
        Check("frames missed", lost, 0, most_lost),
        Check("frames too many", max(0, counts["received"] - sent), 0, 0),
        Check("bad headers", counts["bad_headers"], 0, most_lost),
        Check("samples not finite", counts["not_finite"], 0, 0),
        Check("erasures", counts["erasures"], 0, 0),
    ]
    if not counts["blocks"]:
        return [*checks, Check("blocks", 0, 1)]
    failures = counts["block_errors"] + counts["erasures"]
    low, high = interval(failures, counts["blocks"])
    rate = failures / counts["blocks"]
    best = bler_without_modem(model, ebn0_db) - (high - rate)
    worst = bler_without_modem(model, ebn0_db - expected.loss_db) + (rate - low)
    checks.append(Check("BLER", rate, max(0.0, best), worst))
    snr_db, slack_db = power.snr_db(ebn0_db, model.rate), expected.snr_slack_db
    if slack_db is not None:
        low, high = snr_db - slack_db, snr_db + slack_db
        checks.append(Check("mean SNR", means["snr_db"], low, high, "dB"))
    if cfo is not None:
        low, high = cfo - CFO_SLACK, cfo + CFO_SLACK
        checks.append(Check("mean CFO", means["cfo"], low, high, "cycles per sample"))
    if ppm is not None:
        low, high = max(0.0, ppm - CLOCK_SLACK_PPM), ppm + CLOCK_SLACK_PPM
        found = abs(means["clock_ppm"])
        checks.append(Check("mean clock offset", found, low, high, "ppm"))
    return checks


def file_level(
    model, frame, frames: int, ebn0_db: float, seed: int, loss_db: float, along=iter
):
    """Return the Checks of modulator, noise and synchronizer, without a radio.

    `along` wraps the iterable of pieces, such as a progress bar, and yields them.
    """
    samples, modulator = frames_of(model, frame, frames, seed)
    variance = sample_noise_variance(modulator, ebn0_db, model.rate)
    scorer = Scorer(model, frame, seed, first_frame=0)
    received = noisy(samples, seed, variance)
    for begin in along(range(0, len(received), PIECE)):
        scorer.push(received[begin : begin + PIECE])
    alone = Scorer(model, frame, seed)
    silence = np.zeros(NOISE_SAMPLES, np.complex64)
    alone.push(noisy(silence, seed + NOISE_SEED_STEP, variance))
    expected = Expected(ebn0_db=ebn0_db, loss_db=loss_db, cfo=0.0, clock_ppm=0.0)
    return [
        Check("frames in noise alone", alone.counts["received"], 0, 0),
        *judged(scorer.counts, scorer.means, model, frames, expected),
    ]
