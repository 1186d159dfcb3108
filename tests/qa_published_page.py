# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about published messages: its example, its program, its fields."""

import json
import re
import subprocess
import sys

from advphy_model.measure import published
from gnuradio import advphy

from .conftest import CLONE

PAGE = (CLONE / "docs" / "published.md").read_text(encoding="utf-8")


def block(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def test_the_example_is_a_message():
    (message,) = published.decode(block("json").encode())
    assert message == json.loads(block("json"))


def test_every_field_is_on_the_page():
    schema = published.schema()["$defs"]
    for name in schema["measurement"]["properties"]:
        assert f"`{name}`" in PAGE
    for kind, fields in schema.items():
        if kind != "measurement":
            assert f"| `{kind}` |" in PAGE
            for name in fields["required"]:
                assert f"`{name}`" in PAGE, (kind, name)


def test_the_program_reads_a_flowgraph(tmp_path):
    program = tmp_path / "subscriber.py"
    program.write_text(block("python"))
    code = [line for line in block("python").splitlines() if line.strip()]
    assert len([line for line in code if "import" not in line]) <= 10
    flowgraph, publisher = advphy.top_block(), advphy.publisher("tcp://127.0.0.1:*")
    link = advphy.link("bpsk", 3.0, latency=1024, name="mine")
    flowgraph.connect(link)
    flowgraph.msg_connect((link, "counts"), (publisher, "in"))
    flowgraph.start()
    reader = subprocess.Popen(
        [sys.executable, program, publisher.address()],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [reader.stdout.readline() for _ in range(3)]
    finally:
        reader.kill()
        reader.communicate()
        flowgraph.stop()
        flowgraph.wait()
    # BPSK at 3 dB, 4 bits a block: 1 - (1 - Q(sqrt(2 10^0.3)))^4
    for line in lines:
        name, ebn0_db, bler = line.split()
        assert (name, float(ebn0_db)) == ("mine", 3.0)
        assert abs(float(bler) - 0.0885) < 0.02
