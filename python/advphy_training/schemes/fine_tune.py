# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder of a link trained further, supervised, on the bursts of a recording.

The codewords are those that the synchronizer finds; the messages follow from seed and
index. The last bursts are held out: their errors before and after are in the recipe.
The codebook stays, but the link has another hash: give the new file to both ends.
"""

import dataclasses
import hashlib
import itertools

import numpy as np
import torch
from advphy_model.complex_baseband import to_reals
from advphy_model.files import recording_reader
from advphy_model.link import decision, links
from advphy_model.measure.link_chain import count_blocks
from advphy_model.modem.frame import Frame
from advphy_model.modem.synchronizer import Synchronizer
from advphy_model.randomness import messages

from advphy_training import setting_checks
from advphy_training.link_scheme import LinkScheme
from advphy_training.medium import arrivals
from advphy_training.networks import BITS
from advphy_training.torch_network import TorchNetwork

LEAST = 10  # bursts of a recording
HELD_OUT = 0.2  # of the bursts, the last ones, which are not trained on


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of the fine-tuning.

    Args:
        recording: file of the recording, .sigmf-meta or .sigmf.
        link: file of the link that was sent; empty: the shipped one of that name.
        batch: received vectors per step.
        steps: number of steps of Adam.
        learning_rate: learning rate at the first step.
        last_learning_rate: learning rate at the last step; it falls along a cosine.
    """

    recording: str = ""
    link: str = ""
    batch: int = 1024
    steps: int = 2000
    learning_rate: float = 2e-3
    last_learning_rate: float = 1e-5

    def __post_init__(self):
        setting_checks.descent(self)


class Scheme(LinkScheme):
    """The decoder of a link; the seed draws the batches only."""

    def __init__(self, settings: Settings, seed: int):
        self._batch, (self._start, bursts) = settings.batch, _recorded(settings)
        held = round(HELD_OUT * len(bursts))
        y, sent = map(np.concatenate, zip(*bursts[:-held], strict=True))
        self._y, self._sent = torch.as_tensor(to_reals(y)), torch.as_tensor(sent).long()
        self._held_out = [*map(np.concatenate, zip(*bursts[-held:], strict=True))]
        parts = b"".join(part.tobytes() for part in itertools.chain(*bursts))
        self.reads = [self._start.sha256, hashlib.sha256(parts).hexdigest()]
        self._decoder = TorchNetwork(self._start.networks["decoder"], (BITS,))

    def parameters(self):
        """Return the tensors that minimize: those of the decoder."""
        return [p for p in self._decoder.parameters() if p.requires_grad]

    def loss(self, generator):
        """Return the mean cross-entropy of a batch drawn from the recording."""
        drawn = torch.randint(len(self._y), (self._batch,), generator=generator)
        logits = self._decoder(self._y[drawn])
        return torch.nn.functional.cross_entropy(logits, self._sent[drawn])

    def link(self, name: str, recipe: dict):
        """Return the link with the current decoder, and its held-out counts."""
        start = self._start
        networks = start.networks | {"decoder": self._decoder.export()}
        made = dataclasses.replace(start, name=name, networks=networks)
        held_out = {"blocks": len(self._held_out[1])}
        held_out["failures_before"] = self._failures(start)
        held_out["failures_after"] = self._failures(made)
        own = {"started_from": {start.name: start.sha256}, "held_out": held_out}
        return dataclasses.replace(made, recipe=recipe | own)

    def early_figures(self, link):
        """Return the block error rate of the held-out part."""
        return {"bler_held_out": self._failures(link) / len(self._held_out[1])}

    def _failures(self, link):
        y, sent = self._held_out
        decided, erased = np.empty((2, len(y)), np.uint8)
        decision.decider(link).decide(y, decided, erased)
        return sum(count_blocks(decided, sent, erased))


def _recorded(settings):
    """Return the link and [(received vectors, messages)] of the bursts; ValueError."""
    if not settings.recording:
        raise ValueError("recording is missing; give --from-recording RUN.sigmf-meta")
    found = recording_reader.read(settings.recording)
    if (origin := found.origin) is None or origin.images:
        remedy = "record one with advphy radio rx --record"
        raise ValueError(f"{found.meta} is not of a link model that it names; {remedy}")
    model = links.load(settings.link or origin.link)
    origin.require(model)
    if model.decision != "network":
        raise ValueError(f"link '{model.name}' has no decoder; record another link")
    receiver = Synchronizer(Frame.restore(origin.frame), model)
    bursts = [*arrivals(receiver, found.pieces())]
    if len(bursts) < LEAST:
        few = f"{len(bursts)} bursts, expected at least {LEAST}"
        raise ValueError(f"{found.meta} holds {few}; make a longer recording")
    seed, k = origin.seed, model.k
    return model, [(y, messages(seed, int(i[0]), len(y), k)) for y, i in bursts]
