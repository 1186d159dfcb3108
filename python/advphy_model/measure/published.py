# SPDX-License-Identifier: GPL-3.0-or-later
"""Published messages: what counters and meters say of a stream, as versioned JSON.

published.schema.json says what is in them. Unknown fields are to be ignored; the
version changes when the meaning of a field changes.
"""

import functools
import json
import math
from pathlib import Path

FORMAT, VERSION = "advphy", 1
SCHEMA = Path(__file__).with_name("published.schema.json")
LONGEST_NAME = 80
LONGEST_MESSAGE = 2**22  # bytes; far above any that a publisher sends


class OtherVersionError(ValueError):
    """A message of a version that is not known here; `version` is its number."""

    def __init__(self, version):
        super().__init__(
            f"the publisher speaks version {version}, this is {VERSION}; update "
            + ("this program" if version > VERSION else "the publisher")
        )
        self.version = version


def checked_name(name) -> str:
    """Return the name of a block in displays.

    Raises:
        ValueError: when it is not a string, has control characters, or is too long.
    """
    if not isinstance(name, str):
        raise ValueError(
            f"name must be a string, or '' for the usual one, got {name!r}"
        )
    if not name.isprintable():
        raise ValueError(f"name must have no control characters, got {name!r}")
    if len(name) > LONGEST_NAME:
        raise ValueError(
            f"name has {len(name)} characters, expected at most {LONGEST_NAME}"
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
    """Raise ValueError unless the schema allows a message."""
    try:
        _validator()(message)
    except ValueError as error:
        said = str(error).replace("data.", "", 1)
        raise ValueError(f"'{said.partition(' ')[0]}': {said[:200]}") from None


def measurement(said, flowgraph, run, sequence) -> dict:
    """Return what a block said as a message to publish.

    Args:
        said: dictionary of the block: kind, name, block, time, settings and figures;
            numbers, also those of numpy, and lists and arrays of them.
        flowgraph: name of the publisher, or "".
        run: 16 hexadecimal digits, drawn for each start of the flowgraph.
        sequence: number of the message in this run.

    Raises:
        ValueError: when it is not a message of a counter or meter.
    """
    head = {"format": FORMAT, "version": VERSION}
    head |= {key: said[key] for key in ("kind", "name", "block") if key in said}
    head |= {"flowgraph": flowgraph, "run": run, "sequence": sequence}
    message = _as_json(head | {k: v for k, v in said.items() if k not in head})
    _check(message)
    return message


def states(messages) -> dict:
    """Return the message that tells who joins what each block said last."""
    head = {"format": FORMAT, "version": VERSION, "kind": "states"}
    return head | {"states": list(messages)}


def encode(message) -> bytes:
    """Return a message as JSON in UTF-8."""
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode()


def decode(data) -> list:
    """Return the measurements of a message: one, or the states.

    Raises:
        OtherVersionError: when it is of another version.
        ValueError: when it is not what a publisher sends.
    """
    if len(data) > LONGEST_MESSAGE:
        raise ValueError(f"{len(data)} bytes, expected at most {LONGEST_MESSAGE}")
    try:
        message = json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
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
    return found


def _refuse(constant):
    raise ValueError(f"{constant} is not JSON")


def _finite(text):
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text} is too large")
    return value


def _as_json(value):
    """Return a value as JSON has it: what is not finite is None, complex is a pair."""
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
