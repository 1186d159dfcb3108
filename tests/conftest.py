# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the staged packages; give every test a random generator with a fixed seed."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

CLONE = Path(__file__).resolve().parent.parent
STAGED = CLONE / "build" / "test_modules"
if str(STAGED) not in sys.path:
    sys.path.insert(0, str(STAGED))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture
def clone():
    return CLONE
