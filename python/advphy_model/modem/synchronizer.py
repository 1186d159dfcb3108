# SPDX-License-Identifier: GPL-3.0-or-later
"""The synchronizer, which finds bursts in samples and returns aligned codewords."""

import dataclasses
import math
import time
from collections import deque

import numpy as np

from advphy_model import kernels, power
from advphy_model.checked_values import is_number
from advphy_model.modem.frame import NONCE_VERSION, require_frame
from advphy_model.modem.header import Header, NonceParts
from advphy_model.modem.keyed_bursts import KeyedSearch
from advphy_model.modem.pulse import kernel_layout
from advphy_model.randomness import checked_index, checked_seed

_PHASES = 64  # fractions of a sample for which the pulse is tabulated
_MOST_UNFOLLOWED = 4096  # numbers to keep while no burst is followed
THRESHOLD = 0.2  # no false alarm in 10^9 samples of noise: tests/qa_long_radio.py

# E|x|^4 / (E|x|^2)^2 is 2 for noise, below 1.95 for links of messages with SNR > 2 dB.
_GAUSSIAN = 1.95
_UNHEARD = (
    "there is a signal, but no burst; if its bursts are keyed, give their secret, else "
    "the sender's link and frame"
)


@dataclasses.dataclass(frozen=True)
class ReceivedFrame:
    """Header and estimates of a received burst."""

    header: Header  # Header
    index: int  # index of its first codeword: number * (codewords in a full burst)
    missed: int  # number of bursts missed between the previous one and this one
    first_codeword: int  # position of its first codeword in the array returned with it
    # Position of its first preamble symbol in samples from the stream's start.
    at: float
    snr_db: float  # estimated signal over noise power per channel use, in dB
    cfo: float  # carrier frequency offset in cycles per sample
    # By which the transmitter's clock is faster than the receiver's, so that a burst is
    # shorter, in parts per million of its length.
    clock_ppm: float
    gain: float  # amplitude of the preamble symbols after the matched filter
    equalised: bool  # whether an echo was found and equalized
    # Whether the last pilots were in place, so no samples were lost before.
    intact: bool
    # "number", "time", "frequency" or "gain" if that departs from the bursts before it
    # (lib/modem/burst_expectation.h), else an empty text.
    suspicious: str = ""
    tones_subtracted: bool = False  # whether tones were subtracted from its payload
    # That of the keys of its codes; b"": not known yet; None: it has none.
    nonce: bytes | None = None
    # Eb/N0 in dB to which the codewords were worsened, or None.
    ebn0_db: float | None = None

    def as_dict(self) -> dict:
        """Return plain values for a tag or an annotation."""
        fields = dataclasses.asdict(self)
        for name in ("header", "first_codeword", "at", "nonce"):
            fields.pop(name)
        for name in ("suspicious", "tones_subtracted", "ebn0_db"):
            if fields[name] in ("", None, False):
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
        ebn0_db: Eb/N0 in dB to which noise worsens the codewords of each burst, given
            its estimated SNR; set_ebn0_db changes it. Synchronization still sees the
            better signal. None: no noise.
        noise_seed: seed of this noise, a function of it and the codeword's index.
        secret: 32 bytes, for keyed bursts; None: plain ones.
        clock: function that returns the time in s since 1970 at which the samples were
            sent, to 2 s, for keyed bursts.
        subtract_tones: whether to search a second time without carriers where there
            are strong ones (lib/modem/tone_canceller.h), and to subtract them from
            bursts whose known symbols then agree better.

    Codewords of suspicious bursts are put out, too, but the clock and the number of the
    next burst do not follow them until three in a row agree.

    Bursts of another link or layout version are left out and counted as foreign: they
    may be an adversary's. `hint` is a sentence about the first of them, or if only the
    conjugated samples hold plain bursts, or if there is a signal without bursts; else
    an empty text.

    Raises ValueError if an argument is out of range.
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
        ebn0_db=None,
        noise_seed=1,
        secret=None,
        clock=time.time,
        subtract_tones=True,
    ):
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be above 0 and below 1, got {threshold}")
        if not (is_number(phase_walk) and 0 <= phase_walk < 1):
            raise ValueError(
                "phase_walk must be at least 0 and below 1 rad^2 per symbol, got "
                f"{phase_walk}"
            )
        if model is not None:
            require_frame(frame, model)
        self.frame, self._model = frame, model
        self._hash = b"" if model is None else bytes.fromhex(model.sha256[:8])
        expected = self._hash if secret is None else b""
        how = kernel_layout(frame, _PHASES), threshold, bool(equalise), phase_walk
        self._kernel, self._mirror = (
            kernels.burst_synchronizer(*how, expected, tones)
            for tones in (bool(subtract_tones), False)
        )
        self._keyed = None
        if secret is not None:
            self._mirror = None
            self._keyed = KeyedSearch(self._kernel, frame, self._hash, secret, clock)
        self._swap_iq, self.hint = bool(swap_iq), ""
        self._moments = np.zeros(3)  # of samples without bursts: number, second, fourth
        self._nonce = NonceParts()
        if first_frame is not None:
            first_frame = checked_index("first_frame", first_frame)
        self._expected = first_frame  # number of the next burst
        self._received = self._missed = self._restarts = self._suspicious = 0
        self._foreign, self._own = 0, True
        self._unfollowed = deque(maxlen=_MOST_UNFOLLOWED)  # numbers of suspicious ones
        self._noise_seed = checked_seed(noise_seed)
        self.set_ebn0_db(ebn0_db)

    def set_ebn0_db(self, ebn0_db):
        """Worsen later bursts to this Eb/N0 in dB, or not (None)."""
        if ebn0_db is not None:
            if not hasattr(self._model, "k"):
                raise ValueError(
                    f"ebn0_db must be None, got {ebn0_db}: Eb/N0 is defined for link "
                    "models only; omit it"
                )
            power.noise_variance(ebn0_db, self._model.rate)  # refuses what is no level
        self._ebn0_db = None if ebn0_db is None else float(ebn0_db)

    @property
    def counts(self) -> dict:
        """Return the counts so far.

        They are received and missed bursts; restarts, where a burst number does not
        rise; suspicious bursts among those received; foreign ones, of another link or
        layout version, which are not received; preambles; bad_headers, with a
        wrong CRC; samples; not_finite, samples that are not finite or far too large and
        are replaced by 0. Of keyed bursts also forged, with a wrong tag in a header
        that was surely read, and replayed.
        """
        names, keyed = ("preambles", "bad_headers", "samples", "not_finite"), {}
        if self._keyed is not None:
            keyed = {"forged": self._kernel.forged, "replayed": self._keyed.replayed}
        return {
            "received": self._received,
            "missed": self._missed,
            "restarts": self._restarts,
            "suspicious": self._suspicious,
            "foreign": self._foreign,
            **{name: getattr(self._kernel, name) for name in names},
            **keyed,
        }

    def push(self, samples):
        """Process samples, complex64, and return the bursts that are complete then.

        They are codewords, complex64 [blocks, n], and a list of ReceivedFrame. Raises
        ValueError if a burst has less than ebn0_db.
        """
        if self._mirror is not None and not self._received:
            self._look_in_mirror(samples if self._swap_iq else samples.conj())
        kernel = self._kernel if self._keyed is None else self._keyed
        symbols, found = kernel.push(samples.conj() if self._swap_iq else samples)
        own = (values for values in found if self._is_own(Header(*values[0])))
        frames = [self._frame(*values) for values in own]
        if not (self._received or self._foreign or self.hint):
            self.hint = self._unheard(samples)
        codewords = symbols.reshape(-1, self.frame.n)
        if self._ebn0_db is not None:
            frames = [self._worsened(frame, codewords) for frame in frames]
        return codewords, frames

    def _worsened(self, burst, codewords):
        """Add noise to the codewords of a burst; return its ReceivedFrame."""
        rate, wanted_db = self._model.rate, self._ebn0_db
        own_db = burst.snr_db - power.snr_db(0, rate)
        if own_db < wanted_db:
            raise ValueError(
                f"ebn0_db must be at most that of each burst, got {wanted_db:g}: burst "
                f"{burst.header.number} has {own_db:.2f} dB; give less (commands: "
                "--ebn0-db), or improve the reception"
            )
        levels = (power.noise_variance(level, rate) for level in (wanted_db, own_db))
        sigma, first = math.sqrt(next(levels) - next(levels)), burst.first_codeword
        y = codewords[first : first + burst.header.codewords]
        at = 2 * self.frame.n * burst.index
        kernels.add_gaussian(self._noise_seed, at, sigma, y, y)
        return dataclasses.replace(burst, ebn0_db=wanted_db)

    def _unheard(self, samples):
        """Return a sentence if samples without bursts are not noise, else no text."""
        power = np.abs(samples[::8]).astype(float) ** 2  # one in eight is enough
        self._moments += len(power), power.sum(), np.square(power).sum()
        count, second, fourth = self._moments
        if 8 * count < 64 * self.frame.samples():
            return ""
        self._moments[:] = 0
        return _UNHEARD if fourth * count < _GAUSSIAN * second**2 else ""

    def _look_in_mirror(self, samples):
        """Search the conjugated samples, until there is a burst on either side."""
        _, found = self._mirror.push(samples)
        if found:
            self._mirror = None
            remedy = " by swap_iq only; omit it" if self._swap_iq else "; give swap_iq"
            self.hint = f"I and Q are exchanged{remedy}"

    def flush(self):
        """Return the bursts that are complete after zeros at the end, like `push`."""
        samples = self.frame.samples() + 4096 * self.frame.samples_per_symbol
        return self.push(np.zeros(samples, np.complex64))

    def _missed_before(self, number, suspicious):
        """Note the number of a burst; return how many are missing before it."""
        if suspicious:
            self._suspicious += 1
            self._unfollowed.append(number)
            return 0
        expected = number if self._expected is None else self._expected
        self._restarts += number < expected
        came = sum(expected <= other < number for other in set(self._unfollowed))
        self._unfollowed.clear()
        self._expected = number + 1
        return max(0, number - expected - came)

    def _is_own(self, header):
        """Return whether a burst is of this link and layout; count it if it is not.

        One without a hash is of the link of the last one that had a hash, as in lib/.
        """
        if self._model is not None and header.nonce_part is None:
            self._own = header.model_hash == self._hash
        found = header.mismatch(None if self._own else self._model)
        if found:
            self._foreign += 1
            if header.nonce_part is None and self._foreign == 1:
                self.hint = f"burst {header.number} {found}"
        return not found

    def _frame(self, fields, first, at, snr, cfo, clock, gain, *found):
        header = Header(*fields)
        if self._keyed is None:
            if header.nonce_part is not None:
                self._nonce.take(header.nonce_part, header.model_hash)
            carries = header.version == NONCE_VERSION
            found = *found, self._nonce.nonce if carries else None
        missed = self._missed_before(header.number, found[2])
        self._received, self._missed = self._received + 1, self._missed + missed
        index = header.number * self.frame.codewords
        snr_db = 10 * math.log10(max(snr, 1e-10))
        return ReceivedFrame(
            header, index, missed, first, at, snr_db, cfo, -1e6 * clock, gain, *found
        )
