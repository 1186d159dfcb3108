# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a value against a JSON Schema, of which it knows the keywords in use here.

The tests hold it against the library `jsonschema`, which is not everywhere.
"""

import re

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
}


def check(value, schema, root=None, where="message") -> None:
    """Check a parsed JSON value.

    Args:
        value: of dict, list, str, int, float, bool and None.
        schema: a schema, parsed.
        root: the schema that "$ref" points into; None: this one.
        where: the value's name in what is said.

    Raises:
        ValueError: naming the field and what is wanted.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        check(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, name) for name in types):
        raise ValueError(f"{where} is no {' or '.join(types)}")
    if "const" in schema and not _equal(value, schema["const"]):
        raise ValueError(f"{where} is not {schema['const']!r}")
    if "enum" in schema and not any(_equal(value, v) for v in schema["enum"]):
        raise ValueError(f"{where} is not one of {', '.join(schema['enum'])}")
    _check_limits(value, schema, where)
    _check_parts(value, schema, root, where)
    if "if" in schema:
        branch = "then" if _fits(value, schema["if"], root) else "else"
        check(value, schema.get(branch, {}), root, where)
    for part in schema.get("allOf", []):
        check(value, part, root, where)


def _is(value, name):
    if name in ("number", "integer"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return name == "number" or value == int(value)
    return isinstance(value, _TYPES[name])


def _equal(value, wanted):  # True is not 1 in JSON
    return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted


def _fits(value, schema, root):
    try:
        check(value, schema, root)
    except ValueError:
        return False
    return True


def _check_limits(value, schema, where):
    if _is(value, "number"):
        for bound, sign in (("minimum", 1), ("maximum", -1)):
            if bound in schema and sign * value < sign * schema[bound]:
                raise ValueError(f"{where} = {value}, {bound} {schema[bound]}")
    if isinstance(value, (str, list)):
        unit = "Length" if isinstance(value, str) else "Items"
        if not (
            schema.get(f"min{unit}", 0)
            <= len(value)
            <= schema.get(f"max{unit}", len(value))
        ):
            raise ValueError(f"{where} is too long or too short: {len(value)}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        raise ValueError(f"{where} does not match {schema['pattern']}")


def _check_parts(value, schema, root, where):
    if isinstance(value, list) and "items" in schema:
        for index, part in enumerate(value):
            check(part, schema["items"], root, f"{where}[{index}]")
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                raise ValueError(f"{where}: '{key}' is missing")
        known = schema.get("properties", {})
        for key, part in value.items():
            if key in known:
                check(part, known[key], root, f"{where}: '{key}'")
            elif "additionalProperties" in schema:
                more = schema["additionalProperties"]
                check(part, more, root, f"{where}: '{key}'")
