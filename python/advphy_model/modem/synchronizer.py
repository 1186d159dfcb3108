# SPDX-License-Identifier: GPL-3.0-or-later
"""Received samples become aligned codewords again."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.modem.frame import SEGMENT, VERSION
from advphy_model.modem.header import Header
from advphy_model.modem.pulse import pulse_bank

_PHASES = 64  # of a sample, at which the pulse is tabulated
_OF_FRAME = (  # what the kernel takes as a frame has it
    "n codewords samples_per_symbol span preamble_at preamble header_at payload_at"
    " pilot_at"
)
THRESHOLD = 0.2  # no false alarm in 10^9 samples of noise: tests/qa_long_radio.py


@dataclass(frozen=True)
class ReceivedFrame:
    """What is known of a frame that arrived.

    Args:
        header: Header.
        index: of its first codeword: number * codewords of a full frame.
        missed: frames between the one before and this one, by their numbers.
        first_codeword: where its codewords begin among those returned with it.
        at: sample of its first preamble symbol, from the stream's beginning.
        snr_db: signal over noise power per channel use, estimated.
        cfo: carrier frequency offset, cycles per sample.
        clock_ppm: by which the sender's clock is faster than the receiver's, parts per
            million: 5, where a frame takes 5e-6 less than its samples.
        gain: amplitude of the preamble's symbols behind the matched filter.
        equalised: whether an echo was found and undone.
        intact: whether the last pilots were where they belong; not so where samples
            were lost within the frame.
    """

    header: Header
    index: int
    missed: int
    first_codeword: int
    at: float
    snr_db: float
    cfo: float
    clock_ppm: float
    gain: float
    equalised: bool
    intact: bool

    def as_dict(self) -> dict:
        """Return what a tag or an annotation says of the frame: plain values."""
        said = dataclasses.asdict(self)
        for name in ("header", "first_codeword", "at"):
            said.pop(name)
        header = self.header
        return {"number": header.number, "codewords": header.codewords, **said}

    def moved(self, codewords: int):
        """Return the same frame, its first codeword so many places further."""
        return dataclasses.replace(self, first_codeword=self.first_codeword + codewords)


class Synchronizer:
    """Find frames in samples and return their codewords.

    Args:
        frame: Frame.
        model: link model or semantic link that the frames must be of, or None: any.
        equalise: undo echoes by least squares over preamble and header.
        phase_walk: phase noise expected, rad^2 per symbol: how fast the tracking over
            pilots forgets.
        threshold: of the preamble's metric, 0..1 (lib/modem/burst_search.h).
        first_frame: number of the first frame that is expected, so that those before
            the first to arrive count as missed; None: whichever arrives first.
    """

    def __init__(
        self,
        frame,
        model=None,
        equalise=True,
        phase_walk=1e-5,
        threshold=THRESHOLD,
        first_frame=None,
    ):
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be 0 < threshold < 1, got {threshold}")
        if not 0 <= phase_walk < 1:
            raise ValueError(
                f"phase_walk must be 0..1 rad^2 per symbol, got {phase_walk}"
            )
        self.frame, self._model = frame, model
        expected = b"" if model is None else bytes.fromhex(model.sha256[:8])
        self._kernel = kernels.burst_synchronizer(
            _layout(frame), threshold, bool(equalise), phase_walk, expected
        )
        self._expected = first_frame  # number of the next frame
        self._received = self._missed = self._restarts = 0

    @property
    def counts(self) -> dict:
        """Return what was counted so far.

        received and missed frames; restarts: a number that is not higher than the one
        before; preambles found and bad_headers, whose CRC did not fit; samples and
        those of them not_finite (or absurdly large), which count as 0.
        """
        names = ("preambles", "bad_headers", "samples", "not_finite")
        return {
            "received": self._received,
            "missed": self._missed,
            "restarts": self._restarts,
            **{name: getattr(self._kernel, name) for name in names},
        }

    def push(self, samples):
        """Take samples; return (codewords, frames) that they completed.

        Args:
            samples: complex64, any number.

        Returns:
            codewords, complex64 [blocks, n], and a list of ReceivedFrame.

        Raises:
            ValueError: when a frame is of another model or layout.
        """
        symbols, found = self._kernel.push(samples)
        frames = [self._frame(*values) for values in found]
        return symbols.reshape(-1, self.frame.n), frames

    def flush(self):
        """Return what zeros behind the last sample complete."""
        samples = self.frame.samples() + 4096 * self.frame.samples_per_symbol
        return self.push(np.zeros(samples, np.complex64))

    def _frame(self, fields, first, at, snr, cfo, clock, gain, *found):
        header = Header(*fields)
        if header.version != VERSION:
            raise ValueError(
                f"frame {header.number} has layout version {header.version}, this is "
                f"version {VERSION}; use the same gr-advphy at both ends"
            )
        if (
            self._model is not None
            and header.model_hash.hex() != self._model.sha256[:8]
        ):
            raise ValueError(
                f"frame {header.number} is of the link model "
                f"{header.model_hash.hex()}, this is '{self._model.name}' "
                f"{self._model.sha256[:8]}; give both ends the same link"
            )
        missed = 0 if self._expected is None else header.number - self._expected
        if missed < 0:
            missed, self._restarts = 0, self._restarts + 1
        self._expected = header.number + 1
        self._received, self._missed = self._received + 1, self._missed + missed
        index = header.number * self.frame.codewords
        snr_db = 10 * math.log10(max(snr, 1e-10))
        return ReceivedFrame(
            header, index, missed, first, at, snr_db, cfo, -1e6 * clock, gain, *found
        )


def _layout(frame):
    """Return what the kernel wants to know."""
    pulse = frame.samples_per_symbol, frame.rolloff, frame.span
    sizes = [0, *(frame.symbols(c) for c in range(1, frame.codewords + 1))]
    return {
        **{name: getattr(frame, name) for name in _OF_FRAME.split()},
        "version": VERSION,
        "segment": SEGMENT,
        "scale": math.sqrt(frame.symbol_energy),
        "pilots": frame.pilot_symbols,
        "symbols": np.array(sizes, np.int32),
        "phases": _PHASES,
        "bank": pulse_bank(*pulse, _PHASES),
    }
