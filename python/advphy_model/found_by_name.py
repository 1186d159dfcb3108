# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of a package that are found by their file name: channels, schemes, links."""

import importlib
import pkgutil


def names(package) -> list:
    """Return the names of the modules of a package, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def module(package, kind: str, name: str):
    """Return the module of that name.

    Raises:
        ValueError: "KIND 'name' is not known" and what there is.
    """
    if name not in names(package):
        raise ValueError(
            f"{kind} '{name}' is not known; {package.__name__.replace('.', '/')} has: "
            f"{', '.join(names(package))}"
        )
    return importlib.import_module(f"{package.__name__}.{name}")


def modules(package) -> list:
    """Return all modules of a package, in the order of their names."""
    return [module(package, "module", name) for name in names(package)]
