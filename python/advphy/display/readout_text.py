# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a message in words, a line for each kind of sender."""


def line_of(kind, message):
    """Return what a message says, or None of a kind that has no words.

    Args:
        kind: of the message.
        message: dictionary.

    Raises:
        KeyError: a figure of that kind is missing.
    """
    words = _WORDS.get(kind)
    return None if words is None else words(message)


def _counts(message):
    failures = message["block_errors"] + message["erasures"]
    said = f"BLER {message['bler']:.2e} ({failures} of {message['blocks']} blocks)"
    if "frames" in message:
        said += f", {message['frames']} frames, {message['missed_frames']} missed"
    return said


def _distortion(message):
    said = f"MSE {message['mse']:.4f}, PSNR {message['psnr_db']:.1f} dB"
    ssim = message.get("ssim")
    return said if ssim is None else f"{said}, SSIM {ssim:.2f}"


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
    said = f"{message['received']} frames, {message['missed']} missed"
    if "snr_db" in message:
        said += (
            f", SNR {message['snr_db']:.1f} dB, clock {message['clock_ppm']:+.1f} ppm"
        )
    return said


_WORDS = {
    "counts": _counts,
    "distortion": _distortion,
    "accuracy": _accuracy,
    "psr": _psr,
    "estimate": _estimate,
    "power": _power,
    "frames": _frames,
}
