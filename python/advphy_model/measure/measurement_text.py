# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts for rates with their intervals and for the figures of messages."""

import contextlib
import functools
import re

from advphy_model.measure.error_rate import interval, upper_bound

_ZERO = re.compile(r"(?<![\d.])[+-]?0(?:\.0+)? (dB|ppm)")


@functools.lru_cache(1024)
def bounds(failures, blocks) -> tuple:
    """Return the 95 % interval of a rate; without failures from 0 to upper_bound."""
    return interval(failures, blocks) if failures else (0.0, upper_bound(blocks))


def rated(failures, blocks) -> dict:
    """Return bler, low and high of counts; None if there are no blocks."""
    if not blocks:
        return {"bler": None, "low": None, "high": None}
    low, high = bounds(failures, blocks)
    return {"bler": failures / blocks, "low": low, "high": high}


def table_texts(failures, blocks) -> tuple:
    """Return a rate and its interval as two cells of a table."""
    if not blocks:
        return "-", ""
    low, high = bounds(failures, blocks)
    if not failures:
        return "0", f"< {high:.1e}"
    return f"{failures / blocks:.2e}", f"{low:.2e}..{high:.2e}"


def rate_text(rate) -> str:
    """Return a rate as live windows write it, such as 3.7e-2."""
    return f"{rate:.1e}".replace("e-0", "e-").replace("e+00", "")


def decibels(value) -> str:
    """Return a level in dB with one decimal, and zero as 0 dB."""
    return _ZERO.sub(r"0 \1", f"{value:.1f} dB")


def short_text(failures, blocks) -> str:
    """Return a short text of a rate; an interval if it is wider than a decade."""
    low, high = bounds(failures, blocks)
    if not failures:
        return f"below {rate_text(high)}"
    if high > 10 * low:
        return f"{rate_text(low)} to {rate_text(high)}"
    return rate_text(failures / blocks)


def counted_text(failures, blocks) -> str:
    """Return a short text of a rate and its counts."""
    return f"{short_text(failures, blocks)} ({failures} of {blocks} blocks)"


def sentence(failures, blocks) -> str:
    """Return a rate with its interval as a sentence."""
    low, high = map(rate_text, bounds(failures, blocks))
    if not failures:
        return f"no error seen: BLER below {high} at 95 %"
    return f"BLER {rate_text(failures / blocks)}, 95 %: {low} to {high}"


def figures_of(message) -> str:
    """Return a short text with the figures of a message that are known.

    It is a dictionary of a counter, meter, adversary or canceller. Raises KeyError if
    the kind is not known, or counts or `detected` are missing.
    """
    known = {name: value for name, value in message.items() if value is not None}
    return _FIGURES[message["kind"]](known) or "nothing yet"


def known_parts(forms, values) -> list:
    """Return the formatted texts of the forms whose values are all known."""
    texts = []
    for form in forms:
        with contextlib.suppress(KeyError):
            texts.append(_ZERO.sub(r"0 \1", form.format_map(values)))
    return texts


def _counts(message):
    failures = message["block_errors"] + message["erasures"]
    blocks = message["blocks"]
    if not blocks:
        return "no block yet"
    text = f"BLER {counted_text(failures, blocks)}"
    bursts = ("{frames} bursts", "{missed_frames} missed")
    return ", ".join([text, *known_parts(bursts, message)])


def _accuracy(message):
    forms = ("reads {accuracy:.1%} of the labels", "({low:.1%} to {high:.1%})")
    text = " ".join(known_parts(forms, message))
    return text.replace("% to", " to").replace("%", " %")


def _psr(message):
    settings = message.get("settings", {})
    if not settings.get("on", True):
        return "off"
    name = str(settings.get("perturbation") or "").partition(" ")[0]
    sent = known_parts(["PSR {psr_db_realised:.1f} dB"], message)
    return ", ".join(filter(None, [name, *sent]))


def _estimate(message):
    if not message.get("settings", {}).get("enabled", True):
        return "switched off"
    if not message["detected"]:
        return "no perturbation detected"
    forms = ("perturbation detected: {adversary}", "PSR {psr_db:.1f} dB")
    return ", ".join(known_parts(forms, message))


def _power(message):
    state = [] if "psr_db" in message else ["bypassed"]
    forms = ("PSR {psr_db:.1f} dB", "transmit power {transmit_power_db:.1f} dB")
    return ", ".join(state + known_parts(forms, message))


def _listed(*forms):
    """Return a function that lists the known ones of these figures."""
    return lambda message: ", ".join(known_parts(forms, message))


_FIGURES = {
    "counts": _counts,
    "distortion": _listed("MSE {mse:.4f}", "PSNR {psnr_db:.1f} dB", "SSIM {ssim:.2f}"),
    "accuracy": _accuracy,
    "psr": _psr,
    "estimate": _estimate,
    "answers": _listed("heard {heard} bursts", "aimed at {aimed}"),
    "power": _power,
    "frames": _listed(
        "{received} bursts",
        "{missed} missed",
        "SNR {snr_db:.1f} dB",
        "clock {clock_ppm:+.1f} ppm",
    ),
}
