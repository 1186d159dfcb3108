# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion and radios: the examples over the air, compiled and run."""

import difflib
import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest
import yaml

from .conftest import CLONE
from .qa_grc import ENVIRONMENT, compile_example, ran
from .standin_link import needs_standin

EXAMPLES = CLONE / "examples"
# Runs a receiver until it has counted enough frames, and says what.
RUN = """
import json, sys
from PyQt5 import Qt
folder, name, arguments, frames = sys.argv[1:]
sys.path.insert(0, folder)
example = __import__(name)
application = Qt.QApplication(sys.argv)
flowgraph = getattr(example, name)(**json.loads(arguments))
flowgraph.start()
if hasattr(flowgraph, "flowgraph_started"):  # what main() does from 3.10.11 on
    flowgraph.flowgraph_started.set()
flowgraph.show()
counter, steps = flowgraph.counter, []
def look():
    if counter.segments()[-1].frames < int(frames):
        return
    if hasattr(flowgraph, "set_tx_gain") and not steps:
        steps.append(flowgraph.set_tx_gain(32.0))
    elif len(counter.segments()) > len(steps):  # the new gain has arrived
        application.quit()
timer = Qt.QTimer()
timer.timeout.connect(look)
timer.start(50)
application.exec_()
estimates = flowgraph.synchronizer.estimates(flowgraph.sample_rate)
flowgraph.stop()
flowgraph.wait()
print(json.dumps([[vars(s) for s in counter.segments()], estimates]))
"""


def program(name, folder, *changes):
    """Compile an example with texts replaced; return the path of its program."""
    text = (EXAMPLES / f"{name}.grc").read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    changed = folder / f"{name}.grc"
    changed.write_text(text)
    done = compile_example(changed, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    said = (done.stdout + done.stderr).splitlines()
    # GNU Radio 3.10.12 calls its Throttle deprecated; 3.10.5 has no other.
    assert not [line for line in said if "Warning" in line and "throttle" not in line]
    return folder / f"{name}.py"


@pytest.fixture(scope="module")
def both_ends(tmp_path_factory):
    """Compile transmitter and receiver as they are; return their folder."""
    folder = tmp_path_factory.mktemp("over_the_air")
    program("over_the_air_tx", folder)
    program("over_the_air_rx", folder)
    return folder


def received(name, folder, frames, **arguments):
    """Run the program of a receiver; return its segments and its estimates."""
    done = ran("-c", RUN, folder, name, json.dumps(arguments), frames)
    assert "ends the flowgraph" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@needs_standin
def test_the_radio_loopback_counts_errors_at_each_gain(tmp_path):
    # As fast as its ends, so that nothing is lost on a machine that is busy.
    program("radio_loopback", tmp_path, ("paced=1", "paced=0"))
    segments, estimates = received("radio_loopback", tmp_path, 240)
    assert [s["settings"] for s in segments] == [{"tx_gain_db": 25}, {"tx_gain_db": 32}]
    low, high = segments
    assert min(low["frames"], high["frames"]) >= 240
    assert low["missed_frames"] == high["missed_frames"] == 0
    # Symbols of 0.4717 over noise of variance 0.02: Eb/N0 = 4.9 dB at 25 dB of gain,
    # which is a BLER of 2.1e-3 without a modem, 11.9 dB at 32. Blocks of the first
    # gain that were on their way count to the second.
    assert 5e-4 < low["block_errors"] / low["blocks"] < 1e-2
    assert high["block_errors"] / high["blocks"] < 1e-3
    found = re.fullmatch(
        r"Eb/N0 (\S+) dB, SNR \S+ dB, CFO (\S+) Hz, clock (\S+) ppm", estimates
    )
    # Of one frame.
    assert float(found.group(1)) == pytest.approx(11.9, abs=1.5)
    assert float(found.group(2)) == pytest.approx(800, abs=30)
    assert float(found.group(3)) == pytest.approx(5, abs=2)


def test_a_transmitter_and_a_receiver_are_two_programs(both_ends, tmp_path):
    transmitter = both_ends / "over_the_air_tx.py"
    endpoint = f"ipc://{tmp_path}/samples"
    sender = subprocess.Popen(
        [sys.executable, str(transmitter), "--armed", "1", "--device", endpoint],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        segments, estimates = received(
            "over_the_air_rx", both_ends, 100, device=endpoint
        )
    finally:
        sender.terminate()
        said = sender.communicate(timeout=300)[0]
    assert "Traceback" not in said
    (segment,) = segments
    assert segment["frames"] >= 100
    assert segment["missed_frames"] == 0
    assert segment["blocks"] == 128 * segment["frames"]
    assert segment["block_errors"] == segment["erasures"] == 0
    # That of the last burst: of 3000 in the loop engine 8.7 % are above
    # 0.5 Hz of 2 Msample/s, none above 0.97 Hz.
    assert abs(int(re.search(r"CFO (-?\d+) Hz", estimates)[1])) <= 1


def test_a_transmitter_that_is_not_armed_says_what_it_would_send(both_ends):
    transmitter = both_ends / "over_the_air_tx.py"
    done = ran(transmitter, "--driver", "uhd", "--seconds", "0.5")
    said = done.stdout + done.stderr
    assert re.search(r"would send 1000000 samples.* 433.92 MHz.*not armed", said)


def test_a_recording_is_received_from_a_file(both_ends, tmp_path):
    samples = tmp_path / "samples.cf32"
    words = f"--driver file --armed 1 --seconds 0.5 --device {samples}"
    ran(both_ends / "over_the_air_tx.py", *words.split())
    assert samples.stat().st_size == 8_000_000
    (segment,), _ = received(
        "over_the_air_rx", both_ends, 150, driver="file", device=str(samples)
    )
    # 1 000 000 samples hold 178 whole frames of 5592; the canceller keeps windows of 8.
    assert segment["frames"] >= 150
    assert (segment["missed_frames"], segment["block_errors"]) == (0, 0)


@pytest.mark.parametrize("name", ["over_the_air_tx", "over_the_air_rx"])
@pytest.mark.parametrize("driver", ["uhd", "hackrf"])
def test_another_radio_is_one_parameter(name, driver, both_ends, tmp_path):
    before = (both_ends / f"{name}.py").read_text().splitlines()
    after = program(name, tmp_path, ("value: zmq", f"value: {driver}"))
    lines = difflib.unified_diff(before, after.read_text().splitlines(), n=0)
    added = [line[1:] for line in lines if re.match(r"\+(?!\+\+)", line)]
    assert added
    for line in added:  # the parameter's default, and the command line's
        assert line.replace(driver, "zmq") in before


def test_both_ends_of_the_air_have_one_layout():
    def settings(name, block):
        given = yaml.safe_load((EXAMPLES / f"{name}.grc").read_text())
        return next(b["parameters"] for b in given["blocks"] if b["name"] == block)

    for block in ("frame", "link_model", "driver", "frequency", "sample_rate"):
        sent = settings("over_the_air_tx", block)
        got = settings("over_the_air_rx", block)
        assert sent | {"comment": ""} == got | {"comment": ""}, block


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("codewords: '128'", "codewords: '300'"), "codewords"),
        (("rolloff: '0.35'", "rolloff: '0.01'"), "rolloff"),
        (
            ("frame: frame", "frame: advphy.Frame.of_model('bpsk')"),
            "frame.n == model.n",
        ),
    ],
)
def test_companion_refuses_a_frame_that_does_not_fit(change, text, tmp_path):
    given = (EXAMPLES / "over_the_air_tx.grc").read_text()
    assert change[0] in given
    changed = tmp_path / "changed.grc"
    changed.write_text(given.replace(*change))
    done = compile_example(changed, tmp_path)
    assert done.returncode != 0
    assert text in done.stdout + done.stderr


def test_a_frame_may_be_that_of_a_semantic_link(tmp_path):
    given = yaml.safe_load((EXAMPLES / "over_the_air_tx.grc").read_text())
    keep = {"link_model", "frame", "modulator", "encoder", "messages", "sink"}
    blocks = {b["name"]: b for b in given["blocks"] if b["name"] in keep}
    blocks["link_model"] |= {"id": "variable_advphy_semantic_link"}
    blocks["link_model"]["parameters"] = {"model": "semantic_mnist"}
    blocks["messages"] |= {"id": "advphy_image_source"}
    blocks["messages"]["parameters"] = {}
    blocks["encoder"] |= {"id": "advphy_semantic_encoder"}
    blocks["sink"] |= {"id": "blocks_null_sink", "parameters": {"type": "complex"}}
    given["blocks"] = list(blocks.values())
    order = ["messages", "encoder", "modulator", "sink"]
    given["connections"] = [[a, "0", b, "0"] for a, b in pairwise(order)]
    path = tmp_path / "semantic.grc"
    path.write_text(yaml.safe_dump(given))
    done = compile_example(path, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
