# SPDX-License-Identifier: GPL-3.0-or-later
"""Writer of recordings, which are marked as incomplete until they are closed."""

import dataclasses
import datetime
import hashlib
import json
import os
from pathlib import Path

import numpy as np

from advphy_model.atomic_file import atomic_file
from advphy_model.checked_values import checked_number
from advphy_model.files import recording_contents
from advphy_model.files.recording_contents import DATATYPE, OWN, Attack, paths
from advphy_model.version import __version__

SIGMF = "1.2.5"  # version of the specification
_HIGHEST = 1e12  # Hz and samples/s that SigMF allows


class RecordingWriter:
    """Writer of one recording.

    The .sigmf-meta marks the recording as incomplete until close() replaces it by one
    with the number of samples and their SHA-512.

    Args:
        path: path of the .sigmf-meta; neither it nor the .sigmf-data may exist.
        origin: recording_contents.Origin.
        sample_rate: sample rate in samples/s, 1..1e12.
        frequency: carrier frequency in Hz; None: not known.
        description: description of the recording, or "".
        at: datetime of the first sample with its time zone; None: now.

    Raises ValueError if it exists or a value is out of range; OSError if not writable.
    """

    def __init__(
        self, path, origin, sample_rate, frequency=None, description="", at=None
    ):
        checked_number("sample_rate", sample_rate, 1, _HIGHEST, "samples/s")
        if frequency is not None:
            checked_number("frequency", frequency, -_HIGHEST, _HIGHEST, "Hz, or None")
        self.meta, self.data = paths(path)
        for place in filter(Path.exists, (self.meta, self.data)):
            raise ValueError(
                f"recording '{place}' exists and is not overwritten; choose another "
                "name"
            )
        extension = {"name": "advphy", "version": __version__, "optional": True}
        self._fields = {
            "core:datatype": DATATYPE,
            "core:version": SIGMF,
            "core:num_channels": 1,
            "core:sample_rate": float(sample_rate),
            "core:recorder": f"gr-advphy {__version__}",
            "core:extensions": [extension],
            "advphy:complete": False,
        }
        known = {OWN + key: value for key, value in dataclasses.asdict(origin).items()}
        self._fields |= _known(known | {"core:description": str(description) or None})
        self._frequency = None if frequency is None else float(frequency)
        self._captures, self._annotations = [], []
        self._hash, self.samples, self._interrupted = hashlib.sha512(), 0, False
        self._failed = False  # then samples are lost, and it stays incomplete
        self._begin(at)
        self._file = open(self.data, "xb")  # noqa: SIM115 - close() closes it
        try:
            self._write()
        except OSError:
            self._file.close()
            self.data.unlink()
            raise

    def _begin(self, at=None):
        at = at or datetime.datetime.now(datetime.timezone.utc)
        utc = at.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        capture = {
            "core:sample_start": self.samples,
            "core:datetime": utc.isoformat(timespec="milliseconds") + "Z",
            "core:frequency": self._frequency,
        }
        self._captures.append(_known(capture))

    def begin_capture(self) -> None:
        """Begin a capture with the next sample, because samples before it are missing.

        A closed recording is opened again and is incomplete until close().
        """
        self._interrupted = True
        if not self._file.closed:
            return
        self._file = open(self.data, "r+b")  # noqa: SIM115 - close() closes it
        self._file.seek(0, os.SEEK_END)
        self._fields["advphy:complete"] = False
        del self._fields["core:sha512"], self._fields["advphy:samples"]
        self._write()

    def write(self, samples) -> None:
        """Append samples, complex64."""
        if self._interrupted and len(samples):
            self._interrupted = False
            if self.samples:
                self._begin()
                self._write()
        data = np.ascontiguousarray(samples, "<c8").data
        try:
            self._file.write(data)
        except OSError:
            self._failed = True
            raise
        self._hash.update(data)
        self.samples += len(samples)

    def note_attack(self, attack: Attack) -> None:
        """Add the annotation of an attack, before or after close()."""
        annotation = {
            "core:sample_start": attack.first_sample,
            "core:sample_count": attack.samples,
            "core:label": "adversary",
            "advphy:attack": attack.what,
            "advphy:psr_db": attack.psr_db,
        }
        self._annotations.append(_known(annotation))
        self._annotations.sort(key=lambda each: each["core:sample_start"])
        self._note()

    def note_counts(self, counts: dict) -> None:
        """Set the counts of the receiver (finite numbers), before or after close()."""
        counts = recording_contents.checked_counts(counts)
        self._fields["advphy:counts"] = json.loads(json.dumps(counts))
        self._note()

    def close(self) -> None:
        """End the recording; mark it as complete if all samples are on the disk."""
        if self._file.closed:
            return
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if self._failed:
            return
        self._fields["advphy:complete"] = True
        self._fields["core:sha512"] = self._hash.hexdigest()
        self._fields["advphy:samples"] = self.samples
        self._write()

    def _note(self):
        if self._file.closed:
            self._write()

    def _write(self):
        content = {"global": self._fields, "captures": self._captures}
        content["annotations"] = self._annotations
        text = json.dumps(content, indent=4, allow_nan=False)
        with atomic_file(self.meta) as file:
            file.write(text + "\n")


def _known(fields):
    return {key: value for key, value in fields.items() if value is not None}
