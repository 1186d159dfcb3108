# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings for the figure that shows attacks without synchronism."""

import math
from dataclasses import dataclass

from advphy_model.air import perturbation
from advphy_model.measure.burst_chain import BurstSetting
from advphy_model.modem.burst_adversary import BurstAdversary
from advphy_model.receive.canceller import CancellerSettings

CLEAN, JAMMER = "no attack", "noise jammer"
ATTACK, BLIND = "p for synchronism", "p for unknown phase and shift"
CANCELLED, WARY = "the first, canceller", "the first, canceller `any` per frame"
CURVES = (ATTACK, BLIND, CANCELLED, WARY)
PANELS = {
    "delay": "delay [channel uses]",
    "offset": "frequency offset [cycles per codeword]",
    "phase": "phase [turns]",
    "unknown": "the adversary does not know",
}
_RANDOM = {"phase": "random", "delay": "random"}
UNKNOWN = {
    "nothing": {},
    "phase": {"phase": "random"},
    "and delay": _RANDOM,
    "and frames": {**_RANDOM, "where": "stream"},
    "and offset": {**_RANDOM, "where": "stream", "cfo": "random"},
    "and gain": {**_RANDOM, "where": "stream", "cfo": "random", "fading": "rayleigh"},
}
_OFFSETS = (0, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)
_LONG, _SHORT = 1600, 256  # bursts per point without and with a canceller


@dataclass(frozen=True)
class Point:
    """One point of the figure."""

    panel: str  # one of PANELS, or "" for CLEAN and JAMMER, which need no synchronism
    curve: str  # one of CURVES, CLEAN, JAMMER
    x: float  # value on the panel's axis; in the panel "unknown" the index in UNKNOWN
    setting: BurstSetting


def points(model, frame, sharp, blind, ebn0_db, psr_db, seed=1) -> list:
    """Return the Points of a link model at one Eb/N0 in dB.

    The number of codewords of its Frame is a power of two. The Perturbation `sharp` is
    crafted for synchronism, `blind` for unknown phase and shift; both have the PSR at
    the receiver in dB. The seed is that of messages, noise and adversaries.
    """

    def setting(p, canceller, frames, **arrival):
        adversary = p and BurstAdversary(p, frame, psr_db, seed=seed, **arrival)
        link = model, frame, ebn0_db, seed
        return BurstSetting(*link, adversary, canceller, frames=frames)

    jammer = perturbation.jammer(model.k, model.n, psr_db)
    found = [
        Point("", CLEAN, 0, setting(None, None, 16 * _LONG)),
        Point("", JAMMER, 0, setting(jammer, None, _LONG, where="frame")),
    ]
    size = frame.codewords
    wary = CancellerSettings(adversary="any", window=size, sample=min(size, 256))
    kinds = {
        ATTACK: (sharp, None, _LONG),
        BLIND: (blind, None, _LONG),
        CANCELLED: (sharp, CancellerSettings(), 2 * _SHORT),
        WARY: (sharp, wary, _SHORT),
    }
    for panel, arrivals in _arrivals(frame).items():
        for x, arrival in arrivals:
            found += [
                Point(panel, curve, x, setting(*kind, **arrival))
                for curve, kind in kinds.items()
            ]
    return found


def _arrivals(frame):
    """Return {panel: [(x, settings of BurstAdversary)]}."""
    n, sps = frame.n, frame.samples_per_symbol
    step = max(1, round(n / 7)) / 2
    delays = [i * step for i in range(math.floor(n / step) + 1)]
    return {
        "delay": [(x, {"delay": x * sps}) for x in delays],
        "offset": [(x, {"cfo": x / (n * sps)}) for x in _OFFSETS],
        "phase": [(i / 8, {"phase": 2 * math.pi * i / 8}) for i in range(9)],
        "unknown": list(enumerate(UNKNOWN.values())),
    }
