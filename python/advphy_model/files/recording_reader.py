# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of SigMF recordings, with the metadata to count their errors again.

A recording consists of two files: NAME.sigmf-data with complex64 samples and
NAME.sigmf-meta with JSON as defined by SigMF. Additional keys begin with "advphy:".
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
_BYTES = 8  # bytes per sample
_PARTS = {"global": dict, "captures": list, "annotations": list}
_MISFITS = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Recording:
    """A recording, of which the metadata were read.

    Args:
        meta: path of the .sigmf-meta.
        samples: number of complex64 samples in the data file.
        sample_rate: sample rate in samples/s.
        frequency: carrier frequency in Hz; None: not known.
        origin: Origin; None if the metadata have none.
        attacks: Attacks in order.
        counts: counts of the receiver during the recording, or None.
        complete: whether the recorder finished.
        missing: number of recorded samples that the data file no longer has.
        verified: whether the data have the hash in the metadata.
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
        """Yield the samples in order, complex64, in pieces of up to PIECE samples."""
        for data in _pieces(paths(self.meta)[1], self.samples):
            yield np.frombuffer(data, "<c8").astype(np.complex64, copy=False)

    @property
    def warnings(self) -> list:
        """Return a sentence for each defect of the recording."""
        found = []
        if not self.complete:
            found.append(
                "the recorder was cut off: the number of lost samples is not known"
            )
        if self.missing:
            found.append(
                f"the data file is truncated: {self.missing} of "
                f"{self.samples + self.missing} samples are missing"
            )
        elif self.complete and not self.verified:
            found.append("there is no SHA-512, so changes of the data are not detected")
        return found


def _pieces(path, samples):
    left = samples * _BYTES
    with open(path, "rb") as file:
        while left > 0:
            data = file.read(min(left, PIECE * _BYTES))
            if not data:
                raise ValueError(
                    f"{path}: became shorter while it was read; read it again"
                )
            left -= len(data)
            yield data


def read(path) -> Recording:
    """Open a recording, given its .sigmf-meta or .sigmf-data, and check its hash.

    A truncated recording is opened too, and so is one whose recorder did not finish;
    `warnings` then describes the defect.

    Raises:
        ValueError: if it is not a SigMF recording of complex64 samples, the data file
            is missing or empty, or the data do not match the hash.
        OSError: if a file cannot be read.
    """
    meta, data = paths(path)
    content = meta.read_bytes()
    try:
        fields, captures, annotations = _sigmf(content)
    except (*_MISFITS, RecursionError) as error:
        raise ValueError(
            f"{meta} is not a SigMF recording of complex64 samples: {error}"
        ) from None
    try:
        size = data.stat().st_size
    except FileNotFoundError:
        raise ValueError(
            f"{data} is missing; put it next to {meta.name}, which only describes the "
            "samples"
        ) from None
    samples = size // _BYTES
    if not samples:
        raise ValueError(f"{data} holds no complex64 sample; copy it again")
    try:
        recorded = checked_index("advphy:samples", fields.get("advphy:samples", 0))
        missing = max(0, recorded - samples)
        names = [field.name for field in dataclasses.fields(Origin)]
        known = {name: fields[OWN + name] for name in names if OWN + name in fields}
        origin = Origin(**known) if "model_sha256" in known else None
        attacks = tuple(_attack(a) for a in annotations if "advphy:attack" in a)
    except _MISFITS as error:
        raise ValueError(
            f"{meta}: the values of the advphy: keys are damaged: {error}"
        ) from None
    verified = not missing and "core:sha512" in fields
    if verified:
        _require_hash(data, size, str(fields["core:sha512"]))
    counts = fields.get("advphy:counts")
    return Recording(
        meta=meta,
        samples=samples,
        sample_rate=float(fields["core:sample_rate"]),
        frequency=captures[0].get("core:frequency"),
        origin=origin,
        attacks=attacks,
        counts=counts if isinstance(counts, dict) else None,
        complete=bool(fields.get("advphy:complete", True)),
        missing=missing,
        verified=verified,
    )


def _sigmf(content):
    """Return the global fields, captures and annotations of a .sigmf-meta.

    Raises:
        ValueError: if it is not one channel of complex64 samples at a known rate.
        Others of _MISFITS: if a value has a type that SigMF does not allow.
    """
    found = json.loads(content)
    for key, kind in _PARTS.items():
        if not isinstance(found.get(key), kind):
            raise ValueError(f"'{key}' is missing or not a {kind.__name__}")
    fields, captures, annotations = (found[key] for key in _PARTS)
    if not all(isinstance(part, dict) for part in captures + annotations):
        raise ValueError("a capture or an annotation is not a dict")
    datatype, rate = fields.get("core:datatype"), fields.get("core:sample_rate", 0)
    if datatype != DATATYPE:
        raise ValueError(
            f"datatype is {datatype}, expected {DATATYPE}; convert the samples"
        )
    if fields.get("core:num_channels", 1) != 1 or "core:dataset" in fields:
        raise ValueError("expected one channel in one file of its own name")
    if any(capture.get("core:header_bytes") for capture in captures):
        raise ValueError("expected a data file with samples only, got header_bytes")
    if not (captures and rate > 0 and math.isfinite(rate)):
        raise ValueError("expected a core:sample_rate > 0 and a capture")
    if not math.isfinite(captures[0].get("core:frequency", 0)):
        raise ValueError("expected a finite core:frequency")
    return fields, captures, annotations


def _attack(annotation):
    return Attack(
        what=str(annotation["advphy:attack"]),
        psr_db=annotation.get("advphy:psr_db"),
        first_sample=annotation["core:sample_start"],
        samples=annotation.get("core:sample_count"),
    )


def _require_hash(data, size, wanted):
    found = hashlib.sha512()
    for piece in _pieces(data, size // _BYTES):
        found.update(piece)
    if size % _BYTES or found.hexdigest() != wanted.lower():
        raise ValueError(
            f"{data}: SHA-512 is {found.hexdigest()[:8]}..., expected "
            f"{wanted[:8]}...: these are not the recorded samples; copy both files "
            "again"
        )
