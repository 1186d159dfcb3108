# SPDX-License-Identifier: GPL-3.0-or-later
"""A measurement in words: its name, its settings, its figures."""

SETTINGS = (
    ("ebn0_db", "Eb/N0", " dB"),
    ("snr_db", "SNR", " dB"),
    ("psr_db", "PSR", " dB"),
)


def name_of(message, several) -> str:
    """Return what a measurement is of.

    Args:
        message: a dictionary of advphy_model.measure.published.decode.
        several: whether there are several flowgraphs.
    """
    flowgraph = message["flowgraph"] if several else ""
    return printable(f"{flowgraph}: " * bool(flowgraph) + message["name"])


def settings_of(message) -> str:
    """Return the settings that matter, in a few words."""
    settings, words = message["settings"], []
    for key, label, unit in SETTINGS:
        value = settings.get(key)
        if _number(value):
            words.append(f"{label} {value:.4g}{unit}")
    if isinstance(settings.get("perturbation"), str):
        words.append(settings["perturbation"] if settings.get("on") else "attack off")
    if isinstance(settings.get("inserted"), bool):
        words.append("inserted" if settings["inserted"] else "bypassed")
    if settings.get("canceller", "none") != "none":
        words.append(str(settings["canceller"]))
    if settings.get("kind", "awgn") != "awgn":
        words.append(str(settings["kind"]))
    return printable(", ".join(words))[:200]


def figures_of(message) -> str:
    """Return what was measured, in a few words."""
    return printable(_FIGURES[message["kind"]](message))


def printable(text) -> str:
    """Return a text without what could steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _counts(message):
    from advphy_model.measure.error_rate import interval

    failures, blocks = message["block_errors"] + message["erasures"], message["blocks"]
    if not blocks or failures > blocks:
        return "no block yet"
    low, high = interval(failures, blocks)
    missed = message.get("missed_frames", 0)
    return (
        f"BLER {failures / blocks:.2e} ({low:.1e}..{high:.1e}), {failures} of "
        f"{blocks} blocks" + f", {missed} frames missed" * bool(missed)
    )


def _parts(*fields):
    """Return the function that names the figures there are."""

    def text(message):
        words = [
            f"{label} {form.format(message[key])}"
            for key, label, form in fields
            if message.get(key) is not None
        ]
        return ", ".join(words) or "nothing yet"

    return text


def _estimate(message):
    if not message["detected"]:
        return "no perturbation"
    psr_db = message.get("psr_db")
    said = f"perturbation found: {message.get('adversary', '')}"
    return said if psr_db is None else f"{said}, PSR {psr_db:.1f} dB"


_FIGURES = {
    "counts": _counts,
    "distortion": _parts(
        ("mse", "MSE", "{:.4f}"),
        ("psnr_db", "PSNR", "{:.1f} dB"),
        ("ssim", "SSIM", "{:.2f}"),
        ("frames", "frames", "{}"),
    ),
    "accuracy": _parts(
        ("accuracy", "accuracy", "{:.1%}"),
        ("low", "from", "{:.1%}"),
        ("high", "to", "{:.1%}"),
        ("frames", "frames", "{}"),
    ),
    "psr": _parts(
        ("psr_db_realised", "PSR sent", "{:.1f} dB"), ("blocks", "blocks", "{}")
    ),
    "estimate": _estimate,
    "power": _parts(
        ("psr_db", "PSR", "{:.1f} dB"),
        ("transmit_power_db", "transmit power", "{:.2f} dB"),
    ),
    "frames": _parts(
        ("received", "frames", "{}"),
        ("missed", "missed", "{}"),
        ("snr_db", "SNR", "{:.1f} dB"),
        ("clock_ppm", "clock", "{:+.1f} ppm"),
    ),
}
