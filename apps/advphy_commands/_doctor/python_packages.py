# SPDX-License-Identifier: GPL-3.0-or-later
"""Python itself, and the packages from outside."""

import sys
from functools import partial

from advphy_commands._doctor import NOTE, OK, PROBLEM, WARNING, Finding, sentence
from advphy_commands._doctor.another_process import LackingError, ask
from advphy_commands._remedies import REMEDIES

# Module: what its lack is, and what needs it.
NEEDED = {
    "numpy": (PROBLEM, "everything needs it"),
    "scipy": (PROBLEM, "intervals of error rates need it"),
    "tqdm": (PROBLEM, "commands that take time need it"),
    "matplotlib": (WARNING, "figures need it"),
    "PyQt5": (WARNING, "windows of flowgraphs need it"),
    "pyqtgraph": (WARNING, "displays of curves need it"),
    "zmq": (WARNING, "the publisher and `advphy watch` need it"),
    "cryptography": (NOTE, "keyed links need it"),
    "pooch": (NOTE, "`advphy data` downloads with it"),
    "torch": (
        NOTE,
        "train, attack, evaluate, reproduce, synchronism and adapt-eve need it",
    ),
    "onnxruntime": (NOTE, "`advphy bench` compares with it"),
    "rich": (NOTE, "`advphy watch` in a terminal looks better with it"),
    "distributed": (NOTE, "--cluster needs it"),
}
_MORE = {
    "torch": "torch.set_num_threads(torch.get_num_threads())\n"
    "found['version'] += f', {torch.get_num_threads()} threads'",
    "PyQt5": "from PyQt5 import QtCore, QtWidgets\n"
    "found['version'] = QtCore.PYQT_VERSION_STR",
}


def python(_):
    """Say which Python this is."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(OK, "Python", f"{version}, {sys.executable}")


def package(module, surroundings):
    """Import a package elsewhere, and say its version."""
    lack, needed_for = NEEDED[module]
    lines = (
        f"import {module}\n"
        f"found['version'] = str(getattr({module}, '__version__', ''))\n"
        + _MORE.get(module, "")
    )
    try:
        found = ask(lines, surroundings.path)
    except LackingError as error:
        itself = error.name.partition(".")[0] == module
        said = "is not installed" if itself else f"cannot be imported ({error})"
        yield Finding(
            lack, module, said=f"{said}; {needed_for}", remedy=REMEDIES[module]
        )
    except RuntimeError as error:
        state = PROBLEM if lack == PROBLEM else WARNING
        yield Finding(
            state,
            module,
            said=f"importing it fails: {sentence(error)}",
            remedy=f"install it again: {REMEDIES[module]}",
        )
    else:
        yield Finding(OK, module, found["version"])


def _check(module):
    check = partial(package, module)
    check.__name__ = module
    return check


CHECKS = (python, *map(_check, NEEDED))
