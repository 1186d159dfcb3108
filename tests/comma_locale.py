# SPDX-License-Identifier: GPL-3.0-or-later
"""A locale with decimal commas, made where the machine has none."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


@functools.cache
def german():
    """Return environment variables of de_DE.UTF-8; skip where it cannot be made."""
    if shutil.which("localedef") is None:
        pytest.skip("there is no localedef to make a German locale")
    folder = tempfile.mkdtemp(prefix="advphy-locale-")
    words = ["localedef", "-i", "de_DE", "-f", "UTF-8", f"{folder}/de_DE.UTF-8"]
    done = subprocess.run(words, capture_output=True, text=True)
    if not Path(folder, "de_DE.UTF-8", "LC_NUMERIC").is_file():
        pytest.skip(f"localedef makes no German locale: {done.stderr.strip()}")
    return {"LOCPATH": folder, "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"}
