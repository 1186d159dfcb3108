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
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from advphy_commands import _doctor_probes, _progress
from advphy_commands._options import switch
from advphy_commands._remedies import REMEDIES

OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"
PYTHON = "/usr/bin/python3"  # has GNU Radio on Debian and Ubuntu
MODULES = (  # state if it is missing, name, what needs it
    (PROBLEM, "numpy", "all commands need it"),
    (PROBLEM, "scipy", "intervals of error rates need it"),
    (PROBLEM, "tqdm", "commands that take time need it"),
    (WARNING, "matplotlib", "figures need it"),
    (WARNING, "PyQt5.QtWidgets", "windows of flowgraphs need it"),
    (WARNING, "pyqtgraph", "displays of curves need it"),
    (WARNING, "zmq", "the publisher and `advphy watch` need it"),
    (NOTE, "cryptography", "keyed links need it"),
    (NOTE, "pooch", "downloads of `advphy data` need it"),
    (NOTE, "torch", "training, attacks and their reports need it"),
    (NOTE, "onnxruntime", "a comparison of `advphy bench` needs it"),
    (NOTE, "shtab", "`advphy completion` needs it"),
    (NOTE, "distributed", "--cluster needs it"),
    (NOTE, "gnuradio.uhd", "USRPs need it"),
    (NOTE, "gnuradio.soapy", "radios of SoapySDR need it"),
    (NOTE, "osmosdr", "HackRF, RTL-SDR and others need it"),
)
DEVICES = (  # package of the driver, program that finds its devices, package of that
    ("uhd", "uhd_find_devices", "uhd-host"),
    ("soapy", "SoapySDRUtil --find", "soapysdr-tools"),
)
GTK = f"{REMEDIES['gnuradio']} gir1.2-gtk-3.0 python3-gi-cairo"
SCREEN = "log in at a desktop, or with ssh -X; without a screen: xvfb-run -a COMMAND"


@dataclass(frozen=True)
class Settings:
    devices: bool = switch("also look for radios, which takes some seconds")


def run(settings, output):
    """Print the findings; return 1 if there is a problem."""
    wanted, states = checks(clone_of(), settings.devices), Counter()
    output.note(findings=[])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = pool.map(Check.finding, wanted)
        with contextlib.suppress(Exception):  # a missing tqdm is only a finding
            findings = _progress.bar(findings, total=len(wanted), unit="check")
        for finding in findings:
            states[finding.state] += 1
            output.row("findings", finding, finding.text())
    counts = {state: states[state] for state in (PROBLEM, WARNING, NOTE, OK)}
    output.note(counts=counts)
    output.line(", ".join(f"{number} {state}" for state, number in counts.items()))
    return 1 if states[PROBLEM] else 0


@dataclass(frozen=True)
class Finding:
    """Result of one check."""

    state: str  # OK, NOTE, WARNING or PROBLEM
    what: str  # name of what was checked
    version: str = ""  # its version or place
    said: str = ""  # what is wrong, or what needs an optional part
    remedy: str = ""  # command that repairs it; "" if nothing is wrong

    def text(self):
        """Return the line to print."""
        parts = {" ({})": self.version, ": {}": self.said, "  -> {}": self.remedy}
        parts = (form.format(text) for form, text in parts.items() if text)
        return f"{self.state:<8} {self.what}{''.join(parts)}"


@dataclass(frozen=True)
class Check:
    """Probe of _doctor_probes.py, and the meaning of its failure."""

    what: str  # name of what is checked
    words: tuple  # name and arguments of the probe
    remedy: str  # command that repairs it
    lack: str = PROBLEM  # state of the finding if it is missing
    broken: str = PROBLEM  # state of the finding if it does not work
    needed: str = ""  # what needs it
    companion: bool = False  # whether GNU Radio Companion's Python runs the probe

    def finding(self, path=()):
        """Return the Finding with a sys.path, by default that of this process."""
        ours = path or sys.path, sys.executable
        found = ask(*((), interpreter()) if self.companion else ours, *self.words)
        if "version" in found:
            return Finding(OK, self.what, found["version"])
        if "broken" in found:
            remedy = found.get("remedy", self.remedy)
            return Finding(self.broken, self.what, "", found["broken"], remedy)
        remedy, package = self.remedy, found["lacks"].partition(".")[0]
        if package in REMEDIES and found["lacks"] not in self.words:
            remedy = REMEDIES[package]
        said = "; ".join(filter(None, (found["said"], self.needed)))
        return Finding(self.lack, self.what, "", said, remedy)


def checks(clone, devices=False) -> list:
    """Return the Checks of a clone (None: an installation), and those of `devices`."""
    build = show = models = "sudo make install, in a clone"
    grc, unseen, found = "", PROBLEM, [Check("Python", ("python",), "")]
    for state, name, needed in MODULES:
        what, package = name.removesuffix(".QtWidgets"), name.partition(".")[0]
        broken = PROBLEM if state == PROBLEM else WARNING
        words = ("numpy",) if name == "numpy" else ("module", name)
        found.append(Check(what, words, REMEDIES[package], state, broken, needed))
    if clone is not None:
        build, grc, unseen = f"make build, in {clone}", str(clone / "grc"), WARNING
        staged = shlex.quote(str(clone / "build" / "test_modules"))
        paths = f"GRC_BLOCKS_PATH={shlex.quote(grc)} PYTHONPATH={staged}"
        show = f"make grc, in {clone}; or sudo make install there; or export {paths}"
        models = f"git checkout python/advphy_model/trained && {build}"
        found.append(Check("build", ("build", str(clone)), build, broken=WARNING))
    one = f"{build}; remove one of two installations, or install the newer version"
    path = f"{PYTHON} FLOWGRAPH.py, or export PATH=/usr/bin:$PATH"
    radio = f"{REMEDIES['gnuradio']}, or start this with {PYTHON}"
    inside = {"broken": WARNING, "companion": True}
    blocks = "blocks in GNU Radio Companion"
    starts = Check("flowgraphs that it starts", ("our_blocks",), show, unseen, **inside)
    found += [
        Check("gr-advphy", ("packages",), one, broken=WARNING),
        Check("compiled kernels", ("kernels",), build),
        Check("GNU Radio", ("gnu_radio",), radio),
        Check("gnuradio.advphy", ("our_blocks",), build),
        Check("python3 on PATH", ("python_on_path", PYTHON), path, WARNING),
        Check("GNU Radio Companion", ("window",), GTK, WARNING, **inside),
        Check("display", ("display",), SCREEN, WARNING),
        Check(blocks, ("block_files", grc), show, unseen, **inside),
        starts,
        Check("shipped models", ("models",), models),
    ]
    for name in ("mnist", "fashion-mnist"):
        words, remedy = ("images", name), f"advphy data {name}"
        found.append(Check(f"images of {name}", words, remedy, NOTE))
    for name, program, package in DEVICES if devices else ():
        words, remedy = ("devices", *program.split()), f"apt install {package}"
        found.append(Check(f"devices of {name}", words, remedy, NOTE))
    return found


def clone_of(file=__file__):
    """Return the clone that contains a file of apps/, or None."""
    found = Path(file).resolve().parents[2]
    return found if (found / "CMakeLists.txt").is_file() else None


def ask(path, python, *words, patience=60.0):
    """Run a probe with a sys.path ((): its own); return what main() there prints."""
    try:
        done = subprocess.run(
            [python, _doctor_probes.__file__, json.dumps(list(path)), *words],
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
    return found.group(1) if found else PYTHON
