# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts for rates with their intervals and for the figures of messages."""

import functools

from advphy_model.measure.error_rate import interval, upper_bound


@functools.lru_cache(8192)
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


def short_text(failures, blocks) -> str:
    """Return a short text of a rate."""
    if not failures:
        return f"0 of {blocks:,.0f}".replace(",", " ")
    rate = failures / blocks
    return f"{rate:.3f}" if rate >= 0.01 else f"{rate:.2e}"


def sentence(failures, blocks) -> str:
    """Return a rate with its interval as a sentence."""
    low, high = bounds(failures, blocks)
    if not failures:
        return f"no error seen: BLER below {high:.2g} at 95 %"
    return f"BLER {failures / blocks:.3g}, 95 %: {low:.2g} to {high:.2g}"


def figures_of(message) -> str:
    """Return a short text with the figures of a message.

    Args:
        message: message of a counter, meter, adversary or canceller, as a dictionary.

    Raises:
        KeyError: if a figure is missing, or the kind is not known.
    """
    return _FIGURES[message["kind"]](message)


def _counts(message):
    failures = message["block_errors"] + message["erasures"]
    text = f"BLER {message['bler']:.2e} ({failures} of {message['blocks']} blocks)"
    if "frames" in message:
        text += f", {message['frames']} bursts, {message['missed_frames']} missed"
    return text


def _distortion(message):
    text = f"MSE {message['mse']:.4f}, PSNR {message['psnr_db']:.1f} dB"
    ssim = message.get("ssim")
    return text if ssim is None else f"{text}, SSIM {ssim:.2f}"


def _accuracy(message):
    low, high = 100 * message["low"], 100 * message["high"]
    return (
        f"reads {100 * message['accuracy']:.1f} % of the labels "
        f"({low:.1f} to {high:.1f} %)"
    )


def _psr(message):
    settings = message["settings"]
    if not settings["on"]:
        return "off"
    name = settings["perturbation"].partition(" ")[0]
    return f"{name}, PSR {message['psr_db_realised']:.1f} dB"


def _estimate(message):
    if not message["settings"].get("enabled", True):
        return "switched off"
    if not message["detected"]:
        return "no perturbation detected"
    return (
        f"perturbation detected: {message['adversary']}, PSR {message['psr_db']:.1f} dB"
    )


def _power(message):
    sent = f"transmit power {message['transmit_power_db']:.2f} dB"
    psr_db = message.get("psr_db")
    return f"bypassed, {sent}" if psr_db is None else f"PSR {psr_db:.1f} dB, {sent}"


def _frames(message):
    text = f"{message['received']} bursts, {message['missed']} missed"
    if "snr_db" in message:
        text += (
            f", SNR {message['snr_db']:.1f} dB, clock {message['clock_ppm']:+.1f} ppm"
        )
    return text


_FIGURES = {
    "counts": _counts,
    "distortion": _distortion,
    "accuracy": _accuracy,
    "psr": _psr,
    "estimate": _estimate,
    "power": _power,
    "frames": _frames,
}
