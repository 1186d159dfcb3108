# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in radio of a build tree: where it is, and what makes a radio one."""

import os
from pathlib import Path

DRIVER = "advphy_standin"
ANTENNA = "stand-in"  # what it reports; gr-osmosdr hands on no driver's name
ARGUMENTS = set(
    "cfo noise_variance delay ppm gain_step_db gain_step_every nan_every nan_samples"
    " seed overflow_every overflow_samples loss_db paced record id driver".split()
)


def plugin_folder():
    """Return the folder for SOAPY_SDR_PLUGIN_PATH in a build tree; else None."""
    parents = Path(__file__).resolve().parents  # BUILD/test_modules/gnuradio/advphy/air
    folder = parents[4] / "standin"
    return folder if (folder / "advphyStandIn.so").is_file() else None


def make_findable():
    """Let SoapySDR find the stand-in, if there is one; before its first device."""
    folder = plugin_folder()
    known = os.environ.get("SOAPY_SDR_PLUGIN_PATH", "").split(os.pathsep)
    if folder is not None and str(folder) not in known:
        os.environ["SOAPY_SDR_PLUGIN_PATH"] = os.pathsep.join(
            [str(folder), *filter(None, known)]
        )


def is_asked_for(driver, args):
    """Tell whether the arguments can open a stand-in only, and nothing that radiates.

    SoapySDR makes "driver=advphy_standin" with that driver or not at all. gr-osmosdr
    opens a device for each kind that it finds among the arguments, so every one of
    them has to be the stand-in's own.
    """
    if driver not in ("soapy", "osmosdr") or any(c in args for c in " \t\n\"';{}:"):
        return False
    pairs = [part.partition("=")[::2] for part in args.split(",")]
    keys = [key for key, _ in pairs]
    if driver == "osmosdr" and not set(keys) <= ARGUMENTS | {"soapy"}:
        return False
    return len(set(keys)) == len(keys) and dict(pairs).get("driver") == DRIVER
