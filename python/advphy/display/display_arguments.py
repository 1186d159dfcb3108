# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of arguments that several displays have."""

FASTEST = 30  # pictures a second; an eye cannot follow more


def checked_frame_rate(frame_rate):
    """Return a number of pictures a second; ValueError if it is invalid."""
    if isinstance(frame_rate, (int, float)) and 0 < frame_rate <= FASTEST:
        return frame_rate
    raise ValueError(
        f"frame_rate must be above 0 and at most {FASTEST} pictures a second, got "
        f"{frame_rate!r}"
    )


def checked_floor(floor):
    """Return the lowest block error rate of an axis; ValueError if it is invalid."""
    if isinstance(floor, (int, float)) and 1e-15 <= floor <= 0.5:
        return float(floor)
    raise ValueError(
        "floor must be a number in 1e-15..0.5, the lowest BLER to be drawn, got "
        f"{floor!r}; give one such as 1e-6"
    )


def checked_count(name, value, most, of):
    """Return a whole number in 1..most; ValueError if it is invalid."""
    if not isinstance(value, bool) and value in range(1, most + 1):
        return int(value)
    raise ValueError(
        f"{name} must be a whole number of {of} in 1..{most}, got {value!r}"
    )
