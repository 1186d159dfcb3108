# SPDX-License-Identifier: GPL-3.0-or-later
"""Location of the stand-in radio, and the arguments that select it."""

import itertools
import os
from pathlib import Path

from advphy_model import kernels

DRIVER = "advphy_standin"
_ends = itertools.count()
ANTENNA = "stand-in"  # as the device reports it; gr-osmosdr reports no driver
ARGUMENTS = set(
    "noise_variance gain_step_db gain_step_every nan_every nan_samples overflow_every"
    " overflow_samples loss_db paced record id driver air name lead stall_ms".split()
).union(kernels.PATH_SETTINGS)


def plugin_folder():
    """Return the plugin's folder (SOAPY_SDR_PLUGIN_PATH), or None if it is missing."""
    here = Path(__file__).resolve()  # BUILD/test_modules/gnuradio/advphy/air/standin.py
    for folder in (here.parent / "standin_radio", here.parents[4] / "standin"):
        if (folder / "advphyStandIn.so").is_file():
            return folder
    return None


def make_findable():
    """Let SoapySDR find the stand-in; call it before a first device is opened."""
    folder = plugin_folder()
    known = os.environ.get("SOAPY_SDR_PLUGIN_PATH", "").split(os.pathsep)
    if folder is not None and str(folder) not in known:
        os.environ["SOAPY_SDR_PLUGIN_PATH"] = os.pathsep.join(
            [str(folder), *filter(None, known)]
        )


def own_end(args):
    """Return the arguments of a device of one's own.

    SoapySDR gives the same device to all who ask with the same arguments.
    """
    return f"{args},end={next(_ends)}"


def selects_standin(driver, args):
    """Return whether the arguments can only open a stand-in, which does not radiate.

    SoapySDR opens "driver=advphy_standin" by that driver only. gr-osmosdr opens a
    device for each kind among the arguments, so all must be those of the stand-in.
    """
    odd = any(c in "\"';{}:\\" or c.isspace() or not c.isprintable() for c in args)
    if driver not in ("soapy", "osmosdr") or odd:  # drivers trim and unquote
        return False
    pairs = [part.partition("=")[::2] for part in args.split(",")]
    keys = [key for key, _ in pairs]
    settings = {key.rpartition(".")[2] for key in keys}  # of a path: NAME.cfo
    if driver == "osmosdr" and not settings <= ARGUMENTS | {"soapy"}:
        return False
    return len(set(keys)) == len(keys) and dict(pairs).get("driver") == DRIVER


def forgets(args):
    """Return whether a stand-in is off once its program has died.

    One with a record and an air of its own is a device that goes on, like a HackRF.
    """
    keys = {part.partition("=")[0] for part in args.split(",")}
    return "air" in keys or "record" not in keys
