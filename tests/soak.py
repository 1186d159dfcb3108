# SPDX-License-Identifier: GPL-3.0-or-later
"""Run windows, radios and watch for hours and see whether they grow.

    python -m tests.soak SECONDS FOLDER

Runs attacked_link, the four radios on one air and `advphy watch`, and moves all
controls at random. Draws memory, descriptors, threads and delays of each process over
time in FOLDER/soak.png and prints their slopes with 95 % intervals (Theil and Sen, of
means over a twentieth of the time, after the first tenth). Fails if memory,
descriptors or threads have an interval above 0.
"""

import contextlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from matplotlib.figure import Figure
from scipy import stats

from .commands import ADVPHY
from .demo_programs import compiled, published
from .qa_grc import ENVIRONMENT, STAGED
from .qa_windows import PROGRAM

RADIOS = [f"four_radios_{who}" for who in ("alice", "bob", "eve", "adversary")]
NAMES = ["attacked_link", *RADIOS]
EVERY = 5.0  # seconds
QUANTITIES = "memory in MiB", "descriptors", "threads", "longest delay in s"
GROWS = QUANTITIES[:3]
PARTS, WARM_UP = 20, 0.1


def look(process):
    """Return memory, descriptors and threads of a process."""
    with process.oneshot():
        mib = process.memory_info().rss / 2**20
        return mib, process.num_fds(), process.num_threads()


def slope(times, values):
    """Return the slope an hour, with its 95 % interval."""
    later = times > WARM_UP * times[-1]
    pieces = np.array_split(
        np.stack([times[later] / 3600, values[later]]), PARTS, axis=1
    )
    x, y = np.array([piece.mean(axis=1) for piece in pieces]).T
    found, _, low, high = stats.theilslopes(y, x)
    return found, low, high


def main(seconds, folder):
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    environment = ENVIRONMENT | {"HOME": str(folder)}
    environment["SOAPY_SDR_PLUGIN_PATH"] = str(STAGED.parent / "standin")
    running = {}
    for name in (*NAMES, "watch"):
        words = [PROGRAM, str(folder), name, str(seconds + 60)]
        if name == "watch":
            words = [ADVPHY, "watch", "--seconds", str(seconds + 60)]
            words += [published(folder, each) for each in NAMES]
        else:
            compiled(folder, name)
        if name in RADIOS:
            words += ["--device", f"air=soak{os.getpid()},name={name.split('_')[-1]}"]
        if name == "four_radios_adversary":  # at the rate of the others
            words += ["--sample-rate", "250000", "--kind", "noise", "--armed", "1"]
        how = {"env": environment, "cwd": folder}
        with open(folder / f"{name}.out", "w") as said:
            how |= {"stdout": said, "stderr": said}
            running[name] = psutil.Popen([sys.executable, *words], **how)
    begun, times, seen = time.monotonic(), [], {name: [] for name in running}
    try:
        while times[-1:] < [seconds]:
            time.sleep(EVERY)
            times.append(time.monotonic() - begun)
            for name, process in running.items():
                assert process.poll() is None, (folder / f"{name}.out").read_text()
                seen[name].append(look(process))
        for process in running.values():
            process.wait(300)
    finally:
        for process in running.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    figures = {}
    for name, points in seen.items():
        for quantity, values in zip(GROWS, np.array(points).T, strict=True):
            figures[name, quantity] = np.array(times), values
        if name in NAMES:
            said = (folder / f"{name}.out").read_text()
            said = json.loads(said[said.rindex('{"memory"') :])  # "sO" is an overflow
            assert said["errors"] == [], said["errors"]
            at, _, delays = np.array(said["memory"]).T
            figures[name, QUANTITIES[3]] = at, delays
    grown = []
    for (name, quantity), (at, values) in figures.items():
        found, low, high = slope(at, values)
        print(
            f"{name:22} {quantity:20} {values[-1]:8.2f} {found:+8.2f} an hour", end=""
        )
        print(f" ({low:+.2f} to {high:+.2f})")
        grown += [f"{name}: {quantity}"] if low > 0 and quantity in GROWS else []
    draw(figures, folder / "soak.png")
    return "\n".join(["grows:", *grown]) if grown else 0


def draw(figures, path):
    """Draw each quantity of all processes over time."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True)
    for (name, quantity), (times, values) in figures.items():
        axis = axes.flat[QUANTITIES.index(quantity)]
        axis.plot(times / 60, values, label=name, linewidth=1)
        axis.set_ylabel(quantity)
    for axis in axes.flat:
        axis.set_ylim(bottom=0)
    for axis in axes[1]:
        axis.set_xlabel("minutes")
    figure.get_layout_engine().set(rect=(0, 0.12, 1, 0.88))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncols=3)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2]))
