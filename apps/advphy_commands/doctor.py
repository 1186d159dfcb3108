# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installation, and say the remedy for each finding.

A line each: ok; note, something optional is missing; warning, something will not work
as expected; problem, something that is needed does not work. The exit code is 1 if
there is a problem. Radios are looked for with --devices only, since that takes seconds.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from advphy_commands import _doctor_probes, _progress
from advphy_commands._options import switch
from advphy_commands._remedies import REMEDIES

OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"
IN_A_CLONE = "warning in a clone, where `make grc` mends it, else problem"
THE_PYTHON = "/usr/bin/python3"  # that GNU Radio belongs to on Debian and Ubuntu
INSTALL = REMEDIES["gnuradio"]


@dataclass(frozen=True)
class Settings:
    """What is looked for."""

    devices: bool = switch("look for radios, too (some seconds)")


def run(settings, output):
    """Say what is found; return 1 if there is a problem."""
    place, states = Place(clone_of(), settings.devices), Counter()
    output.note(findings=[])
    with contextlib.ExitStack() as stack:
        bar = None
        with contextlib.suppress(Exception):  # no tqdm: a finding, not an end
            bar = _progress.bar(total=len(CHECKS), unit="check")
            stack.callback(bar.close)
        pool = stack.enter_context(ThreadPoolExecutor(os.cpu_count()))
        for findings in pool.map(lambda check: check.findings(place), CHECKS):
            for finding in findings:
                states[finding.state] += 1
                output.row("findings", finding, finding.text())
            if bar is not None:
                bar.update()
    counts = {state: states[state] for state in (PROBLEM, WARNING, NOTE, OK)}
    output.note(counts=counts)
    output.line(", ".join(f"{number} {state}" for state, number in counts.items()))
    return 1 if states[PROBLEM] else 0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        state: OK, NOTE, WARNING or PROBLEM.
        what: was looked at.
        version: of it, or where it is; "" if it has none.
        said: what is wrong, or what an optional thing is needed for.
        remedy: the command that mends it; "" where nothing is wrong.
    """

    state: str
    what: str
    version: str = ""
    said: str = ""
    remedy: str = ""

    def text(self):
        """Return its line."""
        line = f"{self.state:<8} {self.what}"
        line += f" ({self.version})" if self.version else ""
        line += f": {self.said}" if self.said else ""
        return line + (f"  -> {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Place:
    """Where this runs.

    Args:
        clone: folder of the clone that the command belongs to; None if installed.
        devices: whether radios may be looked for, which takes seconds.
        path: sys.path of the command.
    """

    clone: Path | None
    devices: bool = False
    path: tuple = field(default_factory=lambda: tuple(sys.path))

    def filled(self, text):
        """Return a text with our commands and folders in the place of {...}."""
        clone, install = self.clone, "sudo make install, in a clone"
        if clone is None:
            return text.format(build=install, show=install, models=install, grc="")
        paths = f"GRC_BLOCKS_PATH={clone}/grc PYTHONPATH={clone}/build/test_modules"
        build = f"make build, in {clone}"
        show = f"make grc, in {clone}; or sudo make install there; or export {paths}"
        models = f"git checkout python/advphy_model/trained && {build}"
        names = {"build": build, "show": show, "models": models}
        return text.format(**names, clone=clone, grc=clone / "grc")


def clone_of(file=__file__):
    """Return the clone that a file of apps/ belongs to, or None."""
    found = Path(file).resolve().parents[2]
    return found if (found / "CMakeLists.txt").is_file() else None


def ask(path, python, *words, patience=60.0):
    """Return what a probe finds in another process, as _doctor_probes.main prints it.

    Args:
        path: its sys.path; empty: as it is for a program of the user's own.
        python: that runs it.
        words: the probe and its arguments.
        patience: seconds.
    """
    program = [str(python), _doctor_probes.__file__, json.dumps(list(path)), *words]
    texts = {"text": True, "errors": "replace", "stdin": subprocess.DEVNULL}
    offscreen = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    try:
        done = subprocess.run(
            program, capture_output=True, timeout=patience, env=offscreen, **texts
        )
    except subprocess.TimeoutExpired:
        return {"broken": f"no answer within {patience:g} s"}
    except OSError as error:
        return {"broken": f"{python}: {error.strerror}"}
    if done.returncode < 0:
        return {"broken": f"{python} crashed ({signal.Signals(-done.returncode).name})"}
    if done.returncode:
        return {"broken": (done.stderr.split("\n")[-2:-1] or ["it said nothing"])[0]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def interpreter():
    """Return the Python that GNU Radio Companion runs with."""
    program = shutil.which("gnuradio-companion")
    first = Path(program).read_bytes().partition(b"\n")[0] if program else b""
    found = re.match(r"#!\s*(\S*python\S*)", first.decode(errors="replace"))
    return found.group(1) if found else THE_PYTHON


@dataclass(frozen=True)
class Check:
    """A probe of _doctor_probes.py, and what it means when it fails.

    Args:
        what: is looked at.
        words: the probe and its arguments; they and remedy are for Place.filled.
        remedy: the command that mends it.
        lack, broken: state where it is not there, and where it does not work.
        needed: what needs it.
        companion: whether the Python of GNU Radio Companion is asked.
        only: attribute of the Place without which it is not looked at.
    """

    what: str
    words: str
    remedy: str
    lack: str = PROBLEM
    broken: str = PROBLEM
    needed: str = ""
    companion: bool = False
    only: str = "path"

    def findings(self, place):
        """Return the Finding, in a list."""
        if not getattr(place, self.only):
            return []
        asked = ((), interpreter()) if self.companion else (place.path, sys.executable)
        words = [place.filled(word) for word in self.words.split()]
        found = ask(*asked, *words)
        if "version" in found:
            return [Finding(OK, self.what, found["version"])]
        remedy, state = place.filled(self.remedy), self.lack
        if "broken" in found:
            return [Finding(self.broken, self.what, "", found["broken"], remedy)]
        if state == IN_A_CLONE:
            state = WARNING if place.clone else PROBLEM
        package = found["lacks"].partition(".")[0]
        if package in REMEDIES and found["lacks"] not in words:
            remedy = REMEDIES[package]
        said = "; ".join(filter(None, (found["said"], self.needed)))
        return [Finding(state, self.what, "", said, remedy)]


def _imported(name, lack, needed, part=""):
    remedy = REMEDIES[name.partition(".")[0]]
    broken = PROBLEM if lack == PROBLEM else WARNING
    return Check(name, f"module {name} {part}", remedy, lack, broken, needed)


def _companion(what, words, remedy, lack=IN_A_CLONE):
    return Check(what, words, remedy, lack, WARNING, companion=True)


def _images(name):
    return Check(f"images of {name}", f"images {name}", f"advphy data {name}", NOTE)


def _devices(name, program, remedy):
    words = f"devices {program}"
    return Check(f"devices of {name}", words, remedy, NOTE, only="devices")


_ONE = "{build}; of two installations remove one, or install the newer"
_PATH = f"{THE_PYTHON} FLOWGRAPH.py, or export PATH=/usr/bin:$PATH"
_SCREEN = "log in at a desktop, or with ssh -X; without a screen: xvfb-run -a COMMAND"
_GTK = f"{INSTALL} gir1.2-gtk-3.0 python3-gi-cairo"
CHECKS = (
    Check("Python", "python", ""),
    _imported("numpy", PROBLEM, "everything needs it"),
    _imported("scipy", PROBLEM, "intervals of error rates need it"),
    _imported("tqdm", PROBLEM, "commands that take time need it"),
    _imported("matplotlib", WARNING, "figures need it"),
    _imported("PyQt5", WARNING, "windows of flowgraphs need it", "QtWidgets"),
    _imported("pyqtgraph", WARNING, "displays of curves need it"),
    _imported("zmq", WARNING, "the publisher and `advphy watch` need it"),
    _imported("cryptography", NOTE, "keyed links need it"),
    _imported("pooch", NOTE, "`advphy data` downloads with it"),
    _imported("torch", NOTE, "training, crafting and their reports need it"),
    _imported("onnxruntime", NOTE, "`advphy bench` compares with it"),
    _imported("rich", NOTE, "`advphy watch` in a terminal looks better with it"),
    _imported("shtab", NOTE, "`advphy completion` needs it"),
    _imported("distributed", NOTE, "--cluster needs it"),
    Check("gr-advphy", "packages", _ONE, broken=WARNING),
    Check("build", "build {clone}", "{build}", broken=WARNING, only="clone"),
    Check("compiled kernels", "kernels", "{build}"),
    Check("GNU Radio", "gnu_radio", f"{INSTALL}, or start this with {THE_PYTHON}"),
    Check("gnuradio.advphy", "our_blocks", "{build}"),
    Check("python3 on PATH", f"python_on_path {THE_PYTHON}", _PATH, WARNING),
    _companion("GNU Radio Companion", "window", _GTK, WARNING),
    Check("display", "display", _SCREEN, WARNING),
    _companion("blocks in GNU Radio Companion", "block_files {grc}", "{show}"),
    _companion("flowgraphs that it starts", "our_blocks", "{show}"),
    Check("shipped models", "models", "{models}"),
    _images("mnist"),
    _images("fashion-mnist"),
    _imported("gnuradio.uhd", NOTE, "USRPs need it"),
    _imported("gnuradio.soapy", NOTE, "radios of SoapySDR need it"),
    _imported("osmosdr", NOTE, "HackRF, RTL-SDR and others need it"),
    _devices("uhd", "uhd_find_devices", "apt install uhd-host"),
    _devices("soapy", "SoapySDRUtil --find", "apt install soapysdr-tools"),
)
