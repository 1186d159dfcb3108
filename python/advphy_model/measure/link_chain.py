# SPDX-License-Identifier: GPL-3.0-or-later
"""The aligned link without GNU Radio: counts, settings and computation in tiles."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from advphy_model import kernels
from advphy_model.air.adversary import Adversary
from advphy_model.air.channels import canonical, channel
from advphy_model.link import decision
from advphy_model.link.link_model import LinkModel
from advphy_model.measure import ranges
from advphy_model.measure.error_rate import CHECK_EVERY
from advphy_model.measure.table import Row, names
from advphy_model.power import noise_variance
from advphy_model.randomness import checked_seed
from advphy_model.receive.canceller import CancellerSettings, shared_canceller
from advphy_model.version import __version__

_TILE_BYTES = 256 * 1024  # received vectors, at most a quarter of a core's cache


def columns_with(sums: tuple) -> tuple:
    """Return the columns of rows of a link that have these SUMS."""
    setting = "link engine ebn0_db psr_db attack canceller channel seed first_block"
    return (*names(setting), *sums, "model_sha256", "version")


def count_blocks(decided, sent, erased=None) -> tuple:
    """Return (block_errors, erasures) of uint8 [blocks]; erased may be None."""
    errors = kernels.count_differences(decided, sent)
    lost = 0 if erased is None else int(np.count_nonzero(erased))
    if lost:  # an erased block is not an error, whatever was decided for it
        errors -= int(np.count_nonzero((decided != sent) & np.asarray(erased, bool)))
    return errors, lost


class LinkRow(Row):
    """Base of rows of one link at one Eb/N0."""

    SETTING: ClassVar = names(
        "link engine attack canceller channel psr_db model_sha256 ebn0_db seed"
    )
    FIRST: ClassVar = "first_block"
    layout = "default"  # of bursts

    @property
    def place(self) -> str:
        """Return link and Eb/N0 for error texts."""
        return f"{self.link} at {self.ebn0_db:g} dB"


@dataclass(frozen=True)
class Counts(LinkRow):
    """Counts of one range of blocks under one setting."""

    link: str  # name of the link
    engine: str  # "flowgraph" or "loop"
    ebn0_db: float  # Eb/N0 in dB
    seed: int  # seed of messages and noise
    first_block: int  # index of the first block
    blocks: int  # number of blocks, from first_block on without gaps
    block_errors: int  # blocks decided for a wrong message
    erasures: int  # blocks not decided, because a sample was not finite
    model_sha256: str  # hash of the link model
    # Perturbation-to-signal ratio in dB; None without an attack.
    psr_db: float | None = None
    attack: str = "none"  # Adversary.label, or "none"
    canceller: str = "none"  # CancellerSettings.label, or "none"
    channel: str = "awgn"  # label of the channel, as air.channels.canonical returns it
    version: str = __version__  # version of gr-advphy

    SUMS: ClassVar = names("blocks block_errors erasures")
    COLUMNS: ClassVar = columns_with(SUMS)
    EARLIER: ClassVar = names("channel")
    COMMAND: ClassVar = "advphy measure"

    @property
    def failures(self) -> int:
        """Return the number of blocks that are wrong or erased."""
        return self.block_errors + self.erasures

    def require_possible(self) -> None:
        """Raise ValueError if the counts are contradictory or out of range."""
        if not (
            0 <= self.failures <= self.blocks
            and self.first_block >= 0 <= self.block_errors
        ):
            raise ValueError(
                f"{self.block_errors} errors and {self.erasures} erasures of "
                f"{self.blocks} blocks cannot be"
            )
        self.require_psr()


class OfLink:
    """Base of the settings of links, aligned or through the modem."""

    def prepare(self):
        """Check seed, Eb/N0, channel and canceller; make the channel canonical."""
        checked_seed(self.seed)
        noise_variance(self.ebn0_db, self.model.rate)  # checks the range
        object.__setattr__(self, "channel", canonical(self.channel))
        forgetting = 0 if self.canceller is None else self.canceller.forgetting
        if forgetting:
            raise ValueError(
                f"forgetting = {forgetting}: ranges are counted in any order, so "
                "windows must be independent; give 0, or use the canceller block"
            )
        if self.canceller is not None:
            shared_canceller(self.model, self.canceller)

    def row(self, schema, engine: str, **more) -> tuple:
        """Return a tuple with the only row, a LinkRow with all counts 0.

        The PSR is rounded, because the perturbation is float32.
        """
        attack, canceller = self.attack, self.canceller
        row = schema(
            link=self.model.name,
            engine=engine,
            ebn0_db=float(self.ebn0_db),
            seed=self.seed,
            model_sha256=self.model.sha256,
            channel=self.channel,
            attack="none" if attack is None else attack.label,
            psr_db=None if attack is None else round(attack.scaled.psr_db, 4),
            canceller="none" if canceller is None else canceller.label,
            **schema.nothing(),
            **more,
        )
        return (row,)


@dataclass(frozen=True)
class LinkSetting(OfLink):
    """An aligned link at one Eb/N0, with one adversary and one canceller.

    Raises ValueError if a value is out of range or does not match the link.
    """

    model: LinkModel  # link model
    ebn0_db: float  # Eb/N0 in dB
    seed: int = 1  # seed of messages and noise
    # Adversary, or None; p is added after the noise: y = (x + noise) + p.
    attack: Adversary | None = None
    # CancellerSettings, or None; windows begin with a run.
    canceller: CancellerSettings | None = None
    channel: str = "awgn"  # label of the channel of the codewords (air/channels)

    schema: ClassVar = Counts
    step: ClassVar = CHECK_EVERY  # items between checks of the stop rule

    def __post_init__(self):
        self.prepare()
        if self.attack is not None:
            self.attack.require_fit(self.model)

    def rows(self, engine: str, first: int) -> tuple:
        """Return the row of this setting with all counts 0."""
        return self.row(self.schema, engine, first_block=first)

    def items(self, blocks: int) -> int:
        """Return the number of items for so many blocks."""
        return blocks

    def count(self, first: int, begin: int, end: int) -> tuple:
        """Return the totals of blocks first + begin .. first + end - 1."""
        errors, erasures = ranges.chain_of(self, _Chain).count(first, begin, end)
        totals = {"blocks": end - begin, "block_errors": errors, "erasures": erasures}
        return (totals,)


class _Chain:
    """The buffers of one thread, which runs the link tile by tile."""

    def __init__(self, setting):
        model, canceller = setting.model, setting.canceller
        self._encoder = decision.encoder(model)
        self._decider = decision.decider(model)
        self._k, self._seed, self._attack = model.k, setting.seed, setting.attack
        self._channel = channel(setting.channel)
        self._variance = noise_variance(setting.ebn0_db, model.rate)
        self._canceller = canceller and shared_canceller(model, canceller)
        # A tile begins with a window and holds whole windows.
        self._window = 1 if canceller is None else canceller.window
        tile = max(64, _TILE_BYTES // (8 * model.n))
        tile = max(1, tile // self._window) * self._window
        self._sent, self._decided, self._erased = np.empty((3, tile), np.uint8)
        self._y = np.empty((tile, model.n), np.complex64)

    def count(self, origin, begin, end):
        """Return (errors, erasures) of the blocks origin + begin..end - 1."""
        errors = erasures = 0
        tile, window = len(self._sent), self._window
        for at in range(begin // window * window, end, tile):
            size = min(-(-(end - at) // window) * window, tile)
            self._decide(origin + at, size)
            part = slice(max(begin - at, 0), min(end - at, size))
            results = self._decided, self._sent, self._erased
            wrong, lost = count_blocks(*(each[part] for each in results))
            errors, erasures = errors + wrong, erasures + lost
        return errors, erasures

    def _decide(self, first, size):
        sent, y = self._sent[:size], self._y[:size]
        kernels.messages(self._seed, first, self._k, sent)
        self._encoder.look_up(sent, y)
        self._channel(
            y, y, seed=self._seed, first_block=first, noise_variance=self._variance
        )
        if self._attack is not None:
            self._attack.add(sent, first, y)
        if self._canceller is not None:
            self._canceller.cancel(y)
        self._decider.decide(y, self._decided[:size], self._erased[:size])
