# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes of `advphy doctor`, run in a separate process that may crash.

    python _doctor_probes.py '[sys.path or []]' PROBE ARGUMENT...

A probe returns the version or the place of what it examines. It raises a LookupError or
an ImportError if that is missing, and any other exception if it does not work.
"""

import contextlib
import filecmp
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def python():
    """Return the version and the path of this Python."""
    return f"{sys.version.split()[0]}, {sys.executable}"


def module(name):
    """Import a module."""
    return str(getattr(importlib.import_module(name), "__version__", ""))


def numpy():
    """Import numpy, and look for copies of another major version that it hides."""
    used = module("numpy")
    from advphy_model.numpy_copies import numpy_copies

    if len({version.partition(".")[0] for version in numpy_copies().values()}) > 1:
        raise ImportError(f"two major versions of numpy are found, {used} is used")
    return used


def _version_in(folder):
    """Return the version of the advphy_model in a folder, or None."""
    file = Path(folder) / "advphy_model" / "version.py"
    found = file.is_file() and re.search(r'version__ = "(.+)"', file.read_text())
    return found.group(1) if found else None


def _differing(left, right):
    names = [str(file.relative_to(left)) for file in sorted(left.rglob("*.py"))]
    same, _, _ = filecmp.cmpfiles(left, right, names, shallow=False)
    return [f"{left.name}/{name}" for name in names if name not in same]


def packages():
    """Find our packages, and further copies of them on the path."""
    folders = dict.fromkeys(Path(folder).resolve() for folder in sys.path)
    found = {folder: version for folder in folders if (version := _version_in(folder))}
    if not found:
        raise LookupError("the packages are not on the path")
    used, *others = found
    names = ("advphy_model", "advphy_training", "advphy_figures")
    missing = [name for name in names if not (used / name / "__init__.py").is_file()]
    if missing:
        raise LookupError(f"{', '.join(missing)} is missing in {used}")
    for other in others:
        if _differing(used / "advphy_model", other / "advphy_model"):
            raise RuntimeError(
                f"{used} ({found[used]}) hides {other} ({found[other]}); they differ, "
                "and a flowgraph may use either"
            )
    return f"{found[used]}, {', '.join(map(str, found))}"


def build(clone):
    """Compare the build tree of a clone with its sources."""
    sources, staged = Path(clone) / "python", Path(clone) / "build" / "test_modules"
    built, source = _version_in(staged), _version_in(sources)
    if built is None:
        raise LookupError("nothing is built yet")
    if built != source:
        raise LookupError(f"stale: version {built} is built, the sources are {source}")
    old = []
    for package in sorted(sources.glob("advphy*")):
        inside = "gnuradio" if package.name == "advphy" else ""
        old += _differing(package, staged / inside / package.name)
    compiled = [file.stat().st_mtime for file in staged.glob("advphy_model/*.so")]
    for file in sorted(Path(clone, "lib").rglob("[!q]*.[ch]*")):  # tests are qa_*
        if compiled and file.stat().st_mtime > max(compiled):
            old.append(f"lib/{file.name}")
    if old:
        more = f" and {len(old) - 1} more" if len(old) > 1 else ""
        raise RuntimeError(f"stale: {old[0]}{more} changed since the build")
    return f"{built}, as the sources"


def kernels():
    """Import the compiled kernels."""
    from advphy_model import kernels

    return f"{kernels.instruction_set()}, {kernels.__file__}"


def gnu_radio():
    """Import GNU Radio and run a flowgraph."""
    from gnuradio import blocks, gr

    flowgraph, head = gr.top_block(), blocks.head(8, 100000)
    flowgraph.connect(blocks.null_source(8), head, blocks.null_sink(8))
    flowgraph.run()
    if head.nitems_written(0) != 100000:
        raise RuntimeError(f"{head.nitems_written(0)} of 100000 items passed")
    version = gr.version()
    if not version.lstrip("v").startswith("3.10."):
        raise RuntimeError(f"{version} is not tested; gr-advphy is written for 3.10")
    return f"{version}, a flowgraph runs"


def _block_names():
    from gnuradio import advphy

    modules = {n: getattr(getattr(advphy, n), "__module__", "") for n in advphy.__all__}
    return {f"advphy_{n}.block.yml" for n, m in modules.items() if m.endswith(f".{n}")}


def our_blocks():
    """Import gnuradio.advphy."""
    from gnuradio import advphy

    where = Path(advphy.__file__).parent
    return f"{advphy.__version__}, {len(_block_names())} blocks, {where}"


def python_on_path(usual):
    """Look for GNU Radio in the python3 of the path, if the usual Python has it."""

    def has_gnu_radio(python):
        words = [python, "-c", "import gnuradio.gr"]
        return not subprocess.run(words, stderr=subprocess.DEVNULL).returncode

    if (found := shutil.which("python3")) is None:
        raise LookupError("no python3 is on the path")
    if not has_gnu_radio(found) and has_gnu_radio(usual):
        raise LookupError(f"{found}, which starts a flowgraph, has no GNU Radio")
    return found


def window():
    """Import the modules that the window of GNU Radio Companion needs."""
    import gi

    if shutil.which("gnuradio-companion") is None:
        raise LookupError("gnuradio-companion is not installed")
    gi.require_versions({"Gtk": "3.0", "PangoCairo": "1.0"})
    gi.require_foreign("cairo", "Context")
    from gi.repository import Gtk

    return f"GTK {Gtk.get_major_version()}.{Gtk.get_minor_version()}"


def display():
    """Look for a screen."""
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            return f"{name}={os.environ[name]}"
    raise LookupError("there is no screen, so no window opens")


def block_files(folder=""):
    """Look in GNU Radio Companion's folders for the blocks of a folder, or all ours."""
    from gnuradio import gr
    from gnuradio.grc.core.Config import Config

    def files(folder):
        found = Path(folder).rglob("*advphy_*.block.yml")
        return {file.name: file.read_bytes() for file in found}

    paths = Config(gr.version(), prefs=gr.prefs()).block_paths
    found = {path: inside for path in paths if (inside := files(path))}
    if not found:
        raise LookupError(f"no block in {', '.join(paths) or 'an empty path'}")
    used, *others = found
    wanted = files(folder).keys() if folder else _block_names()
    missing = sorted(wanted - found[used].keys())
    if missing:
        raise LookupError(f"{', '.join(missing)} is missing in {used}")
    for other in others:
        if found[other] != found[used]:
            raise RuntimeError(
                f"the blocks in {other} differ from those in {used}; the last are used"
            )
    return f"{len(found[used])} files, {', '.join(found)}"


def models():
    """Read every shipped model, which verifies its hash."""
    from advphy_model.link.eavesdropper import Eve
    from advphy_model.link.link_model import LinkModel
    from advphy_model.link.semantic_link import SemanticLink

    kinds = (LinkModel, SemanticLink, Eve)
    read = [kind.load(name) for kind in kinds for name in kind.names()]
    return f"{len(read)}, all hashes are right"


def images(name):
    """Look for a data set."""
    from advphy_model.files import image_files

    if not image_files.is_adopted(name):
        raise LookupError("the images are not installed")
    return str(image_files.place(name))


def devices(*words):
    """List the devices that a program finds."""
    if shutil.which(words[0]) is None:
        raise LookupError(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    lines = [line.strip() for line in done.stdout.splitlines()]
    named = [line for line in lines if line.startswith(("label =", "serial:"))]
    return "; ".join(named) or "none found"


def _of_hidden_numpy(said):
    """Return the finding for what does not load since one numpy hides another one."""
    with contextlib.suppress(ImportError):
        from advphy_model.numpy_copies import hidden_numpy

        if hidden_numpy() and "hides" not in said:
            first = said.partition(". ")[0][:100]  # numpy's own text fills a page
            return {"broken": f"{first}; {hidden_numpy()}", "remedy": ""}
    return {"remedy": ""} if "hides" in said else {}


def main(path, probe, *arguments):
    """Run a probe; print a JSON object with "version", or "lacks", or "broken"."""
    sys.path[:] = json.loads(path) or sys.path[1:]  # without the folder of this file
    try:
        found = {"version": globals()[probe](*arguments)}
    except (ModuleNotFoundError, LookupError) as error:
        text = str(error.args[0] if error.args else error)
        found = {"lacks": getattr(error, "name", ""), "said": text}
    except Exception as error:
        found = {"broken": " ".join(str(error).split()) or type(error).__name__}
        if isinstance(error, ImportError) or "numpy" in found["broken"]:
            found |= _of_hidden_numpy(found["broken"])
    sys.stdout.flush()
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
