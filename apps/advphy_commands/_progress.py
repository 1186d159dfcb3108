# SPDX-License-Identifier: GPL-3.0-or-later
"""The one bar of everything that takes time: how far, and how long yet."""

import multiprocessing
import sys


def bar(steps=None, total=None, unit="step", **more):
    """Return a tqdm on standard error, which is shown on a terminal only.

    One of several processes that share the terminal shows none.

    Args:
        steps: iterable whose items are counted, or None.
        total: number of steps; None: as many as `steps` has, or not known.
        unit: what is counted.
        more: for tqdm, such as initial, desc or unit_scale.
    """
    from tqdm import tqdm

    more["unit"] = unit if more.get("unit_scale") else f" {unit}"
    more["disable"] = None if multiprocessing.parent_process() is None else True
    more |= {"leave": False, "dynamic_ncols": True, "file": sys.stderr}
    return tqdm(steps, total=total, **more)
