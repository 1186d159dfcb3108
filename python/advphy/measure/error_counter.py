# SPDX-License-Identifier: GPL-3.0-or-later
"""Error counter: block errors per segment of constant channel settings."""

from dataclasses import dataclass, field

import numpy as np
import pmt
from advphy_model import kernels
from advphy_model.link.links import load
from advphy_model.measure.scoring import count_blocks
from advphy_model.randomness import checked_index, checked_seed
from gnuradio import gr

from ..air.channel import TAG as CHANNEL_TAG
from ..air.perturbation_source import TAG as PERTURBATION_TAG
from ..block_errors import DONE, guarded_block
from ..receive.decoder import TAG as ERASURES_TAG
from ..receive.perturbation_canceller import TAG as CANCELLER_TAG
from ..reports import Reporter
from .setting_follower import setting_follower


@dataclass
class Segment:
    """What was counted between two changes of the settings.

    Args:
        first_block: index of its first block.
        settings: of the channel's and the perturbation's tags; empty where there was
            none.
        blocks: blocks counted.
        block_errors: blocks decided for a wrong message.
        erasures: blocks not decided.
        frames: frames that arrived over the air, and missed_frames that did not, whose
            blocks are in no other count; 0 where there are no "frame" tags.
    """

    first_block: int
    settings: dict = field(default_factory=dict)
    blocks: int = 0
    block_errors: int = 0
    erasures: int = 0
    frames: int = 0
    missed_frames: int = 0

    @property
    def failures(self):
        """Return the blocks wrong or erased."""
        return self.block_errors + self.erasures

    @property
    def bler(self):
        """Return the block error rate; 0 while empty."""
        return self.failures / self.blocks if self.blocks else 0.0

    def figures(self):
        """Return what is published of it: counts, and frames where there were any."""
        names = ["first_block", "blocks", "block_errors", "erasures", "bler"]
        if self.frames:
            names += ["frames", "missed_frames"]
        return {name: getattr(self, name) for name in names}


class error_counter(setting_follower):
    """Count the blocks that were decided wrongly.

    Input 0: decided messages, uint8
    Input 1: sent messages, uint8, optional; else they are re-created from the seed
    Message port "counts": a dictionary with kind, name, time, link, model_sha256, seed,
        settings (a dictionary with ebn0_db and the others), first_block, blocks,
        block_errors, erasures, bler; 20 times a second, at the end of a segment, and
        when the stream ends or is stopped.

    A "frame" tag of the burst synchronizer says which block is next, and frames that
    did not arrive are counted as missed_frames. A tag "channel", "perturbation" or
    "canceller" opens a new segment: no count mixes two settings. Erased blocks (tag
    "erasures") are counted apart from wrong ones; BLER is both over blocks.

    Args:
        model: link model, or the name or file of one; gives k.
        seed: of the message source.
        first_block: index of the first item.
        stop: advphy.StopRule that ends the flowgraph by the counts of the present
            segment, or None: never.
        settings: dictionary of what no tag says, such as a transmitter's gain, or None;
            set_settings changes it.
        name: of this block in displays; "": that of the link.
    """

    SEGMENT = Segment
    TAGS = (CHANNEL_TAG, PERTURBATION_TAG, CANCELLER_TAG)

    def __init__(self, model, seed=1, first_block=0, stop=None, settings=None, name=""):
        inputs = gr.py_io_signature(1, 2, [np.uint8, np.uint8])
        guarded_block.__init__(self, "error_counter", inputs, None)
        model = load(model)
        self._k = model.k
        self._seed = checked_seed(seed)
        first = checked_index("first_block", first_block)
        if stop is not None and not hasattr(stop, "next_check"):
            raise ValueError(
                f"stop must be advphy.StopRule(min_errors=...) or None, got {stop}"
            )
        self._rule = stop
        reporter = Reporter(self, "counts", "counts", name, model.name)
        self.follow(first, reporter, settings)
        self._erased_until = 0  # offset behind the run of erasures we are in
        self._sent = np.empty(0, np.uint8)
        self._ended = False
        self._origin = {"link": model.name, "model_sha256": model.sha256}
        self._origin["seed"] = self._seed

    def bler(self):
        """Return the block error rate of the present segment; 0 while empty."""
        with self._lock:
            return self._segments[-1].bler

    def text(self):
        """Return the present segment as a line for a display."""
        present = self.segments()[-1]
        if not present.blocks:
            return "no block yet"
        rate = present.failures / present.blocks
        return f"{rate:.2e} ({present.failures} of {present.blocks} blocks)"

    def start(self):
        self._erased_until, self._ended = 0, False
        return setting_follower.start(self)

    def work(self, input_items, output_items):
        if self._ended:
            return DONE
        decided = input_items[0]
        read = self.nitems_read(0)
        tags = self.get_tags_in_window(0, 0, len(decided))
        runs = self._runs(tags, read, len(decided))
        sent = self._sent_messages(input_items, runs)
        erased = self._erased(tags, read, len(decided))
        changes = self._changes(tags, read)
        for begin, end in self._pieces(changes, len(decided)):
            if begin in changes:
                self._open(_index_of(begin, runs), changes[begin])
            self._note_frames(begin, end, runs)
            piece = slice(begin, end)
            lost = None if erased is None else erased[piece]
            if self._count(decided[piece], sent[piece], lost):
                self._publish()
                return DONE
        if self._reporter.due():
            self._publish()
        return len(decided)

    def _note_frames(self, begin, end, runs):
        """Count the frames that begin among items begin..end."""
        found = [said for at, _, _, said in runs if said and begin <= at < end]
        if found:
            with self._lock:
                present = self._segments[-1]
                present.frames += len(found)
                present.missed_frames += sum(said["missed"] for said in found)

    def _sent_messages(self, input_items, runs):
        """Return what was sent: the second input, or the messages from the seed."""
        size = len(input_items[0])
        if len(input_items) == 2:
            return input_items[1][:size]
        if len(self._sent) < size:
            self._sent = np.empty(size, np.uint8)
        sent = self._sent[:size]
        for begin, end, index, _ in runs:
            kernels.messages(self._seed, index, self._k, sent[begin:end])
        return sent

    def _erased(self, tags, read, size):
        """Return flags of the erased items, or None when there are none."""
        runs = [
            (tag.offset, tag.offset + pmt.to_python(tag.value))
            for tag in tags
            if pmt.equal(tag.key, pmt.intern(ERASURES_TAG))
        ]
        runs.append((read, self._erased_until))  # the rest of a run from before
        erased = None
        for begin, end in runs:
            self._erased_until = max(self._erased_until, end)
            if begin < end:
                erased = np.zeros(size, bool) if erased is None else erased
                erased[begin - read : min(end - read, size)] = True
        return erased

    def _pieces(self, changes, size):
        """Yield (begin, end) between changes of settings and looks at the stop rule."""
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
        """Add a piece to the present segment; return whether the flowgraph ends."""
        errors, erasures = count_blocks(decided, sent, erased)
        with self._lock:
            present = self._segments[-1]
            present.blocks += len(decided)
            present.block_errors += errors
            present.erasures += erasures
            if self._rule is None:
                return False
            if self._rule.next_check(present.blocks - 1) != present.blocks:
                return False
            self._ended = self._rule.met(present.blocks, present.failures)
            return self._ended

    def _publish(self, segment=None):
        present = segment or self.segments()[-1]
        self._reporter.send(self._origin | present.figures(), present.settings)


def _index_of(item, runs):
    """Return the index of the block that an item of this call is."""
    return next(index + item - at for at, end, index, _ in runs if at <= item < end)
