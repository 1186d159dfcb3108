# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of counts, rates and measurements, and the numbers for a document."""

from advphy_model.measure.error_rate import interval
from advphy_model.measure.measurement_text import (
    figures_of,
    known_parts,
    rate_text,
    rated,
    table_texts,
)

_AS_NAMED = "restarts suspicious foreign of_another_seed bad_headers forged replayed "
_AS_NAMED += "blocks block_errors"
COUNTS = {"received": "bursts received", "missed": "bursts missed"}
COUNTS |= {name: name.replace("_", " ") for name in (*_AS_NAMED.split(), "erasures")}
COUNTS |= {"wrong": "wrong key", "repeated": "repeated key", "waiting": "no nonce yet"}


def entry(name, text):
    """Return the line of a list: a name and its value."""
    return f"{name:<18}{text}"


def counted(counts, pixels=None):
    """Return the lines of Scorer.counts and of their BLER, or the MSE per pixel."""
    names = COUNTS | ({} if pixels is None else {"blocks": "images"})
    lines = [entry(names[n], counts[n]) for n in names if n in counts]
    if not counts["blocks"]:
        return lines
    if pixels is None:
        rate, bounds = table_texts(_failures(counts), counts["blocks"])
        return [*lines, entry("BLER", f"{rate}  ({bounds}, 95 %)")]
    mse = rates(counts, pixels)["mse"]
    text = "none: every image was erased" if mse is None else f"{mse:.5f} per pixel"
    return [*lines, entry("MSE", text)]


def rates(counts, pixels=None):
    """Return the BLER with its 95 % interval, or the MSE, of the counts of bursts."""
    if pixels is None:
        return rated(_failures(counts), counts["blocks"])
    decoded = counts["blocks"] - counts["erasures"]
    return {"mse": counts["squared_error"] / (decoded * pixels) if decoded else None}


def _failures(counts):
    return counts["block_errors"] + counts["erasures"]


def require_own(counts, hint):
    """Raise ValueError with the hint if all bursts were of another link."""
    if counts["foreign"] and not counts["received"]:
        raise ValueError(hint)


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
    """Return bler, bler_95_percent, snr_db, cfo_hz and clock_ppm, if known."""
    counts, means, found = scorer.counts, scorer.means, {}
    if "block_errors" in counts and counts["blocks"]:
        failures, blocks = _failures(counts), counts["blocks"]
        found["bler"] = failures / blocks
        found["bler_95_percent"] = interval(failures, blocks)
    if means:
        found["snr_db"], found["clock_ppm"] = means["snr_db"], means["clock_ppm"]
        found["cfo_hz"] = means["cfo"] * sample_rate
    return found


# Texts of a published measurement, a dictionary of measure.published.decode.

_SETTINGS = ("Eb/N0 {ebn0_db:.4g} dB", "SNR {snr_db:.4g} dB", "PSR {psr_db:.4g} dB")


def name_of(message, shared) -> str:
    """Return the name of a block, with that of its flowgraph if others share it."""
    if shared and message["flowgraph"]:
        return f"{message['flowgraph']}: {message['name']}"
    return message["name"]


def cells(message, shared) -> tuple:
    """Return the name, the settings and the figures of a measurement as short texts."""
    name = name_of(message, shared)
    figures = figures_of(message)
    if message["kind"] == "counts":
        failures, blocks = _failures(message), message["blocks"]
        if 0 < failures <= blocks:
            low, high = map(rate_text, interval(failures, blocks))
            figures += "" if low in figures else f", 95 %: {low} to {high}"
    return printable(name), _settings(message["settings"]), printable(figures)


def printable(text) -> str:
    """Replace the control characters of a text by question marks."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _settings(settings):
    """Return the text of the levels, the attack, the pair, canceller and channel."""
    known = {k: v for k, v in settings.items() if type(v) in (int, float)}
    words = known_parts(_SETTINGS, known)
    if isinstance(settings.get("perturbation"), str):
        words.append(settings["perturbation"] if settings.get("on") else "attack off")
    if isinstance(settings.get("inserted"), bool):
        words.append("inserted" if settings["inserted"] else "bypassed")
    for key, usual in (("canceller", "none"), ("kind", "awgn")):
        if settings.get(key, usual) != usual:
            words.append(str(settings[key]))
    return printable(", ".join(words))[:200]
