# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a recording while samples arrive, so that a crash leaves one that tells so."""

import dataclasses
import datetime
import hashlib
import json

import numpy as np

from advphy_model.atomic_file import atomic_file
from advphy_model.files.recording_contents import DATATYPE, OWN, Attack, paths
from advphy_model.version import __version__

SIGMF = "1.2.5"  # version of the specification
_HIGHEST = 1e12  # Hz and samples/s that SigMF allows


class RecordingWriter:
    """Write samples, then what they are.

    The .sigmf-meta is there from the beginning and says that the recording is not
    complete. close() replaces it, whole or not at all, by one with the number of
    samples and their SHA-512.

    Args:
        path: of the .sigmf-meta; neither it nor its .sigmf-data may be there.
        origin: recording_contents.Origin.
        sample_rate: in samples/s, 1..1e12.
        frequency: of the carrier in Hz, or None: not known.
        description: a sentence for who finds it, or "".
        at: datetime of the first sample with its time zone; None: now.

    Raises:
        ValueError: there is such a recording, or a setting does not fit.
        OSError: it cannot be written.
    """

    def __init__(
        self, path, origin, sample_rate, frequency=None, description="", at=None
    ):
        if not 1 <= sample_rate <= _HIGHEST:
            raise ValueError(f"sample_rate = {sample_rate}, must be 1..1e12 samples/s")
        if frequency is not None and not abs(frequency) <= _HIGHEST:
            raise ValueError(
                f"frequency = {frequency}, must be a finite number of Hz, at most 1e12"
            )
        self.meta, self.data = paths(path)
        for place in (self.meta, self.data):
            if place.exists():
                raise ValueError(
                    f"recording '{place}' exists and is not overwritten; choose "
                    "another name"
                )
        at = at or datetime.datetime.now(datetime.timezone.utc)
        utc = at.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        extension = {"name": "advphy", "version": __version__, "optional": True}
        self._said = {
            "core:datatype": DATATYPE,
            "core:version": SIGMF,
            "core:num_channels": 1,
            "core:sample_rate": float(sample_rate),
            "core:recorder": f"gr-advphy {__version__}",
            "core:extensions": [extension],
            "advphy:complete": False,
        }
        known = {OWN + key: value for key, value in dataclasses.asdict(origin).items()}
        known["core:description"] = str(description) or None
        self._said |= _known(known)
        self._capture = {
            "core:sample_start": 0,
            "core:datetime": utc.isoformat(timespec="milliseconds") + "Z",
        }
        if frequency is not None:
            self._capture["core:frequency"] = float(frequency)
        self._annotations = []
        self._hash, self.samples = hashlib.sha512(), 0
        self._file = open(self.data, "xb")  # noqa: SIM115 - close() closes it
        try:
            self._write()
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
        said = {
            "core:sample_start": attack.first_sample,
            "core:sample_count": attack.samples,
            "core:label": "adversary",
            "advphy:attack": attack.what,
            "advphy:psr_db": attack.psr_db,
        }
        self._annotations.append(_known(said))
        self._annotations.sort(key=lambda said: said["core:sample_start"])
        self._note()

    def note_counts(self, counts: dict) -> None:
        """Say what the receiver counted: whole and real numbers; also after close()."""
        self._said["advphy:counts"] = json.loads(json.dumps(counts, allow_nan=False))
        self._note()

    def close(self) -> None:
        """End the recording; it is complete."""
        if self._file.closed:
            return
        self._file.close()
        self._said["advphy:complete"] = True
        self._said["core:sha512"] = self._hash.hexdigest()
        self._said["advphy:samples"] = self.samples
        self._write()

    def _note(self):
        if self._file.closed:
            self._write()

    def _write(self):
        content = {"global": self._said, "captures": [self._capture]}
        content["annotations"] = self._annotations
        text = json.dumps(content, indent=4, allow_nan=False)
        with atomic_file(self.meta) as file:
            file.write(text + "\n")


def _known(said):
    return {key: value for key, value in said.items() if value is not None}
