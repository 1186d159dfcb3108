# SPDX-License-Identifier: GPL-3.0-or-later
"""Random flowgraphs of all blocks: each builds or says why, and each stops."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gnuradio import advphy

# Of all times; beside each, what the sentence says now.
FINDS = {
    "image_viewer((28, 28), every=None)": "every must be 0 or a whole",  # minutes
    "image_viewer((28, 28), every=1.5)": "every must be 0 or a whole",
    "channel('gan_mlp', ebn0_db='x')": "ebn0_db must be a number in -100..100 dB",
    "channel('gan_mlp', ebn0_db=True)": "ebn0_db must be a number, got True",
    "channel('gan_mlp', seed=math.inf)": "seed must be a whole number",
    "channel('gan_mlp', first_block=None)": "first_block must be a whole number",
    "channel('gan_mlp', latency=math.nan)": "latency must be a whole number",
    "channel('gan_mlp', seed=10**5000)": "seed must be within -2.64..2.64, got a num",
    "alice_arn('paired_arn_white', inserted='no')": "inserted must be True or False",
    "alice_arn('paired_arn_white', nonce=np.arange(3))": "nonce must be one value",
    "perturbation_source('bpsk', np.arange(3))": "perturbation must be one value",
    "burst_synchronizer('gan_mlp', frame=1)": "frame must be advphy.Frame",
    "burst_synchronizer('gan_mlp').set_arrivals([])": "arrivals must be those of",
    "error_counter('gan_mlp', settings=1)": "settings must be a dictionary",
    "link('gan_mlp', attack=0.5)": "attack must be advphy.Adversary",
    "presenter('x')": "flowgraph must be the flowgraph that has the variables",
    "recorder('new.sigmf-meta', 'gan_mlp', images=[])": "images must be the name of",
    "sdr_source(driver=[])": "driver must be text",
    "decoder('a\\nb')": "'a b' is neither a file",
}
STOP_SECONDS = 2
HERE = Path(__file__).resolve()


def batch(first, graphs, folder, seconds):
    """Run graphs in a process of its own; return what each printed, or fail."""
    command = [sys.executable, "-m", "tests.random_flowgraphs", str(first), str(graphs)]
    # With a heap for each thread, memory grows by what these leave between blocks.
    environment = os.environ | {"TMPDIR": str(folder), "MALLOC_ARENA_MAX": "1"}
    try:
        ended = subprocess.run(
            command,
            cwd=HERE.parent.parent,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
        code, out, wrong = ended.returncode, ended.stdout, ended.stderr
    except subprocess.TimeoutExpired as error:
        code, out, wrong = "no end", (error.stdout or b"").decode(), ""
    rows = [
        line.split(" ", 3) for line in out.splitlines() if line.startswith("graph ")
    ]
    last = rows[-1] if rows else "none"
    assert code == 0, f"code {code} from seed {first}; last: {last}\n{wrong[-2000:]}"
    assert len(rows) == graphs
    return out, rows


def random_seed(capsys):
    seed = int.from_bytes(os.urandom(3), "big") + 1
    with capsys.disabled():
        print(f" (seed {seed})", end="", flush=True)
    return seed


def require_good(out, rows):
    told = [line for line in out.splitlines() if line.startswith("wrong ")]
    assert not told, "\n".join(told)
    slow = [row for row in rows if float(row[2]) > STOP_SECONDS]
    assert not slow, slow


def test_random_graphs_build_or_say_why_and_stop(tmp_path, capsys):
    out, rows = batch(random_seed(capsys), 30, tmp_path, 120)
    require_good(out, rows)
    assert sum(row[3].startswith("ran") for row in rows) > 5


@pytest.mark.parametrize("given", FINDS)
def test_arguments_that_once_hung_or_gave_no_sentence(given):
    said = FINDS[given]
    with pytest.raises((ValueError, TypeError), match=rf"^[^\n]*{said}[^\n]*$") as why:
        eval(f"advphy.{given}", {"advphy": advphy, "np": np, "math": math})
    assert len(str(why.value)) <= 300


def test_odd_arguments_are_taken_or_refused_in_one_sentence(tmp_path, capsys):
    out, _ = batch(random_seed(capsys), 0, tmp_path, 120)
    require_good(out, [])
    assert int(out.split()[-1]) > 500  # arguments tried


@pytest.mark.slow
def test_every_odd_argument_is_taken_or_refused_in_one_sentence(tmp_path):
    out, _ = batch(0, 0, tmp_path, 600)
    require_good(out, [])
    assert int(out.split()[-1]) > 5000


KEPT_NOWHERE = """
import gc, sys
from gnuradio import advphy, blocks, gr

class part(gr.hier_block2):
    def __init__(self, depth):
        ports = gr.io_signature(1, 1, 56), gr.io_signature(1, 1, 1)
        gr.hier_block2.__init__(self, "part", *ports)
        inner = part(depth - 1) if depth else advphy.decoder("gan_mlp")
        self.connect(self, inner, self)

flowgraph, depth = eval(sys.argv[1])(), int(sys.argv[2])
block = part(depth) if depth >= 0 else advphy.decoder("gan_mlp")
sink = blocks.vector_sink_b()
head = blocks.head(1, 100_000)
flowgraph.connect(blocks.null_source(56), block, head, sink)
del block
gc.collect()
filled = [bytearray(1000) for _ in range(10_000)]
advphy.run(flowgraph)
print(len(sink.data()))
"""


@pytest.mark.parametrize("depth", [-1, 0, 2])
@pytest.mark.parametrize("kind", ["gr.top_block", "advphy.top_block"])
def test_blocks_may_be_kept_in_no_variable(kind, depth):  # gnuradio#8137
    command = [sys.executable, "-c", KEPT_NOWHERE, kind, str(depth)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "100000\n"), ended.stderr[-2000:]


@pytest.mark.slow
def test_2000_graphs_beside_busy_processes_leave_nothing(tmp_path):
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)
    ]
    try:
        out, rows = batch(20_000_000, 1000, tmp_path, 3600)
        require_good(out, rows)
        kept = {
            int(line.split()[1]): np.array(line.split()[2:], float)
            for line in out.splitlines()
            if line.startswith("kept ")
        }
        assert np.all(kept[1000][:2] <= kept[100][:2] + 2), kept  # descriptors, threads
        assert kept[1000][2] < kept[100][2] + 4, kept  # MiB
        for first in range(20_001_000, 20_002_000, 50):
            require_good(*batch(first, 50, tmp_path, 600))
    finally:
        for process in busy:
            process.kill()
            process.wait()
