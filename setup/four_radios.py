# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the four radios on two airs and take a picture of `advphy watch` beside them.

    four_radios.py PICTURE.png FOLDER

FOLDER has the programs of the examples, which setup/pictures.py compiles. Messages go
over one air, where the adversary attacks and Bob's canceller answers; images go over
the other, where Eve learns until Alice begins again with keys.
"""

import json
import os
import secrets
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from PyQt5 import QtCore, QtWidgets

SETUP = Path(__file__).resolve().parent
EXAMPLES = ("over_the_air_tx", "over_the_air_rx", "four_radios_adversary")
EXAMPLES += ("four_radios_alice", "four_radios_eve")
PORTS = 5577, 5578, 5579  # of Eve, Bob and the adversary
SIZE, SECONDS = (1920, 1080), 80
ATTACK, CANCELLER, KEY = 25, 40, 55  # when each begins, in seconds


def programs(folder):
    """Return {(name, when it begins in s): settings of take_window.py}."""
    key = folder / "secret"
    key.touch(0o600)
    key.write_text(secrets.token_hex(32))
    messages = {"driver": "standin", "device": "air=messages,name="}
    bob = messages | {"device": messages["device"] + "bob,noise_variance=0.03"}
    adversary = messages | {"device": messages["device"] + "adversary"}
    cancel = [[CANCELLER, "cancel", True]]
    attack = [[0, "attacked", False], [0, "psr_db", -1], [ATTACK, "attacked", True]]
    alice, eve = ({"device": f"air=images,name={name}"} for name in ("alice", "eve"))
    keyed = alice | {"link": "keyed_arn", "secret_file": str(key)}
    return {
        ("over_the_air_rx", 0): {"arguments": bob, "set": cancel},
        ("four_radios_adversary", 0): {"arguments": adversary, "set": attack},
        ("four_radios_alice", 0): {"seconds": KEY - 6, "arguments": alice},
        ("four_radios_eve", 0): {"arguments": eve},
        ("four_radios_alice", KEY): {"arguments": keyed},
    }


def started(words, folder):
    """Start a program without a window on the screen."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, *map(str, words)]
    log = (folder / f"{Path(words[1]).stem}.log").open("ab")
    return subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.PIPE, stderr=log
    )


def main(picture, folder):
    """Run all of it."""
    folder = Path(folder).resolve()
    application = QtWidgets.QApplication(sys.argv[:1])
    running = []
    air = "--driver standin --device air=messages,name=alice --armed 1 --seconds 600"

    def after(seconds, call):
        QtCore.QTimer.singleShot(int(1000 * seconds), call)

    def start(name, settings):
        words = [folder / f"{name}.py", folder / f"{name}.png", json.dumps(settings)]
        running.append(started(["-u", SETUP / "take_window.py", *words], folder))

    def shown():
        (window,) = filter(QtWidgets.QWidget.isVisible, application.topLevelWidgets())
        return window

    def fill():
        shown().resize(*SIZE)

    running.append(started(["-u", folder / "over_the_air_tx.py", *air.split()], folder))
    for (name, when), settings in programs(folder).items():
        settings = {"seconds": SECONDS + 5 - when} | settings
        after(when, lambda name=name, settings=settings: start(name, settings))
    after(2, fill)
    after(SECONDS, lambda: shown().grab().save(str(picture)))
    sys.path.insert(0, str(SETUP.parent / "apps"))
    import advphy_commands

    addresses = [f"tcp://127.0.0.1:{port}" for port in PORTS]
    words = ["watch", *addresses, "--window", "--span", str(SECONDS - 10)]
    with ExitStack() as stack:
        stack.callback(lambda: [process.kill() for process in running])
        return advphy_commands.main([*words, "--seconds", str(SECONDS + 1)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
