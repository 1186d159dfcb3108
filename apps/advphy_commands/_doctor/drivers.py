# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios: what drives them, and with --devices which there are."""

import shutil
import subprocess
from functools import partial

from advphy_commands._doctor import NOTE, OK, WARNING, Finding, sentence
from advphy_commands._doctor.another_process import LackingError, ask

# What is imported, the package that has it, and what it is for.
DRIVERS = {
    "uhd": ("gnuradio.uhd", "apt install gnuradio", "USRPs"),
    "soapy": ("gnuradio.soapy", "apt install gnuradio", "radios of SoapySDR"),
    "osmosdr": ("osmosdr", "apt install gr-osmosdr", "HackRF, RTL-SDR and others"),
}
LISTS = {
    "uhd": ("uhd_find_devices", "apt install uhd-host"),
    "soapy": ("SoapySDRUtil", "apt install soapysdr-tools"),
}
PATIENCE = 30.0  # seconds
_STANDIN = """
from gnuradio.advphy.air import standin
found['place'] = str(standin.plugin_folder() or '')
"""


def _driver(name, surroundings):
    module, install, radios = DRIVERS[name]
    try:
        ask(f"import {module}", surroundings.path)
    except LackingError as error:
        yield Finding(
            NOTE,
            f"driver {name}",
            said=f"{sentence(error)}; {radios} need it",
            remedy=install,
        )
    except RuntimeError as error:
        yield Finding(
            WARNING,
            f"driver {name}",
            said=f"importing it fails: {sentence(error)}",
            remedy=f"install it again: {install}",
        )
    else:
        yield Finding(OK, f"driver {name}")


def stand_in(surroundings):
    """Look for the radio that takes the place of one in tests."""
    try:
        place = ask(_STANDIN, surroundings.path)["place"]
    except (LackingError, RuntimeError):  # said where gnuradio.advphy is looked at
        return
    if place:
        yield Finding(OK, "stand-in radio", place)
        return
    where = surroundings.clone or "a clone"
    yield Finding(
        NOTE,
        "stand-in radio",
        said="is not built; `advphy radio check --level loopback` needs it",
        remedy=f"apt install libsoapysdr-dev, then make test, in {where}",
    )


def _devices(name, surroundings):
    if not surroundings.devices:
        return
    program, install = LISTS[name]
    if shutil.which(program) is None:
        yield Finding(
            NOTE,
            f"devices of {name}",
            said=f"{program} is not installed",
            remedy=install,
        )
        return
    words = [program, *(["--find"] if name == "soapy" else [])]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )
    lines = [line.strip() for line in done.stdout.splitlines()]
    named = [line for line in lines if line.startswith(("label =", "serial:"))]
    if named:
        yield Finding(OK, f"devices of {name}", "; ".join(named))
    else:
        yield Finding(
            NOTE,
            f"devices of {name}",
            said="none is found",
            remedy="connect one; a user may need the group plugdev: sudo "
            "usermod -aG plugdev $USER",
        )


def _named(function, name):
    check = partial(function, name)
    check.__name__ = f"{function.__name__} {name}"
    return check


CHECKS = (
    *(_named(_driver, name) for name in DRIVERS),
    stand_in,
    *(_named(_devices, name) for name in LISTS),
)
