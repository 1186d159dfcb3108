# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between the settings of curves, in words."""

from advphy_model.measure.curves import without_hash

# Settings that follow from others, and those without a meaning if there is no attack.
DERIVED = {"noise_variance", "perturbation_kind"}
OF_ATTACK = DERIVED | set(
    "perturbation psr_db shift phase sign frequency_offset fading on".split()
)


def other_settings(settings, x):
    """Return the settings except x and derived ones, as sorted pairs of texts."""
    ignored = {x} | (DERIVED if settings.get("on", False) else OF_ATTACK)
    return tuple(
        sorted(
            (str(key), f"{value:g}" if isinstance(value, float) else str(value))
            for key, value in settings.items()
            if key not in ignored
        )
    )


ON = ("on", "True")
WORDS = {
    "psr_db": "PSR {} dB",
    "ebn0_db": "Eb/N0 {} dB",
    "snr_db": "SNR {} dB",
    "kind": "{}",
    "perturbation": "{}",
    "canceller": "{}",
}


def what_differs(setting, settings):
    """Return in words how a setting differs from others of the same name."""
    attacked = [other for other in settings if ON in other]
    words = []
    if attacked and len(attacked) < len(settings):
        settings = attacked
        if ON not in setting:
            settings = [other for other in settings if ON not in other] or [setting]
            words = ["no attack"]
        elif len(attacked) == 1:
            return WORDS["psr_db"].format(dict(setting).get("psr_db", "?"))
    shared = set(settings[0]).intersection(*settings[1:])
    own = [pair for pair in setting if pair not in shared]
    if len(own) > 1:  # the perturbation's name is long: only if nothing else differs
        own = [pair for pair in own if pair[0] != "perturbation"] or own
    words += [_words(key, value) for key, value in own]
    return ", ".join(words)


def _words(key, value):
    plain = key.replace("_", " ")
    if value == "none":
        return f"no {plain}"
    return WORDS.get(key, plain + " {}").format(without_hash(value))
