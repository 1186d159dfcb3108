# SPDX-License-Identifier: GPL-3.0-or-later
"""The link through the modem, without GNU Radio: frames of samples and what arrives."""

import math
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from advphy_model.measure.burst_segment import BurstLink
from advphy_model.randomness import checked_index, checked_seed

SEGMENT = 256  # frames that one synchroniser sees; it begins anew for the next


@dataclass(frozen=True)
class Totals:
    """What was counted over frames.

    Args:
        frames: sent.
        missed_frames: sent, and not found or not believed by the receiver; their blocks
            are in no other count.
        blocks: in frames received.
        block_errors: of those, decided for a wrong message.
        erasures: of those, not decided, because a sample was not finite.
    """

    frames: int = 0
    missed_frames: int = 0
    blocks: int = 0
    block_errors: int = 0
    erasures: int = 0

    def __add__(self, other):
        return Totals(*(a + b for a, b in zip(self.values, other.values, strict=True)))

    @property
    def values(self) -> tuple:
        """Return the counts in the order above."""
        return (
            self.frames,
            self.missed_frames,
            self.blocks,
            self.block_errors,
            self.erasures,
        )

    @property
    def failures(self) -> int:
        """Return the blocks of frames received that did not arrive."""
        return self.block_errors + self.erasures

    @property
    def bler(self) -> float:
        """Return failures over blocks; nan without blocks."""
        return self.failures / self.blocks if self.blocks else math.nan


def run(model, frame, *, frames, **settings) -> Totals:
    """Return what is counted over `frames` frames; settings as ranges()."""
    return sum(ranges(model, frame, frames=frames, **settings), Totals())


def ranges(
    model,
    frame,
    *,
    ebn0_db,
    frames,
    seed=1,
    first_frame=0,
    min_errors=None,
    counted=0,
    adversary=None,
    canceller=None,
    impair=None,
    threads=None,
    **receiver,
):
    """Yield Totals of segments of SEGMENT frames in order, until there are enough.

    modulate -> impair -> + adversary -> + noise -> synchronise -> cancel -> decide. The
    noise is that of the symbols: behind the matched filter its variance per real
    dimension is power.noise_variance(ebn0_db, rate), so BLERs compare with those of
    loop_engine at the same Eb/N0; what preamble, header and pilots cost is not in it
    (Frame.overhead_db). Messages are those of loop_engine for the same seed and block.
    Each segment is a pure function of its number and the settings, so any chunks and
    threads count the same; segments begin at multiples of SEGMENT from first_frame on.

    Args:
        model: link model.
        frame: Frame of the model.
        ebn0_db: Eb/N0 in dB.
        frames: to be sent at most.
        seed: of messages and noise.
        first_frame: number of the first frame, whose first block is number first_frame
            * frame.codewords.
        min_errors: stop behind the segment in which there are so many failed blocks;
            None: never.
        counted: failed blocks counted before, which count towards min_errors.
        adversary: AirAdversary, or anything with samples(first_frame, frames).
        canceller: CancellerSettings without forgetting, or None. Windows are of
            codewords in the order of their arrival, from each segment's first on. To
            fill the last window more frames are sent, which count nowhere.
        impair: function of the first sample's index that returns something with
            process(samples), such as SampleChannel, for the victim's samples alone;
            None: nothing.
        threads: how many, or None: one for each core.
        receiver: arguments of Synchronizer, such as equalise.

    Raises:
        ValueError: when the frame or the canceller does not fit.
    """
    frames, first_frame = _whole(frames), checked_index("first_frame", first_frame)
    if canceller is not None and canceller.forgetting:
        raise ValueError(
            f"forgetting = {canceller.forgetting}: segments are counted in any order, "
            "so windows stand alone; wanted 0"
        )
    link = BurstLink(
        model,
        frame,
        ebn0_db,
        checked_seed(seed),
        adversary,
        canceller,
        impair,
        receiver,
    )
    link.start(first_frame)  # refuses what does not fit before any thread begins
    starts = range(first_frame, first_frame + frames, SEGMENT)
    todo = deque((at, min(SEGMENT, first_frame + frames - at)) for at in starts)
    threads = threads or cores()
    failures, ahead = counted, deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            while min_errors is None or failures < min_errors:
                while todo and len(ahead) < threads:
                    ahead.append(pool.submit(link.count, *todo.popleft()))
                if not ahead:
                    return
                totals = Totals(*ahead.popleft().result())
                failures += totals.failures
                yield totals
        finally:
            for future in ahead:
                future.cancel()


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _whole(frames):
    if not checked_index("frames", frames):
        raise ValueError("frames = 0, wanted at least 1")
    return int(frames)
