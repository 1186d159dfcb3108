# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates and counts in words, and the same as numbers for a document."""

from advphy_model.measure.error_rate import interval, upper_bound

COUNTS = {
    "received": "frames received",
    "missed": "frames missed",
    "restarts": "restarts",
    "bad_headers": "bad headers",
    "blocks": "blocks",
    "block_errors": "block errors",
    "erasures": "erasures",
}


def rated(failures, blocks):
    """Return bler, low and high: 95 % interval; without failures, what they exclude."""
    if not blocks:
        return {"bler": None, "low": None, "high": None}
    low, high = interval(failures, blocks) if failures else (0.0, upper_bound(blocks))
    return {"bler": failures / blocks, "low": low, "high": high}


def rate_and_interval(failures, blocks):
    """Return the rate and its interval as texts of a table."""
    if not blocks:
        return "-", ""
    found = rated(failures, blocks)
    if not failures:
        return "0", f"< {found['high']:.1e}"
    return f"{found['bler']:.2e}", f"{found['low']:.2e}..{found['high']:.2e}"


def entry(name, text):
    """Return a line of a list of names and what they are."""
    return f"{name:<18}{text}"


def counted(counts, pixels=None):
    """Return the lines of counts of frames, with the rates that they give.

    Args:
        counts: as Scorer.counts.
        pixels: of an image of a semantic link, or None.
    """
    names = COUNTS | ({} if pixels is None else {"blocks": "images"})
    lines = [entry(names[n], counts[n]) for n in names if n in counts]
    if not counts["blocks"]:
        return lines
    if pixels is None:
        rate, bounds = rate_and_interval(_failures(counts), counts["blocks"])
        return [*lines, entry("BLER", f"{rate}  ({bounds}, 95 %)")]
    mse = rates(counts, pixels)["mse"]
    text = "none: every image was erased" if mse is None else f"{mse:.5f} per pixel"
    return [*lines, entry("MSE", text)]


def rates(counts, pixels=None):
    """Return bler with its 95 % interval, or mse, of counts of frames."""
    if pixels is None:
        return rated(_failures(counts), counts["blocks"])
    decoded = counts["blocks"] - counts["erasures"]
    return {"mse": counts["squared_error"] / (decoded * pixels) if decoded else None}


def _failures(counts):
    return counts["block_errors"] + counts["erasures"]


def table(scorer, sample_rate, model):
    """Return the lines of a scoring.Scorer."""
    lines = counted(scorer.counts, getattr(model, "pixels", None))
    found = numbers(scorer, sample_rate)
    if scorer.frames:
        lines += [
            entry("mean SNR", f"{found['snr_db']:.2f} dB per channel use, estimated"),
            entry("mean CFO", f"{found['cfo_hz']:.1f} Hz"),
            entry("mean clock offset", f"{found['clock_ppm']:.1f} ppm"),
        ]
    return lines


def numbers(scorer, sample_rate):
    """Return bler with its interval, snr_db, cfo_hz and clock_ppm: what there is."""
    counts, means, found = scorer.counts, scorer.means, {}
    if "block_errors" in counts and counts["blocks"]:
        failures, blocks = _failures(counts), counts["blocks"]
        found["bler"] = failures / blocks
        found["bler_95_percent"] = interval(failures, blocks)
    if means:
        found["snr_db"], found["clock_ppm"] = means["snr_db"], means["clock_ppm"]
        found["cfo_hz"] = means["cfo"] * sample_rate
    return found
