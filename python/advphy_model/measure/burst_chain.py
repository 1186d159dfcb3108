# SPDX-License-Identifier: GPL-3.0-or-later
"""The link through the modem without GNU Radio: counts and settings."""

import dataclasses
from typing import ClassVar

from advphy_model.air.adversary import changed
from advphy_model.air.channels import NOISE
from advphy_model.air.sample_channel import SampleChannel
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import ranges
from advphy_model.measure.burst_stream import BurstStream
from advphy_model.measure.error_rate import StopRule, ebn0_db_at
from advphy_model.measure.link_chain import Counts, LinkSetting, OfLink
from advphy_model.measure.table import names
from advphy_model.modem.burst_adversary import BurstAdversary
from advphy_model.modem.frame import Frame, require_frame
from advphy_model.randomness import checked_index
from advphy_model.receive.canceller import CancellerSettings

STEP_DB = 0.25  # spacing of the points of the aligned link for a loss
MOST_STEPS = 20
SEGMENT = 256  # bursts per synchronizer; the next bursts get a new one
_ALIGNED = StopRule(min_errors=2000, max_blocks=50_000_000)


@dataclasses.dataclass(frozen=True)
class BurstCounts(Counts):
    """Counts of one range of bursts under one setting.

    It has all columns of Counts, with engine "burst", so `advphy plot` can draw these
    rows along with those of the aligned link. `blocks` counts only received bursts;
    `channel` is applied to the victim's samples before the noise.
    """

    frame: str = "default"  # layout_label of the frame
    first_frame: int = 0  # number of the first burst
    frames: int = 0  # number of bursts sent, from first_frame on without gaps
    missed_frames: int = 0  # number of these bursts that were not received

    SETTING: ClassVar = (*Counts.SETTING, "frame")
    FIRST: ClassVar = "first_frame"
    SUMS: ClassVar = ("frames", "missed_frames", *Counts.SUMS)
    COLUMNS: ClassVar = Counts.COLUMNS + names("frame first_frame frames missed_frames")
    COMMAND: ClassVar = "advphy measure-burst"

    @property
    def layout(self) -> str:
        """Return the settings of the frame other than the default."""
        return self.frame

    def require_possible(self) -> None:
        """Raise ValueError if the counts are contradictory or out of range."""
        super().require_possible()
        missed, sent = self.missed_frames, self.frames
        if not (0 <= missed <= sent and self.first_frame >= 0):
            raise ValueError(f"{missed} missed of {sent} bursts cannot be")


def layout_label(frame: Frame) -> str:
    """Return the settings of a frame other than the default, except n and energy."""
    return ", ".join(changed(frame, dataclasses.fields(frame)[1:-1])) or "default"


@dataclasses.dataclass(frozen=True)
class BurstSetting(OfLink):
    """A link through the modem at one Eb/N0.

    modulate -> impair -> + adversary -> + noise -> synchronize -> cancel -> decide.
    After the matched filter, the noise is that of LinkSetting at the same Eb/N0, which
    does not count the energy of preamble, header and pilots (Frame.overhead_db).
    Messages are those of LinkSetting for the same seed and block; the first block of
    burst i has the index i * frame.codewords.

    Raises ValueError if a value is out of range or does not match the link.
    """

    model: LinkModel  # link model
    frame: Frame  # Frame of the model
    ebn0_db: float  # Eb/N0 in dB
    seed: int = 1  # seed of messages, noise and impairments
    attack: BurstAdversary | None = None  # BurstAdversary, or None
    # CancellerSettings without forgetting, or None. Windows hold codewords in order of
    # arrival and begin anew every SEGMENT bursts; more bursts, which are not counted,
    # fill the last one.
    canceller: CancellerSettings | None = None
    channel: str = NOISE  # label of the channel of the victim's samples (air/channels)
    # largest number of bursts, in addition to the stop rule; None: no limit.
    frames: int | None = None

    step: ClassVar = SEGMENT

    def __post_init__(self):
        frame, attack = self.frame, self.attack
        self.prepare()
        if self.frames is not None and not checked_index("frames", self.frames):
            raise ValueError("frames must be at least 1, got 0")
        require_frame(frame, self.model)
        if attack is not None and attack.frame != frame:
            raise ValueError(
                f"the adversary's frame is {attack.frame}, the victim's {frame}; give "
                "both the same frame"
            )
        self.impair(0)  # refuses channels that need codewords

    def impair(self, first_sample: int):
        """Return the channel of the victim's samples from an index on, or None."""
        if self.channel == NOISE:
            return None
        return SampleChannel(self.channel, seed=self.seed, first_sample=first_sample)

    def rows(self, engine: str, first: int) -> tuple:
        """Return the row of this setting with all counts 0."""
        more = {"frame": layout_label(self.frame), "first_frame": first}
        return self.row(BurstCounts, engine, first_block=0, **more)

    def items(self, blocks: int) -> int:
        """Return the number of bursts for so many blocks, at most self.frames."""
        bursts = -(-blocks // self.frame.codewords)
        return bursts if self.frames is None else min(bursts, self.frames)

    def count(self, first: int, begin: int, end: int) -> tuple:
        """Return the totals of bursts first + begin .. first + end - 1."""
        counts = BurstStream(self, first + begin).count(end - begin)
        return (dict(zip(BurstCounts.SUMS, counts, strict=True)),)


def aligned_bler(setting: BurstSetting, attack=None, workers=None) -> float:
    """Return the BLER of the aligned link, without modem and channel.

    Of the setting, model, Eb/N0 and, under an attack (Adversary), canceller are used.
    """
    row = _aligned(setting, setting.ebn0_db, attack, workers)
    return row.failures / row.blocks


def loss_db(setting: BurstSetting, bler: float, workers=None) -> float | None:
    """Return how much less Eb/N0 the aligned link needs for a BLER of the modem, in dB.

    It is interpolated between points every STEP_DB, and None above 5 dB.
    """
    if not 0 < bler < 1:
        return None
    points = {}
    for step in range(-1, MOST_STEPS + 1):
        at = setting.ebn0_db - step * STEP_DB
        row = _aligned(setting, at, None, workers)
        points[at] = row.failures, row.blocks
        found = ebn0_db_at(points, bler)
        if found is not None:
            return setting.ebn0_db - found
    return None


def _aligned(setting, ebn0_db, attack, workers):
    canceller = None if attack is None else setting.canceller
    aligned = LinkSetting(setting.model, ebn0_db, attack=attack, canceller=canceller)
    (row,) = ranges.total(aligned, _ALIGNED, workers=workers)
    return row
