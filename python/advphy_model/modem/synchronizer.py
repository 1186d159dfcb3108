# SPDX-License-Identifier: GPL-3.0-or-later
"""The synchronizer, which finds bursts in samples and returns aligned codewords."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from advphy_model import kernels
from advphy_model.modem.frame import SEGMENT, VERSION
from advphy_model.modem.header import Header
from advphy_model.modem.pulse import frame_bank

_PHASES = 64  # fractions of a sample for which the pulse is tabulated
THRESHOLD = 0.2  # no false alarm in 10^9 samples of noise: tests/qa_long_radio.py


@dataclass(frozen=True)
class ReceivedFrame:
    """Header and estimates of a received burst.

    Args:
        header: Header.
        index: index of its first codeword: number * (codewords in a full burst).
        missed: number of bursts missed between the previous one and this one.
        first_codeword: position of its first codeword in the array returned with it.
        at: position of its first preamble symbol in samples from the stream's start.
        snr_db: estimated signal over noise power per channel use, in dB.
        cfo: carrier frequency offset in cycles per sample.
        clock_ppm: by which the transmitter's clock is faster than the receiver's, so
            that a burst is shorter, in parts per million of its length.
        gain: amplitude of the preamble symbols after the matched filter.
        equalised: whether an echo was found and equalized.
        intact: whether the last pilots were in place, so no samples were lost before.
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
        """Return plain values for a tag or an annotation."""
        fields = dataclasses.asdict(self)
        for name in ("header", "first_codeword", "at"):
            fields.pop(name)
        header = self.header
        if header.seed_check is not None:
            fields["seed_check"] = header.seed_check.hex()
        return {"number": header.number, "codewords": header.codewords, **fields}

    def moved(self, codewords: int):
        """Return the same burst with first_codeword moved by so many positions."""
        return dataclasses.replace(self, first_codeword=self.first_codeword + codewords)


class Synchronizer:
    """Synchronizer that finds bursts in samples and returns their codewords.

    Args:
        frame: Frame.
        model: link model or semantic link that the bursts must have; None: any.
        equalise: whether to equalize echoes by least squares over preamble and header.
        phase_walk: expected phase noise in rad^2 per symbol, at least 0 and below 1.
        threshold: of the preamble metric (lib/modem/burst_search.h), between 0 and 1.
        first_frame: number of the first expected burst; bursts between it and the
            first received one count as missed. None: they do not.
        swap_iq: whether I and Q of the samples are exchanged.

    `hint` is a sentence if only the conjugated samples hold bursts, else an empty text.

    Raises ValueError if threshold or phase_walk is out of range.
    """

    def __init__(
        self,
        frame,
        model=None,
        equalise=True,
        phase_walk=1e-5,
        threshold=THRESHOLD,
        first_frame=None,
        swap_iq=False,
    ):
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be above 0 and below 1, got {threshold}")
        if not 0 <= phase_walk < 1:
            raise ValueError(
                "phase_walk must be at least 0 and below 1 rad^2 per symbol, got "
                f"{phase_walk}"
            )
        self.frame, self._model = frame, model
        expected = b"" if model is None else bytes.fromhex(model.sha256[:8])
        self._kernel, self._mirror = (
            kernels.burst_synchronizer(
                _layout(frame), threshold, bool(equalise), phase_walk, expected
            )
            for _ in range(2)
        )
        self._swap_iq, self.hint = bool(swap_iq), ""
        self._expected = first_frame  # number of the next burst
        self._received = self._missed = self._restarts = 0

    @property
    def counts(self) -> dict:
        """Return the counts so far.

        They are received and missed bursts; restarts, where a burst number does not
        rise; preambles; bad_headers, with a wrong CRC; samples; not_finite, samples
        that are not finite or far too large and are replaced by 0.
        """
        names = ("preambles", "bad_headers", "samples", "not_finite")
        return {
            "received": self._received,
            "missed": self._missed,
            "restarts": self._restarts,
            **{name: getattr(self._kernel, name) for name in names},
        }

    def push(self, samples):
        """Process samples, complex64, and return the bursts that are complete then.

        They are codewords, complex64 [blocks, n], and a list of ReceivedFrame. Raises
        ValueError if a burst has another model or layout version.
        """
        if self._mirror is not None and not self._received:
            self._look_in_mirror(samples if self._swap_iq else samples.conj())
        symbols, found = self._kernel.push(samples.conj() if self._swap_iq else samples)
        frames = [self._frame(*values) for values in found]
        return symbols.reshape(-1, self.frame.n), frames

    def _look_in_mirror(self, samples):
        """Search the conjugated samples, until there is a burst on either side."""
        _, found = self._mirror.push(samples)
        if found:
            self._mirror = None
            swapped = "I and Q are exchanged"
            omit, give = (
                f"{swapped} by swap_iq only; omit it",
                f"{swapped}; give swap_iq",
            )
            self.hint = omit if self._swap_iq else give

    def flush(self):
        """Return the bursts that are complete after zeros at the end, like `push`."""
        samples = self.frame.samples() + 4096 * self.frame.samples_per_symbol
        return self.push(np.zeros(samples, np.complex64))

    def _frame(self, fields, first, at, snr, cfo, clock, gain, *found):
        header = Header(*fields)
        if header.version != VERSION:
            raise ValueError(
                f"burst {header.number} has layout version {header.version}, expected "
                f"{VERSION}; use the same gr-advphy at both ends"
            )
        model, sent = self._model, header.model_hash.hex()
        if model is not None and sent != model.sha256[:8]:
            raise ValueError(
                f"burst {header.number} is of the link model {sent}, expected "
                f"'{model.name}' {model.sha256[:8]}; give both ends the same link"
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
    sizes = [0, *(frame.symbols(c) for c in range(1, frame.codewords + 1))]
    same = "n codewords samples_per_symbol span preamble_at preamble".split()
    same += "header_at payload_at pilot_at".split()
    return {name: getattr(frame, name) for name in same} | {
        "version": VERSION,
        "segment": SEGMENT,
        "scale": math.sqrt(frame.symbol_energy),
        "pilots": frame.pilot_symbols,
        "symbols": np.array(sizes, np.int32),
        "phases": _PHASES,
        "bank": frame_bank(frame, _PHASES),
    }
