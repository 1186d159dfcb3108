# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installation and print a remedy for each finding.

Each line begins with the state of a finding:
  ok       it works
  note     something optional is missing
  warning  something does not work as expected
  problem  something that is required does not work
The exit code is 1 if there is a problem. Only --devices looks for radios, since that
takes some seconds.
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
IN_A_CLONE = "warning in a clone, where `make grc` repairs it, else problem"
THE_PYTHON = "/usr/bin/python3"  # has GNU Radio on Debian and Ubuntu
INSTALL = REMEDIES["gnuradio"]


@dataclass(frozen=True)
class Settings:
    """Extent of the check."""

    devices: bool = switch("also look for radios, which takes some seconds")


def run(settings, output):
    """Print the findings; return 1 if there is a problem."""
    place, states = Place(clone_of(), settings.devices), Counter()
    output.note(findings=[])
    with contextlib.ExitStack() as stack:
        bar = None
        with contextlib.suppress(Exception):  # a missing tqdm is only a finding
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
    """Result of one check.

    Args:
        state: OK, NOTE, WARNING or PROBLEM.
        what: name of what was checked.
        version: its version or place; "" if it has none.
        said: what is wrong, or what needs an optional part.
        remedy: command that repairs it; "" if nothing is wrong.
    """

    state: str
    what: str
    version: str = ""
    said: str = ""
    remedy: str = ""

    def text(self):
        """Return the line to print."""
        line = f"{self.state:<8} {self.what}"
        line += f" ({self.version})" if self.version else ""
        line += f": {self.said}" if self.said else ""
        return line + (f"  -> {self.remedy}" if self.remedy else "")


@dataclass(frozen=True)
class Place:
    """Place of the command.

    Args:
        clone: folder of the clone that contains the command; None if installed.
        devices: whether to look for radios.
        path: sys.path of the command.
    """

    clone: Path | None
    devices: bool = False
    path: tuple = field(default_factory=lambda: tuple(sys.path))

    def filled(self, text):
        """Return a text with its {...} replaced by our commands and folders."""
        clone, install = self.clone, "sudo make install, in a clone"
        if clone is None:
            return text.format(build=install, show=install, models=install, grc="")
        paths = f"GRC_BLOCKS_PATH={clone}/grc PYTHONPATH={clone}/build/test_modules"
        build = f"make build, in {clone}"
        show = f"make grc, in {clone}; or sudo make install there; or export {paths}"
        models = f"git checkout python/advphy_model/trained && {build}"
        return text.format(
            build=build, show=show, models=models, clone=clone, grc=clone / "grc"
        )


def clone_of(file=__file__):
    """Return the clone that contains a file of apps/, or None."""
    found = Path(file).resolve().parents[2]
    return found if (found / "CMakeLists.txt").is_file() else None


def ask(path, python, *words, patience=60.0):
    """Run a probe in another process; return what _doctor_probes.main prints.

    Args:
        path: sys.path of the process; empty: the default of `python`.
        python: path of the Python that runs the probe.
        words: name and arguments of the probe.
        patience: seconds after which the process is stopped.
    """
    program = [str(python), _doctor_probes.__file__, json.dumps(list(path)), *words]
    try:
        done = subprocess.run(
            program,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        )
    except subprocess.TimeoutExpired:
        return {"broken": f"no answer within {patience:g} s"}
    except OSError as error:
        return {"broken": f"{python}: {error.strerror}"}
    if done.returncode < 0:
        return {"broken": f"{python} crashed ({signal.Signals(-done.returncode).name})"}
    if done.returncode:
        lines = done.stderr.splitlines()
        return {"broken": lines[-1] if lines else "it printed no error"}
    return json.loads(done.stdout.strip().splitlines()[-1])


def interpreter():
    """Return the path of the Python that runs GNU Radio Companion."""
    program = shutil.which("gnuradio-companion")
    first = Path(program).read_bytes().partition(b"\n")[0] if program else b""
    found = re.match(r"#!\s*(\S*python\S*)", first.decode(errors="replace"))
    return found.group(1) if found else THE_PYTHON


@dataclass(frozen=True)
class Check:
    """Probe of _doctor_probes.py, and the meaning of its failure.

    Args:
        what: name of what is checked.
        words: name and arguments of the probe; Place.filled completes words and remedy.
        remedy: command that repairs it.
        lack, broken: states of the finding if it is missing, and if it does not work.
        needed: what needs it.
        companion: whether the Python of GNU Radio Companion runs the probe.
        only: attribute of Place that must be true for the check to run.
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
        """Return a list of the Finding, or [] if the check does not apply."""
        if not getattr(place, self.only):
            return []
        words = [place.filled(word) for word in self.words.split()]
        if self.companion:
            found = ask((), interpreter(), *words)
        else:
            found = ask(place.path, sys.executable, *words)
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


_ONE = "{build}; remove one of two installations, or install the newer version"
_PATH = f"{THE_PYTHON} FLOWGRAPH.py, or export PATH=/usr/bin:$PATH"
_SCREEN = "log in at a desktop, or with ssh -X; without a screen: xvfb-run -a COMMAND"
_GTK = f"{INSTALL} gir1.2-gtk-3.0 python3-gi-cairo"
CHECKS = (
    Check("Python", "python", ""),
    _imported("numpy", PROBLEM, "all commands need it"),
    _imported("scipy", PROBLEM, "intervals of error rates need it"),
    _imported("tqdm", PROBLEM, "commands that take time need it"),
    _imported("matplotlib", WARNING, "figures need it"),
    _imported("PyQt5", WARNING, "windows of flowgraphs need it", "QtWidgets"),
    _imported("pyqtgraph", WARNING, "displays of curves need it"),
    _imported("zmq", WARNING, "the publisher and `advphy watch` need it"),
    _imported("cryptography", NOTE, "keyed links need it"),
    _imported("pooch", NOTE, "downloads of `advphy data` need it"),
    _imported("torch", NOTE, "training, attacks and their reports need it"),
    _imported("onnxruntime", NOTE, "a comparison of `advphy bench` needs it"),
    _imported("rich", NOTE, "the live table of `advphy watch` needs it"),
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
