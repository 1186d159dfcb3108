# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs of the two ends of a link over the air: transmitter and receiver."""

from advphy_model.link.eavesdropper import Eve
from advphy_model.modem.frame import Frame
from gnuradio import blocks

from .link import attacking
from .measure.accuracy_counter import accuracy_counter
from .measure.distortion_meter import distortion_meter
from .measure.error_counter import error_counter
from .receive.bob_arn import bob_arn
from .receive.burst_synchronizer import burst_synchronizer
from .receive.decoder import decoder
from .receive.eve import eve as listening_eve
from .receive.semantic_decoder import semantic_decoder
from .runner import top_block
from .transmit.alice_arn import alice_arn
from .transmit.burst_modulator import burst_modulator
from .transmit.encoder import encoder
from .transmit.image_source import image_source
from .transmit.message_source import message_source
from .transmit.semantic_encoder import semantic_encoder

UNLIMITED = 2**62  # samples


def _of_bursts(model, secret):
    """Return the secret of keyed bursts, None if that of a link keys its codes."""
    return None if getattr(model, "keying", "none") != "none" else secret


class transmitter(top_block):
    """Flowgraph that sends bursts of messages or images into a sink.

    Args:
        model: link model or semantic link.
        sink: block that takes samples, such as sdr_sink.
        frame: Frame, or None: Frame.of_model(model).
        frames: number of bursts to send, or None: without end.
        seed: seed of the messages.
        first_frame: number of the first burst.
        images: Images or the name of a data set, for a semantic link.
        secret: 32 bytes, for a keyed semantic link, or keyed bursts of other links.
        attack: Adversary of a link model, added to Alice's codewords, or None.
        amplitude: largest magnitude of a sample.
    """

    def __init__(
        self,
        model,
        sink,
        frame=None,
        frames=None,
        seed=1,
        first_frame=0,
        images=None,
        secret=None,
        attack=None,
        amplitude=0.8,
    ):
        top_block.__init__(self, "transmitter")
        frame = Frame.of_model(model) if frame is None else frame
        first = first_frame * frame.codewords
        count = None if frames is None else frames * frame.codewords
        at_once = 4 * frame.codewords  # small, so that buffers do not hold seconds
        own = {"amplitude": amplitude, "seed": seed if images is None else None}
        own["secret"] = _of_bursts(model, secret)
        self.modulator = burst_modulator(model, frame, first_frame, **own)
        self.sink = sink
        if images is not None:
            source = image_source(images, first, count, at_once)
            parts = [source, semantic_encoder(model, at_once)]
            if model.hides:
                parts.append(alice_arn(model, True, secret, first, at_once))
        else:
            source = message_source(model, seed, first, count, at_once)
            parts = [source, encoder(model, at_once)]
        if attack is not None:
            parts.append(blocks.add_vcc(model.n))
            at = {"first_block": first, "latency": at_once}
            self.connect(attacking(self, attack, model, source, **at), (parts[-1], 1))
        self.connect(*parts, self.modulator, sink)


class receiver(top_block):
    """Flowgraph that receives bursts from a source, decides and counts their items.

    Args:
        model: link model or semantic link.
        source: block that puts out samples, such as sdr_source.
        frame: the sender's Frame, or None: Frame.of_model(model).
        first_frame: number of the first burst that was sent; None: the first one that
            arrives.
        seed: seed of the messages.
        images: Images or the name of a data set, for a semantic link.
        secret: 32 bytes, for a keyed semantic link, or keyed bursts of other links.
        samples: number of samples to receive, or None: until the source ends.
        swap_iq: whether I and Q of the samples are exchanged.
        eve: Eve, or her name or file, who reads labels from the codes that arrive; her
            accuracy_counter is eve_counter. None: nobody.
        ebn0_db: Eb/N0 in dB to which noise worsens the bursts of a link model, or None.
        sent_at: time in s since 1970 at which keyed bursts were sent; None: now.
        nonce: "none" for a keyed semantic link without one, as of version 0.5, or None.
    """

    def __init__(
        self,
        model,
        source,
        frame=None,
        seed=1,
        first_frame=None,
        images=None,
        secret=None,
        samples=None,
        swap_iq=False,
        eve=None,
        ebn0_db=None,
        sent_at=None,
        nonce=None,
    ):
        top_block.__init__(self, "receiver")
        self.source = source
        self._head = blocks.head(8, UNLIMITED if samples is None else samples)
        self.synchronizer = burst_synchronizer(
            model,
            frame,
            first_frame=first_frame,
            swap_iq=swap_iq,
            ebn0_db=ebn0_db,
            noise_seed=seed,
            secret=_of_bursts(model, secret),
            sent_at=sent_at,
        )
        if hasattr(source, "arrivals"):
            self.synchronizer.set_arrivals(source.arrivals)
        parts = [self.synchronizer]
        self._semantic = images is not None
        self._keyed = self._semantic and model.keying != "none"
        if self._semantic:
            if model.hides:
                self.bob = bob_arn(model, secret=secret, nonce=nonce)
                parts.append(self.bob)
            self.meter = distortion_meter(images)
            parts += [semantic_decoder(model), self.meter]
        else:
            self.meter = error_counter(model, seed)
            parts += [decoder(model), self.meter]
        self.connect(source, self._head, *parts)
        if eve is not None:
            eve = Eve.load(eve)
            if not self._semantic:
                raise ValueError(
                    f"eve must be None for '{model.name}', a link of messages, got "
                    f"'{eve.name}'; she reads labels of images, so omit her"
                )
            eve.require_fit(model)
            self.eve_counter = accuracy_counter(images)
            self.connect(self.synchronizer, listening_eve(eve), self.eve_counter)

    def record(self, recorder):
        """Connect a block that records the same samples; call it before the start."""
        self.connect(self._head, recorder)

    def end(self):
        """Take no more samples; those already taken are still decided and recorded."""
        self._head.set_length(0)

    def counts(self):
        """Return the counts so far, with the names of scoring.Scorer's counts."""
        counts = self.synchronizer.counts()
        if self._semantic:
            sums = self.meter.total()
            counts["blocks"] = sums.get("frames", 0)
            names = ("erasures", "squared_error")
            counts |= self.bob.keys() if self._keyed else {}
            return counts | {name: sums.get(name, 0) for name in names}
        names = ("blocks", "erasures", "block_errors")
        segments, others = self.meter.segments(), self.meter.of_another_seed()
        counts |= {"of_another_seed": others} if others else {}
        return counts | {n: sum(getattr(s, n) for s in segments) for n in names}
