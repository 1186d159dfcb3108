# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of samples by SigMF, with what is needed to count their errors again.

A recording is two files: NAME.sigmf-data, complex64 samples, and NAME.sigmf-meta, JSON
that SigMF defines. What SigMF has no word for stands there under "advphy:".
"""

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advphy_model.files.recording_contents import DATATYPE, OWN, Attack, Origin, paths
from advphy_model.randomness import checked_index

PIECE = 2**18  # samples read at once
_BYTES = 8  # of a sample
_PARTS = {"global": dict, "captures": list, "annotations": list}
_MISFITS = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Recording:
    """A recording that was opened.

    Args:
        meta: path of the .sigmf-meta.
        samples: how many complex64 samples the data file holds.
        sample_rate: in samples/s.
        frequency: of the carrier in Hz, or None: not known.
        origin: Origin, or None where there is no "advphy:" in it.
        attacks: Attacks, in order.
        counts: those of the receiver while it was recorded, or None.
        complete: whether the recorder came to its end.
        missing: samples that were recorded and are not in the data file any more.
        verified: whether the data have the hash that the recording names.
    """

    meta: Path
    samples: int
    sample_rate: float
    frequency: float | None
    origin: Origin | None
    attacks: tuple
    counts: dict | None
    complete: bool
    missing: int
    verified: bool

    def pieces(self):
        """Yield the samples in order, complex64, up to PIECE at once."""
        for data in _pieces(paths(self.meta)[1], self.samples):
            yield np.frombuffer(data, "<c8").astype(np.complex64, copy=False)

    @property
    def warnings(self) -> list:
        """Return sentences on what is not as it should be."""
        found = []
        if not self.complete:
            found.append("the recorder was cut off: nothing says how much was lost")
        if self.missing:
            found.append(
                f"the data file is truncated: {self.missing} of "
                f"{self.samples + self.missing} samples are missing"
            )
        elif self.complete and not self.verified:
            found.append("there is no SHA-512, so nothing says whether data changed")
        return found


def _pieces(path, samples):
    left = samples * _BYTES
    with open(path, "rb") as file:
        while left > 0:
            data = file.read(min(left, PIECE * _BYTES))
            if not data:
                raise ValueError(f"{path}: became shorter while it was read")
            left -= len(data)
            yield data


def read(path) -> Recording:
    """Return the recording of a .sigmf-meta or .sigmf-data, its hash checked.

    Of a truncated data file, or one whose recorder was cut off, what is there is
    returned; `warnings` says what is missing.

    Raises:
        ValueError: it is not a SigMF recording of complex64 samples, the data file is
            missing or empty, or its data are not those that were recorded.
        OSError: it cannot be read.
    """
    meta, data = paths(path)
    content = meta.read_bytes()
    try:
        said, captures, annotations = _sigmf(content)
    except (*_MISFITS, RecursionError) as error:
        raise ValueError(
            f"{meta}: is not a SigMF recording of complex64 samples ({error})"
        ) from None
    try:
        size = data.stat().st_size
    except FileNotFoundError:
        raise ValueError(
            f"{data} is missing; it belongs beside {meta.name}, which says only what "
            "the samples are"
        ) from None
    samples = size // _BYTES
    if not samples:
        raise ValueError(f"{data}: holds no complex64 sample; copy it again")
    try:
        recorded = checked_index("advphy:samples", said.get("advphy:samples", 0))
        missing = max(0, recorded - samples)
        origin = _origin(said) if "advphy:model_sha256" in said else None
        attacks = tuple(_attack(a) for a in annotations if "advphy:attack" in a)
    except _MISFITS as error:
        raise ValueError(
            f"{meta}: what it says under advphy: is damaged ({error})"
        ) from None
    verified = not missing and "core:sha512" in said
    if verified:
        _require_hash(data, size, str(said["core:sha512"]))
    counts = said.get("advphy:counts")
    return Recording(
        meta=meta,
        samples=samples,
        sample_rate=float(said["core:sample_rate"]),
        frequency=captures[0].get("core:frequency"),
        origin=origin,
        attacks=attacks,
        counts=counts if isinstance(counts, dict) else None,
        complete=bool(said.get("advphy:complete", True)),
        missing=missing,
        verified=verified,
    )


def _sigmf(content):
    """Return the parts of a .sigmf-meta: one dictionary and two lists of them.

    Raises:
        ValueError: it is not one channel of complex64 samples at a known rate. Others
            of _MISFITS: a value is of a type that SigMF does not allow.
    """
    found = json.loads(content)
    for key, kind in _PARTS.items():
        if not isinstance(found.get(key), kind):
            raise ValueError(f"'{key}' is missing, or is no {kind.__name__}")
    said, captures, annotations = (found[key] for key in _PARTS)
    if not all(isinstance(part, dict) for part in captures + annotations):
        raise ValueError("a capture or an annotation is no dict")
    datatype, rate = said.get("core:datatype"), said.get("core:sample_rate", 0)
    if datatype != DATATYPE:
        raise ValueError(
            f"datatype is {datatype}, expected {DATATYPE}; convert the samples"
        )
    if said.get("core:num_channels", 1) != 1 or "core:dataset" in said:
        raise ValueError("expected one channel in one file of its own name")
    if any(capture.get("core:header_bytes") for capture in captures):
        raise ValueError("expected a data file of samples only, no header_bytes")
    if not (captures and rate > 0 and math.isfinite(rate)):
        raise ValueError("expected a core:sample_rate > 0 and a capture")
    if not math.isfinite(captures[0].get("core:frequency", 0)):
        raise ValueError("expected a finite core:frequency")
    return said, captures, annotations


def _attack(said):
    what, begin = str(said["advphy:attack"]), said["core:sample_start"]
    psr_db, samples = said.get("advphy:psr_db"), said.get("core:sample_count")
    return Attack(what, psr_db, begin, samples)


def _origin(said):
    names = [field.name for field in dataclasses.fields(Origin)]
    return Origin(**{n: said[OWN + n] for n in names if OWN + n in said})


def _require_hash(data, size, wanted):
    found = hashlib.sha512()
    for piece in _pieces(data, size // _BYTES):
        found.update(piece)
    if size % _BYTES or found.hexdigest() != wanted.lower():
        raise ValueError(
            f"{data}: SHA-512 is {found.hexdigest()[:8]}..., the recording says "
            f"{wanted[:8]}...: these are not the samples that were recorded; copy both "
            "files again"
        )
