# SPDX-License-Identifier: GPL-3.0-or-later
"""How counts of frames are said: a table, or numbers."""

from advphy_model.measure.error_rate import interval

from advphy_commands import _rates


def table(scorer, sample_rate, model):
    """Return the lines of a scoring.Scorer's counts."""
    lines = counted(scorer.counts, getattr(model, "pixels", None))
    found = numbers(scorer, sample_rate)
    if scorer.frames:
        lines += [
            f"{'mean SNR':<18}{found['snr_db']:.2f} dB per channel use, estimated",
            f"{'mean CFO':<18}{found['cfo_hz']:.1f} Hz",
            f"{'mean clock offset':<18}{found['clock_ppm']:.1f} ppm",
        ]
    return lines


def counted(counts, pixels=None):
    """Return the lines of counts, with the rates that they give.

    Args:
        counts: as Scorer.counts.
        pixels: of an image of a semantic link, or None.
    """
    names = {
        "received": "frames received",
        "missed": "frames missed",
        "restarts": "restarts",
        "bad_headers": "bad headers",
        "blocks": "blocks" if pixels is None else "images",
        "block_errors": "block errors",
        "erasures": "erasures",
    }
    lines = [f"{names[n]:<18}{counts[n]}" for n in names if n in counts]
    if counts["blocks"]:
        lines.append(_rate(counts) if pixels is None else _mse(counts, pixels))
    return lines


def rates(counts, pixels=None):
    """Return bler with its 95 % interval, or mse, of counts."""
    if pixels is not None:
        decoded = counts["blocks"] - counts["erasures"]
        mse = counts["squared_error"] / (decoded * pixels) if decoded else None
        return {"mse": mse}
    failures = counts["block_errors"] + counts["erasures"]
    return _rates.rated(failures, counts["blocks"])


def _rate(counts):
    blocks, failures = counts["blocks"], counts["block_errors"] + counts["erasures"]
    rate, bounds = _rates.texts(failures, blocks)
    return f"{'BLER':<18}{rate}  ({bounds}, 95 %)"


def _mse(counts, pixels):
    decoded = counts["blocks"] - counts["erasures"]
    if not decoded:
        return f"{'MSE':<18}none: every image was erased"
    return f"{'MSE':<18}{counts['squared_error'] / (decoded * pixels):.5f} per pixel"


def numbers(scorer, sample_rate):
    """Return bler with its interval, snr_db, cfo_hz and clock_ppm: what there is."""
    counts, found = scorer.counts, {}
    if "block_errors" in counts and counts["blocks"]:
        failures = counts["block_errors"] + counts["erasures"]
        found["bler"] = failures / counts["blocks"]
        found["bler_95_percent"] = interval(failures, counts["blocks"])
    means = scorer.means
    if means:
        found["snr_db"], found["clock_ppm"] = means["snr_db"], means["clock_ppm"]
        found["cfo_hz"] = means["cfo"] * sample_rate
    return found
