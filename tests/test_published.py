# SPDX-License-Identifier: GPL-3.0-or-later
"""Published messages: the schema, what it refuses, other versions, odd numbers."""

import copy
import json
import math

import numpy as np
import pytest
from advphy_model.measure import published

jsonschema = pytest.importorskip(
    "jsonschema", reason="python3-jsonschema is the judge of the schema"
)
SHA = "ab" * 32
HEAD = {"block": "some0", "time": 1700000000.5, "settings": {"ebn0_db": 3.0}}
BLOCKS = {"seed": 2**64 - 1, "first_block": 0, "blocks": 10, "block_errors": 1}
BURSTS = {"erasures": 0, "bler": 0.1, "frames": 2, "missed_frames": 0}
IMAGES = {"first_frame": 0, "frames": 4, "erasures": 0}
ERRORS = {"squared_error": 2.5, "squared_error_squares": 3.0, "mse": 0.1}
QUALITY = {"psnr_db": math.inf, "ssim": 0.5, "ssim_frames": 1, "ssim_sum": 0.5}
SHARES = {"correct": 2, "accuracy": 0.5, "low": 0.1, "high": 0.9}
PSRS = {"psr_db_realised": -6.0, "psr_db_smallest": -math.inf, "psr_db_largest": -6.0}
FOUND = {"detected": True, "adversary": "static", "weights": [1.0], "psr_db": -6.0}
TESTED = {"noise_variance": 0.1, "statistic": 50.0, "threshold": 30.0}
RECEIVED = {"received": 3, "missed": 0, "restarts": 0, "bad_headers": 0}
STREAM = {"not_finite": 0, "samples": 9, "snr_db": 5.0, "cfo": 0.001, "clock_ppm": -3.0}
P = np.array([1 + 2j, 0.5j], np.complex64)
SAID = {
    "counts": {"link": "bpsk", "model_sha256": SHA} | BLOCKS | BURSTS,
    "distortion": IMAGES | ERRORS | QUALITY,
    "accuracy": IMAGES | SHARES,
    "psr": {"first_block": 0, "blocks": 3, "p": P} | PSRS,
    "estimate": {"first_block": 0, "p": P[:1]} | FOUND | TESTED,
    "power": {"transmit_power_db": 0.1, "items": 3, "psr_db": -6.0},
    "frames": RECEIVED | STREAM,
}
JUDGE = jsonschema.Draft202012Validator(published.schema())


def message(kind="counts", **changes):
    said = {"kind": kind, "name": "mine", **HEAD, **SAID[kind]} | changes
    return published.measurement(said, "demo", "0123456789abcdef", 7)


def mutations(value, path=()):
    """Yield (path, a value of another type or out of range) for each field."""
    for key, part in value.items():
        here = (*path, key)
        yield here, "absent"
        if key == "settings":
            yield here, 3
            continue
        yield here, {"an": "object"}
        if isinstance(part, bool):
            yield here, 1
        elif isinstance(part, int) and key != "version":
            yield from ((here, 0.5), (here, -1), (here, "3"), (here, True))
        elif isinstance(part, (float, int)):
            yield from ((here, "3.5"), (here, False))
        elif isinstance(part, str):
            yield from ((here, 7), (here, None), (here, "x" * 1001))
        elif isinstance(part, list):
            yield from ((here, "text"), (here, ["x"]), (here, [[1, 2, 3]]))


def mutated(original, path, value):
    changed = copy.deepcopy(original)
    if value == "absent":
        del changed[path[0]]
    else:
        changed[path[0]] = value
    return changed


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(published.schema())


@pytest.mark.parametrize("kind", SAID)
def test_each_kind_is_valid_and_what_is_sent_is_what_is_received(kind):
    JUDGE.validate(message(kind))
    sent = published.encode(message(kind))
    assert published.decode(sent) == [json.loads(sent)] == [message(kind)]
    states = published.states([message(kind), message(kind, name="other")])
    JUDGE.validate(states)
    assert len(published.decode(published.encode(states))) == 2


@pytest.mark.parametrize("kind", SAID)
def test_a_field_that_is_changed_is_refused_by_the_library_and_by_us(kind):
    required = set(published.schema()["$defs"][kind]["required"])
    required |= set(published.schema()["$defs"]["measurement"]["required"])
    original, refused = message(kind), 0
    for path, value in mutations(original):
        changed = mutated(original, path, value)
        optional = value == "absent" and path[0] not in required
        assert JUDGE.is_valid(changed) == optional, (path, value)
        try:
            published.decode(published.encode(changed))
        except ValueError:
            refused += 1
        else:
            assert optional, (path, value)
    assert refused > 40


def test_unknown_fields_are_ignored():
    more = message(news={"of": [1, 2]})
    JUDGE.validate(more)
    assert published.decode(published.encode(more)) == [more]


def test_what_is_not_finite_is_null_and_complex_numbers_are_pairs():
    settings = {"psr_db": -math.inf, "list": [math.nan, 1.0], "n": np.float32(0.5)}
    sent = json.loads(published.encode(message("psr", settings=settings)))
    assert sent["psr_db_smallest"] is None
    assert sent["settings"] == {"psr_db": None, "list": [None, 1.0], "n": 0.5}
    assert sent["p"] == [[1.0, 2.0], [0.0, 0.5]]


@pytest.mark.parametrize("version", [2, 3, 0.5, "1", None, True, -1])
def test_other_versions_are_told_apart_from_nonsense(version):
    data = json.dumps(message() | {"version": version}).encode()
    if version in (2, 3):
        with pytest.raises(published.OtherVersionError, match="update this program"):
            published.decode(data)
        return
    with pytest.raises(ValueError, match="'version'") as found:
        published.decode(data)
    assert not isinstance(found.value, published.OtherVersionError)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"format": "advphy"}',
        b"[" * 100_000,
        b'{"format":"advphy","version":1,"kind":"counts"}',
        b'{"format":"advphy","version":1,"kind":"states","states":[3]}',
        json.dumps(message()).replace("0.1", "NaN").encode(),
        json.dumps(message()).replace("0.1", "1e999").encode(),
        json.dumps(message()).replace("mine", r"\u001b[2J").encode(),
        json.dumps(message()).replace("mine", r"\ud800").encode(),
        json.dumps(message()).encode() + b" " * 2**22,
        json.dumps(message() | {"seed": 2**64 + 1}).encode(),
        json.dumps(message() | {"settings": {"ebn0_db": 10**400}}).encode(),
        json.dumps(message() | {"new": "x" * 2**18}).encode(),
    ],
)
def test_what_no_publisher_sends_is_a_value_error(data):
    with pytest.raises(ValueError, match=r"\w"):
        published.decode(data)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (7, "at most 80.*got 7"),
        ("a\nb", "control"),
        ("\x1b[31m", "control"),
        ("\ud800", "control"),
        ("x" * 81, "at most 80"),
    ],
)
def test_names_that_displays_cannot_show_are_refused(name, said):
    with pytest.raises(ValueError, match=said):
        published.checked_name(name)
    assert published.checked_name("Störer 3 dB") == "Störer 3 dB"
