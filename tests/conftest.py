# SPDX-License-Identifier: GPL-3.0-or-later
"""The staged packages, a limit and a check of all tests, and what many tests share."""

import faulthandler
import gc
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from . import left_open
from .idx_bytes import TINY

CLONE = Path(__file__).resolve().parent.parent
STAGED = CLONE / os.environ.get("ADVPHY_BUILD", "build") / "test_modules"
for place in (STAGED, CLONE / "apps", CLONE / "setup"):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PyQt5")  # where there is PyQt6, too
os.environ["XDG_STATE_HOME"] = str(CLONE / "build" / "state")  # log of transmissions
END_SECONDS = 60


def pytest_runtest_teardown(item):
    """Limit what comes after a test that failed, where pytest gives its limit up."""
    if limit := float(item.config.getini("faulthandler_timeout")):
        faulthandler.dump_traceback_later(limit, exit=True, file=sys.__stderr__)


def pytest_unconfigure():
    """Limit the end of the process, too, which waits for threads of C++."""
    faulthandler.dump_traceback_later(END_SECONDS, exit=True, file=sys.__stderr__)


@pytest.fixture(autouse=True, scope="module")
def nothing_is_left_open():
    """Fail when the tests of a module leave descriptors, threads or buffers open."""
    gc.collect()
    gc.freeze()  # so that later collections need not look at what is there already
    before = left_open.by_tests()
    yield
    left = left_open.since(before)
    assert not left, "\n".join(sorted(left))


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture(scope="session")
def application():
    """Return the application of Qt."""
    from . import display_events

    return display_events.application()


@pytest.fixture
def clone():
    return CLONE


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a new folder during a test; return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mnist_beside_the_clone():
    """Return where the files of MNIST may be: shared/data/mnist beside the clone."""
    git = ["git", "rev-parse", "--path-format=absolute", "--git-common-dir"]
    clones = [CLONE]  # a work tree, and the clone that it belongs to
    if shutil.which("git"):
        found = subprocess.run(git, cwd=CLONE, capture_output=True, text=True)
        if found.returncode == 0:
            clones.append(Path(found.stdout.strip()).parent)
    return [clone.parent / "shared" / "data" / "mnist" for clone in clones]


@pytest.fixture(scope="session")
def mnist_place(tmp_path_factory):
    """Return a folder for ADVPHY_DATA that has MNIST, or skip and say why."""
    from advphy_model.files import image_files

    if image_files.is_adopted("mnist"):
        return image_files.place("mnist").parent
    folders = [folder for folder in mnist_beside_the_clone() if folder.is_dir()]
    if not folders:
        pytest.skip(
            "MNIST is neither adopted (run: apps/advphy data mnist) nor in "
            f"{' or '.join(map(str, mnist_beside_the_clone()))}"
        )
    place = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADVPHY_DATA", str(place))
        image_files.adopt("mnist", folders[0])
    return place


@pytest.fixture
def mnist(mnist_place, monkeypatch):
    """Have MNIST adopted during a test; return the folder with its files."""
    monkeypatch.setenv("ADVPHY_DATA", str(mnist_place))
    return mnist_place / "mnist"


@pytest.fixture
def no_data(tmp_path, monkeypatch):
    """Have no data set adopted during a test; return the place for them."""
    monkeypatch.setenv("ADVPHY_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def tiny(no_data, monkeypatch):
    """Have a data set "tiny" in the catalog during a test; return its place."""
    from advphy_model.files import image_files

    hashes = {file: hashlib.sha256(found).hexdigest() for file, found in TINY.items()}
    known = image_files.DataSet("tiny", hashes, ())
    monkeypatch.setitem(image_files.DATA_SETS, "tiny", known)
    return no_data / "tiny"
