# SPDX-License-Identifier: GPL-3.0-or-later
"""Presenter: scenes, controls that follow, and the window."""

import sys

import pytest
from advphy_model.measure.curve_looks import VERMILLION
from gnuradio import advphy, gr
from gnuradio.advphy.display.presenter import (
    PresenterRecord,
    one_in,
    share_of_power,
)
from gnuradio.advphy.display.presenter_window import PresenterWindow
from gnuradio.advphy.display.scenes import LiveVariables, Scene, read
from gnuradio.advphy.display.top_window import PALE
from gnuradio.qtgui import Range, RangeWidget
from PyQt5 import QtCore, QtTest

from .display_events import attack, counts, until


class Flowgraph(gr.top_block):
    """A top block as Companion makes it, with a slider for psr_db."""

    def __init__(self, widget="counter_slider"):
        super().__init__()
        self.psr_db, self.attacked, self.kind, self.link = -6, False, "jammer", None
        self.hold, self.refused = 1, []
        self._kind_options, self.set_to = ["jammer", "crafted"], []
        self._psr_db_range = Range(-20, 6, 0.5, -6, 100)
        arguments = self.set_psr_db, "PSR", widget, float
        self._psr_db_win = RangeWidget(self._psr_db_range, *arguments)

    def set_psr_db(self, value):
        if value in self.refused:
            raise ValueError("psr_db = 0.00 would clip")
        self.psr_db = value
        self.set_to.append(value)

    def set_attacked(self, value):
        self.attacked = value

    def set_kind(self, value):
        self.kind = value

    def set_link(self, value):
        self.link = value

    def get_psr_db(self):
        return self.psr_db

    def get_attacked(self):
        return self.attacked

    def get_kind(self):
        return self.kind

    def get_link(self):
        return self.link

    def set_hold(self, value):
        self.hold = value

    def get_hold(self):
        return self.hold


def test_rates_and_powers_are_said_as_fractions():
    assert one_in(3, 36_500) == "1 in 12\u202f000"
    assert one_in(4, 10) == "1 in 2.5"
    # Rule of three: no error in n blocks is a rate below 3 / n at 95 %.
    assert one_in(0, 30_000) == "less than 1 in 10\u202f000"
    assert one_in(0, 0) == "nothing yet"
    said = [share_of_power(psr_db) for psr_db in (-6, -20, 0, 3)]
    parts = ["1/4", "1/100", "100 %", "200 %"]
    assert said == [f"{part} of the signal's power" for part in parts]


@pytest.mark.parametrize("widget", ["counter_slider", "slider", "counter", "dial"])
def test_a_slider_shows_what_a_scene_has_set(application, widget):
    flowgraph = Flowgraph(widget)
    LiveVariables(flowgraph).set("psr_db", -12.5)
    whole = flowgraph._psr_db_win.d_widget
    assert flowgraph.set_to == [-12.5]  # once, and as given
    if counter := getattr(whole, "counter", whole if widget == "counter" else None):
        assert counter.value() == -12.5
    if slider := getattr(whole, "slider", None if widget == "counter" else whole):
        assert slider.value() == 15  # steps of 0.5 from -20
    if widget == "counter_slider":  # the first move of a user after it counts, too
        whole.slider.setValue(16)
        assert flowgraph.set_to == [-12.5, -12.0]


GOOD = '[[scene]]\ncaption = "a"\nseconds = 3\nset = {psr_db = -9, kind = "crafted"}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("caption = 1 2", "x.toml: is not TOML: .*line 1"),
        ("", r"x.toml must have \[\[scene\]\] lines"),
        ("psr_db = 3\n" + GOOD, r"x.toml must have \[\[scene\]\] lines"),
        ("scene = [1, 2]", r"x.toml must have \[\[scene\]\] lines"),
        (GOOD + "second = 3", "scene 1: key 'second' is not known; .*'seconds'"),
        (GOOD + GOOD.replace("3", "-3"), "scene 2: seconds must be in 0..86400"),
        (GOOD.replace('"a"', "7"), "scene 1: caption must be a text"),
        ("[[scene]]\nset = {}", "scene 1: caption must be a text"),
        (GOOD.replace("psr_db", "psr"), "no variable 'psr'; did you mean 'psr_db'"),
        (GOOD.replace("-9", "true"), "psr_db must be a number, got True"),
        (GOOD.replace("-9", "nan"), "psr_db must be a finite number, got nan"),
        (GOOD.replace('"crafted"', "1"), "kind must be a text, got 1"),
        (GOOD.replace("kind", "link"), "link is neither a number nor a text"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_a_sentence(
    application, tmp_path, text, said
):
    (tmp_path / "x.toml").write_text(text)
    flowgraph = Flowgraph()  # which LiveVariables does not keep
    with pytest.raises(ValueError, match=said):
        read(str(tmp_path / "x.toml"), LiveVariables(flowgraph), tmp_path)


@pytest.mark.parametrize("value", [-20, 6])
def test_a_scene_may_set_the_ends_of_a_slider(application, value):
    LiveVariables(kept := Flowgraph()).require_shown("psr_db", value)
    del kept


def test_values_that_a_control_cannot_show_are_refused_at_the_start(
    application, tmp_path
):
    file = tmp_path / "x.toml"
    for old, new, said in (
        ("-9", "-20.5", "scene 1: psr_db must be in -20..6"),
        ("-9", "6.5", "scene 1: psr_db must be in -20..6"),
        ("crafted", "noise", "scene 1: kind must be one of jammer, crafted"),
        ("psr_db = -9", "hold = 2.5", "scene 1: hold must be a whole number.*got 2.5"),
    ):
        file.write_text(GOOD.replace(old, new))
        flowgraph = Flowgraph()
        flowgraph.presenter = advphy.presenter(flowgraph, str(file))
        counter = advphy.error_counter("bpsk")
        flowgraph.connect(advphy.message_source("bpsk", blocks=10), counter)
        flowgraph.msg_connect((counter, "counts"), (flowgraph.presenter, "in"))
        with pytest.raises(ValueError, match=said):
            advphy.run(flowgraph)


def test_unknown_names_are_refused_at_construction(application):
    with pytest.raises(ValueError, match=r"attack: .* did you mean 'attacked'"):
        advphy.presenter(Flowgraph(), attack="atacked")
    with pytest.raises(ValueError, match=r"hold must be True or False, as .*, got 1"):
        advphy.presenter(Flowgraph(), defense="hold")
    with pytest.raises(ValueError, match="scenes 'side_by_sid' is no file; did you"):
        advphy.presenter(Flowgraph(), "side_by_sid")


def test_a_file_beside_the_program_is_found_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "beside.toml").write_text(GOOD)
    module = sys.modules[Flowgraph.__module__]
    monkeypatch.setattr(module, "__file__", str(tmp_path / "program.py"))
    (scene,) = advphy.presenter(Flowgraph(), "beside.toml").record.scenes
    assert scene.caption == "a"


def test_another_power_under_an_attack_begins_anew(application):
    record = record_of(Flowgraph())
    record._stopwatch.begin_anew = (times := []).append
    on = [(1.0, -9.0), (2.0, -9.0), (3.0, -6.0)]
    for message in (attack(0.5, False), *(attack(at, True, psr) for at, psr in on)):
        assert record.take(message)
    assert times == [2.0]  # a message's time is when its counts end


def record_of(flowgraph, *scenes):
    return PresenterRecord(LiveVariables(flowgraph), scenes, "attacked")


def test_keys_play_scenes_and_switch_the_attack(application):
    flowgraph = Flowgraph()
    scenes = [Scene("one", {"psr_db": -9}), Scene("two", {"attacked": True}, 0.02)]
    record = record_of(flowgraph, *scenes, Scene("three", {"kind": "crafted"}))
    window = PresenterWindow(record, "before", 15)
    window.show()
    QtTest.QTest.qWaitForWindowExposed(window)
    window.activateWindow()

    def press(key, caption, **values):
        QtTest.QTest.keyClick(window, key)
        application.processEvents()
        assert window.caption.text() == caption
        for name, value in values.items():
            assert getattr(flowgraph, name) == value

    assert window.caption.text() == "before"
    press(QtCore.Qt.Key_PageDown, "one", psr_db=-9)
    press(QtCore.Qt.Key_PageUp, "three", kind="crafted")
    press(QtCore.Qt.Key_A, "three", attacked=True)
    assert window.switches["attack"].text() == "Attack is on"
    press(QtCore.Qt.Key_A, "three", attacked=False)
    window.hide()
    window.show()
    QtTest.QTest.qWaitForWindowExposed(window)
    window.activateWindow()
    press(QtCore.Qt.Key_Space, "one")
    press(QtCore.Qt.Key_2, "two", attacked=True)
    until(lambda: window.caption.text() == "three")  # by itself
    assert window.error is None
    window.close()


def test_what_a_block_refuses_is_said_and_the_scenes_go_on(application):
    flowgraph = Flowgraph()
    flowgraph.refused, order = [0], []
    flowgraph.set_kind = lambda kind: order.append((kind, flowgraph.hold))
    first = Scene("one", {"kind": "crafted", "psr_db": 0, "hold": 2}, 0.02)
    record = record_of(flowgraph, first, *[Scene("more")] * 10)
    window = PresenterWindow(record, "", 15)
    assert not {"10", "11"} & window._keys.keys()
    window.show()
    window.numbers[0].click()
    assert window.hint.text() == "psr_db = 0.00 would clip"
    assert order == [("crafted", 2)]  # texts last
    until(lambda: window.caption.text() == "more")
    assert "space" in window.hint.text()
    assert window.error is None
    window.close()


def test_figures_of_links_adversaries_and_eves(application):
    record = record_of(flowgraph := Flowgraph())
    window = PresenterWindow(record, "", 15)
    crafting = attack(1.0, True) | {"crafting": 0.4}
    read = {"kind": "accuracy", "name": "Eve", "time": 1.0, "first_frame": 0}
    read |= {"frames": 50, "correct": 21, "accuracy": 0.42, "settings": {}}
    read |= {"labels": "7 2 1", "read": "7 3 1"}
    noise = attack(1.0, True) | {"name": "noise"}
    for message in (counts(blocks=4000, errors=1), crafting, noise, read):
        assert record.take(message)
    assert record.lines() == [
        ("Eve", "reads 42.0 % of the labels", ""),
        ("link", "1 in 4\u202f000 blocks wrong", ""),
    ]
    quarter = "1/4 of the signal's power"
    assert record.powers() == [("adversary", quarter), ("noise", quarter)]
    assert record.guesses() == [("Eve", [("7", "7"), ("2", "3"), ("1", "1")])]
    window.show()
    window.look()
    assert not flowgraph.attacked
    assert (window.bar.isVisible(), window.bar.value()) == (True, 40)
    right, wrong = (f"color: {color}'>" for color in (VERMILLION, PALE))
    for digit in (f"{right}7", f"{wrong}3", f"{right}1"):
        assert digit in window.figures.text()
    window.setProperty("advphy_scale", 1.3)  # larger letters, where there is room
    window.resize(1240, 210)
    application.processEvents()
    assert window.figures.sizeHint().height() <= window.figures.height()
    window.close()
