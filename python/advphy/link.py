# SPDX-License-Identifier: GPL-3.0-or-later
"""Hier block with a whole link, from the messages to the error counts."""

import dataclasses

from advphy_model.air.adversary import Adversary
from advphy_model.checked_values import checked_kind
from advphy_model.link.links import load
from advphy_model.receive.canceller import CancellerSettings
from gnuradio import gr

from .air.channel import channel
from .air.perturbation_source import perturbation_source
from .block_errors import kept_hier_block
from .measure.error_counter import error_counter
from .receive.decoder import decoder
from .receive.perturbation_canceller import perturbation_canceller
from .reports import forward_messages
from .transmit.encoder import encoder
from .transmit.message_source import message_source


def attacking(flowgraph, attack, model, source, **at):
    """Return the source of an Adversary's perturbation, with the messages if needed."""
    made = perturbation_source(model, **attack.settings(), **at)
    if attack.needs_messages:
        flowgraph.connect(source, made)
    return made


class link(kept_hier_block):
    """Send messages over a channel, decide them, and count the errors.

    Message port "counts": the messages of the error counter.

    Args:
        model: link model, or its name or file.
        ebn0_db: Eb/N0 in dB; set_ebn0_db changes it.
        seed: seed of messages and noise.
        first_block: index of the first block.
        kind: channel, such as "awgn" or "rayleigh_block + cfo(frequency=0.01)".
        stop: advphy.StopRule that ends the flowgraph, or None: never.
        latency: largest number of items in one call of work(), for every block.
        attack: advphy.Adversary(perturbation, ...) that is added after the noise, or
            None. With a stop rule its schedule is not tagged: one segment counts all.
        canceller: advphy.CancellerSettings(...) of a canceller before the decoder, or
            None.
        name: name of the counts in displays; "": the name of the link.
    """

    def __init__(
        self,
        model,
        ebn0_db=6.0,
        seed=1,
        first_block=0,
        kind="awgn",
        stop=None,
        latency=65536,
        attack=None,
        canceller=None,
        name="",
    ):
        none = gr.io_signature(0, 0, 0)
        gr.hier_block2.__init__(self, "link", none, none)
        model = load(model)
        checked_kind("attack", attack, Adversary | None, "advphy.Adversary(...)")
        wanted = "advphy.CancellerSettings(...)"
        checked_kind("canceller", canceller, CancellerSettings | None, wanted)
        self.source = message_source(model, seed, first_block, latency=latency)
        self.encoder = encoder(model, latency)
        self.channel = channel(model, ebn0_db, seed, first_block, kind, latency)
        self.decoder = decoder(model, latency)
        self.counter = error_counter(model, seed, first_block, stop, name=name)
        received = [self.channel]
        if canceller is not None:
            settings = dataclasses.asdict(canceller)
            self.canceller = perturbation_canceller(model, **settings, latency=latency)
            received.append(self.canceller)
        self.connect(self.source, self.encoder, *received, self.decoder, self.counter)
        if attack is not None:
            at = {"first_block": first_block, "latency": latency}
            self.perturbation = attacking(self, attack, model, self.source, **at)
            self.perturbation.tags_schedule = stop is None
            self.connect(self.perturbation, (self.channel, 1))
        forward_messages(self, self.counter, "counts")

    def set_ebn0_db(self, ebn0_db):
        """Set Eb/N0 in dB, from the channel's next call of work() on."""
        self.channel.set_ebn0_db(ebn0_db)

    def segments(self):
        """Return the error counter's segments, at most 1000, the current one last."""
        return self.counter.segments()

    def bler(self):
        """Return the block error rate of the current segment."""
        return self.counter.bler()
