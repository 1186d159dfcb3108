# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves of a figure of [arn] over SNR or PSR, for each family of models."""

import functools
from dataclasses import dataclass, field

from advphy_model.measure.error_rate import Estimate, share

LABELS = {
    "base": "original system",
    "white": "pair, white box",
    "white_without": "white box without Bob's module",
    "white_adapted": "white box, Eve adapts",
    "black": "pair, black box",
    "black_without": "black box without Bob's module",
    "fair": "original, SNR raised by the pair's power",
    "transformer": "pair of transformers, white box",
    "transformer_adapted": "transformers, Eve adapts",
    "keyed": "keyed pair",
    "keyed_base": "its original, per-message power",
}
FRONTIER_SNRS_DB = (0.0, 2.5, 5.0, 7.5, 10.0)  # turning the power down instead


def labels(*curves) -> dict:
    """Return {curve: label} for a panel, in this order."""
    return {curve: LABELS[curve] for curve in curves}


@dataclass
class Measured:
    """Results of the curves of a figure."""

    # {(family, ("mse" of Bob's images or "accuracy" of Eve, curve)): {x: Estimate}}
    points: dict = field(default_factory=dict)
    # {(family, curve, x): (realized PSR or None, transmit power)}
    power_db: dict = field(default_factory=dict)
    # {(family, name): [(MSE of Bob, accuracy of the adapted Eve)]}
    frontier: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)  # all SemanticCounts

    def note(self, family, curve, x, found, without=False):
        """Keep {branch: SemanticCounts} at x dB; `without`: Bob without his module."""
        self._keep(found.values())
        names = {"bob": curve, "bob_without": f"{curve}_without", "eve": curve}
        for branch, row in found.items():
            if branch == "bob_without" and not without:
                continue
            if branch == "eve":
                quantity, point = "accuracy", share(row.correct, row.frames)
            else:
                low, high = row.mse_interval()
                quantity, point = "mse", Estimate(low, row.mse, high)
                power = row.psr_db, row.transmit_power_db
                self.power_db[family, names[branch], x] = power
            key = family, (quantity, names[branch])
            self.points.setdefault(key, {})[x] = point

    def note_frontier(self, family, name, found):
        """Keep a pair (MSE of Bob, accuracy of the adapted Eve) of a link."""
        pair = found["bob"].mse, found["eve"].accuracy
        self.frontier.setdefault((family, name), []).append(pair)
        self._keep(found.values())

    def _keep(self, rows):
        """Keep rows that are new; one measurement may belong to two curves."""
        known = {(row.setting, row.first_frame) for row in self.rows}
        self.rows += [r for r in rows if (r.setting, r.first_frame) not in known]

    def by_family(self) -> list:
        """Return {(quantity, curve): {x: Estimate}} of each family, for the claims."""
        families = sorted({f for f, (quantity, _) in self.points if quantity == "mse"})
        every = self.points.items()
        return [{key: at for (f, key), at in every if f == one} for one in families]

    def over_families(self, quantity) -> dict:
        """Return {curve: {x: Rates of all families}}."""
        found = {}
        for (_, (which, curve)), points in self.points.items():
            for x, point in points.items():
                if which == quantity:
                    found.setdefault(curve, {}).setdefault(x, []).append(point)
        return found

    def table(self, figure) -> list:
        """Return the lines of a table of all points, averaged over the families."""
        names = figure.MSE_CURVES | figure.ACCURACY_CURVES | figure.LINES
        tables = [self.over_families(quantity) for quantity in ("mse", "accuracy")]
        lines = [
            f"| curve | {figure.X_LABEL} | MSE | accuracy | PSR, power sent |",
            "|---|---|---|---|---|",
        ]
        places = {(c, x) for table in tables for c in table for x in table[c]}
        for curve, x in sorted(places):
            found = [table.get(curve, {}).get(x, []) for table in tables]
            cells = [_mean([point.value for point in points]) for points in found]
            label, power = names.get(curve, curve), self._power(curve, x)
            lines.append(f"| {label} | {x:g} | {cells[0]} | {cells[1]} | {power} |")
        return lines

    def _power(self, curve, x):
        here = [both for key, both in self.power_db.items() if key[1:] == (curve, x)]
        if not here or here[0][1] is None:
            return ""
        psrs = [psr for psr, _ in here]
        psr = "none" if psrs[0] is None else f"{_mean(psrs, '.2f')} dB"
        return f"{psr}, {_mean([power for _, power in here], '+.2f')} dB"


def _mean(values, form=".4f"):
    return f"{sum(values) / len(values):{form}}" if values else ""


def frontier(family, measured):
    """Measure the frontier of plain noise and of other links; yield their names."""
    note = functools.partial(measured.note_frontier, family.number)
    for snr_db in FRONTIER_SNRS_DB:
        note("noise", family.measure_adapted(family.base(), snr_db))
        yield f"plain noise, {snr_db:g} dB"
    for name, link in (("minmax", family.minmax()), ("keyed", family.keyed())):
        note(name, family.measure_adapted(link, 10.0))
        yield name
