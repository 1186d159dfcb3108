# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers on the command line as other people write them."""

import os
import subprocess

import pytest

from .comma_locale import german
from .commands import ADVPHY


def measured(folder, value, **environment):
    """Measure over Eb/N0 = value; return (exit code, lines of points, errors)."""
    out = folder / "out.csv"
    words = ("--ebn0-db", value, "--max-blocks", "1000", "--out", str(out))
    done = subprocess.run(
        [ADVPHY, "measure", "bpsk", *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    rows = out.read_text().splitlines()[1:] if out.exists() else []
    return done.returncode, len(rows), done.stderr


def test_a_decimal_comma_gets_a_note_where_commas_are_usual(tmp_path):
    note = "0,5 is 0 and 5; the number is 0.5"
    code, points, said = measured(tmp_path, "0,5", **german())
    assert (code, points, said.count(note)) == (0, 2, 1)
    (tmp_path / "out.csv").unlink()
    code, points, said = measured(tmp_path, "0.5", **german())
    assert (code, points, note in said) == (0, 1, False)
    (tmp_path / "out.csv").unlink()
    code, points, said = measured(tmp_path, "0,5", LC_ALL="C.UTF-8")
    assert (code, points, note in said) == (0, 2, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("-inf", "--ebn0-db must be a number, a,b,c or FIRST:LAST:STEP"),
        ("-Infinity", "--ebn0-db must be a number"),
        ("nan", "--ebn0-db must be a number"),
        ("-nan", "--ebn0-db must be a number"),
        ("0:inf:1", "--ebn0-db must be a number"),
        ("1_0", "--ebn0-db must be a number"),
        ("\u0663", "--ebn0-db must be a number"),
        ("\u22121", "'\u22121' has the character U+2212, which is no minus; give -1"),
        ("0:4:\u22121", "U+2212, which is no minus; give 0:4:-1"),
        ("-2,\u20131.5", "U+2013, which is no minus; give --ebn0-db=-2,-1.5"),
        ("0,5:1:1", "--ebn0-db must be a number"),
    ],
)
def test_a_number_that_is_none_gets_one_sentence(value, text, tmp_path):
    code, points, said = measured(tmp_path, value)
    assert (code, points, len(said.splitlines())) == (2, 0, 1), said
    assert said.startswith("advphy measure: ")
    assert text in said
