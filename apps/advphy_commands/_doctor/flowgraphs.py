# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio itself, our blocks in it, and the Python that finds both."""

import os
import shutil
import sys
from pathlib import Path

from advphy_commands._doctor import OK, PROBLEM, WARNING, Finding, sentence
from advphy_commands._doctor.another_process import LackingError, ask

THE_PYTHON = "/usr/bin/python3"  # that GNU Radio belongs to on Debian and Ubuntu
INSTALL = "apt install gnuradio"
_VERSION = "from gnuradio import gr\nfound['version'] = gr.version()"
_RUNS = """
from gnuradio import blocks, gr
flowgraph = gr.top_block()
source, head = blocks.null_source(8), blocks.head(8, 100000)
sink = blocks.null_sink(8)
flowgraph.connect(source, head, sink)
flowgraph.run()
found['passed'] = head.nitems_written(0)
"""
_BLOCKS = """
from gnuradio import advphy
found['version'] = advphy.__version__
found['file'] = advphy.__file__
found['blocks'] = [
    name for name in advphy.__all__
    if getattr(getattr(advphy, name), '__module__', '').startswith('gnuradio.advphy.')
    and getattr(advphy, name).__module__.endswith('.' + name)
]
"""
_PREFERENCES = "from gnuradio import gr\nfound['place'] = gr.userconf_path()"


def gnu_radio(surroundings):
    """Import GNU Radio, and let a flowgraph run."""
    try:
        version = ask(_VERSION, surroundings.path)["version"]
    except LackingError as error:
        yield _missing(error)
        return
    if not version.lstrip("v").startswith("3.10."):
        yield Finding(
            WARNING,
            "GNU Radio",
            version,
            "written for 3.10; others are not tested",
            "use Debian 12 or 13, or Ubuntu 22.04 or newer",
        )
    else:
        yield Finding(OK, "GNU Radio", version)
    passed = ask(_RUNS, surroundings.path)["passed"]
    if passed != 100000:
        yield Finding(
            PROBLEM,
            "a flowgraph runs",
            said=f"{passed} of 100000 items passed",
            remedy=INSTALL.replace("install", "install --reinstall"),
        )
    else:
        yield Finding(OK, "a flowgraph runs")


def _missing(error):
    """Return the Finding for GNU Radio that this Python does not have."""
    said, remedy = sentence(error), INSTALL
    if error.name.startswith("gnuradio"):
        said = f"is not installed for {sys.executable}"
        if _has_gnu_radio(THE_PYTHON):
            said += f", but for {THE_PYTHON}"
            remedy = f"{THE_PYTHON} {Path(sys.argv[0]).resolve()}"
    return Finding(PROBLEM, "GNU Radio", said=said, remedy=remedy)


def _has_gnu_radio(python):
    try:
        return bool(ask(_VERSION, python=python))
    except (OSError, ImportError, RuntimeError):
        return False


def our_blocks(surroundings):
    """Import gnuradio.advphy."""
    try:
        found = ask(_BLOCKS, surroundings.path)
    except LackingError as error:
        again = "sudo make install, in a clone"
        if surroundings.clone is not None:
            again = f"make build, in {surroundings.clone}"
        if str(error).startswith("No module named 'gnuradio'"):
            again = INSTALL
        yield Finding(PROBLEM, "gnuradio.advphy", said=sentence(error), remedy=again)
        return
    where = Path(found["file"]).parent
    yield Finding(
        OK,
        "gnuradio.advphy",
        f"{found['version']}, {len(found['blocks'])} blocks, {where}",
    )


def python_on_path(_):
    """Look at the python3 that runs a flowgraph saved by GNU Radio Companion."""
    found = shutil.which("python3")
    if found is None:
        yield Finding(
            PROBLEM,
            "python3 on PATH",
            said="there is none",
            remedy="export PATH=/usr/bin:$PATH",
        )
    elif _has_gnu_radio(found) or not _has_gnu_radio(THE_PYTHON):
        yield Finding(OK, "python3 on PATH", found)
    else:
        yield Finding(
            WARNING,
            "python3 on PATH",
            found,
            "is another one, without GNU Radio; a flowgraph's file starts it",
            f"{THE_PYTHON} FLOWGRAPH.py, or export PATH=/usr/bin:$PATH",
        )


def preferences(surroundings):
    """Ask whether GNU Radio can keep what it has found about this machine."""
    try:
        place = Path(ask(_PREFERENCES, surroundings.path)["place"])
    except (LackingError, RuntimeError):  # said above
        return
    kept = place / "prefs"
    near = next(folder for folder in (kept, *kept.parents) if folder.exists())
    if os.access(near, os.W_OK):
        yield Finding(OK, "GNU Radio's preferences", str(place))
    else:
        yield Finding(
            WARNING,
            "GNU Radio's preferences",
            str(place),
            f"{near} may not "
            "be written, so every start tries all kinds of buffers again",
            f"sudo chown -R $USER {near}, or export HOME=A-FOLDER-OF-YOURS",
        )


CHECKS = (gnu_radio, our_blocks, python_on_path, preferences)
