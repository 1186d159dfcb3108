# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the pictures of the guides: each flowgraph, and its running window.

    pictures.py            of examples/ and docs/tutorial/, those that are out of date
    pictures.py NAME ...   these, or all of them by the name "all"

"four_radios" is the picture of `advphy watch` beside several of them.

A picture says, as the text "flowgraph-sha256" of the PNG, which file it was made of;
tests/test_pictures.py holds them together. setup/pictures.yml says how long each runs.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from four_radios import EXAMPLES, SECONDS, SIZE
from picture_stamp import flowgraph_sha256, stamp, stamped
from virtual_screen import is_missing, virtual_screen

CLONE = Path(__file__).resolve().parent.parent
FOLDERS = ("examples", "docs/tutorial")
SETUP = CLONE / "setup"
WATCHED = CLONE / "examples" / "four_radios.png"


def flowgraphs(names=()):
    """Return the paths of the flowgraphs that are named; of all by default."""
    found = [path for folder in FOLDERS for path in (CLONE / folder).glob("*.grc")]
    known = {path.stem: path for path in sorted(found)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(
            f"pictures.py: NAME '{unknown[0]}' is no flowgraph of "
            f"{' or '.join(FOLDERS)}; there are {', '.join(known)}"
        )
    return [path for name, path in known.items() if not names or name in names]


def out_of_date(flowgraph):
    """Return whether a picture is missing, or is of the flowgraph as it once was."""
    sha256 = flowgraph_sha256(flowgraph)
    return any(
        not picture.exists() or stamp(picture) != sha256
        for picture in pictures_of(flowgraph)
    )


def has_window(flowgraph):
    """Return whether a flowgraph opens a window when it runs."""
    options = yaml.safe_load(flowgraph.read_text())["options"]["parameters"]
    return options["generate_options"] == "qt_gui"


def window_picture(flowgraph):
    """Return where the picture of a flowgraph's running window is."""
    return flowgraph.with_name(f"{flowgraph.stem}_window.png")


def pictures_of(flowgraph):
    """Return the paths of all pictures that a flowgraph should have."""
    windows = [window_picture(flowgraph)] if has_window(flowgraph) else []
    films = [flowgraph.with_suffix(".gif")] if "film" in table(flowgraph) else []
    return [flowgraph.with_suffix(".png"), *windows, *films]


def table(flowgraph):
    """Return how pictures of a flowgraph are taken, as pictures.yml says."""
    return yaml.safe_load((SETUP / "pictures.yml").read_text()).get(flowgraph.stem, {})


def draw_flowgraphs(paths, environment):
    """Draw the flowgraphs as Companion does, beside their files."""
    words = [str(word) for path in paths for word in (path, path.with_suffix(".png"))]
    command = [sys.executable, str(SETUP / "draw_flowgraphs.py"), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"pictures.py: {done.stderr.strip()}")
    for path in paths:
        stamped(path.with_suffix(".png"), flowgraph_sha256(path))


def compiled(flowgraph, folder, environment):
    """Compile a flowgraph; return the path of its program."""
    command = ["grcc", "-o", str(folder), str(flowgraph)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"pictures.py: {flowgraph}: {done.stdout}{done.stderr}")
    name = yaml.safe_load(flowgraph.read_text())["options"]["parameters"]["id"]
    return folder / f"{name}.py"


@contextmanager
def running(line, folder, environment):
    """Have the program of another example, or one of setup/, run meanwhile."""
    name, *arguments = line.split()
    if name.endswith(".py"):
        program = SETUP / name
    else:
        program = compiled(*flowgraphs([name]), folder, environment)
    command = [sys.executable, str(program), *arguments]
    process = subprocess.Popen(
        command,
        env=environment | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def take_window(flowgraph, picture, settings, environment):
    """Run a flowgraph and take a picture of its window, or film it."""
    print(f"pictures: {picture.stem}", flush=True)
    sha256 = flowgraph_sha256(flowgraph)
    settings = {"seconds": 10, "comment": sha256} | settings
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for line in settings.pop("beside", []):
            stack.enter_context(running(line, folder, environment))
        program = compiled(flowgraph, folder, environment)
        words = [str(program), str(picture), json.dumps(settings)]
        done = subprocess.run(
            [sys.executable, str(SETUP / "take_window.py"), *words],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
    if done.returncode or "Traceback" in done.stderr:
        raise SystemExit(f"pictures.py: {flowgraph.name}: {done.stderr.strip()}")
    if picture.suffix == ".png":
        stamped(picture, sha256)


def watched_sha256():
    """Return the SHA-256 of all flowgraphs that are watched."""
    hashes = map(flowgraph_sha256, flowgraphs(EXAMPLES))
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def watch_four_radios():
    """Take the picture of `advphy watch` beside the four radios."""
    print(f"pictures: {WATCHED.stem}, {SECONDS} s", flush=True)
    with virtual_screen(*SIZE) as environment, tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
        for path in flowgraphs(EXAMPLES):
            compiled(path, Path(folder), environment)
        command = [sys.executable, SETUP / "four_radios.py", WATCHED, folder]
        subprocess.run(command, env=environment, check=True, timeout=300)
    stamped(WATCHED, watched_sha256())


def main(names):
    """Draw what is named, and say what is being drawn."""
    if is_missing():
        raise SystemExit(f"pictures.py: {is_missing()}")
    old = not WATCHED.exists() or stamp(WATCHED) != watched_sha256()
    if WATCHED.stem in names or names == ["all"] or (old and not names):
        watch_four_radios()
    if names == [WATCHED.stem]:
        return
    names = [name for name in names if name != WATCHED.stem]
    paths = flowgraphs([] if names == ["all"] else names)
    if not names:
        paths = [path for path in paths if out_of_date(path)]
    if not paths:
        print(
            "pictures: all are of the flowgraphs as they are; NAME=all draws them anew"
        )
        return
    with virtual_screen() as environment:
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
        print(f"pictures: {len(paths)} flowgraphs")
        draw_flowgraphs(paths, environment)
        for path in filter(has_window, paths):
            settings = table(path)
            film = settings.pop("film", None)
            take_window(path, window_picture(path), settings, environment)
            if film:
                take_window(path, path.with_suffix(".gif"), film, environment)


if __name__ == "__main__":
    main(sys.argv[1:])
