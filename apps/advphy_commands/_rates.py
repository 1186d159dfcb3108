# SPDX-License-Identifier: GPL-3.0-or-later
"""A block error rate with its interval, as text and for a document."""

from advphy_model.measure.error_rate import interval, upper_bound


def rated(failures, blocks):
    """Return bler, low and high: 95 % interval; without failures, what they exclude."""
    if not blocks:
        return {"bler": None, "low": None, "high": None}
    low, high = interval(failures, blocks) if failures else (0.0, upper_bound(blocks))
    return {"bler": failures / blocks, "low": low, "high": high}


def texts(failures, blocks):
    """Return the rate and its interval as texts of a table."""
    if not blocks:
        return "-", ""
    found = rated(failures, blocks)
    if not failures:
        return "0", f"< {found['high']:.1e}"
    return f"{found['bler']:.2e}", f"{found['low']:.2e}..{found['high']:.2e}"
