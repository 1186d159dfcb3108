# SPDX-License-Identifier: GPL-3.0-or-later
"""Show who is on the air that stand-in radios share, and change a path.

Stand-in radios with the device arguments air=NAME,name=STATION share the air NAME, in
any processes of this computer. Without NAME, the names of all airs are listed. A path
leads from a transmitter to a receiver and is changed while it is used:

    advphy air lab
    advphy air lab --path alice bob --set gain_db=-10 profile=tdl_a spread_ns=30
    advphy air lab --seconds 60                  # print it again every second
"""

import itertools
import math
import time
from dataclasses import dataclass

from advphy_model.air.shared_air import PATH, PROFILES, SharedAir, names

from advphy_commands._options import operand, option
from advphy_commands._radio_settings import duration

_SETTINGS = f"of {', '.join(PATH.names)}; profile is one of {', '.join(PROFILES)}"
_UNITS = {"gain_db": "dB", "delay": "samples", "cfo": "Hz", "ppm": "ppm"}


@dataclass(frozen=True)
class Settings:
    """Air, and a path with its new settings."""

    air: str = operand("NAME", "name of the air", nargs="?", default="")
    path: list = option(
        "a path: its transmitter, its receiver", nargs=2, metavar="STATION"
    )
    set: list = option(_SETTINGS, [], nargs="+", metavar="NAME=VALUE")
    seconds: float = option("how long to watch", parse=duration)

    def __post_init__(self):
        if bool(self.path) != bool(self.set):
            raise ValueError("--path and --set belong together; give both")

    def changes(self):
        """Return the new settings of the path."""
        found = {}
        for text in self.set:
            name, _, value = text.partition("=")
            try:
                found[name] = value if name == "profile" else float(value)
            except ValueError:
                raise ValueError(
                    f"--set {text}: expected NAME=NUMBER, or profile=NAME"
                ) from None
        return found


def run(settings, output):
    """List the airs, or change and show one."""
    if not settings.air:
        output.note(airs=names())
        output.line("airs: " + (", ".join(names()) or "none"))
        return
    with SharedAir(settings.air) as air:
        if settings.path:
            air.change(*settings.path, **settings.changes())
        end = time.monotonic() + (settings.seconds or 0)
        _show(air, output)
        while time.monotonic() < end:
            time.sleep(min(1, max(0, end - time.monotonic())))
            output.line()
            _show(air, output)


def _show(air, output):
    transmitters, receivers, paths = air.transmitters(), air.receivers(), air.paths()
    rate, seconds = air.sample_rate, air.clock / (air.sample_rate or 1)
    output.line(f"{air.name}: {rate / 1e6:g} Msample/s, {seconds:.1f} s on the air")
    for name, one in transmitters.items():
        state = "sends" if one["streaming"] and not one["starved"] else "is silent"
        tuned = f"{one['frequency'] / 1e6:g} MHz, gain {one['gain_db']:g} dB"
        output.line(f"  {name} {state}: {tuned}, {one['underruns']} underruns")
    for name, one in receivers.items():
        lost = f"{one['overflows']} overflows"
        output.line(f"  {name} hears, {lost}, noise {_db(2 * one['noise_variance'])}")
        for sender, power in one["power"].items():
            described = _described(paths.get((sender, name), {}))
            output.line(f"    <~~ {sender:<12} {_bar(power)} {_db(power)}  {described}")
        for line in _ratios(one["power"]):
            output.line(f"    {line}")
    output.note(air=air.name, sample_rate=rate, clock=air.clock)
    output.note(transmitters=transmitters, receivers=receivers)
    output.note(paths=[{"from": a, "to": b} | path for (a, b), path in paths.items()])


def _db(power):
    return f"{10 * math.log10(power):.1f} dB" if power > 0 else "none"


def _bar(power, width=20, lowest=-60.0):
    level = 10 * math.log10(power) if power > 0 else lowest
    full = round(width * min(1.0, max(0.0, 1 - level / lowest)))
    return f"|{'#' * full:<{width}}|"


def _described(path):
    """Return the settings of a path that do something."""
    words = [
        f"{path[name]:g} {unit}" for name, unit in _UNITS.items() if path.get(name)
    ]
    if path.get("profile", "none") != "none":
        words.append(path["profile"])
    if path.get("doppler"):
        words.append(f"Doppler {path['doppler']:g} Hz")
    return ", ".join(words) or "as it is sent"


def _ratios(power):
    heard = [(name, one) for name, one in power.items() if one > 0]
    pairs = itertools.combinations(heard, 2)
    return [f"{b} over {a}: {_db(pb / pa)}" for (a, pa), (b, pb) in pairs]
