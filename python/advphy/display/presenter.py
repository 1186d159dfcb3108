# SPDX-License-Identifier: GPL-3.0-or-later
"""Presenter: large figures, switches, scenes and a stopwatch for an audience."""

import math
import sys
import time

from advphy_model.measure.measurement_text import bounds, figures_of
from advphy_model.power import from_db

from ..companion import flowgraph_folder
from . import scenes as scene_files
from .display_block import message_display
from .onset_strip import BEFORE, OnsetRecord, returned_at, risen_at, usual_before

HELD = 1.0  # seconds whose counts are compared with those before an attack


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

    Usual is the BLER of the BEFORE seconds before the attack; if another attack was on
    then, nothing is found. The defense begins when it is switched on or the attack off;
    if it was on before the attack, with the attack.
    """

    def __init__(self):
        self._on = {"attack": False, "defense": False}
        self._attacked = self._begun = self._defended = None  # unix seconds
        self._ended = -math.inf
        self._usual, self._risen, self._back = {}, {}, {}  # by name of the link

    def switch(self, which, on, now):
        """Note that the attack or the defense is on or off from now on."""
        if self._on[which] == on:
            return
        self._on[which] = on
        if which == "attack" and on:
            self._attacked = now if now - self._ended >= BEFORE else None
            self._usual, self._risen = {}, {}
            self.begin_anew(now)
        elif which == "attack":
            self._ended = self._defended = now
        elif on and self._on["attack"]:
            self._defended = now
        elif not on:
            self.begin_anew(now)

    def begin_anew(self, now):
        """Note that the attack that is on, if any, is another one from now on.

        Links that are not back from the previous one keep the time of their rise.
        """
        if self._on["attack"]:
            self._begun = now
            self._defended = now if self._on["defense"] else None
            self._risen = {k: v for k, v in self._risen.items() if k not in self._back}
            self._back = {}

    def look(self, name, intervals, now, seconds):
        """Return what is found of a link, as text, or the time while it runs.

        Rise and return are looked for as long as counts are kept, `seconds` each.
        """
        if self._attacked is None:
            return ""
        if name not in self._usual:
            self._usual[name] = usual_before(intervals, self._attacked)
        usual, begun, defended = self._usual[name], self._begun, self._defended
        if not usual[1]:
            return ""
        if name not in self._risen:
            if not self._on["attack"] or now - begun >= seconds:
                return ""
            risen = risen_at(intervals, usual, begun, HELD)
            if risen is None:
                return f"no rise after {now - begun:.1f} s"
            self._risen[name] = begun, risen
        begun, risen = self._risen[name]
        texts = [f"rose after {risen - begun:.2f} s"]
        runs = defended is not None and now - defended < seconds
        if runs and name not in self._back:
            back = returned_at(intervals, usual, max(risen, defended), HELD)
            if back is None:
                texts.append(f"not back after {now - defended:.1f} s")
            else:
                self._back[name] = back - defended
        if name in self._back:
            texts.append(f"back after {self._back[name]:.2f} s")
        return ", ".join(texts)


class PresenterRecord(OnsetRecord):
    """What a presenter shows, and may set; arguments: see presenter."""

    KINDS = frozenset({"counts", "psr", "answers", "accuracy"})

    def __init__(self, variables, scenes=(), attack="", defense=""):
        super().__init__(seconds=30.0)
        self.variables, self.scenes, self.scene = variables, list(scenes), None
        self.switches = {"attack": attack, "defense": defense}
        self._stopwatch, self._figures, self._crafting = Stopwatch(), {}, {}
        self._guesses, self._sent, self.refusal = {}, {}, ""
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
            keys, time = ("on", "perturbation", "psr_db"), float(message["time"])
            before, at = self._sent.get(name, ([False], 0))
            sent = [*map(message["settings"].get, keys)]
            if before[0] and sent[0] and before != sent:
                self._stopwatch.begin_anew(at)  # the last message of the previous one
            self._sent[name] = sent, time

    def switched(self, which, on):
        """Note a new value of the variable of the attack or the defense."""
        with self.lock:
            self._stopwatch.switch(which, bool(on), time.time())
            self._version += 1

    def is_on(self, which):
        return bool(self.variables.get(self.switches[which]))

    def toggle(self, which):
        """Switch the attack or the defense on or off by its variable."""
        self.refusal = ""
        self.set(self.switches[which], not self.is_on(which))

    def set(self, name, value):
        """Set a variable; keep the sentence with which a block refuses its value."""
        try:
            self.variables.set(name, value)
        except ValueError as error:
            self.refusal = str(error)
        for which in [which for which, own in self.switches.items() if own == name]:
            self.switched(which, value)

    def show(self, number):
        """Set the variables of a scene, which is counted from 0; return the Scene."""
        self.scene, scene, self.refusal = number, self.scenes[number], ""
        # Texts last: one may ask to craft p at the power that the scene sets.
        for name, value in sorted(scene.set.items(), key=lambda s: type(s[1]) is str):
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
            own = variables.get(name) if name in variables.names else True
            if not isinstance(own, bool):
                rule = "True or False, as values of its check box"
                raise ValueError(f"{key}: {name} must be {rule}, got {own!r}")
            try:
                name and variables.require(name, True)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        folder = flowgraph_folder(sys._getframe(2))  # 1: that checks the arguments
        found = scene_files.read(scenes, variables, folder) if scenes else []
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
