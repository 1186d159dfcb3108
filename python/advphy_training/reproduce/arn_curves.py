# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a figure of the letter: curves over SNR or PSR, for each family of models."""

from dataclasses import dataclass, field

from advphy_model.measure.error_rate import interval

from advphy_training.reproduce import arn_models as arn_family


@dataclass(frozen=True)
class Point:
    """One number of a curve, with its 95 % interval of counting."""

    low: float
    value: float
    high: float


@dataclass
class Measured:
    """What the curves of a figure came to.

    Args:
        mse: {(family, curve, x): Point}, mean squared error of Bob's images.
        accuracy: {(family, curve, x): Point}, of Eve.
        power_db: {(family, curve, x): (realised PSR or None, transmit power)}.
        frontier: {(family, name): [(MSE of Bob, accuracy of the adapted Eve)]}.
        rows: SemanticCounts, all of them.
    """

    mse: dict = field(default_factory=dict)
    accuracy: dict = field(default_factory=dict)
    power_db: dict = field(default_factory=dict)
    frontier: dict = field(default_factory=dict)
    rows: list = field(default_factory=list)

    def families(self):
        """Return the numbers of the families, in order."""
        return sorted({key[0] for key in self.mse})

    def note(self, family, curve, x, found, branch="bob"):
        """Keep what a measurement came to."""
        self._keep(found.values())
        if branch in found:
            row = found[branch]
            low, high = row.mse_interval()
            self.mse[family, curve, x] = Point(low, row.mse, high)
            self.power_db[family, curve, x] = row.psr_db, row.transmit_power_db
        if "eve" in found:
            row = found["eve"]
            low, high = interval(row.correct, row.frames)
            self.accuracy[family, curve, x] = Point(low, row.accuracy, high)

    def note_frontier(self, family, name, bob, eve):
        """Keep what a receiver's error costs an Eve who adapts."""
        self.frontier.setdefault((family, name), []).append(
            (bob["bob"].mse, eve["eve"].accuracy)
        )
        self._keep([*bob.values(), *eve.values()])

    def _keep(self, rows):
        """Keep rows that are not there yet; one measurement may be in two curves."""
        known = {(row.setting, row.first_frame) for row in self.rows}
        for row in rows:
            if (row.setting, row.first_frame) not in known:
                known.add((row.setting, row.first_frame))
                self.rows.append(row)


FRONTIER_SNRS_DB = (0.0, 2.5, 5.0, 7.5, 10.0)  # turning the power down instead


def frontier(family, measured, snrs_db=FRONTIER_SNRS_DB):
    """Measure what plain noise hides, and the links beside it; yield their names."""
    base = family.base()
    for snr_db in snrs_db:
        eve = family.measure(base, snr_db, family.adapted(base, snr_db))
        measured.note_frontier(family.number, "noise", eve, eve)
        yield f"plain noise, {snr_db:g} dB"
    for name, link in (("minmax", family.minmax()), ("keyed", family.keyed())):
        found = family.measure(link, 10.0, family.adapted(link, 10.0))
        measured.note_frontier(family.number, name, found, found)
        yield name


def run(figure, families):
    """Yield (what is done, Measured so far) while a figure is measured.

    Args:
        figure: module of paper_figures with measure(family, measured).
        families: arn_family.Family, one a seed.
    """
    measured = Measured()
    for family in families:
        for words in figure.measure(family, measured):
            label = (
                "shipped"
                if family.number == arn_family.SHIPPED
                else (f"seed {family.number}")
            )
            yield f"{label}: {words}", measured
