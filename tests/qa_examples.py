# SPDX-License-Identifier: GPL-3.0-or-later
"""The live demos: what is in them, and how they behave while somebody plays."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from .conftest import CLONE
from .qa_grc import ENVIRONMENT, compile_example

PROGRAM = Path(__file__).with_name("example_program.py")
DEMOS = [
    "autoencoder_loopback", "attacked_link", "defended_link", "secure_semantic",
    "distributed_link_alice", "distributed_link_bob", "distributed_link_eve",
    "compare_channels",
]  # fmt: skip
# Their ports, which a test must not take from a running demo.
PORTS = [f"tcp://127.0.0.1:{port}" for port in (5570, 5572, 5573, 5574)]


def flowgraph(name):
    """Return an example as a dictionary, its blocks by name."""
    found = yaml.safe_load((CLONE / "examples" / f"{name}.grc").read_text())
    return found | {"blocks": {block["name"]: block for block in found["blocks"]}}


def test_the_loopback_has_fewer_than_twelve_blocks():
    # Options, the link model and the slider counted.
    assert len(flowgraph("autoencoder_loopback")["blocks"]) + 1 < 12


@pytest.mark.parametrize("name", DEMOS)
def test_a_demo_says_what_it_shows(name):
    found = flowgraph(name)
    options = found["options"]["parameters"]
    assert (options["id"], bool(options["title"])) == (name, True)
    assert len(options["description"].split()) > 8
    notes = [b for b in found["blocks"].values() if b["id"] == "note"]
    paragraphs = [options["comment"], *(b["parameters"]["comment"] for b in notes)]
    assert len(" ".join(paragraphs).split()) > 35


@pytest.mark.parametrize("name", DEMOS)
def test_controls_have_labels_with_units(name):
    for block in flowgraph(name)["blocks"].values():
        if block["id"].startswith("variable_qtgui"):
            label = block["parameters"]["label"]
            assert label
            assert label.endswith("(dB)") == block["name"].endswith("_db")


@pytest.mark.parametrize("name", DEMOS)
def test_what_reports_is_published(name):
    found = flowgraph(name)
    ports = {"counts", "psr", "estimate", "distortion", "accuracy", "power", "frames"}
    wires = found["connections"]
    sent = {(a, port) for a, port, b, _ in wires if port in ports and b == "publisher"}
    reports = {(a, port) for a, port, _, _ in wires if port in ports}
    if name == "autoencoder_loopback":  # it would be its twelfth block
        assert not sent
        return
    assert sent == reports
    address = found["blocks"]["publisher"]["parameters"]["address"]
    assert address in PORTS
    # A label that is polled may be called after its window is gone.
    assert not [b for b in found["blocks"].values() if "probe" in b["id"]]


def test_the_three_links_have_one_noise_one_throttle_and_one_adversary():
    found = flowgraph("attacked_link")
    channels = [b for b in found["blocks"].values() if b["id"] == "advphy_channel"]
    same = ("seed", "first_block", "kind", "ebn0_db", "latency")
    settings = [{key: b["parameters"][key] for key in same} for b in channels]
    assert len(settings) == 3
    assert settings[0] == settings[1] == settings[2]
    wires = {tuple(wire) for wire in found["connections"]}
    for block in channels:
        assert ("adversary", "0", block["name"], "1") in wires
    for name in ("plain", "defended", "hamming"):
        assert ("throttle", "0", f"{name}_encoder", "0") in wires


def test_the_three_programs_have_one_layout_and_one_address():
    alice, bob, eve = (flowgraph(f"distributed_link_{who}")["blocks"]
                       for who in ("alice", "bob", "eve"))  # fmt: skip
    for block in ("frame", "semantic_link", "link"):
        said = [g[block]["parameters"] | {"comment": ""} for g in (alice, bob, eve)]
        assert said[0] == said[1] == said[2], block
    assert (
        alice["address"]["parameters"]["value"]
        == bob["alice"]["parameters"]["value"]
        == eve["alice"]["parameters"]["value"]
    )


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Return a function that compiles a demo that publishes on ipc, in one folder."""
    folder = tmp_path_factory.mktemp("demos")

    def compiled(name):
        if not (folder / f"{name}.py").is_file():
            text = (CLONE / "examples" / f"{name}.grc").read_text()
            for port in PORTS:
                text = text.replace(port, published(folder, name))
            (folder / f"{name}.grc").write_text(text)
            done = compile_example(folder / f"{name}.grc", folder)
            assert done.returncode == 0, done.stdout + done.stderr
        return folder

    return compiled


def published(folder, name):
    """Return where a demo publishes what it counts during the tests."""
    return f"ipc://{folder}/{name.removeprefix('distributed_link_')}"


@contextlib.contextmanager
def running(programs, name, plan, *arguments):
    """Run a demo; give its process."""
    folder = programs(name)
    command = [sys.executable, str(PROGRAM), str(folder), name, json.dumps(plan)]
    process = subprocess.Popen(
        [*command, *arguments], env=ENVIRONMENT | {"HOME": str(folder)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process, timeout, lingers=0.0):
    """Return what a demo found, once it has ended as it should.

    Args:
        process: the demo.
        timeout: in seconds.
        lingers: how long a library may keep the process when all has stopped.
    """
    said, errors = process.communicate(timeout=timeout)
    over = time.time()
    assert process.returncode == 0, said + errors
    for word in ("Traceback", "ends the flowgraph", "not understood", "deleted"):
        assert word not in errors, errors
    found, closed, stopped = map(json.loads, said.splitlines()[-3:])
    print(f"stopped {stopped - closed:.3f} s, ended {over - closed:.3f} s behind close")
    assert stopped - closed < 1.0
    assert over - closed < 1.0 + lingers
    assert not found["scrolls"]
    return found


def control(kind, name, settings=None, **variables):
    """Return a control of a plan: what is set, and where it must be seen."""
    seen = {} if settings is None else {"settings": settings}
    return {"set": variables, "kind": kind, "name": name, **seen}


def shown(**variables):
    """Return a control that changes a display, or how fast messages come."""
    return {"set": variables, "rest": 1.5 if "message_rate" in variables else 0.4}


PAIR, PGD = "with canceller", "universal_pgd_gan_mlp"
FULL = shown(message_rate=1e6)
CONTROLS = {
    "attacked_link": [
        FULL,
        control("counts", "plain", {"ebn0_db": 6.0}, ebn0_db=6.0),
        control("counts", "GAN-defended", {"ebn0_db": 3.0}, ebn0_db=3.0),
        control("counts", "Hamming ML", {"psr_db": -9.0}, psr_db=-9.0),
        control("counts", "plain", attack=PGD),
        control("counts", "plain", {"perturbation_kind": "jammer"}, attack="jammer"),
        control("counts", "Hamming ML", {"on": False}, attacked=False),
        control("counts", "Hamming ML", {"on": True}, attacked=True),
        control("counts", "GAN-defended", {"shift": "random"}, arrives="shift"),
        control("counts", "GAN-defended", {"phase": "random"}, arrives="phase"),
        control("counts", "GAN-defended", {"sign": "random"}, arrives="sign"),
        control("psr", "adversary", timing="bursts"),
        control("psr", "adversary", timing="always"),
        shown(channel_use=3),
    ],
    "defended_link": [
        FULL,
        control("counts", PAIR, {"ebn0_db": 6.0}, ebn0_db=6.0),
        control("counts", PAIR, {"psr_db": -9.0}, psr_db=-9.0),
        control("counts", PAIR, {"on": False}, attacked=False),
        control("counts", PAIR, {"on": True}, attacked=True),
        control("counts", PAIR, {"canceller": "none"}, cancel=False),
        control("estimate", "canceller", {"enabled": True}, cancel=True),
        control("counts", PAIR, {"sign": "random"}, arrives="sign"),
        control("counts", PAIR, {"shift": "random"}, arrives="shift"),
        control("psr", "adversary", timing="bursts"),
    ],
    "compare_channels": [
        FULL,
        control("counts", "phase noise", {"ebn0_db": 4.0}, ebn0_db=4.0),
        control("counts", "noise only", {"ebn0_db": 6.0}, ebn0_db=6.0),
        shown(channel_use=1),
    ],
    "secure_semantic": [
        shown(image_rate=2000),
        control("distortion", "Bob", {"snr_db": 3.0}, bob_snr_db=3.0),
        control("accuracy", "keyed: Eve", {"snr_db": 15.0}, eve_snr_db=15.0),
        control("distortion", "Bob", {"inserted": False}, pair="bypassed"),
        control("accuracy", "Eve", {"inserted": True}, pair="inserted"),
        shown(pair="keyed"),
    ],
}


def reactions(found):
    """Print and return how many seconds each control took."""
    for variables, seconds in found["seconds"]:
        print(variables, "not seen" if seconds is None else f"{seconds:.3f} s")
    rates = sorted(found["rates"])
    print(f"{rates[0]:.3g}..{rates[-1]:.3g} items a second")
    return [seconds for _, seconds in found["seconds"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROLS)
def test_a_minute_of_a_demo(name, programs):
    plan = {
        "seconds": int(os.environ.get("ADVPHY_DEMO_SECONDS", "60")),
        "controls": CONTROLS[name],
    }
    with running(programs, name, plan) as process:
        found = ended(process, 100)
    seconds = reactions(found)
    assert len(seconds) == sum("kind" in c for c in CONTROLS[name])
    assert None not in seconds
    assert max(seconds) < 0.5


@pytest.mark.slow
def test_a_minute_of_three_programs(programs, tmp_path):
    air = f"ipc://{tmp_path}/air"
    for who in ("alice", "bob", "eve"):
        folder = programs(f"distributed_link_{who}")
    bob = {"seconds": 65, "warm_up": 20, "size": [620, 700], "controls": [
        control("distortion", "Bob", {"snr_db": 4.0}, snr_db=4.0),
        control("distortion", "Bob without his module", {"snr_db": 10.0}, snr_db=10.0),
    ]}  # fmt: skip
    eve = {"seconds": 40, "warm_up": 10, "size": [460, 700], "controls": [
        control("accuracy", "Eve", {"snr_db": 0.0}, snr_db=0.0)]}  # fmt: skip
    alice = {"seconds": 60, "warm_up": 10, "size": [420, 700],
             "listen": [published(folder, "bob")], "controls": [
        control("distortion", "Bob", {"inserted": False}, inserted=False),
        control("distortion", "Bob", {"inserted": True}, inserted=True),
        shown(image_rate=1000),
    ]}  # fmt: skip
    with contextlib.ExitStack() as stack:

        def begin(who, plan, option):  # fmt: skip
            given = running(programs, f"distributed_link_{who}", plan, option, air)
            return stack.enter_context(given)

        parts = [begin("bob", bob, "--alice"), begin("alice", alice, "--address")]
        time.sleep(8)
        parts.append(begin("eve", eve, "--alice"))  # comes later
        # gr-zeromq waits up to a second for whoever is at the other end.
        found = [
            ended(part, 120, lingers=1.5) for part in (parts[2], parts[1], parts[0])
        ]
    seconds = [reaction for part in found for reaction in reactions(part)]
    assert len(seconds) == 5
    assert None not in seconds
    assert max(seconds) < 0.5
    # Bob knows from the frames' numbers which images he got: 0.0178 and 0.0221 are the
    # pair's at 10 dB on these images; an image compared with another has 0.1.
    compared = 0
    for message in found[2]["said"]:
        if message["kind"] == "frames":
            assert message["missed"] == 0
        said = message["settings"]
        if message.get("frames", 0) > 5000 and said == {
            "snr_db": 10.0, "inserted": True, "pairing": said.get("pairing"),
        }:  # fmt: skip
            wanted = 0.0178 if message["name"] == "Bob" else 0.0221
            assert message["mse"] == pytest.approx(wanted, rel=0.05)
            compared += 1
    assert compared >= 2
