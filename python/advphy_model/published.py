# SPDX-License-Identifier: GPL-3.0-or-later
"""Published messages: what counters and meters say of a stream, as versioned JSON."""

LONGEST_NAME = 80


def checked_name(name) -> str:
    """Return the name of a block in displays.

    Raises:
        ValueError: when it is not a string, has control characters, or is too long.
    """
    if not isinstance(name, str):
        raise ValueError(f"name = {name!r}, wanted a string, or '' for the usual one")
    if not name.isprintable():
        raise ValueError(f"name = {name!r}, wanted one without control characters")
    if len(name) > LONGEST_NAME:
        raise ValueError(
            f"name has {len(name)} characters, wanted at most {LONGEST_NAME}"
        )
    return name
