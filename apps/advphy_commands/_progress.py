# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress bar of all commands."""

import multiprocessing
import sys


def bar(steps=None, total=None, unit="step", **more):
    """Return a tqdm bar on standard error, hidden in a file and in a child process."""
    from tqdm import tqdm

    more["unit"] = unit if more.get("unit_scale") else f" {unit}"
    more["disable"] = None if multiprocessing.parent_process() is None else True
    more |= {"leave": False, "dynamic_ncols": True, "file": sys.stderr}
    return tqdm(steps, total=total, **more)
