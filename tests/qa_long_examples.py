# SPDX-License-Identifier: GPL-3.0-or-later
"""The live demos, a minute each: nothing fails, every control acts at once."""

import contextlib
import time

import pytest

from .demo_programs import (
    compiled,
    control,
    ended,
    published,
    reactions,
    running,
    shown,
)

pytestmark = pytest.mark.slow
SECONDS = 60  # that a demo is played


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return where the demos of this file are compiled, once each."""
    return tmp_path_factory.mktemp("demos")


# Where each control of a demo must be seen. A display's own settings are not published.
PAIR, PGD = "with canceller", "universal_pgd_gan_mlp"
FULL = shown(message_rate=1e6)
CONTROLS = {
    "autoencoder_loopback": [
        control("counts", "autoencoder_mlp", {"ebn0_db": 6.0}, ebn0_db=6.0),
        control("counts", "autoencoder_mlp", {"ebn0_db": 0.0}, ebn0_db=0.0),
    ],
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
        {"set": {"ebn0_db": 2.0, "sweep": True}, "rest": 6.0},
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
    "side_by_side": [
        control("counts", "under p", {"ebn0_db": 6.0}, ebn0_db=6.0),
        control("counts", "under noise", {"on": True}, attacked=True),
        control("counts", "under p", {"psr_db": -9.0}, psr_db=-9.0),
        control("counts", "under p", {"sign": "random"}, hopping=True),
        control("estimate", "canceller", {"enabled": True}, cancel=True),
        shown(kind="crafted"),
    ],
    "compare_channels": [
        FULL,
        control("counts", "phase noise", {"ebn0_db": 4.0}, ebn0_db=4.0),
        control("counts", "noise only", {"ebn0_db": 6.0}, ebn0_db=6.0),
        shown(channel_use=1),
    ],
    "attacked_picture": [
        control("counts", "plain", {"ebn0_db": 6.0}, ebn0_db=6.0),
        control("counts", PAIR, {"on": False}, attacked=False),
        control("counts", "GAN-defended", {"on": True}, attacked=True),
        control("counts", "plain", {"psr_db": -9.0}, psr_db=-9.0),
    ],
    "attacked_audio": [
        control("counts", "music", {"ebn0_db": 6.0}, ebn0_db=6.0),
        control("counts", "music", {"psr_db": -9.0}, psr_db=-9.0),
        control("estimate", "canceller", {"enabled": True}, cancel=True),
        control("counts", "music", {"on": False}, attacked=False),
    ],
    "secure_semantic": [
        shown(image_rate=1000),
        control("distortion", "Bob", {"snr_db": 3.0}, bob_snr_db=3.0),
        control("accuracy", "Eve", {"snr_db": 15.0}, eve_snr_db=15.0),
        control("distortion", "Bob", {"inserted": False}, inserted=False),
        control("accuracy", "Eve", {"inserted": True}, inserted=True),
        control("accuracy", "Eve", {"pair": "keyed"}, pair="keyed"),
        control("accuracy", "Eve", {"training": 0}, learns=False),
    ],
}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_minute_of_a_demo(name, folder):
    if name == "autoencoder_loopback":  # no variable: it has few blocks
        compiled(folder, name, ("samples_per_second: 200e3", "samples_per_second: 1e6"))
    plan = {"seconds": SECONDS, "controls": CONTROLS[name]}
    words = ["--wav", f"{folder}/sound.wav"] if name == "attacked_audio" else []
    with running(folder, name, plan, *words) as process:
        found = ended(process, 100)
    seconds = reactions(found)
    assert len(seconds) == sum("kind" in c for c in CONTROLS[name])
    assert None not in seconds
    assert max(seconds) < 0.5
    if name == "attacked_link":  # the sweep goes on by itself
        visited = {m["settings"].get("ebn0_db") for m in found["said"]}
        assert visited > {2.0, 3.0, 4.0, 6.0, 8.0}


def test_a_minute_of_three_programs(folder, tmp_path):
    air = f"ipc://{tmp_path}/air"
    for who in ("alice", "bob", "eve"):
        compiled(folder, f"distributed_link_{who}")
    bob = {
        "seconds": 65,
        "warm_up": 20,
        "size": [620, 700],
        "controls": [
            control("distortion", "Bob", {"snr_db": 4.0}, snr_db=4.0),
            control(
                "distortion", "Bob without his module", {"snr_db": 10.0}, snr_db=10.0
            ),
        ],
    }
    eve = {
        "seconds": 40,
        "warm_up": 10,
        "size": [460, 700],
        "controls": [control("accuracy", "Eve", {"snr_db": 0.0}, snr_db=0.0)],
    }
    alice = {
        "seconds": 60,
        "warm_up": 10,
        "size": [420, 700],
        "listen": [published(folder, "bob")],
        "controls": [
            control("distortion", "Bob", {"inserted": False}, inserted=False),
            control("distortion", "Bob", {"inserted": True}, inserted=True),
            shown(image_rate=1000),
        ],
    }
    with contextlib.ExitStack() as stack:

        def begin(who, plan, option):
            given = running(folder, f"distributed_link_{who}", plan, option, air)
            return stack.enter_context(given)

        parts = [begin("bob", bob, "--alice"), begin("alice", alice, "--address")]
        time.sleep(8)
        parts.append(begin("eve", eve, "--alice"))  # comes later
        found = [ended(part, 120) for part in (parts[2], parts[1], parts[0])]
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
            "snr_db": 10.0,
            "inserted": True,
            "pairing": said.get("pairing"),
        }:
            wanted = 0.0178 if message["name"] == "Bob" else 0.0221
            assert message["mse"] == pytest.approx(wanted, rel=0.05)
            compared += 1
    assert compared >= 2
