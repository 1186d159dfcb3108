# SPDX-License-Identifier: GPL-3.0-or-later
"""Readout: what each kind of sender says in words, and the window."""

import pmt
import pytest
from advphy_model.files import images
from gnuradio import advphy, blocks
from gnuradio.advphy.display.readout_window import NOTHING, text_of
from PyQt5 import QtGui


def message(kind, name, settings=None, **figures):
    said = {"kind": kind, "name": name, "settings": settings or {"on": True}, **figures}
    return pmt.to_pmt(said)


def lines_of(*messages):
    readout = advphy.readout()
    for one in messages:
        readout.record.post(one)
    return readout, readout.lines()


def test_lines_are_in_the_order_of_names_and_the_newest_counts():
    def counts(name, errors):
        figures = {"block_errors": errors, "erasures": 1, "blocks": 200}
        return message("counts", name, **figures, bler=(errors + 1) / 200)

    readout, lines = lines_of(counts("b", 1), counts("a", 3), counts("b", 9))
    assert lines == [
        ("a", "BLER 2.0e-2 (4 of 200 blocks)"),
        ("b", "BLER 5.0e-2 (10 of 200 blocks)"),
    ]
    assert readout.refused() == 0


def test_few_errors_are_an_interval_and_none_a_limit():
    def text(errors, blocks):
        figures = {"block_errors": errors, "erasures": 0, "blocks": blocks}
        return lines_of(message("counts", "it", **figures))[1][0][1]

    # 1 - 0.05^(1/1000) and the Wilson interval of 1 of 1000
    assert text(0, 1000) == "BLER below 3.0e-3 (0 of 1000 blocks)"
    assert text(1, 1000) == "BLER 1.8e-4 to 5.6e-3 (1 of 1000 blocks)"
    assert text(1000, 1000) == "BLER 1.0 (1000 of 1000 blocks)"


ON, JAMMER = {"enabled": True}, {"on": True, "perturbation": "jammer 12ab"}
FOUND = {"detected": True, "adversary": "signs", "psr_db": -5.96}
READ = {"accuracy": 0.44, "low": 0.41, "high": 0.47}
POWER = {"transmit_power_db": 0.2, "psr_db": -10.0}


@pytest.mark.parametrize(
    ("kind", "settings", "figures", "said"),
    [
        ("psr", {"on": False}, {}, "off"),
        ("psr", JAMMER, {"psr_db_realised": -6.01}, "jammer, PSR -6.0 dB"),
        ("estimate", {"enabled": False}, {"detected": False}, "switched off"),
        ("estimate", ON, {"detected": False}, "no perturbation detected"),
        ("estimate", ON, FOUND, "perturbation detected: signs, PSR -6.0 dB"),
        ("distortion", {}, {"mse": 0.02, "psnr_db": 17.5}, "MSE 0.0200, PSNR 17.5 dB"),
        ("accuracy", {}, READ, "reads 44.0 % of the labels (41.0 to 47.0 %)"),
        ("power", {}, {"transmit_power_db": 0.0}, "bypassed, transmit power 0 dB"),
        ("power", {}, POWER | {"psr_db": -0.01}, "PSR 0 dB, transmit power 0.2 dB"),
        ("power", {}, POWER, "PSR -10.0 dB, transmit power 0.2 dB"),
        ("frames", {}, {"received": 7, "missed": 1}, "7 bursts, 1 missed"),
    ],
)
def test_each_kind_has_its_words(kind, settings, figures, said):
    _, lines = lines_of(message(kind, "it", settings, **figures))
    assert lines == [("it", said)]


def test_what_is_not_understood_does_no_harm():
    strange = message("counts", "strange", blocks="many")
    readout, lines = lines_of(
        pmt.intern("hello"), pmt.PMT_NIL, strange, message("weather", "sun")
    )
    assert lines == []
    assert readout.refused() == 4
    many = [message("power", str(i), transmit_power_db=0.0) for i in range(100)]
    readout, lines = lines_of(*many)
    assert (len(lines), readout.refused()) == (24, 76)


def test_a_name_is_not_taken_for_markup():
    text = text_of("<i>title", [("<b>name", "a < b & c")])
    assert "<i>" not in text
    assert "&lt;b&gt;name" in text
    assert "a &lt; b &amp; c" in text
    assert text_of("", []) == NOTHING


def test_a_window_shows_what_a_flowgraph_counts(application):
    labels = images.load("mnist_sample").labeled().tolist()
    flowgraph, readout = advphy.top_block(), advphy.readout("Eve")
    window = readout.qwidget()
    assert NOTHING in window.label.text()
    smallest = window.minimumSizeHint()
    counter = advphy.accuracy_counter("mnist_sample", name="reader")
    flowgraph.connect(blocks.vector_source_b(labels), counter)
    flowgraph.msg_connect((counter, "accuracy"), (readout, "in"))
    flowgraph.run()
    window.look()
    application.processEvents()
    assert "reads 100.0 % of the labels" in window.label.text()
    assert "<b>reader</b>" in window.label.text()
    assert window.minimumSizeHint() == smallest


@pytest.mark.parametrize("width", [200, 420])
def test_long_names_are_wrapped_and_letters_shrink(application, width):
    readout, _ = lines_of(
        *(message("psr", str(i), {"perturbation": "a_long_" * 9}) for i in range(3))
    )
    window = readout.qwidget()
    window.resize(width, 160)
    window.show()
    window.look()
    text = QtGui.QTextDocument()
    text.setDefaultFont(window.label.font())
    text.setHtml(window.label.text())
    text.setTextWidth(width - 12)
    assert text.size().width() <= width
    assert window.label.heightForWidth(width) <= 160
    window.close()


@pytest.mark.parametrize("frame_rate", [0, 31, "fast"])
def test_a_frame_rate_that_no_eye_follows_is_refused(frame_rate):
    with pytest.raises(ValueError, match="frame_rate"):
        advphy.readout(frame_rate=frame_rate)
