# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of other programs: read and counted like our own, or refused by name."""

import hashlib
import json
import tarfile

import numpy as np
import pytest
from advphy_model.files import recording_reader
from advphy_model.measure import scoring

from .test_recording import FRAME, FRAMES, MODEL, samples

assert samples  # a fixture
# Bytes of the real and imaginary parts; for integers, full scale is 1.
WRITTEN = {
    "cf32_le": lambda x: x.astype("<f4"),
    "cf32_be": lambda x: x.astype(">f4"),
    "cf64_le": lambda x: x.astype("<f8"),
    "ci32_be": lambda x: np.round(x * 2**31).astype(">i4"),
    "ci16_le": lambda x: np.round(x * 2**15).astype("<i2"),
    "ci16_be": lambda x: np.round(x * 2**15).astype(">i2"),
    "cu16_le": lambda x: np.round(x * 2**15 + 2**15).astype("<u2"),
    "ci8": lambda x: np.round(x * 2**7).astype("i1"),
    "cu8": lambda x: np.round(x * 2**7 + 2**7).astype("u1"),
}


def write(folder, data, datatype, captures=None, **more):
    """Write a recording as another program does; return its .sigmf-meta."""
    fields = {"core:datatype": datatype, "core:version": "1.0.0"}
    fields |= {"core:sample_rate": 1e6, **{f"core:{k}": v for k, v in more.items()}}
    captures = captures or [{"core:sample_start": 0}]
    content = {"global": fields, "captures": captures, "annotations": []}
    meta = folder / "other.sigmf-meta"
    meta.write_text(json.dumps(content))
    meta.with_name(more.get("dataset", "other.sigmf-data")).write_bytes(data)
    return meta


@pytest.fixture
def parts(samples):
    """Return real and imaginary parts below full scale, alternating."""
    return (samples / np.abs(samples.view(np.float32)).max() * 0.99).view(np.float32)


def counted(path):
    return scoring.score(recording_reader.read(path), MODEL, FRAME, seed=5).counts


@pytest.mark.parametrize("datatype", WRITTEN)
def test_every_complex_datatype_is_counted_alike(datatype, parts, tmp_path):
    data = WRITTEN[datatype](parts).tobytes()
    path = write(tmp_path, data, datatype, sha512=hashlib.sha512(data).hexdigest())
    found = recording_reader.read(path)
    read = np.concatenate(list(found.pieces())).view(np.float32)
    step = 2.0**-7 if datatype[-1] == "8" else 2.0**-15
    assert np.abs(read - parts).max() <= step / 2 + 1e-6
    assert (found.samples, found.verified) == (len(parts) // 2, True)
    counts = counted(path)
    assert counts["received"] == FRAMES
    wanted = scoring.Scorer(MODEL, FRAME, seed=5)
    wanted.push(parts.view(np.complex64))
    assert abs(counts["block_errors"] - wanted.counts["block_errors"]) <= 1


@pytest.mark.parametrize(
    "datatype",
    ["rf32_le", "ri16_le", "ci16", "cf32", "cf16_le", "ci64_le", "", None, 7],
)
def test_other_datatypes_are_named(datatype, tmp_path):
    path = write(tmp_path, bytes(800), datatype)
    with pytest.raises(ValueError, match=f"core:datatype is {datatype}, expected comp"):
        recording_reader.read(path)


def test_an_archive_is_read_in_place(parts, tmp_path):
    meta = write(tmp_path, WRITTEN["ci16_le"](parts).tobytes(), "ci16_le")
    archive = tmp_path / "packed.sigmf"
    for mode, match in (("w", None), ("w:gz", "compressed")):
        with tarfile.open(archive, mode) as tar:
            for file in (meta, meta.with_suffix(".sigmf-data")):
                tar.add(file, f"other/{file.name}")
        if match is None:
            assert counted(archive) == counted(meta)
    with pytest.raises(
        ValueError, match=r"packed\.sigmf: is not a tar archive, or is c"
    ):
        recording_reader.read(archive)
    with tarfile.open(archive, "w") as tar:
        tar.add(meta, "a.sigmf-meta")
    with pytest.raises(ValueError, match=r"a\.sigmf-data is missing"):
        recording_reader.read(archive)
    with tarfile.open(archive, "w") as tar:
        tar.add(meta, "a.sigmf-meta")
        tar.add(meta, "b.sigmf-meta")
    with pytest.raises(ValueError, match="holds 2 recordings, expected one"):
        recording_reader.read(archive)


def test_headers_and_trailers_are_no_samples(parts, tmp_path):
    data = parts.tobytes()
    cut = 8 * 1000
    held = b"H" * 100 + data[:cut] + b"second" + data[cut:] + b"end"
    captures = [
        {"core:sample_start": 0, "core:header_bytes": 100, "core:frequency": 1e9},
        {"core:sample_start": 1000, "core:header_bytes": 6, "core:frequency": 2e9},
    ]
    more = {"trailing_bytes": 3, "dataset": "other.iq"}
    path = write(tmp_path, held, "cf32_le", captures, **more)
    found = recording_reader.read(path)
    assert np.array_equal(np.concatenate(list(found.pieces())).view(np.float32), parts)
    assert found.captures == ((100, 1000), (cut + 106, len(parts) // 2 - 1000))
    assert found.frequency is None


@pytest.mark.parametrize("offset", [0, 5000])
def test_samples_before_the_first_capture_are_left_out_and_counted(
    parts, tmp_path, offset
):
    begin = 2 * FRAME.samples()
    captures = [{"core:sample_start": begin + offset}]
    path = write(tmp_path, parts.tobytes(), "cf32_le", captures, offset=offset)
    found = recording_reader.read(path)
    assert (found.left_out, found.samples) == (begin, len(parts) // 2 - begin)
    assert f"{begin} samples before the first capture are left out" in found.warnings
    assert counted(path)["received"] == FRAMES - 2


@pytest.mark.parametrize(
    ("starts", "text"),
    [
        ((0, 50, 50), "core:sample_start of capture 3 is 50, expected more than 50"),
        ((0, 90, 50), "core:sample_start of capture 3 is 50, expected more than 90"),
        ((0, -1), "core:sample_start of capture 2 must be"),
        ((0, 0.5), "core:sample_start of capture 2 must be"),
        ((0, 100), "capture 2 has no sample"),
    ],
)
def test_impossible_captures_are_refused_by_number(starts, text, tmp_path):
    captures = [{"core:sample_start": start} for start in starts]
    path = write(tmp_path, bytes(8 * 100), "cf32_le", captures)
    with pytest.raises(ValueError, match=text):
        recording_reader.read(path)


@pytest.mark.parametrize("exchange", [np.conj, lambda x: 1j * x.conj()])
def test_exchanged_i_and_q_are_found_out(parts, tmp_path, exchange):
    swapped = exchange(parts.view(np.complex64)).astype("<c8")
    path = write(tmp_path, swapped.tobytes(), "cf32_le")
    recording = recording_reader.read(path)
    scorer = scoring.score(recording, MODEL, FRAME, seed=5)
    assert scorer.counts["received"] == 0
    assert scorer.hint == "I and Q are exchanged; give swap_iq"
    right = scoring.score(recording, MODEL, FRAME, seed=5, swap_iq=True)
    assert (right.counts["received"], right.hint) == (FRAMES, "")
    path = write(tmp_path, parts.tobytes(), "cf32_le")
    recording = recording_reader.read(path)
    wrong = scoring.score(recording, MODEL, FRAME, seed=5, swap_iq=True)
    assert wrong.hint == "I and Q are exchanged by swap_iq only; omit it"
