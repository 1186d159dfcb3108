# SPDX-License-Identifier: GPL-3.0-or-later
"""Error counter: counts block errors, for each segment of constant settings."""

from dataclasses import dataclass, field

import numpy as np
from advphy_model import kernels
from advphy_model.link.links import load
from advphy_model.measure.link_chain import count_blocks
from advphy_model.measure.measurement_text import counted_text
from advphy_model.modem.header import SeedGate
from advphy_model.randomness import checked_index, checked_seed
from gnuradio import gr

from ..block_errors import DONE, guarded_block
from ..receive.decoder import Erasures
from ..reports import Reporter
from ..stream_tags import ERASURES_TAG, FRAME_TAG, LINK_SETTINGS, of_link, of_seed
from .segmented_meter import index_of, setting_follower


@dataclass
class Segment:
    """Counts under constant settings."""

    first_block: int  # index of its first block
    settings: dict = field(default_factory=dict)  # from the tags and set_settings
    blocks: int = 0
    block_errors: int = 0  # blocks that were decided wrongly
    erasures: int = 0  # blocks that were not decided
    frames: int = 0  # bursts that arrived; 0 without "frame" tags
    missed_frames: int = 0  # bursts that did not; their blocks are in no other count

    @property
    def failures(self):
        return self.block_errors + self.erasures

    def add(self, later):
        for name in [*vars(self)][2:]:
            setattr(self, name, getattr(self, name) + getattr(later, name))

    @property
    def bler(self):
        """Return the block error rate, or 0 if it is empty."""
        return self.failures / self.blocks if self.blocks else 0.0

    def figures(self):
        """Return the published counts; those of bursts only if one arrived."""
        names = ["first_block", "blocks", "block_errors", "erasures", "bler"]
        if self.frames:
            names += ["frames", "missed_frames"]
        return {name: getattr(self, name) for name in names}


class error_counter(setting_follower):
    """Count the blocks that were decided wrongly.

    Input 0: decided messages, uint8
    Input 1: sent messages, uint8, optional; without it they are re-created from the
        seed
    Message port "counts": a dictionary with kind, name, time, link, model_sha256, seed,
        settings (a dictionary with ebn0_db and others), first_block, blocks,
        block_errors, erasures and bler, and, after a burst synchronizer, frames,
        missed_frames, latency_median and latency_99_percent (seconds from a burst's
        last sample to its decision, over the last 10 000 bursts); 20 times a second,
        when a segment ends and when the stream ends.

    A "frame" tag of the burst synchronizer gives the index of the next block; bursts
    that did not arrive are counted as missed_frames. A "channel", "perturbation" or
    "canceller" tag begins a new segment: no count mixes two settings. Erased blocks
    ("erasures" tag) are counted separately; BLER = (wrong + erased) / blocks. Where
    no sent messages are connected, a first burst whose header reports another seed ends
    the flowgraph with an error; later ones are left out, as of_another_seed.

    Args:
        model: link model, or its name or file; its k is used.
        seed: seed of the message source.
        first_block: index of the first item.
        stop: advphy.StopRule that ends the flowgraph by the counts of the current
            segment, or None: never.
        settings: dictionary of settings that no tag carries, such as a transmitter's
            gain, or None; set_settings changes it.
        name: name of this block in displays; "": the name of the link.
    """

    SEGMENT = Segment
    TAGS = LINK_SETTINGS

    def __init__(self, model, seed=1, first_block=0, stop=None, settings=None, name=""):
        inputs = gr.py_io_signature(1, 2, [np.uint8, np.uint8])
        guarded_block.__init__(self, "error_counter", inputs, None)
        model = load(model)
        self._k, self._seed = model.k, checked_seed(seed)
        first = checked_index("first_block", first_block)
        methods = [getattr(stop, name, None) for name in ("next_check", "met")]
        if stop is not None and not all(map(callable, methods)):
            rule = "advphy.StopRule(min_errors=...) or None"
            raise ValueError(f"stop must be {rule}, got {stop!r}")
        self._rule = stop
        self.expected = (of_link(model), of_seed(self._seed, self._k))
        self.follow(first, Reporter(self, "counts", name, model.name), settings)
        self._forget()
        self._origin = {"link": model.name, "model_sha256": model.sha256}
        self._origin["seed"] = self._seed

    def bler(self):
        """Return the block error rate of the current segment, or 0 if it is empty."""
        return self.segment().bler

    def of_another_seed(self):
        """Return the number of bursts that were left out."""
        return self._gate.left_out

    def text(self):
        """Return the BLER of the current segment, as a line for a display."""
        segment = self.segment()
        if not segment.blocks:
            return "no block yet"
        return counted_text(segment.failures, segment.blocks)

    def _forget(self):
        self._erasures, self._ended = Erasures(), False
        self._gate, self._admitted = SeedGate(self._seed), True

    def start(self):
        self._forget()
        return setting_follower.start(self)

    def meet_origins(self, input_items):
        if len(input_items) == 2:  # messages that are connected may have any seed
            self._unmet = tuple(each for each in self._unmet if each.what != "seed")
        setting_follower.meet_origins(self, input_items)

    def work(self, input_items, output_items):
        if self._ended:
            return DONE
        decided = input_items[0]
        keys = FRAME_TAG, ERASURES_TAG, *self.TAGS
        tags = self.tags_of(len(decided), *keys, needs=("missed",))
        changes, runs = self._changes(tags), self._runs(tags, len(decided))
        refused = []  # of another seed
        if len(input_items) == 2:
            sent = input_items[1][: len(decided)]
        else:  # re-created from the seed
            sent = np.empty(len(decided), np.uint8)
            for begin, end, index, burst in runs:
                if burst:
                    check = bytes.fromhex(burst.get("seed_check", "")) or None
                    self._admitted = self._gate.admits(check, burst.get("number"))
                if not self._admitted:
                    refused.append((begin, end))
                kernels.messages(self._seed, index, self._k, sent[begin:end])
        erased = self._erasures.flags(tags, len(decided), self.nitems_read(0))
        for begin, end in self._pieces(changes, len(decided)):
            if begin in changes:
                self._open(index_of(begin, runs), changes[begin])
            bursts = [tag for at, _, _, tag in runs if tag and begin <= at < end]
            with self._lock:
                self._segments[-1].frames += len(bursts)
                self._segments[-1].missed_frames += sum(tag["missed"] for tag in bursts)
            piece = _without(refused, begin, end)
            flags = None if erased is None else erased[piece]
            if self._count(decided[piece], sent[piece], flags):
                self._publish()
                return DONE
        if self._reporter.due():
            self._publish()
        return len(decided)

    def _pieces(self, changes, size):
        """Yield (begin, end) between changes of settings or checks of the rule."""
        begin = 0
        while begin < size:
            later = [at for at in changes if at > begin]
            end = min([*later, size])
            if self._rule is not None:
                blocks = 0 if begin in changes else self._segments[-1].blocks
                end = min(end, begin + self._rule.next_check(blocks) - blocks)
            yield begin, end
            begin = end

    def _count(self, decided, sent, erased):
        """Add a piece to the current segment; return whether the flowgraph ends."""
        errors, erasures = count_blocks(decided, sent, erased)
        with self._lock:
            segment = self._segments[-1]
            segment.blocks += len(decided)
            segment.block_errors += errors
            segment.erasures += erasures
            if self._rule is None:
                return False
            if self._rule.next_check(segment.blocks - 1) != segment.blocks:
                return False
            self._ended = self._rule.met(segment.blocks, segment.failures)
            return self._ended

    def _publish(self, segment=None):
        segment = segment or self.segment()
        figures = self._origin | segment.figures() | self.latency.figures()
        if self.of_another_seed():
            figures["of_another_seed"] = self.of_another_seed()
        self._reporter.send(figures, segment.settings)


def _without(refused, begin, end):
    """Return what picks the items begin..end - 1 that are in none of the ranges."""
    if not refused:
        return slice(begin, end)
    kept = np.ones(end, bool)
    for at, stop in refused:
        kept[at:stop] = False
    return begin + np.flatnonzero(kept[begin:])
