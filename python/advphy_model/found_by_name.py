# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: which are known, and the modules of a package by file name.

Modules of the user's own are found beside them: in the folders OWN of each folder on
$ADVPHY_PATH (separated by ":"), or else of ~/.local/share/gr-advphy.
"""

import importlib
import importlib.util
import logging
import os
import pkgutil

from advphy_model.user_folders import user_folder, user_path

OWN = ("schemes", "attacks", "channels", "layers")


def unknown(what: str, name, known) -> str:
    """Return the error text for a name that is not known, which lists the others."""
    return f"{what} '{name}' is not known; choose from {', '.join(known)}"


def require_known(what: str, name, known) -> None:
    """Raise ValueError unless a name is one of the known names."""
    if name not in known:
        raise ValueError(unknown(what, name, known))


def own_files(kind: str) -> dict:
    """Return {name: path} of the user's own modules of a kind, one of OWN.

    A folder is left out, with a warning, unless it and its files belong to the user and
    nobody else can write to them.
    """
    given = os.environ.get("ADVPHY_PATH", "").split(os.pathsep)
    roots = [user_path(root) for root in given if root]
    roots = roots or [user_folder("XDG_DATA_HOME", ".local/share")]
    found = {}
    for folder in (root / kind for root in roots):
        files = sorted(folder.glob("*.py"))
        places = [place.stat() for place in (folder.parent, folder, *files) if files]
        if any(s.st_uid != os.geteuid() or s.st_mode & 0o022 for s in places):
            logging.getLogger(__name__).warning(
                "%s is not loaded: it and its files must belong to you and be writable "
                "for you only; run: chmod -R go-w %s",
                folder,
                folder.parent,
            )
            continue
        found |= {path.stem: path for path in files}
    return found


def _with_own(package):
    """Have a package consist of its own folder and the user's own."""
    kind = package.__name__.rpartition(".")[2]
    if kind not in OWN:
        return
    built_in = {module.name for module in pkgutil.iter_modules(package.__path__[:1])}
    own = own_files(kind)
    for name, path in own.items():
        if name in built_in:
            raise ValueError(f"{path}: {kind} already have '{name}'; rename the file")
    package.__path__[1:] = dict.fromkeys(str(path.parent) for path in own.values())


def names(package) -> list:
    """Return the sorted names of the modules of a package."""
    _with_own(package)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def own_functions(kind: str, known) -> dict:
    """Return {name: function} of the user's own files with a function of their name.

    Raises ValueError if a name is among the known ones, or a file has no such function.
    """
    found = {}
    for name, path in own_files(kind).items():
        spec = importlib.util.spec_from_file_location(f"advphy_{kind}_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if name in known or not callable(getattr(module, name, None)):
            raise ValueError(
                f"{path}: must define a function '{name}', and no built-in one of "
                f"{kind} may have that name"
            )
        found[name] = getattr(module, name)
    return found


def module(package, kind: str, name: str):
    """Return the module with this name; ValueError with the known names."""
    require_known(kind, name, names(package))
    return importlib.import_module(f"{package.__name__}.{name}")


def modules(package) -> list:
    """Return all modules of a package, sorted by name."""
    return [module(package, "module", name) for name in names(package)]
