# SPDX-License-Identifier: GPL-3.0-or-later
"""Two versions of numpy on the path: the kernels, their import, and what is said."""

import os
import subprocess
import sys

import pytest

from .conftest import STAGED
from .test_doctor import Place, found

# A folder with numpy of another major version: pip install --target FOLDER numpy==2.*
OTHER = os.environ.get("ADVPHY_OTHER_NUMPY", "")
RECEIVE = """
import numpy as np
from advphy_model.link.link_model import LinkModel
from advphy_model.modem.frame import Frame
from advphy_model.modem.modulator import Modulator
from advphy_model.modem.synchronizer import Synchronizer
model = LinkModel.load("hamming74_ml")
frame = Frame.of_model(model, codewords=16)
synchronizer = Synchronizer(frame, model, threshold=0.5)
sent = Modulator(frame, model, amplitude=1.0).modulate(model.codebook)
received, _ = synchronizer.push(sent)
more, _ = synchronizer.flush()
received = np.concatenate([received, more])
right = received.shape == (16, 7) and np.abs(received - model.codebook).max() < 0.1
print("right" if right else received)
"""


def python(code, *folders):
    """Run code with folders first on the path; return its last line."""
    path = os.pathsep.join(map(str, [*folders, STAGED]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return (done.stdout + done.stderr).splitlines()[-1]


def plant(folder, version):
    """Write a numpy that does not load, as one for another Python."""
    (folder / "numpy").mkdir(parents=True)
    (folder / "numpy" / "version.py").write_text(f'version = "{version}"\n')
    (folder / "numpy" / "__init__.py").write_text(
        'raise ImportError("numpy: no C-extensions for this Python.\\n\\nA page.")\n'
    )
    return str(folder)


def test_numpy_allocates_what_the_kernels_return():
    # pybind11 before 2.12 allocates rows that are all the same with numpy 2.
    hook = """
import numpy
made, empty = [], numpy.empty
numpy.empty = lambda *a, **more: made.append(empty(*a, **more)) or made[-1]
"""
    code = (
        hook + RECEIVE + "print((112, 'c') in [(a.size, a.dtype.kind) for a in made])"
    )
    assert python(code) == "True"


@pytest.mark.skipif(not OTHER, reason="ADVPHY_OTHER_NUMPY names no other numpy")
def test_codewords_with_another_numpy():
    assert python(RECEIVE, OTHER) == "right"


def test_a_numpy_that_the_kernels_cannot_use_is_refused_at_import():
    assert python(RECEIVE) == "right"
    said = python(
        "import numpy; empty = numpy.empty\n"
        "numpy.empty = lambda shape, kind: empty(shape, 'complex128')\n"
        "from advphy_model import kernels"
    )
    assert said.startswith("ImportError: the kernels of gr-advphy cannot use")
    assert said.endswith("build them again: make clean build")


def test_doctor_names_the_hidden_numpy(tmp_path):
    both = (plant(tmp_path / "a", "3.1.0"), plant(tmp_path / "b", "1.24.2"))
    finding = found("numpy", Place(None, path=(*both, *sys.path)))
    assert (finding.state, finding.remedy) == ("problem", "")
    hides = f"numpy 3.1.0 in {both[0]} hides numpy 1.24.2 in {both[1]}"
    assert hides in finding.said
    assert "A page" not in finding.said


def test_gnu_radio_with_a_numpy_that_it_was_not_built_for(tmp_path):
    (tmp_path / "gnuradio" / "gr").mkdir(parents=True)
    (tmp_path / "gnuradio" / "gr" / "__init__.py").write_text(
        "raise ImportError('initialization failed')"
    )
    (tmp_path / "gnuradio" / "__init__.py").touch()
    (tmp_path / "gnuradio" / "advphy").symlink_to(STAGED / "gnuradio" / "advphy")
    hidden = plant(tmp_path / "old", "1.20.0")
    code = f"import sys; sys.path.append('{hidden}'); import gnuradio.advphy"
    said = python(code, tmp_path)
    assert said.startswith("ImportError: GNU Radio does not load: numpy ")
    assert f"numpy 1.20.0 in {hidden}, for which" in said
