# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the module; CMakeLists.txt, MANIFEST.yml and CITATION.cff agree."""

__version__ = "0.5.0"
