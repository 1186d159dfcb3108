# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of SigMF recordings, with the metadata to count their errors again.

A recording consists of two files: NAME.sigmf-data with complex samples and
NAME.sigmf-meta with JSON as defined by SigMF; an archive NAME.sigmf has both.
Additional keys begin with "advphy:".
"""

import dataclasses
import hashlib
import math
from pathlib import Path

from advphy_model.file_gate import FileError, json_value, reading, shown
from advphy_model.files import recording_contents, recording_layout
from advphy_model.files.recording_contents import DATA, META, OWN, Attack, Origin
from advphy_model.files.recording_layout import PIECE as PIECE
from advphy_model.randomness import checked_index
from advphy_model.user_folders import user_path

_PARTS = {"global": dict, "captures": list, "annotations": list}
_DAMAGED = "copy it again, since its advphy: keys are damaged: "
_WRONG = "is not a SigMF recording of complex samples: "


@dataclasses.dataclass(frozen=True)
class Recording:
    """A recording, of which the metadata were read."""

    meta: Path  # path of the .sigmf-meta or of the archive
    data: recording_layout.Stored  # Stored bytes of the data file
    datatype: str  # core:datatype
    captures: tuple  # (first byte, samples) of each capture, in order
    samples: int  # number of samples in all captures
    left_out: int  # number of samples before the first capture
    sample_rate: float  # sample rate in samples/s
    begun: str | None  # core:datetime of the first sample, or None
    # Carrier frequency in Hz of all captures; None: not known or several.
    frequency: float | None
    origin: Origin | None  # Origin; None if the metadata have none
    attacks: tuple  # Attacks in order
    counts: dict | None  # counts of the receiver during the recording, or None
    complete: bool  # whether the recorder finished
    missing: int  # number of recorded samples that the data file no longer has
    verified: bool  # whether the data have the hash in the metadata

    def pieces(self):
        """Yield the samples in order, complex64, in pieces of up to PIECE samples."""
        kind = recording_layout.kind_of(self.datatype)
        for at, samples in self.captures:
            for data in self.data.pieces(at, samples * 2 * kind.itemsize):
                yield recording_layout.samples_of(data, kind)

    @property
    def warnings(self) -> list:
        """Return a sentence for each defect of the recording."""
        found = []
        if not self.complete:
            found.append("the recorder was cut off: how much is lost is not known")
        if (before := self.left_out) > 0:
            found.append(f"{before} samples before the first capture are left out")
        if self.missing:
            found.append(
                f"the data file is truncated: {self.missing} of "
                f"{self.samples + self.missing} samples are missing"
            )
        elif self.complete and not self.verified:
            found.append("there is no SHA-512, so changes of the data are not detected")
        return found


def read(path) -> Recording:
    """Open a recording, given its .sigmf-meta, .sigmf-data or .sigmf; check its hash.

    A truncated recording is opened too, and so is one whose recorder did not finish;
    `warnings` then describes the defect. Raises ValueError if it is not a SigMF
    recording of complex samples, the data file is missing or empty, or the data do not
    match the hash; OSError if a file cannot be read.
    """
    meta = user_path(path)
    meta = meta.with_suffix(META) if meta.suffix == DATA else meta
    with reading(meta, _WRONG):
        return _read(path, meta)


def _read(path, meta):
    content, find_data = recording_layout.stored(path)
    try:
        fields, captures, annotations = _sigmf(content)
        item = 2 * recording_layout.kind_of(fields.get("core:datatype")).itemsize
        data = find_data(fields.get("core:dataset"))
        places = recording_layout.places(fields, captures, data.size, item)
    except FileNotFoundError as error:
        raise FileError(
            f"{Path(error.filename).name} is missing; put it next to this file, which "
            "only describes the samples"
        ) from None
    samples = sum(count for _, count in places)
    if not samples:
        raise FileError(f"{data.path.name} holds no complex sample; copy it again")
    with reading(meta, _DAMAGED):
        recorded = checked_index("advphy:samples", fields.get("advphy:samples", 0))
        missing = max(0, recorded - samples)
        empty = [number for number, (_, count) in enumerate(places, 1) if not count]
        if empty and not missing and fields.get("advphy:complete", True):
            raise ValueError(f"capture {empty[0]} has no sample in the data file")
        names = [field.name for field in dataclasses.fields(Origin)]
        known = {name: fields[OWN + name] for name in names if OWN + name in fields}
        origin = Origin(**known) if "model_sha256" in known else None
        attacks = tuple(_attack(a) for a in annotations if "advphy:attack" in a)
        counts = recording_contents.checked_counts(fields.get("advphy:counts"))
    verified = not missing and "core:sha512" in fields
    if verified:
        _require_hash(data, str(fields["core:sha512"]))
    frequencies = {capture.get("core:frequency") for capture in captures}
    begun = captures[0].get("core:datetime")
    return Recording(
        meta=meta,
        data=data,
        datatype=fields["core:datatype"],
        captures=tuple(places),
        samples=samples,
        left_out=captures[0].get("core:sample_start", 0) - fields.get("core:offset", 0),
        sample_rate=float(fields["core:sample_rate"]),
        begun=begun if isinstance(begun, str) else None,
        frequency=frequencies.pop() if len(frequencies) == 1 else None,
        origin=origin,
        attacks=attacks,
        counts=counts,
        complete=bool(fields.get("advphy:complete", True)),
        missing=missing,
        verified=verified,
    )


def _sigmf(content):
    """Return the global fields, captures and annotations of a .sigmf-meta.

    Raises ValueError if it is not one channel of complex64 samples at a known rate;
    others of _MISFITS if a value has a type that SigMF does not allow.
    """
    found = json_value(content.decode())
    for key, kind in _PARTS.items():
        if not isinstance(found.get(key), kind):
            raise ValueError(f"'{key}' is missing or not a {kind.__name__}")
    fields, captures, annotations = (found[key] for key in _PARTS)
    if not all(isinstance(part, dict) for part in captures + annotations):
        raise ValueError("a capture or an annotation is not a dict")
    rate, channels = fields.get("core:sample_rate", 0), fields.get("core:num_channels")
    if channels not in (None, 1):
        raise ValueError(
            f"core:num_channels is {shown(channels)}, expected one channel"
        )
    if fields.get("core:metadata_only") or "/" in fields.get("core:dataset", ""):
        raise ValueError("expected a data file in the same folder")
    if not (captures and rate > 0 and math.isfinite(rate)) or rate is True:
        raise ValueError("expected a core:sample_rate > 0 and a capture")
    for number, capture in enumerate(captures, 1):
        if not math.isfinite(capture.get("core:frequency", 0)):
            raise ValueError(f"expected a finite core:frequency in capture {number}")
    return fields, captures, annotations


def _attack(annotation):
    what, start = annotation["advphy:attack"], annotation["core:sample_start"]
    psr_db, count = map(annotation.get, ("advphy:psr_db", "core:sample_count"))
    return Attack(what, psr_db, start, count)


def _require_hash(data, wanted):
    found = hashlib.sha512()
    for piece in data.pieces():
        found.update(piece)
    if found.hexdigest() != wanted.lower():
        raise FileError(
            f"SHA-512 of {data.path.name} is {found.hexdigest()[:8]}..., expected "
            f"{wanted[:8]}...: these are not the recorded samples; copy them again"
        )
