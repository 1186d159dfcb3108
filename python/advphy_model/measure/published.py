# SPDX-License-Identifier: GPL-3.0-or-later
"""Published messages of counters and meters as versioned JSON.

published.schema.json defines them. Receivers must ignore unknown fields.
"""

import functools
import json
import math
from pathlib import Path

from advphy_model.file_gate import require_plain, strict_json

FORMAT, VERSION = "advphy", 1
SCHEMA = Path(__file__).with_name("published.schema.json")
HERE = [f"tcp://127.0.0.1:{port}" for port in range(5570, 5590)]  # publishers' ports
LONGEST_NAME = 80
LONGEST_MESSAGE = 2**22  # bytes, far more than any publisher sends
LONGEST_MEASUREMENT = 2**18  # bytes of one of them


class OtherVersionError(ValueError):
    """Error for a message of another version; `version` is its number."""

    def __init__(self, version):
        super().__init__(
            f"the publisher speaks version {version}, this is {VERSION}; update "
            + ("this program" if version > VERSION else "the publisher")
        )
        self.version = version


def checked_name(name) -> str:
    """Return the name of a block for displays; ValueError if it cannot be shown."""
    text = isinstance(name, str)
    if not text or not name.isprintable() or len(name) > LONGEST_NAME:
        raise ValueError(
            f"name must have at most {LONGEST_NAME} characters, none of them a control "
            f"character, or be '' for the default, got {name!r}"
        )
    return name


@functools.cache
def schema() -> dict:
    """Return the JSON Schema of a published message."""
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


@functools.cache
def _validator():
    import fastjsonschema

    return fastjsonschema.compile(schema() | {"$schema": ""})


def _check(message):
    try:
        _validator()(message)
    except ValueError as error:
        text = str(error).replace("data.", "", 1)
        raise ValueError(f"'{text.partition(' ')[0]}': {text[:200]}") from None


def measurement(report, flowgraph, run, sequence) -> dict:
    """Return the report of a block as a message; ValueError if it is not valid.

    Args:
        report: dictionary from the block: kind, name, block, time, settings and
            figures, which are numbers (also of numpy), or lists and arrays of them.
        flowgraph: name of the publisher, or "".
        run: 16 random hexadecimal digits, new for each start of the flowgraph.
        sequence: number of the message in this run.
    """
    head = {"format": FORMAT, "version": VERSION}
    head |= {key: report[key] for key in ("kind", "name", "block") if key in report}
    head |= {"flowgraph": flowgraph, "run": run, "sequence": sequence}
    message = _as_json(head | {k: v for k, v in report.items() if k not in head})
    _check(message)
    return message


def states(messages) -> dict:
    """Return the message with the last report of each block, for new subscribers."""
    head = {"format": FORMAT, "version": VERSION, "kind": "states"}
    return head | {"states": list(messages)}


def encode(message) -> bytes:
    """Return a message as JSON in UTF-8."""
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode()


def decode(data) -> list:
    """Return the measurements in a message: one, or all of a "states" message.

    Raises OtherVersionError if it has another version, else ValueError if not valid.
    """
    if len(data) > LONGEST_MESSAGE:
        raise ValueError(f"message has {len(data)} bytes, above {LONGEST_MESSAGE}")
    try:
        message = strict_json(data)
        require_plain(message)
    except RecursionError:
        raise ValueError("message is nested too deeply") from None
    if not isinstance(message, dict) or message.get("format") != FORMAT:
        raise ValueError("not a message of an advphy publisher")
    version = message.get("version")
    if isinstance(version, bool):
        raise ValueError(f"'version' is {version}, expected {VERSION}")
    if isinstance(version, int) and version != VERSION and version > 0:
        raise OtherVersionError(version)
    _check(message)
    found = message["states"] if message["kind"] == "states" else [message]
    for part in found:
        checked_name(part["name"])
        if len(data) > LONGEST_MEASUREMENT < len(encode(part)):
            raise ValueError(f"a measurement has above {LONGEST_MEASUREMENT} bytes")
    return found


def _as_json(value):
    """Return a value for JSON: None if it is not finite, a pair if it is complex."""
    if isinstance(value, dict):
        return {str(key): _as_json(part) for key, part in value.items()}
    if hasattr(value, "tolist"):  # of numpy
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_as_json(part) for part in value]
    if isinstance(value, complex):
        return [_as_json(value.real), _as_json(value.imag)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)[:1000]
