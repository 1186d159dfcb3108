# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch an image data set from the first mirror that has the right files."""

import gzip
import http.client
import io
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

from advphy_model.files import image_files

TIMEOUT = 20.0  # seconds without a byte, after which the next mirror is asked
_CHUNK = 1 << 16
_FAILURES = (OSError, ValueError, EOFError, zlib.error, http.client.HTTPException)


def fetch(name: str, mirrors=None, progress=None) -> Path:
    """Download a data set to its place, and return the place.

    All files are verified before the first is written. A mirror that fails, or serves
    something else, is left for the next.

    Args:
        name: of image_files.DATA_SETS.
        mirrors: addresses of folders; None: those of the data set.
        progress: called with the number of bytes that have come since the last call.

    Raises:
        ValueError: when no mirror had the files; the text says what each did, and the
            way without a network.
        OSError: when the place cannot be written.
    """
    dataset = image_files.data_set(name)
    contents, failures = {}, []
    for mirror in dataset.mirrors if mirrors is None else mirrors:
        try:
            for file in dataset.sha256:
                if file not in contents:
                    contents[file] = _download(dataset, mirror, file, progress)
        except _FAILURES as error:
            host = urllib.parse.urlsplit(mirror).netloc or mirror
            failures.append(f"{host}: {_reason(error)}")
        else:
            return image_files.keep(name, contents)
    raise ValueError(
        f"no mirror had {name} ({'; '.join(failures) or 'none was given'}); with the "
        f"four files in a folder DIR, run: advphy data {name} --from DIR"
    )


def _download(dataset, mirror, file, progress):
    """Return the verified content of a file."""
    packed = io.BytesIO()
    with urllib.request.urlopen(f"{mirror}{file}.gz", timeout=TIMEOUT) as answer:
        while chunk := answer.read(_CHUNK):
            packed.write(chunk)
            if packed.tell() > image_files.LARGEST:
                raise ValueError(f"more than {image_files.LARGEST} bytes for {file}.gz")
            if progress is not None:
                progress(len(chunk))
    packed.seek(0)
    with gzip.open(packed) as content:
        found = content.read(image_files.LARGEST + 1)
    image_files.refuse_other_content(dataset, file, found, f"{file}.gz")
    return found


def _reason(error):
    """Return what went wrong, without the library's brackets."""
    reason = getattr(error, "reason", None) or error
    return getattr(reason, "strerror", None) or str(reason) or type(error).__name__
