# SPDX-License-Identifier: GPL-3.0-or-later
"""Presenter: large figures, switches, scenes and a stopwatch for an audience."""

import math
import time

from advphy_model.measure.measurement_text import bounds, figures_of
from advphy_model.power import from_db

from . import scenes as scene_files
from .display_block import message_display
from .onset_strip import OnsetRecord, recovered_after

HELD = 1.0  # seconds for which errors are as few as before, when they are back


def rounded(number):
    """Return a number >= 1 with two digits as text: 2.5, 40, 12 000."""
    if number < 9.95:
        return f"{number:.1f}".removesuffix(".0")
    digits = max(0, len(str(round(number))) - 2)
    return f"{round(round(number), -digits):,}".replace(",", "\u202f")


def one_in(errors, blocks):
    """Return a block error rate as text; without an error a limit at 95 %."""
    if not blocks:
        return "nothing yet"
    least = "" if errors else "less than "
    return f"{least}1 in {rounded(1 / (errors / blocks or bounds(0, blocks)[1]))}"


def share_of_power(psr_db):
    """Return a PSR in dB as text: 1/4 of the signal's power."""
    share = from_db(psr_db)
    if share < 0.67:
        return f"1/{rounded(1 / share)} of the signal's power"
    return f"{rounded(max(1, 100 * share))} % of the signal's power"


class Stopwatch:
    """Times from an attack to the rise of the BLER, and from a defense to its return.

    The defense begins when it is switched on or the attack off; if it was on before the
    attack, with the attack.
    """

    def __init__(self):
        self._on = {"attack": False, "defense": False}
        self._attacked = self._defended = None  # unix seconds
        self._found = {}  # (seconds to the rise, and to the return) by name

    def switch(self, which, on, now):
        """Note that the attack or the defense is on or off from now on."""
        if self._on[which] == on:
            return
        self._on[which] = on
        if which == "attack" and on:
            self._attacked, self._found = now, {}
            self._defended = now if self._on["defense"] else None
        elif on or which == "attack":
            self._defended = now
            self._found = {
                name: (risen, None) for name, (risen, _) in self._found.items()
            }

    def look(self, name, intervals, now, seconds):
        """Return what is found of a link, as text, or the time while it runs.

        It runs as long as the counts before the attack are kept, `seconds`.
        """
        begun, defended = self._attacked, self._defended
        risen, back = self._found.get(name, (None, None))
        runs = begun and intervals and now - begun < seconds
        if runs and back is None:
            since = defended or math.inf
            risen, back = recovered_after(intervals, begun, since, HELD)
            back = None if back is None else max(0.0, begun + back - defended)
            self._found[name] = risen, back
        if risen is None:
            return f"no rise after {now - begun:.1f} s" if runs else ""
        texts = [f"rose after {risen:.2f} s"]
        if back is not None:
            texts.append(f"back after {back:.2f} s")
        elif runs and defended:
            texts.append(f"not back after {now - defended:.1f} s")
        return ", ".join(texts)


class PresenterRecord(OnsetRecord):
    """What a presenter shows, and may set; arguments: see presenter."""

    KINDS = OnsetRecord.KINDS | {"accuracy"}

    def __init__(self, variables, scenes=(), attack="", defense=""):
        super().__init__(seconds=30.0)
        self.variables, self.scenes, self.scene = variables, list(scenes), None
        self.switches = {"attack": attack, "defense": defense}
        self._stopwatch, self._figures, self._crafting = Stopwatch(), {}, {}
        self._guesses = {}
        for which, name in self.switches.items():
            if name:
                self.switched(which, variables.get(name))

    def add(self, message):
        name, kind = str(message["name"]), message["kind"]
        if kind == "accuracy":
            self._figures[name] = figures_of(message).partition(" (")[0]
            if "labels" in message:
                pairs = str(message["labels"]).split(), str(message["read"]).split()
                self._guesses[name] = list(zip(*pairs, strict=True))
            return
        super().add(message)
        if kind == "counts":
            failures = int(message["block_errors"]) + int(message.get("erasures", 0))
            wrong = one_in(failures, int(message["blocks"]))
            self._figures[name] = f"{wrong} blocks wrong"
        if kind == "psr":
            self._crafting[name] = float(message.get("crafting", -1))

    def switched(self, which, on):
        """Note a new value of the variable of the attack or the defense."""
        with self.lock:
            self._stopwatch.switch(which, bool(on), time.time())
            self._version += 1

    def is_on(self, which):
        return bool(self.variables.get(self.switches[which]))

    def toggle(self, which):
        """Switch the attack or the defense on or off by its variable."""
        self.set(self.switches[which], not self.is_on(which))

    def set(self, name, value):
        self.variables.set(name, value)
        for which in [which for which, own in self.switches.items() if own == name]:
            self.switched(which, value)

    def show(self, number):
        """Set the variables of a scene, which is counted from 0; return the Scene."""
        self.scene, scene = number, self.scenes[number]
        for name, value in scene.set.items():
            self.set(name, value)
        return scene

    def lines(self):
        """Return [(name, figure, what the stopwatch found)] of each link and Eve."""
        counts, now = self.events()[0], time.time()
        with self.lock:
            return [
                (name, text, self._stopwatch.look(name, kept, now, self.seconds))
                for name, text in sorted(self._figures.items())
                for kept in [counts.get(name, [])]
            ]

    def guesses(self):
        """Return [(name, [(true label, what she reads)])] of each Eve."""
        with self.lock:
            return sorted(self._guesses.items())

    def crafting(self):
        """Return the share of the work of an adversary who crafts, or a number < 0."""
        with self.lock:
            return max(self._crafting.values(), default=-1.0)

    def powers(self):
        """Return [(name, PSR)] of each adversary that sends."""
        newest = {name: kept[-1] for name, kept in self.events()[1].items()}
        return [
            (name, share_of_power(state.psr_db))
            for name, state in sorted(newest.items())
            if state.on
        ]

    def state(self):
        return super().state(), self.scene, round(time.time(), 1)


class presenter(message_display):
    """Show large figures to an audience; switch attack and defense, and play scenes.

    Switches, keys and scenes set variables of the flowgraph, and move their controls.
    The stopwatch shows for each counter the time from an attack until the BLER rises
    above that of the two seconds before it, and from the defense until it is back.

    Message port "in": messages of kind "counts", "psr", "answers" and "accuracy". Those
        of the other known kinds are ignored; unknown messages are counted as refused.

    Args:
        flowgraph: top block with set_NAME() and get_NAME() for each variable.
        scenes: file of scenes, or name of a shipped one; "": none.
        attack: name of the variable that switches the attack; "": no switch.
        defense: name of the variable that switches the defense; "": no switch.
        title: caption before the first scene.
        frame_rate: updates a second, at most 30; more than 20 count as 20.
    """

    WINDOW = ("presenter_window", "PresenterWindow")

    def __init__(
        self, flowgraph, scenes="", attack="", defense="", title="", frame_rate=15
    ):
        variables = scene_files.LiveVariables(flowgraph)
        for key, name in {"attack": attack, "defense": defense}.items():
            try:
                name and variables.require(name, True)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        found = scene_files.read(scenes, variables) if scenes else []
        record = PresenterRecord(variables, found, attack, defense)
        message_display.__init__(self, record, title, frame_rate)

    def start(self):
        """Check, once all controls are there, that they can show all scenes."""
        for scene in self.record.scenes:
            scene.check(self.record.variables.require_shown)
        return True

    def attack_is(self, on):
        """Note that the attack was switched, by whatever control."""
        self.record.switched("attack", on)

    def defense_is(self, on):
        """Note that the defense was switched, by whatever control."""
        self.record.switched("defense", on)
