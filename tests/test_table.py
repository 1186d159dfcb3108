# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of counts: adding up, resuming, reading and writing."""

import csv
import dataclasses

import pytest
from advphy_commands import _plot_inputs
from advphy_model import __version__
from advphy_model.link import links
from advphy_model.measure import curves, sweep, table
from advphy_model.measure.error_rate import CHECK_EVERY, StopRule
from advphy_model.measure.link_chain import Counts, LinkSetting

ROW = Counts("bpsk", "loop", 4.0, 1, 0, 1000, 50, 2, "abc")


def at(first, blocks=1000, **changes):
    return dataclasses.replace(ROW, first_block=first, blocks=blocks, **changes)


def test_ranges_that_continue_each_other_become_one():
    rows = table.add_up([at(1000), at(0), at(5000)])
    assert [(r.first_block, r.blocks, r.block_errors, r.erasures) for r in rows] == [
        (0, 2000, 100, 4),
        (5000, 1000, 50, 2),
    ]


@pytest.mark.parametrize("first", [0, 1, 999])
def test_blocks_counted_twice_are_refused(first):
    with pytest.raises(ValueError, match="counted twice"):
        table.add_up([at(0), at(first)])


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"engine": "flowgraph"},
        {"ebn0_db": 5.0},
        {"model_sha256": "d"},
        {"attack": "jammer", "psr_db": -6.0},
        {"canceller": "canceller"},
        {"channel": "cfo"},
    ],
)
def test_other_settings_stay_apart(changes):
    assert len(table.add_up([at(0), at(0, **changes)])) == 2


def test_what_is_read_is_what_was_written(tmp_path):
    rows = [at(0), at(0, attack="jammer", psr_db=-6.0), at(7000, seed=3)]
    table.write(tmp_path / "run.csv", rows, Counts)
    read = table.read(tmp_path / "run.csv", Counts)
    assert set(read) == set(rows)
    assert read == table.add_up(read)
    with open(tmp_path / "run.csv", newline="") as file:
        assert next(csv.reader(file)) == list(Counts.COLUMNS)


def test_counts_of_before_there_were_channels_are_of_awgn(tmp_path):
    path = tmp_path / "old.csv"
    table.write(path, [at(0), at(5000, attack="jammer", psr_db=-6.0)], Counts)
    lines = [line.split(",") for line in path.read_text().splitlines()]
    column = lines[0].index("channel")
    old = [line[:column] + line[column + 1 :] for line in lines]
    path.write_text("\n".join(map(",".join, old)) + "\n")
    rows = table.read(path, Counts)
    assert {row.channel for row in rows} == {"awgn"}
    assert set(rows) == {at(0), at(5000, attack="jammer", psr_db=-6.0)}


def test_curves_name_the_channel_and_keep_channels_apart():
    fading = "rayleigh_block(coherence=7, coherent=True)"
    found = curves.curves([at(0), at(0, channel=fading), at(1000, channel=fading)])
    assert found == {
        "bpsk": {4.0: (52, 1000)},
        f"bpsk over {fading}": {4.0: (104, 2000)},
    }


# Of version 0.5.
HEADER = (
    "link,engine,ebn0_db,psr_db,attack,canceller,channel,seed,first_block,blocks,"
    "block_errors,erasures,model_sha256,version\n"
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "column 'link' is missing"),
        ("a,b\n1,2\n", "column 'link' is missing"),
        (
            HEADER + "bpsk,loop,4,,none,none,awgn,1,0,10,x,0,a,0\n",
            "line 2: block_errors must be a whole number, got 'x'",
        ),
        (HEADER + "bpsk,loop,4,,none,none,awgn,1,0,10,11,0,a,0\n", "cannot be"),
        (",".join(Counts.COLUMNS) + "\nbpsk,loop\n", "line 2"),
    ],
)
def test_files_that_are_not_counts_are_named(tmp_path, text, error):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=error) as caught:
        table.read(path, Counts)
    assert str(path) in str(caught.value)


def steps_of(out, rule, first=0, **changes):
    setting = LinkSetting(links.load("hamming74_hard"), 3.0, **changes)
    return sweep.measure([setting], rule, out, Counts, first=first)


def measure(out, rule, first=0, **changes):
    return list(steps_of(out, rule, first, **changes))[-1].row


def test_a_resumed_measurement_equals_one_in_a_piece(tmp_path):
    whole = measure(tmp_path / "whole.csv", StopRule(None, 300_000))
    measure(tmp_path / "parts.csv", StopRule(None, 100_001))
    parts = measure(tmp_path / "parts.csv", StopRule(None, 300_000))
    assert parts == whole
    assert table.read(tmp_path / "parts.csv", Counts) == table.read(
        tmp_path / "whole.csv", Counts
    )


def test_what_was_counted_before_an_interruption_is_kept(tmp_path):
    out = tmp_path / "run.csv"
    steps = steps_of(out, StopRule(None, 1_000_000))
    next(steps)
    step = next(steps)
    steps.close()  # what Ctrl-C in the caller does
    (row,) = table.read(out, Counts)
    assert row == step.row
    assert row.blocks == 2 * CHECK_EVERY
    whole = measure(tmp_path / "whole.csv", StopRule(None, 1_000_000))
    assert measure(out, StopRule(None, 1_000_000)) == whole


def test_disjoint_ranges_of_two_files_add_up_to_one_run(tmp_path):
    measure(tmp_path / "a.csv", StopRule(None, 100_000))
    measure(tmp_path / "b.csv", StopRule(None, 50_000), first=100_000)
    rows = [r for name in "ab" for r in table.read(tmp_path / f"{name}.csv", Counts)]
    assert table.add_up(rows) == [measure(tmp_path / "c.csv", StopRule(None, 150_000))]


def test_counts_of_another_model_are_not_continued(tmp_path):
    out = tmp_path / "run.csv"
    table.write(out, [at(0, link="hamming74_hard")], Counts)
    with pytest.raises(ValueError, match="another model"):
        measure(out, StopRule(None, 1000))


def test_a_row_without_its_channel_is_not_continued():
    nothing = dataclasses.replace(ROW, **Counts.nothing())
    assert table.continued(nothing, [at(0, channel="")], "run.csv")[0] is nothing


def test_two_models_of_one_name_are_not_measured_into_one_table(tmp_path):
    link = links.load("bpsk")
    other = dataclasses.replace(link, codebook=-link.codebook)
    settings = [LinkSetting(each, 4.0) for each in (link, other)]
    with pytest.raises(ValueError, match="two different models are called 'bpsk'"):
        next(sweep.measure(settings, StopRule(None, 9), tmp_path / "a.csv", Counts))


def test_the_last_index_is_counted_and_none_beyond(tmp_path):
    out = tmp_path / "run.csv"
    with pytest.raises(ValueError, match=r"beyond index 2\^48"):
        measure(out, StopRule(None, 1000), first=2**48 - 99)
    assert table.read(out, Counts)[0].end == 2**48 + 1


@pytest.mark.parametrize("first", [201, 500, 1199])
def test_a_range_inside_a_counted_one_is_refused_before_the_work(tmp_path, first):
    measure(tmp_path / "run.csv", StopRule(None, 1000), first=200)
    with pytest.raises(ValueError, match="are counted already"):
        measure(tmp_path / "run.csv", StopRule(None, 10**12), first=first)


def test_the_longest_of_overlapping_ranges_is_kept():
    short, long, next_to_it = at(0, 500), at(499, 1000), at(1499, 100)
    assert table.longest([short, long, next_to_it]) == ([long, next_to_it], [short])
    assert table.longest([at(0), at(0)]) == ([at(0)], [at(0)])
    assert table.longest([at(0), at(0, 999)]) == ([at(0)], [at(0, 999)])


def test_ranges_resume_each_by_itself_and_do_not_run_into_the_next(tmp_path):
    out = tmp_path / "run.csv"
    measure(out, StopRule(None, 1000))
    measure(out, StopRule(None, 500), first=1000)
    measure(out, StopRule(None, 500), first=5000)
    assert measure(out, StopRule(None, 700), first=1000).blocks == 700
    assert measure(out, StopRule(None, 10**9)).blocks == 1000
    assert measure(out, StopRule(None, 10**9), first=1000).blocks == 4000
    rows = [(r.first_block, r.blocks) for r in table.read(out, Counts)]
    assert rows == [(0, 1000), (1000, 4000), (5000, 500)]
    assert table.add_up(table.read(out, Counts)) == [
        measure(tmp_path / "whole.csv", StopRule(None, 5500))
    ]


def test_models_of_one_name_are_not_added_up():
    one, other = at(0, model_sha256="a" * 64), at(0, model_sha256="b" * 64)
    assert list(curves.curves([one, other])) == ["bpsk, aaaaaaaa", "bpsk, bbbbbbbb"]


def test_counts_of_another_version_are_not_continued(tmp_path):
    table.write(tmp_path / "run.csv", [at(0, version="0.0.1")], Counts)
    with pytest.raises(ValueError, match=r"version 0\.0\.1"):
        measure(tmp_path / "run.csv", StopRule(None, 1000))


def test_counts_of_another_patch_version_are_continued(tmp_path):
    out, whole = tmp_path / "run.csv", measure(tmp_path / "a.csv", StopRule(None, 3000))
    (row,) = (measure(out, StopRule(None, 1000)),)
    other = __version__.rpartition(".")[0] + ".999"
    table.write(out, [dataclasses.replace(row, version=other)], Counts)
    assert measure(out, StopRule(None, 3000)) == whole
    assert table.read(out, Counts) == [whole]


def test_an_output_that_cannot_be_written_fails_before_the_work():
    with pytest.raises(OSError, match="/nowhere"):
        measure("/nowhere/run.csv", StopRule(None, 10**12))


def test_curves_tell_attacks_and_cancellers_apart():
    attack = {"attack": "universal_pgd 0a1b2c3d, shift random", "psr_db": -6.0}
    rows = [
        at(0),
        at(0, canceller="canceller"),
        at(0, **attack),
        at(0, **{**attack, "psr_db": -2.0}),
    ]
    assert list(curves.curves(rows)) == [
        "bpsk",
        "bpsk, canceller",
        "bpsk, universal_pgd, shift random at PSR -6 dB",
        "bpsk, universal_pgd, shift random at PSR -2 dB",
    ]


def test_a_perturbation_crafted_for_each_ebn0_is_one_curve():
    rows = [
        at(0, ebn0_db=db, attack=f"fgm {i:08x}", psr_db=-6.0)
        for i, db in enumerate((2.0, 4.0))
    ]
    assert list(curves.curves(rows)) == ["bpsk, fgm at PSR -6 dB"]
    two = at(0, ebn0_db=4.0, attack="fgm 0000ffff", psr_db=-6.0)  # another one at 4 dB
    assert list(curves.curves([*rows, two])) == [
        "bpsk, fgm 00000000 at PSR -6 dB",
        "bpsk, fgm 00000001 at PSR -6 dB",
        "bpsk, fgm 0000ffff at PSR -6 dB",
    ]


def test_a_measurement_says_what_it_went_through_and_resumes(tmp_path):
    out, rule = tmp_path / "run.csv", StopRule(None, 100_000)
    measure(out, rule)
    faded = measure(out, rule, channel="rayleigh_block( coherent = True )+awgn")
    assert faded.channel == "rayleigh_block(coherent=True)"
    clean, again = table.read(out, Counts)
    assert (clean.channel, again) == ("awgn", faded)
    assert faded.block_errors > 2 * clean.block_errors
    with pytest.raises(ValueError, match=r"cfo: frequency must be.*got 3"):
        measure(out, rule, channel="cfo(frequency=3)")
    measure(out, StopRule(None, 200_000), channel="rayleigh_block(coherent=True)")
    assert [r.blocks for r in table.read(out, Counts)] == [100_000, 200_000]


def spreadsheet(path, change, encoding="utf-8"):
    """Write a table of counts, then again as a spreadsheet would."""
    table.write(path, [at(0), at(5000, ebn0_db=4.5)], Counts)
    path.write_bytes(change(path.read_text()).encode(encoding))
    return path


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_byte_order_mark_and_quotes_are_read(tmp_path, ends):
    def quoted(text):
        rows = csv.reader(text.splitlines())
        return ends.join(",".join(f'"{v}"' for v in row) for row in rows)

    path = spreadsheet(tmp_path / "a.csv", quoted, "utf-8-sig")
    assert table.read(path, Counts) == [at(0), at(5000, ebn0_db=4.5)]
    assert _plot_inputs.kind_of(str(path)) == _plot_inputs.COUNTS


@pytest.mark.parametrize(
    ("change", "encoding", "found"),
    [
        (lambda text: text.replace(",", ";"), "utf-8", "has semicolons between"),
        (
            lambda text: text.replace(",", ";").replace("4.5", "4,5"),
            "utf-8-sig",
            "has semicolons between",
        ),
        (lambda text: text.replace(",", "\t"), "utf-8", "has tabs between"),
        (lambda text: "sep=,\n" + text, "utf-8", "begins with 'sep=,'"),
        (str, "utf-16", "is UTF-16"),
        (str, "utf-16-le", "is UTF-16"),
        (str, "utf-16-be", "is UTF-16"),
        (str, "utf-32", "is UTF-32"),
        (lambda text: text.replace("bpsk", "b\xe9"), "latin-1", "is not UTF-8"),
        (
            lambda text: text.replace("4.5", '"4,5"'),
            "utf-8",
            "ebn0_db must be a number, got '4,5' with a decimal comma",
        ),
        (
            lambda text: text.replace("bpsk", '"b\nSHA-256 right"'),
            "utf-8",
            "the text 'b SHA-256 right' has a line break",
        ),
        (
            lambda text: text.replace("1000", "1E+03"),
            "utf-8",
            "blocks must be a whole number, got '1E\\+03'",
        ),
    ],
)
def test_what_else_a_spreadsheet_writes_is_named(tmp_path, change, encoding, found):
    path = spreadsheet(tmp_path / "a.csv", change, encoding)
    with pytest.raises(ValueError, match=rf"a\.csv: (line \d: )?{found}") as raised:
        table.read(path, Counts)
    assert "\n" not in str(raised.value)
