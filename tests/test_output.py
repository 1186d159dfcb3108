# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands speak through: lines, or one document and nothing else."""

import dataclasses
import importlib
import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from .conftest import CLONE

PROGRAM = """
import dataclasses, os, sys
import numpy as np
from advphy_commands._output import Output
output = Output("radio rx", "-")
with output.document():
    print("a stray line")
    os.write(1, b"a driver's line\\n")
    output.line("for people")
    output.remark("a remark")
    output.row("rows", {"z": complex(1, float("inf"))}, "a row for people")
    output.note(path="\\udcff\\u00fc", name="\\u00fc", nan=float("nan"),
                array=np.array([[1.0, np.inf]]), number=np.int64(3), raw=b"\\x01\\xff")
"""


def test_nothing_else_reaches_standard_output():
    path = os.pathsep.join([str(CLONE / "build" / "test_modules"), str(CLONE / "apps")])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": path, "LC_ALL": "C", "PYTHONUTF8": "0"},
    )
    said = json.loads(done.stdout.decode("utf-8"))
    assert said == {
        "command": "radio rx",
        "version": said["version"],
        "rows": [{"z": [1, None]}],
        "path": "\udcffü",
        "name": "ü",
        "nan": None,
        "array": [[1, None]],
        "number": 3,
        "raw": "01ff",
    }
    lines = done.stderr.decode().splitlines()
    assert sorted(lines) == [
        "a driver's line",
        "a stray line",
        "advphy radio rx: a remark",
    ]


def test_an_interrupted_command_says_what_it_has(capfd):
    output = importlib.import_module("advphy_commands._output").Output("measure", "-")

    def interrupted():
        with output.document():
            output.row("rows", {"blocks": 1}, "line")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    said = json.loads(capfd.readouterr().out)
    assert (said["rows"], said["interrupted"]) == ([{"blocks": 1}], True)


def test_what_has_no_end_says_a_document_a_line(capfd):
    output = importlib.import_module("advphy_commands._output").Output("watch", "-")
    with output.document():
        for i in range(2):
            output.event(number=i, rate=np.float32("nan"))
    lines = capfd.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"number": 0, "rate": None},
        {"number": 1, "rate": None},
    ]


def test_what_has_no_place_in_json_is_refused():
    document = importlib.import_module("advphy_commands._output").document
    with pytest.raises(TypeError, match="object"):
        document({"a": object()})

    @dataclasses.dataclass
    class Row:
        bler: float
        names: frozenset

    said = json.loads(document(Row(-math.inf, frozenset("ba"))))
    assert said == {"bler": None, "names": ["a", "b"]}
