# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments that several displays have, checked when a block is made."""

FASTEST = 30  # pictures a second that a block takes; an eye follows no more


def checked_frame_rate(frame_rate):
    """Return a number of pictures a second, or raise ValueError."""
    if isinstance(frame_rate, (int, float)) and 0 < frame_rate <= FASTEST:
        return frame_rate
    raise ValueError(
        f"frame_rate must be more than 0 and at most {FASTEST} a second, got "
        f"{frame_rate!r}; an eye follows no more"
    )


def checked_floor(floor):
    """Return the lowest block error rate of an axis, or raise ValueError."""
    if isinstance(floor, (int, float)) and 1e-15 <= floor <= 0.5:
        return float(floor)
    raise ValueError(
        "floor must be the lowest BLER to be drawn, 1e-15..0.5, such as 1e-6, got "
        f"{floor!r}"
    )


def checked_count(name, value, most, of):
    """Return a whole number, 1..most, or raise ValueError."""
    if not isinstance(value, bool) and value in range(1, most + 1):
        return int(value)
    raise ValueError(f"{name} must be a whole number of {of}, 1..{most}, got {value!r}")
