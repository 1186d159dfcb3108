# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of a presentation, from a TOML file, and the variables that they set."""

import difflib
import math
import numbers
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from advphy_model import file_gate

from ..companion import file_of

SHIPPED = Path(__file__).parent
LONGEST = 24 * 3600  # seconds
KINDS = {bool: "true or false", str: "a text", numbers.Real: "a number"}


def _kind(value):
    return next((kind for kind in KINDS if isinstance(value, kind)), None)


def _remedy(name, known):
    """Return the nearest one of some names as a question, or all of them."""
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"choose from {', '.join(known)}"


class LiveVariables:
    """The variables NAME of a flowgraph that has set_NAME() and get_NAME().

    A slider of Companion does not follow its variable when something else sets it; here
    it does, as check boxes, choosers and fields do. For the thread of Qt.
    """

    def __init__(self, flowgraph):
        try:
            self._flowgraph = weakref.ref(flowgraph)
        except TypeError:
            wanted = "the flowgraph that has the variables"
            raise ValueError(f"flowgraph must be {wanted}, got {flowgraph!r}") from None
        own = set(dir(type(flowgraph)))
        self.names = sorted(
            n[4:] for n in own if n[:4] == "set_" and f"get_{n[4:]}" in own
        )

    def get(self, name):
        return getattr(self._flowgraph(), f"get_{name}")()

    def require(self, name, value):
        """Raise ValueError unless there is such a variable, of the value's kind."""
        if name not in self.names:
            remedy = _remedy(name, self.names)
            raise ValueError(f"the flowgraph has no variable '{name}'; {remedy}")
        kind = _kind(self.get(name))
        if kind is None:
            raise ValueError(f"{name} is neither a number nor a text; omit it")
        if _kind(value) is not kind:
            raise ValueError(f"{name} must be {KINDS[kind]}, got {value!r}")
        if kind is numbers.Real and not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value}")

    def require_shown(self, name, value):
        """Raise ValueError unless a variable's control, or its kind, takes a value."""
        field = getattr(self._flowgraph(), f"_{name}_line_edit", None)
        kind = float if field else type(self.get(name))
        if getattr(self._control(name), "rangeType", kind) is int and value % 1:
            raise ValueError(f"{name} must be a whole number, got {value}")
        options = getattr(self._flowgraph(), f"_{name}_options", [value])
        if value not in options:
            choices = ", ".join(map(str, options))
            raise ValueError(f"{name} must be one of {choices}, got {value}")
        limits = getattr(self._control(name), "range", None)
        if limits is not None and not limits.min <= value <= limits.max:
            rule = f"in {limits.min:g}..{limits.max:g}, as on its slider"
            raise ValueError(f"{name} must be {rule}, got {value}")

    def _control(self, name):
        return getattr(self._flowgraph(), f"_{name}_win", None)

    def set(self, name, value):
        """Set a variable, and move its control without setting it again."""
        getattr(self._flowgraph(), f"set_{name}")(value)
        field = getattr(self._flowgraph(), f"_{name}_line_edit", None)
        whole = getattr(self._control(name), "d_widget", field)  # of a RangeWidget
        parts = [getattr(whole, part, None) for part in ("slider", "counter")]
        for part in filter(None, parts if any(parts) else [whole]):
            blocked = part.blockSignals(True)
            if hasattr(part, "setText"):
                part.setText(str(value))
            elif hasattr(part, "decimals"):
                part.setValue(value)
            else:  # a slider or a dial
                ticks = self._control(name).range.demap_range(value)
                part.setValue(round(ticks))
            part.blockSignals(blocked)


@dataclass(frozen=True)
class Scene:
    """What the audience reads, and what the flowgraph's variables are set to.

    Args:
        caption: text for the audience.
        set: {name of a variable: value}; all others stay as they are.
        seconds: time after which the next scene follows by itself; 0: never.
        where: file and number of the scene, for errors.
    """

    caption: str
    set: dict = field(default_factory=dict)
    seconds: float = 0.0
    where: str = "scene"

    def __post_init__(self):
        number = _kind(self.seconds) is numbers.Real
        for key, right, rule in (
            ("caption", isinstance(self.caption, str), "a text for the audience"),
            ("set", isinstance(self.set, dict), "like {psr_db = -6, attack = true}"),
            ("seconds", number and 0 <= self.seconds <= LONGEST, f"in 0..{LONGEST} s"),
        ):
            if not right:
                got = file_gate.shown(getattr(self, key))
                raise ValueError(f"{self.where}: {key} must be {rule}, got {got}")

    def check(self, rule):
        """Have rule(name, value) raise a ValueError for each variable; say where."""
        for name, value in self.set.items():
            try:
                rule(name, value)
            except ValueError as error:
                raise ValueError(file_gate.sentence(f"{self.where}: {error}")) from None


def read(given, variables, folder):
    """Return the Scenes of a file, or of the shipped one of that name.

    `variables` are the flowgraph's LiveVariables, and `folder` is that of the
    flowgraph. A ValueError names file, scene and key.
    """
    path = file_of(given, folder)
    if path is None:
        shipped = sorted(each.stem for each in SHIPPED.glob("*.toml"))
        if given not in shipped:
            remedy = _remedy(given, shipped)
            raise ValueError(f"scenes '{given}' is no file; {remedy}")
        path = SHIPPED / f"{given}.toml"
    with file_gate.reading(path.name, "is not TOML: "):
        content = file_gate.toml_value(path)
    found = content.pop("scene", None)
    tables = isinstance(found, list) and all(isinstance(each, dict) for each in found)
    if content or not found or not tables:
        raise ValueError(f"{path.name} must have [[scene]] lines above all its keys")
    scenes = []
    for number, entries in enumerate(found, 1):
        where, known = f"{path.name}, scene {number}", ["caption", "set", "seconds"]
        for key in entries.keys() - set(known):
            remedy = _remedy(key, known)
            raise ValueError(
                f"{where}: key '{file_gate.shown(key)}' is not known; {remedy}"
            )
        scenes.append(Scene(**{"caption": None} | entries, where=where))
        scenes[-1].check(variables.require)
    return scenes
