# SPDX-License-Identifier: GPL-3.0-or-later
"""The BLER-curve sink: counts add up to points with intervals, painted and saved."""

import math
import sys

import pytest
from advphy_model.measure import curves, table
from advphy_model.measure.error_rate import StopRule
from advphy_model.measure.link_chain import Counts
from gnuradio import advphy
from PyQt5 import QtCore, QtGui

from .display_events import counts, painted
from .display_events import curves_window as filled
from .qa_grc import ran

SINK = advphy.bler_curve_sink


def points(window):
    return {(c.name, c.differs): c.points for c in window.record.curves()}


def test_a_stream_fills_in_the_curve_of_its_counter():
    sink, flowgraph = SINK(), advphy.top_block()
    counter = advphy.error_counter("hamming74_hard", stop=StopRule(None, 200_000))
    name = "hamming74_hard"
    source, channel = advphy.message_source(name), advphy.channel(name, 2.0)
    flowgraph.connect(source, advphy.encoder(name), channel)
    flowgraph.connect(channel, advphy.decoder(name), counter)
    flowgraph.msg_connect(counter, "counts", sink, "in")
    flowgraph.run()
    (segment,) = [s for s in counter.segments() if s.blocks]
    wanted = {2.0: (segment.failures, 200_000)}
    assert sink.curves() == {"hamming74_hard": wanted}
    assert sink.refused() == 0


def test_a_running_total_is_replaced_and_segments_add_up(application):
    window = filled(
        counts(blocks=100, errors=1),
        counts(blocks=300, errors=4),  # the same segment, later
        counts(x=5.0, blocks=50, errors=0, first=300),
        counts(blocks=200, errors=2, first=350),  # visited again
        counts("other", blocks=10, errors=10),
    )
    assert points(window) == {
        ("link", ""): {4.0: (6, 500), 5.0: (0, 50)},
        ("other", ""): {4.0: (10, 10)},
    }


def test_a_block_is_counted_once_when_a_flowgraph_is_started_again(application):
    window = filled(
        counts(blocks=1000, errors=10),
        counts(blocks=200, errors=2),  # the same blocks of the same seed
        counts(blocks=500, errors=7, first=900),  # overlaps the longer one
        counts(blocks=300, errors=3, seed=2),  # other noise
    )
    assert points(window) == {("link", ""): {4.0: (13, 1300)}}


def test_thousands_of_segments_add_up_and_need_little_memory(application):
    window = filled(*(counts(blocks=10, errors=1, first=10 * i) for i in range(3000)))
    assert points(window) == {("link", ""): {4.0: (3000, 30_000)}}
    assert len(window.record.rows()) <= 21


def test_an_attack_begins_a_further_line_of_the_name(application):
    on = {"on": True, "psr_db": -6.0, "perturbation": "turn abcdef01", "shift": 0}
    off = {"on": False, "psr_db": -math.inf, "perturbation": "turn abcdef01"}
    window = filled(
        counts(blocks=100, errors=1, **off),
        counts(blocks=100, errors=50, first=100, **on),
        counts(blocks=100, errors=2, first=200),  # no tag: no attack, too
    )
    assert points(window) == {
        ("link", "no attack"): {4.0: (3, 200)},
        ("link", "PSR -6 dB"): {4.0: (50, 100)},
    }
    stronger = on | {"psr_db": -8.0}
    window.record.take(counts(blocks=100, errors=40, first=300, **stronger))
    assert {differs for _, differs in points(window)} == {
        "no attack",
        "PSR -6 dB",
        "PSR -8 dB",
    }


def test_a_canceller_that_is_switched_begins_a_further_line(application):
    window = filled(
        counts(blocks=100, errors=1, canceller="none"),
        counts(blocks=100, errors=2, first=100, canceller="static, 4096 blocks"),
    )
    assert points(window) == {
        ("link", "no canceller"): {4.0: (1, 100)},
        ("link", "with canceller"): {4.0: (2, 100)},
    }
    window.record.take(counts(first=200, canceller="signs, 512 blocks"))
    assert {differs for _, differs in points(window)} == {
        "no canceller",
        "static, 4096 blocks",
        "signs, 512 blocks",
    }


def test_over_psr_counts_without_an_attack_are_no_points(application):
    window = filled(
        counts(on=True, psr_db=-6.0000002),  # of float32
        counts(on=False, psr_db=-math.inf, first=5000),
        counts(on=False, psr_db=None, first=6000),  # as JSON has it
        x="psr_db",
        first=-20.0,
        last=0.0,
    )
    assert points(window) == {("link", ""): {-6.0: (10, 1000)}}


def test_forgetting_begins_anew_within_the_segment_that_is_counted(application):
    window = filled(counts(blocks=100, errors=40))
    window.forget()
    assert points(window) == {}
    window.record.take(counts(blocks=300, errors=45))
    assert points(window) == {("link", ""): {4.0: (5, 200)}}
    (row,) = window.record.rows()
    assert (row.first_block, row.blocks, row.block_errors) == (100, 200, 5)


def test_intervals_are_those_of_wilson_and_no_error_gives_an_upper_bound(application):
    z, p, n = 1.959963984540054, 0.01, 1000
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    window = filled(counts(blocks=n), counts(x=5.0, blocks=500, errors=0, first=n))
    (curve,) = window.record.curves()
    found = curve.rows()
    assert found[0] == pytest.approx([4, p, middle - half, middle + half, 10, n])
    assert math.isnan(found[1, 1])
    # 500 blocks without an error happen at this BLER with a probability of 5 %.
    assert (1 - found[1, 3]) ** 500 == pytest.approx(0.05)


def test_what_is_saved_is_what_plot_reads(application, tmp_path):
    on = {"on": True, "psr_db": -6.0, "perturbation": "turn abcdef01"}
    window = filled(
        counts(blocks=300, errors=4),
        counts(x=5.0, blocks=200, errors=1, first=300, **on),
    )
    window.record.save_csv(tmp_path / "live.csv")
    rows = table.read(tmp_path / "live.csv", Counts)
    assert [
        (r.ebn0_db, r.first_block, r.blocks, r.block_errors, r.psr_db) for r in rows
    ] == [(4.0, 0, 300, 4, None), (5.0, 300, 200, 1, -6.0)]
    assert {r.engine for r in rows} == {"flowgraph"}
    window.resize(500, 300)
    window.save_picture(tmp_path / "live.png")
    assert QtGui.QImage(str(tmp_path / "live.png")).size() == QtCore.QSize(500, 300)
    with pytest.raises(ValueError, match="nowhere"):
        window.save_picture("/nowhere/live.png")
    window.forget()
    with pytest.raises(ValueError, match="no counts"):
        window.record.save_csv(tmp_path / "none.csv")


def test_two_counters_of_one_link_and_seed_are_saved_apart(application, tmp_path):
    plain = counts("plain") | {"link": "gan_mlp"}
    window = filled(plain, counts("defended", errors=1) | {"link": "gan_mlp"})
    window.record.save_csv(tmp_path / "live.csv")
    assert set(curves.curves(table.read(tmp_path / "live.csv", Counts))) == {
        "gan_mlp (plain)",
        "gan_mlp (defended)",
    }


def test_what_is_not_a_count_is_counted_and_said(application):
    window = filled()
    broken = counts()
    del broken["blocks"]
    changes = {"settings": 3}, {"blocks": "many"}, {"blocks": math.nan}
    bad = [3, None, "text", {}, {"kind": 3}, {"kind": "counts"}, broken]
    bad += [counts(blocks=-1, errors=0), counts(blocks=1, errors=2)]
    bad += [counts() | change for change in changes]
    assert [window.record.take(message) for message in bad] == [False] * len(bad)
    assert window.record.refused() == len(bad)
    # Other kinds are no error, and counts without the setting are said apart.
    assert window.record.take({"kind": "accuracy", "accuracy": 0.5})
    assert window.record.take(counts(x=math.nan))
    assert window.record.without_x == 1
    assert points(window) == {}
    painted(window)


def test_messages_of_foreign_blocks_are_refused_without_an_end_of_the_flowgraph():
    import pmt

    sink = SINK()
    for message in (
        pmt.PMT_NIL,
        pmt.from_long(3),
        pmt.intern("x"),
        pmt.cons(pmt.make_dict(), pmt.make_u8vector(4, 0)),
        pmt.to_pmt({"kind": "counts"}),
        pmt.to_pmt({"kind": "unknown", "name": "x"}),
    ):
        sink.record.post(message)
    sink.record.post(pmt.to_pmt(counts()))
    assert sink.refused() == 6
    assert sink.curves() == {"link": {4.0: (10, 1000)}}
    assert sink.error is None


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"closed_forms": "bpsk, gan_mlp"}, "no theory of 'gan_mlp'.*hamming74_ml"),
        ({"closed_forms": "bpsk", "x": "psr_db"}, "functions of Eb/N0"),
        ({"csv": "/nowhere/a.csv"}, "csv = '/nowhere/a.csv' cannot be read"),
        ({"csv": __file__}, "column 'link' is missing"),
        ({"csv": sys.executable}, "is not UTF-8 text"),
        ({"csv": "a.csv", "x": "snr_db"}, "counts have no snr_db"),
        ({"first": 5.0, "last": 5.0}, "first = 5.0 and last = 5.0"),
        ({"last": math.nan}, "last = nan"),
        ({"floor": 0.0}, "floor must be.*got 0.0"),
        ({"floor": 1.0}, "floor must be.*got 1.0"),
        ({"frame_rate": 0}, "frame_rate must be.*got 0"),
        ({"frame_rate": 100}, "frame_rate must be.*got 100"),
        ({"x": " "}, "must be the key of a setting"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(settings, named):
    with pytest.raises(ValueError, match=named) as refused:
        SINK(**settings)
    assert "\n" not in str(refused.value)


WITHOUT_QT = """if True:
    import sys
    from gnuradio import advphy
    if sys.argv[1] == "missing":
        sys.modules["PyQt5"] = None
    for sink in (advphy.bler_curve_sink(), advphy.onset_strip(),
                 advphy.perturbation_sink("bpsk"), advphy.constellation_sink("bpsk")):
        try:
            sink.qwidget()
        except (ValueError, ImportError) as error:
            print(error)
    print("PyQt5.QtCore" in sys.modules)
"""


@pytest.mark.parametrize(
    ("case", "said"),
    [("none", "there is no QApplication"), ("missing", "PyQt5 is not installed")],
)
def test_without_qt_or_application_the_blocks_are_made_and_say_so(case, said):
    found = ran("-c", WITHOUT_QT, case)
    lines = found.stdout.splitlines()
    assert [line.startswith(said) for line in lines] == [True] * 4 + [False]
    assert lines[-1] == str(case == "none")
