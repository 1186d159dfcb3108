# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: which are known, and the modules of a package by file name."""

import importlib
import pkgutil


def unknown(what: str, name, known) -> str:
    """Return the error text for a name that is not known, which lists the others."""
    return f"{what} '{name}' is not known; choose from {', '.join(known)}"


def require_known(what: str, name, known) -> None:
    """Raise ValueError unless a name is one of the known names."""
    if name not in known:
        raise ValueError(unknown(what, name, known))


def names(package) -> list:
    """Return the sorted names of the modules of a package."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def module(package, kind: str, name: str):
    """Return the module with this name; ValueError with the known names."""
    require_known(kind, name, names(package))
    return importlib.import_module(f"{package.__name__}.{name}")


def modules(package) -> list:
    """Return all modules of a package, sorted by name."""
    return [module(package, "module", name) for name in names(package)]
