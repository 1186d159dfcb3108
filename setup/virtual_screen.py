# SPDX-License-Identifier: GPL-3.0-or-later
"""A screen without a monitor (Xvfb) for Companion and the windows of the examples."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager


def is_missing():
    """Return a sentence that says why there can be no virtual screen, or None."""
    if shutil.which("Xvfb"):
        return None
    return "Xvfb is missing (Debian package xvfb; setup/packages.sh test installs it)"


@contextmanager
def virtual_screen(width=1280, height=800):
    """Start an X server without a monitor; give the environment for its programs.

    HOME and the folders of settings in it are new ones, so that no window looks as a
    user's settings have it, and none of them is written.
    """
    read, write = os.pipe()
    screen = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), *screen],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as said:
            number = said.readline().strip()  # Xvfb takes a free one
        if not number:
            raise ValueError(f"Xvfb ended at once, with {server.wait()}")
        with tempfile.TemporaryDirectory() as home:
            yield screen_environment(number, home)
    finally:
        server.terminate()
        server.wait()


def screen_environment(number, home):
    """Return the environment of programs on screen :number whose home is `home`."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "QT_", "GTK_")) and name != "WAYLAND_DISPLAY"
    }
    mine |= {"DISPLAY": f":{number}", "HOME": home, "LC_ALL": "C.UTF-8"}
    # Neither the session bus nor a settings service is there to be asked.
    return mine | {"NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory"}
