# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a recording while samples arrive, so that a crash leaves one that tells so."""

import dataclasses
import datetime
import hashlib
import json
import math

import numpy as np

from advphy_model.atomic_file import atomic_file
from advphy_model.files.recording_contents import DATATYPE, Attack, library, paths
from advphy_model.version import __version__


class RecordingWriter:
    """Write samples, then what they are.

    The .sigmf-meta is there from the beginning and says that the recording is not
    complete. close() replaces it, whole or not at all, by one with the number of
    samples and their SHA-512.

    Args:
        path: of the .sigmf-meta; neither it nor its .sigmf-data may be there.
        origin: recording.Origin.
        sample_rate: in samples/s.
        frequency: of the carrier in Hz, or None: not known.
        description: a sentence for who finds it, or "".
        at: datetime of the first sample with its time zone; None: now.

    Raises:
        ValueError: there is such a recording, or a setting does not fit, or the package
            sigmf is missing.
        OSError: it cannot be written.
    """

    def __init__(
        self, path, origin, sample_rate, frequency=None, description="", at=None
    ):
        library()
        for name, value in (("sample_rate", sample_rate), ("frequency", frequency)):
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} = {value}, wanted a finite number")
        self.meta, self.data = paths(path)
        for place in (self.meta, self.data):
            if place.exists():
                raise ValueError(
                    f"recording '{place}' exists and is not overwritten; choose "
                    "another name"
                )
        self._origin, self._sample_rate = origin, float(sample_rate)
        self._frequency, self._description = frequency, description
        self._at = at or datetime.datetime.now(datetime.timezone.utc)
        self._attacks, self._counts = [], None
        self._hash, self.samples = hashlib.sha512(), 0
        self._complete = False
        text = self._text()  # refuses what does not fit before there is a file
        self._file = open(self.data, "xb")  # noqa: SIM115 - close() closes it
        try:
            self._write(text)
        except OSError:
            self._file.close()
            self.data.unlink()
            raise

    def write(self, samples) -> None:
        """Append samples, complex64."""
        data = np.ascontiguousarray(samples, "<c8").data
        self._file.write(data)
        self._hash.update(data)
        self.samples += len(samples)

    def note_attack(self, attack: Attack) -> None:
        """Say what an adversary sends; also after close()."""
        self._attacks.append(attack)
        if self._complete:
            self._write(self._text())

    def note_counts(self, counts: dict) -> None:
        """Say what the receiver counted: whole and real numbers; also after close()."""
        self._counts = json.loads(json.dumps(counts, allow_nan=False))
        if self._complete:
            self._write(self._text())

    def close(self) -> None:
        """End the recording; it is complete."""
        if self._file.closed:
            return
        self._file.close()
        self._complete = True
        self._write(self._text())

    def _write(self, text):
        with atomic_file(self.meta) as file:
            file.write(text)

    def _said(self):
        """Return what stands under "global"."""
        origin = self._origin
        said = {
            "core:datatype": DATATYPE,
            "core:sample_rate": self._sample_rate,
            "core:recorder": f"gr-advphy {__version__}",
            "core:extensions": [
                {"name": "advphy", "version": __version__, "optional": True}
            ],
            "advphy:link": origin.link,
            "advphy:model_sha256": origin.model_sha256,
            "advphy:seed": origin.seed,
            "advphy:first_block": origin.first_block,
            "advphy:images": origin.images,
            "advphy:frame": origin.frame.describe(),
            "advphy:version": origin.version,
            "advphy:complete": self._complete,
            "advphy:counts": self._counts,
            "core:description": self._description or None,
        }
        if self._complete:
            said["core:sha512"] = self._hash.hexdigest()
            said["advphy:samples"] = self.samples
        return {key: value for key, value in said.items() if value is not None}

    def _text(self):
        """Return the .sigmf-meta, which SigMF's schema allows."""
        import jsonschema  # sigmf's own dependency

        meta = library().SigMFFile(global_info=self._said())
        utc = self._at.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        capture = {"core:datetime": utc.isoformat(timespec="milliseconds") + "Z"}
        if self._frequency is not None:
            capture["core:frequency"] = float(self._frequency)
        meta.add_capture(0, metadata=capture)
        for attack in self._attacks:
            said = {
                "core:label": "adversary",
                "advphy:attack": attack.what,
                "advphy:psr_db": attack.psr_db,
            }
            said = {key: value for key, value in said.items() if value is not None}
            meta.add_annotation(attack.first_sample, attack.samples, said)
        try:
            meta.validate()
        except jsonschema.ValidationError as error:
            where = ".".join(str(part) for part in error.absolute_path)
            raise ValueError(f"recording: {where}: {error.message[:80]}") from None
        return meta.dumps() + "\n"


def write(path, samples, origin, sample_rate, frequency=None, attacks=(), **more):
    """Write a recording at once; arguments as RecordingWriter.

    Args:
        path: of the .sigmf-meta.
        samples: complex64.
        origin: recording.Origin.
        sample_rate: in samples/s.
        frequency: of the carrier in Hz, or None.
        attacks: Attacks; one that lasts to the end gets its length.
        more: description, at, counts.
    """
    counts = more.pop("counts", None)
    writer = RecordingWriter(path, origin, sample_rate, frequency, **more)
    writer.write(samples)
    for attack in attacks:
        if attack.samples is None:
            rest = max(1, len(samples) - attack.first_sample)
            attack = dataclasses.replace(attack, samples=rest)
        writer.note_attack(attack)
    if counts is not None:
        writer.note_counts(counts)
    writer.close()
