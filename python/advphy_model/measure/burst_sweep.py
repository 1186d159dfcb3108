# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure links through the modem over settings, resuming what was counted."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from advphy_model.atomic_file import only_writer, refuse_unwritable
from advphy_model.measure import burst_counts, burst_engine, loop_engine
from advphy_model.measure.burst_counts import BurstCounts, layout_label
from advphy_model.measure.burst_engine import cores
from advphy_model.measure.error_rate import StopRule, ebn0_db_at
from advphy_model.modem.frame import Frame
from advphy_model.version import __version__

STEP_DB = 0.25  # between points of the aligned link that a loss is read from
MOST_STEPS = 20
_ALIGNED = StopRule(min_errors=2000, max_blocks=50_000_000)


@dataclass(frozen=True)
class BurstSetting:
    """One point to be measured.

    Args:
        model: link model.
        frame: Frame.
        ebn0_db: Eb/N0 in dB.
        adversary: AirAdversary or None.
        canceller: CancellerSettings or None.
        channel: what `impair` is, for the row.
        impair: as for burst_engine.ranges.
        frames: to be sent at most.
    """

    model: object
    frame: Frame
    ebn0_db: float
    adversary: object = None
    canceller: object = None
    channel: str = "awgn"
    impair: object = None
    frames: int = 100_000

    def row(self, seed: int) -> BurstCounts:
        """Return the row of this point with nothing counted."""
        attack, canceller = self.adversary, self.canceller
        return BurstCounts(
            self.model.name,
            "burst",
            float(self.ebn0_db),
            seed,
            0,
            0,
            0,
            0,
            self.model.sha256,
            psr_db=None if attack is None else round(attack.scaled.psr_db, 4),
            attack="none" if attack is None else attack.label,
            canceller="none" if canceller is None else canceller.label,
            channel=self.channel,
            frame=layout_label(self.frame),
        )

    def counted(self, row, min_errors, threads=None):
        """Yield the row as segments are added to what it has counted."""
        if row.frames >= self.frames or row.failures >= min_errors:
            return
        for totals in burst_engine.ranges(
            self.model,
            self.frame,
            ebn0_db=self.ebn0_db,
            frames=self.frames - row.frames,
            seed=row.seed,
            first_frame=row.first_frame + row.frames,
            min_errors=min_errors,
            counted=row.failures,
            adversary=self.adversary,
            canceller=self.canceller,
            impair=self.impair,
            threads=threads,
        ):
            row = row.plus(totals)
            yield row


def measure(settings, *, min_errors, seed, out, running=None):
    """Yield (BurstSetting, BurstCounts) of each point when it is done.

    Rows are written to `out` after each point and when interrupted; those there already
    are gone on with.

    Args:
        settings: BurstSettings, in the order of measuring.
        min_errors: stop a point at so many failed blocks.
        seed: of messages and noise.
        out: CSV.
        running: is called with (BurstSetting, BurstCounts) while a point is counted.
    """
    with _rows_of(out) as rows:
        for setting in settings:
            row = _resumed(setting.row(seed), rows)
            try:
                for more in setting.counted(row, min_errors):
                    row = more
                    if running is not None:
                        running(setting, row)
            finally:
                _keep(row, rows, out)
            yield setting, row


def measure_many(settings, *, min_errors, seed, out):
    """Do the same as measure(), a point for each core: better where points are short.

    A point that is interrupted is lost; one that is asked for twice is measured once.
    """
    with _rows_of(out) as rows, ThreadPoolExecutor(cores()) as pool:

        def whole(setting, row):
            for more in setting.counted(row, min_errors, threads=1):
                row = more
            return row

        futures = {}
        for setting in settings:
            row = setting.row(seed)
            if row.setting not in futures:
                resumed = _resumed(row, rows)
                futures[row.setting] = pool.submit(whole, setting, resumed)
        try:
            for setting in settings:
                row = futures[setting.row(seed).setting].result()
                _keep(row, rows, out)
                yield setting, row
        finally:
            for future in futures.values():
                future.cancel()


@contextlib.contextmanager
def _rows_of(out):
    """Give the rows of a CSV, which nobody else writes meanwhile."""
    with only_writer(out):
        rows = burst_counts.read_existing(out)
        refuse_unwritable(out)
        for row in rows:
            if row.version != __version__:
                raise ValueError(
                    f"{out}: holds counts of version {row.version}, this is "
                    f"{__version__}; remove it, or choose another --out"
                )
        yield rows


def _resumed(row, rows):
    """Return the row of this setting and seed among those of before, or itself."""
    same = [old for old in rows if _key(old) == _key(row)]
    return same[0] if same else row


def _keep(row, rows, out):
    """Put a row in the place of what it goes on with, and write all."""
    old = [other for other in rows if _key(other) == _key(row)]
    if old == [row] or not row.frames:
        return
    rows[:] = [other for other in rows if other not in old] + [row]
    burst_counts.write(out, rows)


def _key(row):
    return row.setting, row.seed


def aligned_bler(setting, attack=None) -> float:
    """Return the BLER of the aligned link: the same codewords without modem or channel.

    Args:
        setting: BurstSetting, whose model, Eb/N0 and canceller count.
        attack: Adversary, or None.
    """
    failures, blocks = _aligned(setting, setting.ebn0_db, attack)
    return failures / blocks


def loss_db(setting, bler: float) -> float | None:
    """Return by how many dB the aligned link could do with less Eb/N0 for this BLER.

    Read between points every STEP_DB below; below 0 when the BLER is smaller than the
    aligned link's at the same Eb/N0, which chance does. None when it is further than
    5 dB away. Neither attack nor canceller are considered.
    """
    if not 0 < bler < 1:
        return None
    points = {}
    for step in range(-1, MOST_STEPS + 1):
        at = setting.ebn0_db - step * STEP_DB
        points[at] = _aligned(setting, at, None)
        found = ebn0_db_at(points, bler)
        if found is not None:
            return setting.ebn0_db - found
    return None


def _aligned(setting, ebn0_db, attack):
    canceller = None if attack is None else setting.canceller
    counted = loop_engine.run(
        setting.model,
        rule=_ALIGNED,
        ebn0_db=ebn0_db,
        attack=attack,
        canceller=canceller,
    )
    blocks, errors, erasures = map(sum, zip(*counted, strict=True))
    return errors + erasures, blocks
