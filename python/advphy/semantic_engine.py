# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine that measures a semantic link by streaming it to Bob and to Eve."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from advphy_model.measure import ranges
from advphy_model.measure.semantic_chain import EVE_SEED, signal_energy
from advphy_model.measure.semantic_counts import SemanticCounts
from gnuradio import blocks

from .air.snr_channel import snr_channel
from .measure.accuracy_counter import accuracy_counter
from .measure.distortion_meter import distortion_meter
from .receive.bob_arn import bob_arn
from .receive.eve import eve
from .receive.semantic_decoder import semantic_decoder
from .runner import top_block
from .transmit.alice_arn import alice_arn
from .transmit.image_source import image_source
from .transmit.semantic_encoder import semantic_encoder

LATENCY = 2000  # images in a call: fewer than a cache loses, enough for few calls


class semantic_flowgraph(top_block):
    """Flowgraph of a SemanticSetting: one transmitter, Bob's branch and Eve's.

    It sends `frames` images from number first_frame on. The vectors that Eve receives,
    complex64, are written into the file `recording` unless it is None.
    """

    def __init__(self, setting, frames, first_frame=0, latency=LATENCY, recording=None):
        top_block.__init__(self, "semantic")
        if setting.attack is not None:
            raise ValueError(
                "an attack on images needs the loop engine; give --engine loop"
            )
        self._setting, self._first_frame = setting, first_frame
        self.source = image_source(setting.images, first_frame, frames, latency)
        self.encoder = sent = semantic_encoder(setting.link, latency)
        self.connect(self.source, self.encoder)
        self.alice, self.meters = None, {}
        if setting.pair != "none":
            at, nonce = (setting.secret, first_frame, latency), setting.nonce or "none"
            sent = alice_arn(setting.link, True, *at, nonce=nonce)
            self.alice = sent
            self.connect(self.encoder, sent)
        if {"bob", "bob_without"} & set(setting.measured):
            self._bobs_branch(sent, latency)
        if "eve" in setting.measured or recording is not None:
            self._eves_branch(sent, latency, recording)

    def _eves_branch(self, sent, latency, recording):
        setting = self._setting
        seed = setting.seed + EVE_SEED
        channel = self._channel(sent, setting.eve_snr_db, seed, latency)
        if "eve" in setting.measured:
            meter = accuracy_counter(setting.images, self._first_frame)
            self.connect(channel, eve(setting.eve, latency), meter)
            self.meters["eve"] = meter
        if recording is not None:
            self.recorder = blocks.file_sink(8 * setting.link.n, str(recording))
            self.connect(channel, self.recorder)

    def _channel(self, sent, snr_db, seed, latency):
        link, at = self._setting.link, (self._first_frame, self._setting.kind)
        channel = snr_channel(link, snr_db, seed, *at, latency)
        self.connect(sent, channel)
        return channel

    def _bobs_branch(self, sent, latency):
        setting, first_frame = self._setting, self._first_frame
        channel = self._channel(sent, setting.snr_db, setting.seed, latency)
        for branch in ("bob", "bob_without"):
            if branch not in setting.measured:
                continue
            every = int(setting.ssim)
            meter = distortion_meter(setting.images, first_frame, ssim_every=every)
            chain = [channel]
            if branch == "bob" and self.alice is not None:
                at = setting.bob_secret or setting.secret, first_frame, latency
                nonce = setting.nonce or "none"
                self.bob = bob_arn(setting.link, "follow", *at, nonce)
                chain.append(self.bob)
            self.connect(*chain, semantic_decoder(setting.link, latency), meter)
            self.meters[branch] = meter

    def _energies(self):
        """Return the sums of energies; without a pair, the energy of the codes."""
        if self.alice is not None:
            return self.alice.energies()
        frames = max(meter.total().get("frames", 0) for meter in self.meters.values())
        energy = signal_energy(self._setting, frames, self._first_frame)
        return {"signal_energy": energy, "transmit_energy": energy}

    def totals(self):
        """Return a dictionary of sums for each branch that is measured."""
        none = dict.fromkeys(SemanticCounts.SUMS, 0) | self._energies()
        branches = self._setting.measured
        sums = [none | self.meters[branch].total() for branch in branches]
        return [{name: of[name] for name in SemanticCounts.SUMS} for of in sums]


def counted(setting, rows, rule, limit=None, latency=LATENCY):
    """Yield the rows of a SemanticSetting once all images have streamed.

    Arguments and decisions are those of advphy_model.measure.ranges.counted. The sums
    are equal to its sums, except for the order of the additions.
    """
    frames = ranges.most_items(setting, rule, limit) - rows[0].frames
    flowgraph = semantic_flowgraph(setting, frames, rows[0].end, latency)
    flowgraph.run()
    pairs = zip(rows, flowgraph.totals(), strict=True)
    yield tuple(row.plus(more) for row, more in pairs)


def record(setting, frames, first_frame=0):
    """Return the vectors that Eve receives in a flowgraph, complex64 [frames, n]."""
    with tempfile.TemporaryDirectory(prefix="advphy-") as folder:
        path = Path(folder) / "eve.c64"
        only_eve = dataclasses.replace(setting, branches=())
        flowgraph = semantic_flowgraph(only_eve, frames, first_frame, recording=path)
        flowgraph.run()
        flowgraph.recorder.close()
        return np.fromfile(path, np.complex64).reshape(-1, setting.link.n)
