# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of samples by SigMF, with what is needed to count their errors again.

A recording is two files: NAME.sigmf-data, complex64 samples, and NAME.sigmf-meta, JSON
that SigMF defines. What SigMF has no word for stands there under "advphy:".
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advphy_model.files.recording_contents import (
    DATATYPE,
    Attack,
    Origin,
    data_of,
    library,
    paths,
)
from advphy_model.modem.frame import Frame
from advphy_model.randomness import checked_index

PIECE = 2**18  # samples read at once
_BYTES = 8  # of a sample


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
    frequency: float | None = None
    origin: Origin | None = None
    attacks: tuple = ()
    counts: dict | None = None
    complete: bool = True
    missing: int = 0
    verified: bool = False

    def pieces(self):
        """Yield the samples in order, complex64, up to PIECE at once."""
        for data in _pieces(data_of(self.meta), self.samples):
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
    content = _content(meta)
    said = content["global"]
    _require_samples(meta, said, content["captures"])
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
        recorded = said.get("advphy:samples")
        missing = 0
        if recorded is not None:
            missing = max(0, checked_index("advphy:samples", recorded) - samples)
        origin = _origin(said)
        attacks = tuple(
            Attack(
                str(a["advphy:attack"]),
                a.get("advphy:psr_db"),
                a["core:sample_start"],
                a.get("core:sample_count"),
            )
            for a in content["annotations"]
            if "advphy:attack" in a
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{meta}: what it says under advphy: is damaged ({error})"
        ) from None
    verified = not missing and "core:sha512" in said
    if verified:
        _require_hash(data, size, said["core:sha512"])
    counts = said.get("advphy:counts")
    return Recording(
        meta,
        samples,
        float(said["core:sample_rate"]),
        content["captures"][0].get("core:frequency"),
        origin,
        attacks,
        counts if isinstance(counts, dict) else None,
        bool(said.get("advphy:complete", True)),
        missing,
        verified,
    )


def _content(meta):
    """Return the content of a .sigmf-meta that SigMF's schema allows."""
    sigmf = library()
    import jsonschema  # sigmf's own dependency

    try:
        found = sigmf.SigMFFile(metadata=meta.read_text(encoding="utf-8"))
        found.validate()
    except jsonschema.ValidationError as error:
        said = error.message[:80]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = str(error)[:80]
    else:
        return json.loads(found.dumps())
    raise ValueError(f"{meta}: is not a SigMF recording ({said})") from None


def _require_samples(meta, said, captures):
    """Refuse what is not one channel of complex64 samples at a known rate."""
    if said["core:datatype"] != DATATYPE:
        raise ValueError(
            f"{meta}: datatype is {said['core:datatype']}, wanted {DATATYPE}; convert "
            "the samples to complex64"
        )
    if said.get("core:num_channels", 1) != 1 or "core:dataset" in said:
        raise ValueError(f"{meta}: wanted one channel in one file of its own name")
    if any(capture.get("core:header_bytes") for capture in captures):
        raise ValueError(f"{meta}: wanted a data file of samples only, no header_bytes")
    rate = said.get("core:sample_rate", 0)
    if not (captures and rate > 0 and math.isfinite(rate)):
        raise ValueError(f"{meta}: wanted a core:sample_rate > 0 and a capture")


def _origin(said):
    if "advphy:model_sha256" not in said:
        return None
    sha256 = said["advphy:model_sha256"]
    if not isinstance(sha256, str) or len(sha256) != 64 or bytes.fromhex(sha256) == b"":
        raise ValueError(f"model_sha256 = {sha256!r}, wanted 64 hexadecimal digits")
    return Origin(
        str(said["advphy:link"]),
        sha256,
        Frame(**said["advphy:frame"]),
        said["advphy:seed"],
        said.get("advphy:first_block"),
        said.get("advphy:images"),
        str(said["advphy:version"]),
    )


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
